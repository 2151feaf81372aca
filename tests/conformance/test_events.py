"""`astream_events`, versions 1 and 2."""

import pytest

from .sides import differs, events, failure, same

VERSIONS = ("v1", "v2")


async def both(runnable, input, **options):
    return [await events(runnable, input, version, **options) for version in VERSIONS]


def pipeline(lc, *chunks):
    prompt = lc.ChatPromptTemplate.from_messages([("system", "Be {tone}."), ("human", "{x}")])
    return prompt | lc.chat(*(chunks or ("Here", " is", " a"))) | lc.StrOutputParser()


INPUT = {"tone": "kind", "x": "hi"}


@same
async def test_a_model_alone(lc):
    return await both(lc.chat("Here", " is"), "Write me a song")


@same
async def test_a_model_with_messages_in(lc):
    return await both(lc.chat("Here"), [lc.SystemMessage("S"), lc.HumanMessage("hi")])


@same
async def test_a_chain(lc):
    return await both(pipeline(lc), INPUT)


@same
async def test_a_chain_without_a_parser(lc):
    return await both(lc.ChatPromptTemplate.from_template("{x}") | lc.chat("a", "b"), {"x": 1})


@same
async def test_functions_in_a_row(lc):
    return await both(lc.RunnableLambda(lambda x: x + 1) | (lambda x: x * 2), 1)


@same
async def test_a_named_function(lc):
    def shout(text):
        return text.upper()

    return await both(pipeline(lc) | shout, INPUT)


@same
async def test_an_async_function(lc):
    async def shout(text):
        return text.upper()

    return await both(lc.RunnableLambda(shout), "a")


@same
async def test_a_model_called_inside_a_function(lc):
    model = lc.chat("Here", " is")

    def ask(x):
        return model.invoke(x).content

    return await both(lc.RunnableLambda(ask), "hi")


@same
async def test_a_model_awaited_inside_a_function(lc):
    model = lc.chat("Here", " is")

    async def ask(x):
        return (await model.ainvoke(x)).content

    return await both(lc.RunnableLambda(ask), "hi")


@same
async def test_a_model_streamed_inside_a_function(lc):
    model = lc.chat("Here", " is")

    async def ask(x):
        return "".join([chunk.content async for chunk in model.astream(x)])

    return await both(lc.RunnableLambda(ask), "hi")


@same
async def test_a_chain_invoked_inside_a_function(lc):
    inner = lc.RunnableLambda(lambda x: x + 1) | (lambda x: x * 2)

    def outer(x):
        return inner.invoke(x)

    return await both(lc.RunnableLambda(outer), 1)


@same
async def test_a_function_that_returns_a_runnable(lc):
    model = lc.chat("a", "b")

    def route(x):
        return model

    return await both(lc.RunnableLambda(route), "hi")


@same
async def test_a_dict_of_one_branch(lc):
    return await both(lc.RunnableLambda(lambda x: x + 1) | {"a": lambda x: x * 2}, 1)


@same
async def test_a_chain_in_a_branch(lc):
    inner = lc.RunnableLambda(lambda x: x) | (lambda x: x)
    return await both(lc.RunnableParallel(a=inner), 1)


@same
async def test_a_passthrough(lc):
    return await both(lc.RunnablePassthrough() | (lambda x: x), 1)


@same
async def test_pick(lc):
    return await both(lc.RunnableLambda(lambda x: {"a": x, "b": 2}).pick("a"), 1)


@pytest.mark.promise("docs/langchain.md", "Functions work from both sides")
@differs(
    "a plain generator function works on the async side, too",
    "- 'raised'",
    "- 'bad input'",
    "- 'raised'",
    "- 'bad input'",
    "+ v1 on_chain_start shout#0 {input: 'a'}",
    "+ v1 on_chain_stream shout#0 {chunk: 'A'}",
    "+ v1 on_chain_end shout#0 {output: 'A'}",
    "+ v2 on_chain_start shout#0 {input: 'a'}",
    "+ v2 on_chain_stream shout#0 {chunk: 'A'}",
    "+ v2 on_chain_end shout#0 {output: 'A'}",
)
async def test_a_generator(lc):
    def shout(texts):
        for text in texts:
            yield text.upper()

    return await both(lc.RunnableGenerator(shout), "a")


@same
async def test_an_async_generator(lc):
    async def shout(texts):
        async for text in texts:
            yield text.upper()

    return await both(pipeline(lc, "a", "b") | shout, INPUT)


@differs(
    "a generator function works in a RunnableLambda on the async side, too",
    "- 'raised'",
    "- 'bad input'",
    "+ v1 on_chain_stream twice#0 {chunk: 'a'}",
    "+ v1 on_chain_stream twice#0 {chunk: 'a'}",
    "+ v1 on_chain_end twice#0 {output: 'aa'}",
    "- 'raised'",
    "- 'bad input'",
    "+ v2 on_chain_stream twice#0 {chunk: 'a'}",
    "+ v2 on_chain_stream twice#0 {chunk: 'a'}",
    "+ v2 on_chain_end twice#0 {output: 'aa'}",
)
async def test_a_generator_function_in_a_lambda(lc):
    def twice(x):
        yield x
        yield x

    return await both(lc.RunnableLambda(twice), "a")


@same
async def test_a_prompt_alone(lc):
    return await both(lc.ChatPromptTemplate.from_template("{x}"), {"x": 1})


@same
async def test_a_growing_json_object(lc):
    return await both(lc.chat('{"a', '": ', "1", ', "b": [2', "]}") | lc.JsonOutputParser(), "x")


@same
async def test_a_named_run(lc):
    model = lc.chat("a").with_config({"run_name": "mine"})
    return await both(model | lc.StrOutputParser(), "x")


@same
async def test_a_named_root(lc):
    return await both(lc.chat("a"), "x", config={"run_name": "mine"})


@same
async def test_a_named_sequence(lc):
    return await both(pipeline(lc).with_config({"run_name": "whole"}), INPUT)


@same
async def test_tags_and_metadata_are_inherited(lc):
    return await both(pipeline(lc), INPUT, config={"tags": ["t"], "metadata": {"m": 1}})


@same
async def test_tags_on_one_step(lc):
    model = lc.chat("a").with_config(tags=["mine"], metadata={"who": "me"})
    return await both(model | lc.StrOutputParser(), "x")


@same
async def test_tags_meet(lc):
    model = lc.chat("a").with_config(tags=["zz", "aa"])
    return await both(model | lc.StrOutputParser(), "x", config={"tags": ["mm"]})


@same
async def test_tags_reach_nested_calls(lc):
    model = lc.chat("a")

    def ask(x):
        return model.invoke(x, {"tags": ["inner"], "metadata": {"i": 1}}).content

    return await both(lc.RunnableLambda(ask), "x", config={"tags": ["outer"]})


@same
async def test_bound_arguments(lc):
    return await both(lc.chat("a").bind(stop=["x"]) | lc.StrOutputParser(), "x")


@pytest.mark.promise(
    "docs/langchain.md", "A RunnableBranch shows what its conditions and steps were given"
)
@differs(
    "a branch shows what its conditions and steps were given",
    "- v1 on_chain_start RunnableLambda#2 ['branch:default'] {}",
    "+ v1 on_chain_start RunnableLambda#2 ['branch:default'] {input: 0}",
    "- v2 on_chain_end RunnableLambda#1 ['condition:1'] {output: False}",
    "+ v2 on_chain_end RunnableLambda#1 ['condition:1'] {input: 0, output: False}",
    "- v2 on_chain_start RunnableLambda#2 ['branch:default'] {}",
    "+ v2 on_chain_start RunnableLambda#2 ['branch:default'] {input: 0}",
    "- v2 on_chain_end RunnableLambda#2 ['branch:default'] {output: 'small'}",
    "+ v2 on_chain_end RunnableLambda#2 ['branch:default'] {input: 0, output: 'small'}",
    "- v1 on_chain_start RunnableLambda#2 ['branch:1'] {}",
    "+ v1 on_chain_start RunnableLambda#2 ['branch:1'] {input: 2}",
    "- v2 on_chain_start RunnableLambda#2 ['branch:1'] {}",
    "+ v2 on_chain_start RunnableLambda#2 ['branch:1'] {input: 2}",
)
async def test_a_branch(lc):
    branch = lc.RunnableBranch((lambda x: x > 1, lambda x: "big"), lambda x: "small")
    return [await both(branch, 0), await both(branch, 2)]


@same
async def test_a_custom_event(lc):
    def work(x):
        lc.dispatch_custom_event("progress", {"done": x})
        return x

    return await both(lc.RunnableLambda(work), 1)


@pytest.mark.promise("docs/langchain.md", "A custom event has all tags of its run")
@differs(
    "a custom event has all the tags of its run",
    "- v2 on_custom_event progress#1 [1]",
    "+ v2 on_custom_event progress#1 ['seq:step:1'] [1]",
)
async def test_a_custom_event_awaited(lc):
    async def work(x):
        await lc.adispatch_custom_event("progress", [x])
        return x

    return await both(lc.RunnableLambda(work) | (lambda x: x), 1)


@pytest.mark.promise("docs/langchain.md", "A filter leaves events out and changes none")
@differs(
    "a filter changes no event: there, the first one to pass is taken for the outermost",
    "- v2 on_custom_event two#0 {input: 1, x: 1}",
    "+ v2 on_custom_event two#0 {x: 1}",
)
async def test_custom_events_pass_filters(lc):
    def work(x):
        lc.dispatch_custom_event("one", {"x": x})
        lc.dispatch_custom_event("two", {"x": x})
        return x

    return [
        await events(lc.RunnableLambda(work), 1, include_names=["two"]),
        await events(lc.RunnableLambda(work), 1, exclude_names=["two"]),
        await events(lc.RunnableLambda(work), 1, include_tags=["t"], config={"tags": ["t"]}),
    ]


FILTERS = [
    {"include_names": ["ScriptedChat"]},
    {"include_types": ["chat_model", "prompt"]},
    {"include_tags": ["seq:step:3"]},
    {"include_names": ["RunnableSequence"], "include_types": ["parser"]},
    {"exclude_names": ["ScriptedChat"]},
    {"exclude_types": ["chain", "parser"]},
    {"exclude_tags": ["seq:step:1"]},
    {"include_types": ["chat_model", "parser"], "exclude_names": ["StrOutputParser"]},
]


@pytest.mark.parametrize("options", FILTERS, ids=lambda o: "-".join(o))
def test_filters_in_version_1(options):
    @same
    async def program(lc):
        return await events(pipeline(lc), INPUT, "v1", **options)

    program()


@pytest.mark.parametrize("options", FILTERS, ids=lambda o: "-".join(o))
def test_filters_in_version_2(options):
    """LangChain takes the first event to pass for the outermost run's, and changes its data."""

    @same
    async def program(lc):
        shown = await events(pipeline(lc), INPUT, "v2", **options)
        return [{k: v for k, v in e.items() if k not in ("data", "parents", "run")} for e in shown]

    program()


@differs(
    "a filter changes no event: there, the first one to pass is taken for the outermost",
    "- v2 on_chat_model_start ScriptedChat#0 ['seq:step:2'] {input: {tone: 'kind', x: 'hi'}}",
    (
        "+ v2 on_chat_model_start ScriptedChat#0 ['seq:step:2'] {input: {messages: "
        "[[system('Be kind.'), human('hi')]]}}"
    ),
    "- v2 on_chat_model_end ScriptedChat#0 ['seq:step:2'] {output: AIMessageChunk('Here is a')}",
    (
        "+ v2 on_chat_model_end ScriptedChat#0 ['seq:step:2'] {input: {messages: [[system('Be"
        " kind.'), human('hi')]]}, output: AIMessageChunk('Here is a')}"
    ),
)
async def test_a_filtered_event_keeps_its_data(lc):
    return await events(pipeline(lc), INPUT, "v2", include_types=["chat_model"])


@same
async def test_a_tool_in_version_2(lc):
    @lc.tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    return await events(add, {"a": 1, "b": 2})


@same
async def test_a_tool_in_version_1(lc):
    @lc.tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    return await events(add, {"a": 1, "b": 2}, "v1")


@pytest.mark.promise("docs/langchain.md", "map() can be streamed")
@differs(
    "map can be streamed",
    "- 'raised'",
    "- 'bad input'",
    "- 'raised'",
    "- 'bad input'",
    "+ v1 on_chain_start RunnableEach<RunnableLambda>#0 {input: [1]}",
    "+ v1 on_chain_start RunnableLambda#1 {input: 1}",
    "+ v1 on_chain_end RunnableLambda#1 {input: 1, output: 2}",
    "+ v1 on_chain_stream RunnableEach<RunnableLambda>#0 {chunk: [2]}",
    "+ v1 on_chain_end RunnableEach<RunnableLambda>#0 {output: [2]}",
    "+ v2 on_chain_start RunnableEach<RunnableLambda>#0 {input: [1]}",
    "+ v2 on_chain_start RunnableLambda#1 {input: 1}",
    "+ v2 on_chain_end RunnableLambda#1 {input: 1, output: 2}",
    "+ v2 on_chain_stream RunnableEach<RunnableLambda>#0 {chunk: [2]}",
    "+ v2 on_chain_end RunnableEach<RunnableLambda>#0 {output: [2]}",
)
async def test_map(lc):
    return await both(lc.RunnableLambda(lambda x: x + 1).map(), [1])


@same
async def test_an_invoked_fallback_inside_a_function(lc):
    def fails(x):
        raise ValueError("no")

    def works(x):
        return "yes"

    step = lc.RunnableLambda(fails).with_fallbacks([lc.RunnableLambda(works)])
    return [e["data"] for e in await events(step, 1) if e["event"] == "on_chain_end"][-1]


@same
async def test_an_error_in_mid_stream_in_version_2(lc):
    return await events(pipeline(lc, "a", ValueError("boom")), INPUT)


@same
async def test_an_error_in_a_function_in_version_2(lc):
    def fails(x):
        raise KeyError("no")

    return await events(lc.RunnableLambda(lambda x: x) | fails, 1)


@differs(
    "LangChain's version 1 ends failed runs with on_*_end; here they end with on_*_error",
    (
        "- v1 on_chat_model_end ScriptedChat#2 ['seq:step:2'] {input: {messages: [[system('Be"
        " kind.'), human('hi')]]}, output: [[{message: AIMessageChunk('a'), text: 'a', type: "
        "'ChatGenerationChunk'}], []]}"
    ),
    "- v1 on_parser_end StrOutputParser#3 ['seq:step:3'] {input: AIMessageChunk('a')}",
)
async def test_an_error_in_mid_stream_in_version_1(lc):
    return await events(pipeline(lc, "a", ValueError("boom")), INPUT, "v1")


@pytest.mark.promise(
    "docs/langchain.md", "astream_events ends every run that fails with on_…_error"
)
@differs(
    "every run that fails says so, with the error's type and message",
    "+ 'on_chat_model_error'",
    "+ 'on_chain_error'",
)
async def test_errors_are_events(lc):
    names = []
    try:
        async for event in pipeline(lc, ValueError("boom")).astream_events(INPUT, version="v2"):
            names.append(event["event"])
    except ValueError as error:
        names.append(failure(error))
    return names


@pytest.mark.promise("docs/langchain.md", "v1 has no parent_ids")
@differs(
    "version 1 has no parent_ids, as in LangChain's guide; langchain-core 1.8 adds empty ones",
    "- 'parent_ids'",
)
async def test_the_keys_of_version_1(lc):
    return [sorted(e) async for e in lc.chat("a").astream_events("x", version="v1")][:1]


@same
async def test_the_keys_of_version_2(lc):
    return [sorted(e) async for e in lc.chat("a").astream_events("x", version="v2")][:2]


@same
async def test_a_wrong_version(lc):
    with pytest.raises(Exception, match="v3x"):
        async for _ in lc.chat("a").astream_events("x", version="v3x"):
            pass
    return "raised"


@same
async def test_a_given_run_id(lc):
    run_id = "12345678-1234-1234-1234-123456789012"
    import uuid

    config = {"run_id": uuid.UUID(run_id)}
    stream = lc.chat("a").astream_events("x", config, version="v2")
    return {str(event["run_id"]) async for event in stream} == {run_id}


@same
async def test_breaking_off(lc):
    seen = []
    stream = pipeline(lc).astream_events(INPUT, version="v2")
    async for event in stream:
        seen.append(event["event"])
        if len(seen) == 5:
            break
    await stream.aclose()
    return seen
