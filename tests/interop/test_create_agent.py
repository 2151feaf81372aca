"""The same scripted model and tools through LangChain's `create_agent` and ours."""

import asyncio
import json
from typing import Any

import langchain.agents
import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage as TheirMessage
from langchain_core.tools import tool as their_tool
from langgraph.errors import GraphRecursionError

import nbstream
from nbstream import AIMessage, AIMessageChunk, BaseChatModel, create_agent


class Theirs(GenericFakeChatModel):
    def bind_tools(self, tools, **_: Any):
        return self


class Ours(BaseChatModel):
    def __init__(self, turns):
        self.turns = iter(turns)

    def bind_tools(self, tools, **_):
        return self

    def _stream_messages(self, messages, **_):
        text, calls = next(self.turns)
        yield AIMessageChunk(text)
        for index, (name, args, call_id) in enumerate(calls):
            call = {"name": name, "args": json.dumps(args), "id": call_id, "index": index}
            yield AIMessageChunk(tool_call_chunks=[call])


def theirs(turns):
    calls = [
        [{"name": n, "args": a, "id": i, "type": "tool_call"} for n, a, i in calls]
        for _, calls in turns
    ]
    texts = [text for text, _ in turns]
    return Theirs(
        messages=iter([TheirMessage(t, tool_calls=c) for t, c in zip(texts, calls, strict=True)])
    )


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def facts(n: int) -> dict:
    """Tell of a number."""
    return {"n": n, "even": n % 2 == 0}


FISH = {
    "title": "Fish",
    "description": "A fish.",
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
}

CASES = {
    "no call": [("Hello.", [])],
    "one call": [("I add.", [("add", {"a": 1, "b": 2}, "1")]), ("It is 3.", [])],
    "two at once": [
        ("", [("add", {"a": 1, "b": 2}, "1"), ("facts", {"n": 4}, "2")]),
        ("Done.", []),
    ],
    "two rounds": [
        ("", [("add", {"a": 1, "b": 2}, "1")]),
        ("", [("add", {"a": 3, "b": 4}, "2")]),
        ("7.", []),
    ],
}


def plain(message):
    """Return what a message says, whichever library made it."""
    calls = [(c["name"], c["args"], c["id"]) for c in getattr(message, "tool_calls", [])]
    call_id = getattr(message, "tool_call_id", None)
    return message.type, message.text, calls, call_id, getattr(message, "status", None)


def updates_of(update):
    return [(node, [plain(m) for m in told["messages"]]) for node, told in update.items()]


def both(turns, **settings):
    return (
        langchain.agents.create_agent(theirs(turns), [add, facts], **settings),
        create_agent(Ours(turns), [add, facts], **settings),
    )


@pytest.mark.parametrize("case", CASES)
def test_the_same_conversation_comes_of_it(case):
    turns = CASES[case]
    given = {"messages": [{"role": "user", "content": "Go."}]}
    given_ours = {"messages": [("user", "Go.")]}
    their, our = both(turns, system_prompt="Be brief.")
    assert [plain(m) for m in our.invoke(given_ours)["messages"]] == [
        plain(m) for m in their.invoke(given)["messages"]
    ]
    their, our = both(turns)
    ours = asyncio.run(our.ainvoke(given))
    assert [plain(m) for m in ours["messages"]] == [
        plain(m) for m in asyncio.run(their.ainvoke(given))["messages"]
    ]
    their, our = both(turns)
    by_node = [sorted(map(repr, map(updates_of, agent.stream(given)))) for agent in (our, their)]
    assert by_node[0] == by_node[1]
    their, our = both(turns)
    values = [
        [[plain(m) for m in one["messages"]] for one in agent.stream(given, stream_mode="values")]
        for agent in (our, their)
    ]
    assert values[0] == values[1]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6])
def test_the_limit_of_steps_is_the_same_but_for_an_answer_that_comes_with_the_last(limit):
    turns, config = CASES["two rounds"], {"recursion_limit": limit}
    ended = []
    for agent, error in zip(both(turns), (GraphRecursionError, RecursionError), strict=True):
        try:
            agent.invoke({"messages": "Go."}, config)
            ended.append(False)
        except error:
            ended.append(True)
    assert ended == [limit <= 5, limit < 5]


def test_the_same_answer_of_a_form_comes_of_it():
    turns = [
        ("", [("add", {"a": 1, "b": 2}, "1")]),
        ("", [("Fish", {"name": "Goldie"}, "2")]),
    ]
    their, our = both(turns, response_format=langchain.agents.structured_output.ToolStrategy(FISH))
    got, expected = (agent.invoke({"messages": "Go."}) for agent in (our, their))
    assert got["structured_response"] == expected["structured_response"] == {"name": "Goldie"}
    assert [plain(m) for m in got["messages"]] == [plain(m) for m in expected["messages"]]


def test_their_tools_are_called_by_our_agent():
    @their_tool
    async def slow_add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    turns = [
        ("", [("slow_add", {"a": 1, "b": 2}, "1"), ("sums", {"a": 2, "b": 2}, "2")]),
        ("3", []),
    ]
    tools = [slow_add, their_tool("sums")(add)]
    for got in (
        create_agent(Ours(turns), tools).invoke("Go."),
        asyncio.run(create_agent(Ours(turns), tools).ainvoke("Go.")),
    ):
        assert [m.text for m in got["messages"]] == ["Go.", "", "3", "4", "3"]
    assert isinstance(got["messages"][-1], AIMessage)


def test_what_a_tool_raises_ends_theirs_and_is_told_to_the_model_by_ours():
    def broken() -> int:
        """Fail."""
        raise OSError("no disk")

    turns = [("", [("broken", {}, "1")]), ("Sorry.", [])]
    with pytest.raises(OSError, match="no disk"):
        langchain.agents.create_agent(theirs(turns), [broken]).invoke({"messages": "Go."})
    got = nbstream.create_agent(Ours(turns), [broken]).invoke({"messages": "Go."})
    assert [m.text for m in got["messages"]] == ["Go.", "", "OSError: no disk", "Sorry."]
