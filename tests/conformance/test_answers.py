"""What models answer, on its way through chains: tool calls, usage, blocks."""

import pytest
from pydantic import BaseModel

from .sides import collect, events, listed, same

USAGE = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}


def tool_chunks(lc):
    pieces = [
        {"name": "add", "args": "", "id": "t1", "index": 0},
        {"name": None, "args": '{"a": 1', "id": None, "index": 0},
        {"name": None, "args": ', "b": 2}', "id": None, "index": 0},
    ]
    typed = [{**piece, "type": "tool_call_chunk"} for piece in pieces]
    return [lc.AIMessageChunk("", tool_call_chunks=[piece]) for piece in typed]


@same
async def test_a_tool_call_invoked(lc):
    model = lc.chat(*tool_chunks(lc))
    return [model.invoke("x"), await model.ainvoke("x"), model.invoke("x").tool_calls]


@same
async def test_a_tool_call_streamed(lc):
    model = lc.chat("Well, ", *tool_chunks(lc))
    chunks = [*listed(model.stream("x")), *await collect(model.astream("x"))]
    return [[c.content, len(c.tool_call_chunks), c.tool_calls] for c in chunks if c.content]


@same
async def test_the_events_of_a_tool_call(lc):
    prompt = lc.ChatPromptTemplate.from_template("{x}")
    shown = await events(prompt | lc.chat("Well", *tool_chunks(lc)), {"x": 1})
    return [e for e in shown if not e["event"].endswith("stream")]


@same
async def test_usage_invoked(lc):
    model = lc.chat("a", lc.AIMessageChunk("b", usage_metadata=USAGE))
    return [model.invoke("x"), await model.ainvoke("x")]


@same
async def test_usage_streamed_and_added_up(lc):
    model = lc.chat("a", lc.AIMessageChunk("b", usage_metadata=USAGE))
    first, *rest = model.stream("x")
    for chunk in rest:
        first += chunk
    return first


@same
async def test_usage_in_events(lc):
    model = lc.chat("a", lc.AIMessageChunk("b", usage_metadata=USAGE))
    return [await events(model | lc.StrOutputParser(), "x", version) for version in ("v1", "v2")]


@same
async def test_blocks_through_a_text_parser(lc):
    blocks = [[{"type": "text", "text": t, "index": 0}] for t in ("a", "b")]
    chain = lc.chat(*map(lc.AIMessageChunk, blocks)) | lc.StrOutputParser()
    return [chain.invoke("x"), listed(chain.stream("x")), await collect(chain.astream("x"))]


@same
async def test_thinking_is_no_text(lc):
    thought = lc.AIMessageChunk([{"type": "thinking", "thinking": "hm", "index": 0}])
    said = lc.AIMessageChunk([{"type": "text", "text": "So", "index": 1}])
    chain = lc.chat(thought, said) | lc.StrOutputParser()
    return [chain.invoke("x"), listed(chain.stream("x"))]


@same
async def test_names_of_messages(lc):
    return [lc.HumanMessage("a", name="n"), lc.AIMessage("b", name="m"), lc.SystemMessage("c")]


@same
async def test_equal_messages(lc):
    return [
        lc.HumanMessage("a") == lc.HumanMessage("a"),
        lc.HumanMessage("a") == lc.HumanMessage("b"),
        lc.HumanMessage("a") == lc.AIMessage("a"),
        lc.AIMessage("a", id="1") == lc.AIMessage("a", id="2"),
    ]


@same
async def test_a_conversation(lc):
    """The messages that a model is given when a tool has answered."""
    call = {"name": "add", "args": {"a": 1}, "id": "t1"}
    history = [
        lc.HumanMessage("1 + 1?"),
        lc.AIMessage("", tool_calls=[call]),
        lc.ToolMessage("2", tool_call_id="t1"),
    ]
    prompt = lc.ChatPromptTemplate.from_messages([("system", "S"), ("placeholder", "{h}")])
    return prompt.invoke({"h": history})


@same
async def test_a_tool_message_of_a_tool(lc):
    @lc.tool
    def add(a: int) -> dict:
        """Add."""
        return {"sum": a + 1}

    call = {"name": "add", "args": {"a": 1}, "id": "t1", "type": "tool_call"}
    return [add.invoke(call), await add.ainvoke(call)]


@same
async def test_a_tool_of_one_text(lc):
    @lc.tool
    def shout(text: str) -> str:
        """Shout."""
        return text.upper()

    return [shout.invoke("a"), shout.invoke({"text": "b"})]


@same
async def test_a_tool_without_arguments(lc):
    @lc.tool
    def now() -> str:
        """Say when."""
        return "now"

    return [now.invoke({}), now.args, now.description]


@same
async def test_a_tool_with_its_schema_given(lc):
    class Args(BaseModel):
        a: int
        b: int = 3

    @lc.tool(args_schema=Args)
    def add(a, b):
        """Add."""
        return a + b

    return [add.invoke({"a": "1"}), sorted(add.args)]


@same
async def test_a_tool_without_a_docstring(lc):
    @lc.tool
    def add(a: int) -> int:
        return a

    return add.invoke({"a": 1})


@same
async def test_a_batch_of_tool_calls(lc):
    @lc.tool
    def add(a: int) -> int:
        """Add."""
        return a + 1

    return [add.batch([{"a": 1}, {"a": 2}]), await add.abatch([{"a": 3}])]


# Prompts and parsers


@same
async def test_an_optional_placeholder(lc):
    prompt = lc.ChatPromptTemplate.from_messages(
        [lc.MessagesPlaceholder("h", optional=True), ("human", "{x}")]
    )
    return [prompt.invoke({"x": 1}), prompt.input_variables, prompt.invoke({"x": 1, "h": ["a"]})]


@same
async def test_a_placeholder_given_no_list(lc):
    prompt = lc.ChatPromptTemplate.from_messages([lc.MessagesPlaceholder("h")])
    return prompt.invoke({"h": 42})


@same
async def test_a_prompt_made_of_a_list(lc):
    return lc.ChatPromptTemplate([("system", "S"), ("human", "{x}")]).invoke({"x": 1})


@same
async def test_two_prompts_added(lc):
    one = lc.ChatPromptTemplate.from_messages([("system", "{a}")])
    two = lc.ChatPromptTemplate.from_messages([("human", "{b}")])
    return [(one + two).invoke({"a": 1, "b": 2}), (one + two).input_variables]


@same
async def test_partial_variables_of_a_template(lc):
    prompt = lc.PromptTemplate.from_template("{a} {b}", partial_variables={"a": "A"})
    return [prompt.invoke({"b": "B"}).to_string(), prompt.input_variables]


@same
async def test_a_prompt_value_into_a_function(lc):
    prompt = lc.ChatPromptTemplate.from_template("{x}")
    return (prompt | (lambda value: [m.content for m in value.messages])).invoke({"x": "a"})


@same
async def test_a_string_prompt_before_a_model(lc):
    step = lc.PromptTemplate.from_template("Tell of {x}.") | lc.chat("a")
    return [await events(step, {"x": 1}, version) for version in ("v1", "v2")]


@pytest.mark.parametrize("template", ["{d[k]}", "{d.k}", "{x:{d.k}}", "{x!r:{d[k]}}", "{x:{w}}"])
def test_attributes_and_items_in_a_template(template):
    @same
    async def program(lc):
        return lc.PromptTemplate.from_template(template).input_variables

    program()


@same
async def test_a_batch_of_prompts(lc):
    return lc.ChatPromptTemplate.from_template("{x}").batch([{"x": 1}, {"x": 2}])


class Fish(BaseModel):
    name: str
    size: float = 1


@same
async def test_pydantic_at_the_end_of_a_chain(lc):
    chain = lc.chat('```json\n{"name"', ': "Goldie"}\n```') | lc.PydanticOutputParser(
        pydantic_object=Fish
    )
    return [chain.invoke("x"), await chain.ainvoke("x")]


@same
async def test_pydantic_streamed(lc):
    chain = lc.chat('{"name"', ': "Goldie"', "}") | lc.PydanticOutputParser(pydantic_object=Fish)
    return [list(chain.stream("x")), await collect(chain.astream("x"))]


@same
async def test_json_that_breaks_off(lc):
    return lc.JsonOutputParser().invoke('{"a": [1, 2, {"b": "te')


@same
async def test_json_with_newlines_in_texts(lc):
    return lc.JsonOutputParser().invoke('{"a": "one\ntwo", "b": "\\u00e4"}')


@same
async def test_json_in_fences_grows(lc):
    text = 'Here:\n```json\n{"a": 1, "b": "xy"}\n```\nDone.'
    chain = lc.chat(*text) | lc.JsonOutputParser()
    return [list(chain.stream("x")), await collect(chain.astream("x"))]


@same
async def test_a_growing_list(lc):
    chain = lc.chat("[", "1", ", 2", ', "thr', 'ee"', "]") | lc.JsonOutputParser()
    return list(chain.stream("x"))


@same
async def test_json_picked_from_a_stream(lc):
    chain = lc.chat('{"a": "x', "y", '", "b": 1}') | lc.JsonOutputParser() | (lambda d: d["a"])
    return [chain.invoke("x"), list(chain.stream("x"))]


@same
async def test_a_parser_of_human_messages(lc):
    return [lc.StrOutputParser().invoke(lc.HumanMessage("a")), lc.StrOutputParser().batch(["a"])]


@same
async def test_a_parser_given_no_text(lc):
    return lc.StrOutputParser().invoke(42)
