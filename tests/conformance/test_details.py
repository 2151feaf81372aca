"""Steps inside steps, configs, prompts: where both agree, and where they differ on purpose."""

import pytest
from pydantic import BaseModel

from .sides import differs, events, same

VERSIONS = ("v1", "v2")


async def both(runnable, input):
    return [await events(runnable, input, version) for version in VERSIONS]


def add_one(x):
    return x + 1


def fails(x):
    raise ValueError("no")


@same
async def test_prompts_grow(lc):
    prompt = lc.ChatPromptTemplate.from_messages([("system", "S")])
    prompt.append(("human", "{x}"))
    prompt.extend([("ai", "A"), lc.HumanMessage("h")])
    return [prompt.invoke({"x": 1}), len(prompt)]


@same
async def test_prompts_can_be_indexed(lc):
    prompt = lc.ChatPromptTemplate.from_messages([("system", "S {a}"), ("human", "{x}")])
    return prompt[1:].invoke({"x": 1})


@same
async def test_format_prompt(lc):
    prompt = lc.ChatPromptTemplate.from_template("{x}")
    return [prompt.format_prompt(x=1), prompt.format(x=1), await prompt.aformat_messages(x=1)]


class Fish(BaseModel):
    name: str
    size: float = 1


@same
async def test_parse(lc):
    return [
        lc.StrOutputParser().parse("a"),
        lc.JsonOutputParser().parse('{"a": 1}'),
        lc.PydanticOutputParser(pydantic_object=Fish).parse('{"name": "G"}'),
    ]


PARTS = ("tags", "metadata", "configurable", "max_concurrency", "recursion_limit")


def look(x, config):
    return {part: config.get(part) for part in PARTS}


@same
async def test_the_config_when_none_is_given(lc):
    """A function sees every part of the config, filled in."""
    step = lc.RunnableLambda(look)
    return [step.invoke(1), await step.ainvoke(1)]


@same
async def test_with_config_twice(lc):
    step = lc.RunnableLambda(look).with_config(tags=["a"], metadata={"m": 1})
    return step.with_config(tags=["b"], metadata={"m": 2, "n": 3}).invoke(1)


@pytest.mark.promise("docs/langchain.md", "Tags that a step inherits come before its own")
@differs(
    "tags keep the order in which they came",
    (
        "- {a: {metadata: {m: 1}, recursion_limit: 25, tags: ['t']}, b: {metadata: {m: 1}, "
        "recursion_limit: 25, tags: ['b', 't']}}"
    ),
    (
        "+ {a: {metadata: {m: 1}, recursion_limit: 25, tags: ['t']}, b: {metadata: {m: 1}, "
        "recursion_limit: 25, tags: ['t', 'b']}}"
    ),
)
async def test_branches_inherit_the_config(lc):
    step = lc.RunnableParallel(a=look, b=lc.RunnableLambda(look).with_config(tags=["b"]))
    return step.invoke(1, {"tags": ["t"], "metadata": {"m": 1}})


@pytest.mark.promise(
    "docs/langchain.md", "A function called inside another sees all tags and metadata"
)
@differs(
    "a function sees all the tags of its run",
    "- {metadata: {m: 1}, recursion_limit: 25, tags: ['inner']}",
    "+ {metadata: {m: 1}, recursion_limit: 25, tags: ['outer', 'inner']}",
)
async def test_a_nested_call_inherits_tags(lc):
    inner = lc.RunnableLambda(look)
    outer = lc.RunnableLambda(lambda x: inner.invoke(x, {"tags": ["inner"]}))
    return outer.invoke(1, {"tags": ["outer"], "metadata": {"m": 1}})


@differs(
    "an input is shown from the start where it is known",
    "- v1 on_chain_start RunnableSequence#1 {}",
    "+ v1 on_chain_start RunnableSequence#1 {input: 'x'}",
    "- v2 on_chain_start RunnableSequence#1 {}",
    "+ v2 on_chain_start RunnableSequence#1 {input: 'x'}",
)
async def test_a_chain_streamed_inside_a_function(lc):
    inner = lc.chat("a", "b") | lc.StrOutputParser()

    async def outer(x):
        async for text in inner.astream(x):
            yield text

    return await both(lc.RunnableLambda(outer), "x")


@differs(
    "LangChain's version 1 ends failed runs with on_*_end",
    "- v1 on_chain_end flaky#2 {input: 1}",
)
async def test_a_retried_step(lc):
    calls = []

    async def flaky(x):
        calls.append(x)
        if len(calls) % 2:
            raise ValueError("no")
        return x

    inner = lc.RunnableLambda(flaky).with_retry(wait_exponential_jitter=False)

    async def outer(x):
        return await inner.ainvoke(x)

    return await both(lc.RunnableLambda(outer), 1)


@pytest.mark.promise("docs/langchain.md", "An input is shown as soon as it is known")
@differs(
    "an input is shown from the start where it is known",
    "- v1 on_chain_start fails#1 {}",
    "- v1 on_chain_end fails#1 {input: 1}",
    "+ v1 on_chain_start fails#1 {input: 1}",
    "- v1 on_chain_start add_one#2 {}",
    "+ v1 on_chain_start add_one#2 {input: 1}",
    "- v2 on_chain_start fails#1 {}",
    "+ v2 on_chain_start fails#1 {input: 1}",
    "- v2 on_chain_start add_one#2 {}",
    "+ v2 on_chain_start add_one#2 {input: 1}",
)
async def test_a_fallback(lc):
    step = lc.RunnableLambda(fails).with_fallbacks([lc.RunnableLambda(add_one)])
    return await both(step, 1)


@pytest.mark.promise("docs/langchain.md", "A step with fallbacks shows its chunks")
@differs(
    "a step with fallbacks shows its chunks",
    "- v1 on_chat_model_end ScriptedChat#3 {input: {messages: [[human('1')]]}, output: [[]]}",
    "+ v1 on_chain_stream RunnableWithFallbacks#2 ['seq:step:2'] {chunk: AIMessageChunk('yes')}",
    "+ v1 on_chain_stream RunnableWithFallbacks#2 ['seq:step:2'] {chunk: AIMessageChunk('!')}",
    "+ v2 on_chain_stream RunnableWithFallbacks#2 ['seq:step:2'] {chunk: AIMessageChunk('yes')}",
    "+ v2 on_chain_stream RunnableWithFallbacks#2 ['seq:step:2'] {chunk: AIMessageChunk('!')}",
)
async def test_a_model_that_falls_back_in_a_chain(lc):
    model = lc.chat(ValueError("no")).with_fallbacks([lc.chat("yes", "!")])
    prompt = lc.ChatPromptTemplate.from_template("{x}")
    return await both(prompt | model | lc.StrOutputParser(), {"x": 1})


@same
async def test_a_tool_in_a_chain(lc):
    @lc.tool
    def double(n: int) -> int:
        """Double it."""
        return n * 2

    return await both(lc.RunnableLambda(lambda x: {"n": x}) | double, 2)


@pytest.mark.promise("docs/langchain.md", "A custom event is dropped where nobody listens")
@differs(
    "where nobody listens, a custom event is dropped",
    "- ('raised', 'bad input')",
    "+ None",
)
async def test_a_custom_event_outside_of_a_run(lc):
    lc.dispatch_custom_event("progress", 1)


@differs(
    "an input is shown at the end, too",
    "- v2 on_chain_end add_one#2 ['seq:step:1'] {output: 1}",
    "+ v2 on_chain_end add_one#2 ['seq:step:1'] {input: 0, output: 1}",
    "- v2 on_chain_end inner#1 ['seq:step:1'] {output: 2}",
    "+ v2 on_chain_end inner#1 ['seq:step:1'] {input: 0, output: 2}",
)
async def test_a_named_chain_in_a_chain(lc):
    inner = (lc.RunnableLambda(add_one) | add_one).with_config(run_name="inner")
    return await both(inner | add_one, 0)
