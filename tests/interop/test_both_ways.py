"""Our models in LangChain's agents and LangGraph, and those in our chains."""

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph

from nbstream import AIMessageChunk, ChatLocal, RunnableLambda, ScriptedChat, Trace


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Adds(ScriptedChat):
    """Calls the tool, then says what it gave."""

    def _stream_messages(self, messages, **_):
        if messages[-1].type == "tool":
            yield AIMessageChunk(f"It is {messages[-1].text}.")
            return
        call = {"name": "add", "args": '{"a": 1, "b": 2}', "id": "1", "index": 0}
        yield AIMessageChunk(tool_call_chunks=[call])


def agent(model):
    return create_agent(model.as_langchain(), [add])


ASKED = {"messages": [("user", "Add 1 and 2.")]}


def test_a_model_of_ours_runs_in_create_agent():
    kinds = [type(one) for one in agent(Adds([])).invoke(ASKED)["messages"]]
    assert kinds[1:] == [AIMessage, ToolMessage, AIMessage]


def test_its_tokens_are_streamed_from_there():
    stream = agent(Adds([])).stream(ASKED, stream_mode="messages")
    assert [chunk.content for chunk, _ in stream if chunk.content] == ["3", "It is 3."]


def test_langchains_agent_is_a_step_and_what_runs_in_it_is_in_our_log():
    last = RunnableLambda(lambda state: state["messages"][-1].text)
    chain = RunnableLambda(lambda x: {"messages": [("user", x)]}) | agent(Adds([])) | last
    with Trace() as trace:
        assert chain.invoke("Add 1 and 2.") == "It is 3."
    tools = [run for run in trace.runs if run.run_type == "tool"]
    assert [run.name for run in tools] == ["add"]
    assert [run.name for run in trace.runs].count("tools") == 1


@pytest.mark.parametrize("is_agent", [False, True])
def test_the_embedded_model_runs_there(is_agent):
    model = ChatLocal(max_tokens=4)
    if is_agent:
        graph = create_agent(model.as_langchain(), [])
    else:
        builder = StateGraph(MessagesState)
        chat = model.as_langchain()
        builder.add_node("chat", lambda state: {"messages": [chat.invoke(state["messages"])]})
        builder.add_edge(START, "chat")
        graph = builder.compile()
    said = graph.invoke(ASKED)["messages"][-1]
    assert isinstance(said, AIMessage)
    assert 0 < said.usage_metadata["output_tokens"] <= 4
