"""`watch` over LlamaIndex: its agents, engines, models and tools as they nest, each call once."""

import asyncio
import subprocess
import sys
import threading

import llama_index_instrumentation
import openai
import pytest
from llama_index.core import Document, SummaryIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage, MockLLM
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai import OpenAI

from nbstream import show, watch
from nbstream.watching import _llama_index

from ..endpoint import Endpoint
from .openai_endpoint import agent, refuses_chat, says_for_ever

# Some leave their connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
KEY = "sk-a-key-that-nobody-may-see-1234"
ASKED = [ChatMessage(role="user", content="What is it?")]
ROOT = llama_index_instrumentation.root_dispatcher


@pytest.fixture
def server():
    with Endpoint(agent) as one:
        yield one


def llm_at(server):
    return OpenAI(model="gpt-4o", api_base=f"{server.url}/v1", api_key=KEY, max_retries=0)


def look(at: str) -> str:
    """Look at something."""
    return f"a {at}"


def chatted(server):
    return llm_at(server).chat(ASKED).message.content


def completed(server):
    return llm_at(server).complete("What is it?").text


def streamed(server):
    return [one.delta for one in llm_at(server).stream_chat(ASKED)]


def completed_in_pieces(server):
    return [one.delta for one in llm_at(server).stream_complete("What is it?")]


def achatted(server):
    async def main():
        return (await llm_at(server).achat(ASKED)).message.content

    return asyncio.run(main())


def astreamed(server):
    async def main():
        return [one.delta async for one in await llm_at(server).astream_chat(ASKED)]

    return asyncio.run(main())


def engine_at(server):
    index = SummaryIndex.from_documents([Document(text="Fish swim.")])
    return index.as_query_engine(llm=llm_at(server))


def queried(server):
    return engine_at(server).query("What is it?").response


CALLS = [chatted, completed, streamed, completed_in_pieces, achatted, astreamed, queried]


def acted(server, tool=look):
    async def main():
        return str(await FunctionAgent(tools=[tool], llm=llm_at(server)).run("What is it?"))

    return asyncio.run(main())


def runs(trace, *kinds):
    return [run for run in trace.runs if run.run_type in kinds]


@pytest.mark.parametrize("way", [*CALLS, acted], ids=lambda way: way.__name__)
def test_a_program_is_seen_and_gives_what_it_gives_unseen(server, way):
    unseen = way(server)
    requests = len(server.requests)
    with watch() as view:
        seen = way(server)
    assert seen == unseen
    assert len(server.requests) == 2 * requests
    models = runs(view.trace, "chat_model")
    assert [(run.name, run.model) for run in models] == [("OpenAI", "gpt-4o")] * requests
    assert view.trace.output(models[-1]).text == "A goldfish."
    assert view.trace.input(models[-1])[0] is not None
    ends = [event.run for event in view.trace.events if event.kind == "end"]
    assert len(ends) == len(view.trace.runs)
    assert KEY not in view.trace.to_jsonl()


def test_an_agents_steps_lie_in_it(server):
    with watch() as view:
        acted(server)
    trace = view.trace
    assert [(run.run_type, run.name) for run in trace.runs] == [
        ("chain", "FunctionAgent"),
        ("chat_model", "OpenAI"),
        ("tool", "look"),
        ("chat_model", "OpenAI"),
    ]
    whole, first, tool, last = trace.runs
    assert {run.parent for run in (first, tool, last)} == {whole}
    assert [call["name"] for call in trace.output(first).tool_calls] == ["look"]
    assert trace.input(tool) == {"at": "fish"}
    assert trace.output(tool) == "a fish"
    assert trace.input(whole)["user_msg"] == "What is it?"
    assert trace.output(whole) == "A goldfish."
    assert [role for role, _ in trace.input(last)] == ["human", "ai", "human"]


def test_an_engines_steps_lie_in_each_other(server):
    with watch() as view:
        queried(server)
    trace = view.trace
    engine, found, written, model = trace.runs
    assert [run.run_type for run in trace.runs] == ["chain", "retriever", "chain", "chat_model"]
    assert [found.parent, written.parent, model.parent] == [engine, engine, written]
    assert trace.output(found) == ["Fish swim."]
    assert trace.input(engine) == {"str_or_query_bundle": "What is it?"}
    assert trace.output(engine) == "A goldfish."


def test_a_tool_that_asks_another_model(server):
    def look(at: str) -> str:
        """Look at something."""
        client = openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY)
        asked = {"model": "raw", "messages": [{"role": "user", "content": at}]}
        return client.chat.completions.create(**asked).choices[0].message.content

    with watch() as view:
        acted(server, look)
    (raw,) = [run for run in view.trace.runs if run.model == "raw"]
    assert (raw.parent.run_type, raw.parent.name) == ("tool", "look")
    assert len(runs(view.trace, "chat_model")) == 3


def test_a_model_that_no_http_library_shows():
    with watch() as view:
        MockLLM().complete("Hi")
        said = [one.delta for one in MockLLM().stream_chat(ASKED)]
    whole, pieces = view.trace.runs
    assert view.trace.output(whole).text == "Hi"
    assert view.trace.output(pieces).text == "".join(said)
    assert [event.kind for event in view.trace.events].count("chunk") == 1 + len(said)


def test_an_error_is_the_programs_own_and_is_seen():
    with Endpoint(refuses_chat) as server:
        with pytest.raises(openai.BadRequestError) as unseen:
            queried(server)
        with watch() as view, pytest.raises(openai.BadRequestError) as seen:
            queried(server)
    assert str(seen.value) == str(unseen.value)
    failed = [event.run.run_type for event in view.trace.events if event.kind == "error"]
    assert failed == ["chat_model", "chain", "chain"]


def test_a_tool_that_calls_another_is_around_it():
    inner = FunctionTool.from_defaults(look)

    def asks(at: str) -> str:
        """Have somebody look at something."""
        return str(inner(at=at))

    with watch() as view:
        FunctionTool.from_defaults(asks)(at="fish")
    outside, inside = view.trace.runs
    assert [outside.name, inside.name, inside.parent] == ["asks", "look", outside]
    assert view.trace.output(outside) == view.trace.output(inside) == "a fish"


def test_a_tools_error_is_seen():
    def fails(at: str) -> str:
        """Fail."""
        raise ValueError(at)

    with watch() as view, pytest.raises(ValueError, match="fish"):
        FunctionTool.from_defaults(fails).call(at="fish")
    (run,) = view.trace.runs
    assert (run.run_type, run.name, view.trace.events[-1].kind) == ("tool", "fails", "error")


def test_a_stream_that_nobody_reads_on_is_over():
    with Endpoint(says_for_ever) as server, watch() as view:
        stream = llm_at(server).stream_chat(ASKED)
        next(stream)
        stream.close()
    assert view.trace.events[-1].kind == "cancelled"
    assert len(view.trace.runs) == 1


@pytest.mark.parametrize("way", [streamed, acted], ids=lambda way: way.__name__)
def test_stop_ends_the_program_and_the_request(way):
    with Endpoint(says_for_ever) as server:
        with watch() as view:
            view.trace.subscribe(
                lambda event: event.kind == "chunk" and threading.Thread(target=view.stop).start()
            )
            way(server)
        assert server.broken_off.wait(20)
    assert view.status == "stopped"
    assert len(server.requests) == 1


def test_watches_in_each_other_have_each_their_own(server):
    with watch() as outer:
        chatted(server)
        with watch() as inner:
            queried(server)
        chatted(server)
    assert len(runs(inner.trace, "chat_model")) == 1
    assert len(runs(outer.trace, "chat_model")) == 3


def handlers():
    return [*ROOT.span_handlers], [*ROOT.event_handlers]


@pytest.mark.parametrize("way", [*CALLS, acted], ids=lambda way: way.__name__)
def test_everything_is_undone(server, way):
    before = handlers()
    with watch() as view:
        assert handlers() != before
    assert handlers() == before
    way(server)
    assert view.trace.runs == []


def test_a_run_that_is_under_way_at_the_end_is_followed(server):
    before = handlers()
    with watch() as view:
        stream = llm_at(server).stream_chat(ASKED)
        next(stream)
    assert [*stream]
    assert view.trace.events[-1].kind == "end"
    assert handlers() == before
    chatted(server)
    assert len(view.trace.runs) == 1


def test_a_stream_that_show_reads_is_in_both(server):
    """It was opened before `show` took it; its one request is in neither of them twice."""
    with watch() as view:
        shown = show(llm_at(server).stream_chat(ASKED))
        shown.result()
    assert shown.text == "A goldfish."
    assert [run.name for run in view.trace.runs] == ["OpenAI", shown.trace.runs[0].name]
    assert len(shown.trace.runs) == 1
    assert len(server.requests) == 1


def test_a_fault_of_ours_is_logged_once_and_harms_nobody(server, monkeypatch, caplog):
    unseen = queried(server)
    monkeypatch.setattr(_llama_index, "_given", lambda _: 1 / 0)
    with watch() as view:
        assert queried(server) == unseen
        assert queried(server) == unseen
    ours = [one for one in caplog.records if "LlamaIndex" in one.getMessage()]
    assert len(ours) == 1
    assert {run.run_type for run in view.trace.runs} == {"chat_model"}


def test_a_library_that_is_imported_in_the_block_is_watched():
    program = """
from nbstream import watch

with watch() as view:
    from llama_index.core.llms import MockLLM

    MockLLM().complete("Hi")
print([run.name for run in view.trace.runs])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "['MockLLM']"
