"""LangChain's objects in our chains, and our models in LangChain's."""

import asyncio

import pytest
from langchain_core.documents import Document
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import (
    AIMessage as TheirAI,
)
from langchain_core.messages import (
    HumanMessage as TheirHuman,
)
from langchain_core.messages import (
    SystemMessage as TheirSystem,
)
from langchain_core.messages import (
    ToolMessage as TheirTool,
)
from langchain_core.output_parsers import CommaSeparatedListOutputParser
from langchain_core.output_parsers import StrOutputParser as TheirParser
from langchain_core.prompts import ChatPromptTemplate as TheirPrompt
from langchain_core.prompts import FewShotPromptTemplate
from langchain_core.prompts import PromptTemplate as TheirText
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda as TheirLambda
from langchain_core.tools import tool as their_tool
from pydantic import BaseModel

from nbstream import (
    AIMessage,
    AIMessageChunk,
    ChatPromptTemplate,
    HumanMessage,
    RunnableLambda,
    RunnablePassthrough,
    ScriptedChat,
    StrOutputParser,
    SystemMessage,
    ToolMessage,
    Trace,
    convert_to_messages,
    convert_to_tool,
)
from nbstream.messages._theirs import our_message, their_message


class Shelf(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return [Document(page_content=f"about {query}")]


def their_model(*answers):
    return GenericFakeChatModel(messages=iter([TheirAI(one) for one in answers * 9]))


@their_tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


FEW = FewShotPromptTemplate(
    examples=[{"x": "1"}], example_prompt=TheirText.from_template("{x}!"), suffix="{y}?"
)
SAYS = ScriptedChat(["He", "llo"])
STEPS = {
    "a prompt": (RunnablePassthrough() | TheirPrompt([("human", "{x}")]) | SAYS, {"x": 1}, "Hello"),
    "a text's prompt": (RunnablePassthrough() | FEW | SAYS, {"y": "b"}, "Hello"),
    "a parser": (SAYS | TheirParser(), "Hi", "Hello"),
    "a list's parser": (SAYS | CommaSeparatedListOutputParser(), "Hi", ["Hello"]),
    "a model": (ChatPromptTemplate(["{x}"]) | their_model("Hi you"), {"x": 1}, "Hi you"),
    "a chain": (
        RunnableLambda(str) | (TheirLambda(str) | their_model("Hi you") | TheirParser()),
        1,
        "Hi you",
    ),
    "a retriever": (
        RunnableLambda(str) | Shelf() | (lambda found: found[0].page_content),
        "fish",
        "about fish",
    ),
    "a tool": (RunnableLambda(lambda x: {"a": x, "b": 1}) | add, 2, 3),
    "a branch": (RunnablePassthrough.assign(y=TheirLambda(len)), {"x": 1}, {"x": 1, "y": 1}),
}
WAYS = {
    "invoke": lambda step, given: step.invoke(given),
    "ainvoke": lambda step, given: asyncio.run(step.ainvoke(given)),
    "batch": lambda step, given: step.batch([given])[0],
    "stream": lambda step, given: total(step.stream(given)),
    "astream": lambda step, given: total(asyncio.run(collected(step.astream(given)))),
    "transform": lambda step, given: total(step.transform(iter([given]))),
}


async def collected(stream):
    return [chunk async for chunk in stream]


def total(chunks):
    first, *rest = chunks
    for chunk in rest:
        first = first + chunk
    return first


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("name", STEPS)
def test_langchains_runnable_is_a_step(name, way):
    step, given, wanted = STEPS[name]
    got = way(step, given)
    assert getattr(got, "content", got) == wanted
    assert not type(got).__module__.startswith("langchain")


def test_it_streams_and_what_runs_inside_is_in_our_log():
    inner = TheirLambda(str) | their_model("Hi you") | TheirParser()
    chain = RunnableLambda(str) | inner | RunnableLambda(str.upper)
    with Trace() as trace:
        chunks = list((RunnableLambda(str) | inner).stream(1))
        chain.invoke(1, {"tags": ["mine"]})
    assert chunks == ["Hi", " ", "you"]
    model = next(run for run in trace.runs if run.run_type == "chat_model")
    assert [model.parent.name, model.parent.parent.name] == ["RunnableSequence"] * 2
    assert [e.data.content for e in trace.events if e.run is model and e.kind == "chunk"] == [
        "Hi",
        " ",
        "you",
    ]
    tagged = [run for run in trace.runs if "mine" in run.tags]
    assert "str" in [run.name for run in tagged]
    assert "GenericFakeChatModel" in [run.name for run in tagged]


def test_handlers_hear_of_what_runs_inside_once():
    class Notes:
        def __init__(self):
            self.names = []

        def on_chain_start(self, *_, name, **__):
            self.names.append(name)

    inner = TheirLambda(str, name="theirs") | TheirLambda(len, name="too")
    notes = Notes()
    (RunnableLambda(str) | inner).invoke(1, {"callbacks": [notes]})
    assert sorted(notes.names) == [*["RunnableSequence"] * 2, "str", "theirs", "too"]


def test_a_config_reaches_langchains_runnable():
    seen = TheirLambda(lambda _, config: [config["tags"], config["configurable"]])
    config = {"tags": ["t"], "configurable": {"user": "me"}}
    assert (RunnableLambda(str) | seen).invoke(1, config) == [["t"], {"user": "me"}]


def test_what_only_langchains_object_has_is_there():
    step = (RunnablePassthrough() | TheirPrompt([("human", "{x}")])).steps[1]
    assert step.input_variables == ["x"]


CALL = {"name": "add", "args": {"a": 1, "b": 2}, "id": "1", "type": "tool_call"}
USAGE = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
PAIRS = [
    (HumanMessage("Hi", name="me", id="1"), TheirHuman("Hi", name="me", id="1")),
    (SystemMessage("Hi"), TheirSystem("Hi")),
    (ToolMessage("3", "1", name="add"), TheirTool("3", tool_call_id="1", name="add")),
    (
        ToolMessage("no", "1", status="error", artifact=5),
        TheirTool("no", tool_call_id="1", status="error", artifact=5),
    ),
    (
        AIMessage("Hi", tool_calls=[CALL], usage_metadata=USAGE, response_metadata={"x": 1}),
        TheirAI("Hi", tool_calls=[CALL], usage_metadata=USAGE, response_metadata={"x": 1}),
    ),
    (
        AIMessage([{"type": "thinking", "thinking": "Hm", "signature": "s"}]),
        TheirAI([{"type": "reasoning", "reasoning": "Hm", "extras": {"signature": "s"}}]),
    ),
]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_messages_go_over_and_come_back(ours, theirs):
    assert their_message(ours) == theirs
    assert our_message(theirs) == ours
    assert convert_to_messages([theirs]) == [ours]


def test_a_tool_of_langchains_is_described_as_our_own():
    assert convert_to_tool(add)["input_schema"]["required"] == ["a", "b"]
    assert convert_to_tool(add)["description"] == "Add two numbers."


# An nbstream model in LangChain's chains.


def test_as_langchain_streams_and_calls_tools_and_counts_tokens():
    pieces = [
        AIMessageChunk("I add."),
        AIMessageChunk(
            tool_call_chunks=[{"name": "add", "args": '{"a": 1', "id": "1", "index": 0}]
        ),
        AIMessageChunk(tool_call_chunks=[{"args": ', "b": 2}', "index": 0}], usage_metadata=USAGE),
    ]
    model = ScriptedChat(pieces).as_langchain().bind_tools([add])
    whole = model.invoke("Add.")
    assert (whole.content, whole.tool_calls, whole.usage_metadata) == ("I add.", [CALL], USAGE)
    streamed = total(model.stream("Add."))
    assert (streamed.content, streamed.tool_calls) == ("I add.", [CALL])
    assert asyncio.run(model.ainvoke("Add.")).tool_calls == [CALL]
    assert total(asyncio.run(collected(model.astream("Add.")))).usage_metadata == USAGE
    assert add.invoke(whole.tool_calls[0]).content == "3"


def test_as_langchain_gives_langchains_events():
    async def program():
        chain = TheirPrompt([("human", "{x}")]) | SAYS.as_langchain() | TheirParser()
        events = [e async for e in chain.astream_events({"x": "Hi"}, version="v2")]
        return [e["data"]["chunk"].content for e in events if e["event"] == "on_chat_model_stream"]

    assert asyncio.run(program())[:2] == ["He", "llo"]


def test_as_langchain_answers_in_the_form_of_a_schema():
    class Fish(BaseModel):
        """A fish."""

        name: str

    call = {"name": "Fish", "args": '{"name": "Goldie"}', "id": "1", "index": 0}
    model = ScriptedChat([AIMessageChunk(tool_call_chunks=[call])]).as_langchain()
    assert model.with_structured_output(Fish).invoke("A fish.") == Fish(name="Goldie")


def test_it_is_our_run_inside_langchains_call():
    chain = StrOutputParser()
    with Trace() as trace:
        assert chain.invoke(our_message(SAYS.as_langchain().invoke("Hi"))) == "Hello"
    assert [run.name for run in trace.runs] == ["ScriptedChat", "StrOutputParser"]
