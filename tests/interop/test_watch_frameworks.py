"""`watch` over the frameworks: what they run is there as they nest it, and each call once."""

import asyncio
import sys
import threading

import agents
import openai
import pytest
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from opentelemetry import trace as api
from opentelemetry.sdk.trace import TracerProvider
from pydantic_ai import Agent, InstrumentationSettings
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from nbstream import watch

from ..endpoint import Endpoint
from .openai_endpoint import agent, says_for_ever

# Some leave their connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
KEY = "sk-a-key-that-nobody-may-see-1234"


@pytest.fixture
def server():
    with Endpoint(agent) as one:
        yield one


def tree(trace, run=None):
    """Return the runs by type and name, each with those inside it."""
    return [
        (f"{one.run_type} {one.name}", *tree(trace, one)) for one in trace.runs if one.parent is run
    ]


def models(trace):
    """Return what each model run gave: its text, or the names of the tools it calls."""
    outputs = [trace.output(run) for run in trace.runs if run.run_type == "chat_model"]
    return [one.text or [call["name"] for call in one.tool_calls] for one in outputs]


def look(at: str) -> str:
    """Look at something."""
    return f"a {at}"


# LangGraph


def graph_at(server):
    model = ChatOpenAI(model="fish", base_url=f"{server.url}/v1", api_key=KEY, max_retries=0)
    return create_agent(model, [look])


ASKED = {"messages": [("human", "What is it?")]}


def graph_invoked(server):
    return graph_at(server).invoke(ASKED)["messages"][-1].content


def graph_ainvoked(server):
    return asyncio.run(graph_at(server).ainvoke(ASKED))["messages"][-1].content


def graph_streamed(server):
    found = graph_at(server).stream(ASKED, stream_mode="messages")
    return [chunk.content for chunk, _ in found]


def graph_with_events(server):
    async def main():
        events = graph_at(server).astream_events(ASKED, version="v2")
        return [(event["event"], event["name"]) async for event in events]

    return asyncio.run(main())


# openai-agents


def agent_at(server, client=openai.AsyncOpenAI):
    model = agents.OpenAIChatCompletionsModel(
        "fish", client(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0)
    )
    return agents.Agent("looker", model=model, tools=[agents.function_tool(look)])


def agents_run(server):
    return asyncio.run(agents.Runner.run(agent_at(server), "What is it?")).final_output


def agents_streamed(server):
    async def main():
        result = agents.Runner.run_streamed(agent_at(server), "What is it?")
        kinds = [event.type async for event in result.stream_events()]
        return kinds, result.final_output

    return asyncio.run(main())


# pydantic-ai


def pydantic_at(server):
    provider = OpenAIProvider(base_url=f"{server.url}/v1", api_key=KEY)
    return Agent(OpenAIChatModel("fish", provider=provider), name="looker", tools=[look])


def pydantic_run(server):
    return pydantic_at(server).run_sync("What is it?").output


def pydantic_streamed(server):
    async def main():
        async with pydantic_at(server).run_stream("What is it?") as result:
            return [text async for text in result.stream_text(delta=True, debounce_by=None)]

    return asyncio.run(main())


WAYS = [
    graph_invoked,
    graph_ainvoked,
    graph_streamed,
    graph_with_events,
    agents_run,
    agents_streamed,
    pydantic_run,
    pydantic_streamed,
]
# Python 3.10 cannot give a task its context: LangChain asks there that each step hands its config
# on, and the models of one that does not are runs on their own.
LOST = [graph_ainvoked, graph_with_events] if sys.version_info < (3, 11) else []


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_agent_is_seen_and_gives_what_it_gives_unseen(server, way):
    unseen = way(server)
    requests = len(server.requests)
    with watch() as view:
        seen = way(server)
    assert seen == unseen
    assert len(server.requests) == 2 * requests
    assert models(view.trace) == [["look"], "A goldfish."]
    assert len(tree(view.trace)) == (3 if way in LOST else 1)
    (tool,) = [run for run in view.trace.runs if run.run_type == "tool"]
    assert (tool.name, view.trace.output(tool)) == ("look", "a fish")
    assert tool.parent is not None
    assert {event.kind for event in view.trace.events} == {"start", "chunk", "end"}
    assert KEY not in view.trace.to_jsonl()
    ends = [event.run for event in view.trace.events if event.kind == "end"]
    assert len(ends) == len(view.trace.runs)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_nothing_is_heard_after_the_block(server, way):
    with watch() as view:
        pass
    way(server)
    assert view.trace.runs == []


@pytest.mark.parametrize("way", [pydantic_run, pydantic_streamed], ids=lambda way: way.__name__)
def test_an_instrumentation_of_the_programs_own_is_seen_by_its_spans(server, way, monkeypatch):
    provider = TracerProvider()
    monkeypatch.setattr(api, "_TRACER_PROVIDER", provider)
    Agent.instrument_all(InstrumentationSettings(tracer_provider=provider))
    try:
        with watch() as view:
            way(server)
    finally:
        Agent.instrument_all(False)
    assert models(view.trace) == [["look"], "A goldfish."]
    (agent,) = tree(view.trace)
    assert agent[0] == "chain looker"
    assert "tool look" in str(agent)
    assert KEY not in view.trace.to_jsonl()


STREAMED = [graph_streamed, agents_streamed, pydantic_streamed]


@pytest.mark.parametrize("way", STREAMED, ids=lambda way: way.__name__)
def test_stop_ends_the_agent_and_the_request(way):
    with Endpoint(says_for_ever) as server:
        with watch() as view:
            view.trace.subscribe(
                lambda event: event.kind == "chunk" and threading.Thread(target=view.stop).start()
            )
            way(server)
        assert server.broken_off.wait(20)
    assert "cancelled" in {event.kind for event in view.trace.events}
    assert len(server.requests) == 1


def ask_raw(at: str) -> str:
    """Look at something by asking a model."""
    client = openai.OpenAI(base_url=at, api_key=KEY)
    asked = {"model": "raw", "messages": [{"role": "user", "content": "Hi"}]}
    return client.chat.completions.create(**asked).choices[0].message.content


def raw_in_a_graph(server, tool):
    model = ChatOpenAI(model="fish", base_url=f"{server.url}/v1", api_key=KEY, max_retries=0)
    create_agent(model, [tool]).invoke(ASKED)


def raw_in_an_agent(server, tool):
    one = agent_at(server)
    one.tools = [agents.function_tool(tool)]
    asyncio.run(agents.Runner.run(one, "What is it?"))


def raw_in_pydantic(server, tool):
    provider = OpenAIProvider(base_url=f"{server.url}/v1", api_key=KEY)
    Agent(OpenAIChatModel("fish", provider=provider), tools=[tool]).run_sync("What is it?")


@pytest.mark.parametrize(
    "mixture", [raw_in_a_graph, raw_in_an_agent, raw_in_pydantic], ids=lambda one: one.__name__
)
def test_a_tool_that_asks_another_model(server, mixture):
    def look(at: str) -> str:
        """Look at something."""
        return ask_raw(f"{server.url}/v1")

    with watch() as view:
        mixture(server, look)
    raw = [run for run in view.trace.runs if run.model == "raw"]
    assert [(run.parent.run_type, run.parent.name) for run in raw] == [("tool", "look")]
    assert models(view.trace) == [["look"], "A goldfish.", "A goldfish."]
