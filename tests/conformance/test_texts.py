"""Messages, prompts, parsers and tools."""

import pytest
from pydantic import BaseModel

from .sides import collect, differs, same


async def total(chunks):
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole = whole + chunk
    return whole


# Messages


@same
async def test_texts_add_up(lc):
    return await total([lc.AIMessageChunk(t) for t in ("a", "", "b")])


@same
async def test_blocks_with_an_index_add_up(lc):
    def text(t, i):
        return lc.AIMessageChunk([{"type": "text", "text": t, "index": i}])

    return await total([text("a", 0), text("b", 0), text("c", 1), lc.AIMessageChunk("")])


@same
async def test_thinking_adds_up(lc):
    blocks = [
        {"type": "thinking", "thinking": "hm", "index": 0},
        {"type": "thinking", "thinking": "m", "index": 0},
        {"type": "thinking", "signature": "sig", "index": 0},
        {"type": "text", "text": "So", "index": 1},
    ]
    return await total([lc.AIMessageChunk([block]) for block in blocks])


def call(lc, **chunk):
    chunk = {"name": None, "args": None, "id": None, "index": 0, **chunk}
    return lc.AIMessageChunk("", tool_call_chunks=[{**chunk, "type": "tool_call_chunk"}])


@same
async def test_tool_calls_add_up(lc):
    pieces = [
        call(lc, name="add", args="", id="1"),
        call(lc, args='{"a": 1'),
        call(lc, args=', "b": 2}'),
        call(lc, name="sub", args='{"c"', id="2", index=1),
        call(lc, args=": 3}", index=1),
    ]
    return [await total(pieces[: i + 1]) for i in range(len(pieces))]


@same
async def test_tool_calls_that_cannot_be_read(lc):
    return call(lc, name="add", args="oh no", id="1")


@same
async def test_usage_adds_up(lc):
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    details = {**usage, "input_token_details": {"cache_read": 4}}
    return await total(
        [lc.AIMessageChunk("a", usage_metadata=u) for u in (usage, details, details)]
    )


@same
async def test_ids_of_sums(lc):
    return (lc.AIMessageChunk("a", id="1") + lc.AIMessageChunk("b", id="1")).id


@same
async def test_the_text_of_messages(lc):
    blocks = [{"type": "text", "text": "a"}, "b", {"type": "image", "url": "u"}]
    return [str(m.text) for m in (lc.HumanMessage("x"), lc.AIMessage(blocks))]


@same
async def test_whole_tool_calls(lc):
    return lc.AIMessage("", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}])


@same
async def test_a_tool_message(lc):
    message = lc.ToolMessage("3", tool_call_id="t")
    return [message, message.status]


@pytest.mark.parametrize(
    "given",
    [
        "hi",
        ["hi"],
        [("system", "s"), ("human", "h"), ("ai", "a")],
        [("user", "u"), ("assistant", "a")],
        [{"role": "user", "content": "u"}, {"role": "system", "content": "s"}],
        [42],
        [("nobody", "x")],
        42,
    ],
    ids=str,
)
def test_what_a_model_accepts(given):
    @same
    async def program(lc):
        seen = []
        step = lc.RunnableLambda(lambda x: x) | lc.chat("ok")
        async for event in step.astream_events(given, version="v2"):
            if event["event"] == "on_chat_model_start":
                seen.append(event["data"]["input"])
        return seen

    program()


@pytest.mark.promise(
    "docs/langchain.md", "a later value in response_metadata replaces an earlier one"
)
@differs(
    "a later value replaces an earlier one; there, texts join ('stop' + 'stop')",
    "- {k: 'xy'}",
    "+ {k: 'y'}",
)
async def test_response_metadata_of_sums(lc):
    one = lc.AIMessageChunk("a", response_metadata={"k": "x"})
    return (one + lc.AIMessageChunk("b", response_metadata={"k": "y"})).response_metadata


@pytest.mark.promise("docs/langchain.md", "Neighbouring plain text blocks of a message become one")
@differs(
    "neighbouring plain texts become one block",
    "- AIMessageChunk([{'type': 'text', 'text': 'a'}, {'type': 'text', 'text': 'b'}])",
    "+ AIMessageChunk([{'type': 'text', 'text': 'ab'}])",
)
async def test_blocks_without_an_index(lc):
    chunks = [lc.AIMessageChunk([{"type": "text", "text": t}]) for t in "ab"]
    return chunks[0] + chunks[1]


@pytest.mark.promise(
    "docs/langchain.md",
    "A finished message has a tool call that broke off among its invalid_tool_calls",
)
@differs(
    "a call that broke off is not completed as well as can be, but invalid",
    "- ai('', {tool_calls: [('add', {'a': 'half of i'})]})",
    "+ ai('', {invalid: [('add', '{\"a\": \"half of i')]})",
)
async def test_a_tool_call_that_broke_off(lc):
    return lc.chat(call(lc, name="add", args='{"a": "half of i', id="1")).invoke("x")


@pytest.mark.promise("docs/langchain.md", "An id that comes late begins a new tool call")
@differs(
    "an id that comes late begins a new call",
    "- AIMessageChunk('', {tool_calls: [('addsub', {})]})",
    "+ AIMessageChunk('', {tool_calls: [('add', {}), ('sub', {})]})",
)
async def test_a_late_id(lc):
    return call(lc, name="add", args="{}") + call(lc, name="sub", args="{}", id="2")


# Prompts


@pytest.mark.parametrize(
    ("messages", "values"),
    [
        ([("system", "Be {a}."), ("human", "{b}")], {"a": 1, "b": 2}),
        (["{x}"], {"x": "y"}),
        ([("human", "{{literal}} {x}")], {"x": 1}),
        ([("human", "{x:>4}|{x!r}")], {"x": "a"}),
        ([("human", "no variables")], {}),
        ([("placeholder", "{history}"), ("human", "{x}")], {"x": 1}),
        ([("placeholder", "{history}")], {"history": [("ai", "a"), ("human", "h")]}),
        ([("human", [{"type": "text", "text": "{x}"}])], {"x": 1}),
        ([("human", "{x}")], {}),
        ([("human", "{x}")], {"y": 1}),
        ([("human", "{x}")], "not a dict"),
        ([("human", "{x} {y}")], "not a dict"),
        ([("human", "{x")], {"x": 1}),
        ([("nobody", "{x}")], {"x": 1}),
        ([("human", "{x}")], {"x": 1, "more": 2}),
    ],
    ids=str,
)
def test_a_prompt(messages, values):
    @same
    async def program(lc):
        prompt = lc.ChatPromptTemplate.from_messages(messages)
        return [prompt.invoke(values), await prompt.ainvoke(values)]

    program()


@same
async def test_input_variables(lc):
    messages = [("system", "{b} {a}"), ("placeholder", "{h}"), ("human", "{a}")]
    prompt = lc.ChatPromptTemplate.from_messages(messages)
    return [prompt.input_variables, prompt.partial(a=1).input_variables]


@same
async def test_a_placeholder(lc):
    prompt = lc.ChatPromptTemplate.from_messages(
        [lc.MessagesPlaceholder("h", n_messages=2), ("human", "{x}")]
    )
    history = [("human", "1"), ("ai", "2"), ("human", "3")]
    return [prompt.invoke({"h": history, "x": 1}), prompt.input_variables]


@same
async def test_a_placeholder_that_is_missing(lc):
    return lc.ChatPromptTemplate.from_messages([lc.MessagesPlaceholder("h")]).invoke({})


@same
async def test_a_message_is_taken_as_it_is(lc):
    return lc.ChatPromptTemplate.from_messages([lc.HumanMessage("{x}")]).invoke({})


@same
async def test_partials(lc):
    prompt = lc.ChatPromptTemplate.from_messages([("human", "{a} {b}")])
    some = prompt.partial(a=lambda: "made")
    return [
        some.invoke({"b": 2}),
        some.invoke({"a": 1, "b": 2}),
        prompt.partial(a=1, b=2).invoke({}),
    ]


@same
async def test_prompts_join(lc):
    prompt = lc.ChatPromptTemplate.from_messages([("system", "S {a}")])
    joined = prompt + lc.HumanMessage("h") + "and {b}"
    return [joined.invoke({"a": 1, "b": 2}), joined.input_variables]


@same
async def test_format_messages(lc):
    return lc.ChatPromptTemplate.from_template("{x}").format_messages(x=1)


@same
async def test_a_string_prompt(lc):
    prompt = lc.PromptTemplate.from_template("Tell of {x}.")
    value = prompt.invoke({"x": "fish"})
    return [value.to_string(), value.to_messages(), prompt.format(x=1), prompt.input_variables]


@same
async def test_a_chat_prompt_as_a_string(lc):
    prompt = lc.ChatPromptTemplate.from_messages([("system", "S"), ("human", "h"), ("ai", "a")])
    return prompt.invoke({}).to_string()


# Parsers


@same
async def test_text_out_of_messages(lc):
    parser = lc.StrOutputParser()
    blocks = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    return [parser.invoke(x) for x in (lc.AIMessage("a"), "b", lc.AIMessage(blocks))]


WHOLE = '{"name": "Goldie", "size": 1.5, "tags": ["a", "b"], "deep": {"x": null, "y": true}}'


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        f"```json\n{WHOLE}\n```",
        f"Here you are:\n```json\n{WHOLE}\n```\nDone.",
        f"```\n{WHOLE}\n```",
        "[1, 2, 3]",
        '"text"',
        "{}",
        "no json",
        "",
    ],
)
def test_json(text):
    @same
    async def program(lc):
        return lc.JsonOutputParser().invoke(lc.AIMessage(text))

    program()


@pytest.mark.parametrize("size", [1, 3, 7])
def test_json_grows(size):
    @same
    async def program(lc):
        chunks = [WHOLE[i : i + size] for i in range(0, len(WHOLE), size)]
        step = lc.chat(*chunks) | lc.JsonOutputParser()
        return [list(step.stream("x")), await collect(step.astream("x"))]

    program()


@pytest.mark.promise("docs/langchain.md", "Malformed JSON at the end of a stream raises ParseError")
@differs(
    "malformed JSON raises at the end of a stream, too",
    "- {a: 1}",
    "+ ('raised', 'bad input')",
)
async def test_malformed_json_in_a_stream(lc):
    return list((lc.chat('{"a": 1', ", oh}") | lc.JsonOutputParser()).stream("x"))


class Fish(BaseModel):
    name: str
    size: float


@same
async def test_pydantic(lc):
    parser = lc.PydanticOutputParser(pydantic_object=Fish)
    return parser.invoke(lc.AIMessage('{"name": "Goldie", "size": 1}'))


@same
async def test_pydantic_that_does_not_fit(lc):
    return lc.PydanticOutputParser(pydantic_object=Fish).invoke('{"name": 1}')


# Tools


@same
async def test_a_tool(lc):
    @lc.tool
    def add(a: int, b: int = 2) -> int:
        """Add two numbers."""
        return a + b

    asked = {"name": "add", "args": {"a": 1}, "id": "t1", "type": "tool_call"}
    return [
        add.invoke({"a": 1}),
        await add.ainvoke({"a": "5", "b": 6}),
        add.invoke(asked),
        add.name,
        add.description,
        sorted(add.args),
    ]


@same
async def test_a_named_tool(lc):
    @lc.tool("plus")
    async def add(a: int) -> str:
        """Add one."""
        return str(a + 1)

    return [await add.ainvoke({"a": 1}), add.name]


@same
async def test_a_tool_with_bad_arguments(lc):
    @lc.tool
    def add(a: int) -> int:
        """Add."""
        return a

    return add.invoke({"a": "no number"})


@same
async def test_a_tool_that_raises(lc):
    @lc.tool
    def bad(a: int) -> int:
        """Fail."""
        raise ZeroDivisionError

    return bad.invoke({"a": 1})
