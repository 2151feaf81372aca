"""Who allows an agent's calls: a function, the page, the terminal, or nobody."""

import asyncio
import builtins
import io
import sys
import threading

import pytest

from nbstream import (
    ChatView,
    InputError,
    RunnableLambda,
    StreamView,
    Trace,
    create_agent,
    tool,
)
from nbstream.agents._approval import NOBODY, NOT_ALLOWED
from nbstream.jobs import Job
from nbstream.widget._answers import answer

from .agents import Asking, call

called = []


@tool
def delete(path: str) -> str:
    """Delete a file."""
    called.append(path)
    return f"{path} is gone."


@pytest.fixture(autouse=True)
def nothing_called():
    called.clear()


def agent(approve, count=1):
    calls = [call("delete", f'{{"path": "{"abc"[i]}"}}', i) for i in range(count)]
    return create_agent(Asking(calls, ["Done."]), [delete], approve=approve)


def run(agent, way):
    if way == "sync":
        return agent.invoke("Tidy up.")["messages"]
    return asyncio.run(agent.ainvoke("Tidy up."))["messages"]


both = pytest.mark.parametrize("way", ["sync", "async"])


async def later(call):
    await asyncio.sleep(0)
    return False


@both
@pytest.mark.parametrize(
    ("approve", "paths", "said", "status"),
    [
        (lambda call: True, ["a"], "a is gone.", "success"),
        (lambda call: False, [], NOT_ALLOWED, "error"),
        (lambda call: "It is needed.", [], "It is needed.", "error"),
        (lambda call: {"path": "b"}, ["b"], "b is gone.", "success"),
        (lambda call: {"path": [1]}, [], "cannot be called with", "error"),
        (lambda call: call["name"] == "delete" and call["args"] == {"path": "a"}, ["a"], "", ""),
        (later, [], NOT_ALLOWED, "error"),
    ],
)
def test_a_function_decides(way, approve, paths, said, status):
    result = run(agent(approve), way)[2]
    assert called == paths
    assert said in result.content
    assert result.status == (status or "success")


@both
def test_a_function_that_decides_nothing_is_an_error(way):
    with pytest.raises(InputError, match="approve returned None"):
        run(agent(lambda call: None), way)
    assert called == []


@both
def test_what_was_decided_is_in_the_log(way):
    with Trace() as trace:
        run(agent(lambda call: {"path": "b"}), way)
    told = [(e.run.name, e.data) for e in trace.events if e.kind == "custom"]
    assert told == [("delete", ("tool_approval", {"verdict": "edit", "args": {"path": "b"}}))]


@pytest.mark.promise("docs/agents.md", "the call is not made, and its result says so")
@both
def test_where_nobody_is_there_the_call_is_not_made_and_the_model_is_told(way, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert run(agent("ask"), way)[2].content == NOBODY
    assert called == []


class Typed(io.StringIO):
    def isatty(self):
        return True


@both
@pytest.mark.parametrize(
    ("lines", "paths", "said"),
    [
        (["y"], ["a"], "a is gone."),
        (["perhaps", "NO"], [], NOT_ALLOWED),
        (['{"path": "b"}'], ["b"], "b is gone."),
        ([], [], NOBODY),
    ],
)
def test_a_terminal_is_asked(way, lines, paths, said, monkeypatch):
    asked, lines = [], [*lines]

    def typed(prompt):
        asked.append(prompt)
        if not lines:
            raise EOFError
        return lines.pop(0)

    monkeypatch.setattr(sys, "stdin", Typed())
    monkeypatch.setattr(builtins, "input", typed)
    assert run(agent("ask"), way)[2].content == said
    assert called == paths
    assert 'call delete with {"path": "a"}?' in asked[0]


def waiting(trace, count=1):
    """Return what waits until somebody is asked ``count`` times, and when it is so."""
    asked = threading.Semaphore(0)

    def hear(event):
        if event.kind == "custom" and event.data[1]["verdict"] == "wait":
            asked.release()

    trace.subscribe(hear)

    def wait():
        for _ in range(count):
            assert asked.acquire(timeout=20)
        return [run for run in trace.runs if run.id in trace.questions]

    return wait


def begun(approve="ask", count=1, *, is_apart):
    """Return an agent's job with a page that can answer, and its calls that wait."""
    trace = Trace()
    trace.readers.append(lambda: True)
    job, wait = Job(trace), waiting(trace, count)
    source = agent(approve, count)
    job.start(job.open(source, "Tidy up.", is_async=is_apart), is_apart=is_apart)
    return job, wait()


apart = pytest.mark.parametrize("is_apart", [True, False], ids=["loop", "thread"])


@apart
@pytest.mark.parametrize(
    ("word", "paths", "said"),
    [
        ({"verdict": "allow"}, ["a"], "a is gone."),
        ({"verdict": "deny"}, [], NOT_ALLOWED),
        ({"verdict": "edit", "args": {"path": "b"}}, ["b"], "b is gone."),
        ({"verdict": ["?"]}, [], NOT_ALLOWED),
        ({"verdict": "edit", "args": "b"}, [], NOT_ALLOWED),
    ],
)
def test_a_page_is_asked(is_apart, word, paths, said):
    job, (run,) = begun(is_apart=is_apart)
    answer(job.trace, {"run": run.id, **word})
    assert job.result(20)["messages"][2].content == said
    assert called == paths
    told = [e.data[1]["verdict"] for e in job.trace.events if e.kind == "custom"]
    assert told[0] == "wait"
    assert len(told) == 2


@apart
def test_several_wait_at_the_same_time_and_each_goes_on_by_itself(is_apart):
    job, runs = begun(count=3, is_apart=is_apart)
    for run, verdict in zip(runs, ("allow", "deny", "allow"), strict=True):
        answer(job.trace, {"run": run.id, "verdict": verdict})
    results = [one.content for one in job.result(20)["messages"][2:5]]
    paths = [run_args["args"]["path"] for run_args in map(job.trace.input, runs)]
    expected = {p: f"{p} is gone." for p in paths} | {paths[1]: NOT_ALLOWED}
    assert results == [expected[path] for path in "abc"]


@apart
def test_edited_arguments_that_do_not_fit_are_said_and_it_goes_on_waiting(is_apart):
    job, (run,) = begun(is_apart=is_apart)
    with pytest.raises(InputError, match="cannot be called with"):
        answer(job.trace, {"run": run.id, "verdict": "edit", "args": {"path": 1}})
    answer(job.trace, {"run": run.id, "verdict": "allow"})
    assert job.result(20)["messages"][2].content == "a is gone."
    with pytest.raises(InputError, match="does not wait"):
        answer(job.trace, {"run": run.id, "verdict": "allow"})


@apart
def test_a_call_that_waits_can_be_stopped(is_apart):
    job, _ = begun(is_apart=is_apart)
    job.stop()
    state = job.result(20)
    assert job.status == "stopped"
    assert [one.type for one in state["messages"]] == ["human", "ai", "tool"]
    ends = {e.run.name: e.kind for e in job.trace.events if e.kind in ("end", "cancelled")}
    assert ends["delete"] == "cancelled"
    assert job.trace.questions == {}
    assert called == []


def test_a_function_may_leave_it_to_the_page():
    job, (run,) = begun(lambda call: "ask", is_apart=False)
    answer(job.trace, {"run": run.id, "verdict": "allow"})
    assert job.result(20)["messages"][2].content == "a is gone."


@pytest.mark.parametrize("kind", ["view", "chat"])
def test_a_message_of_the_page_answers(kind, monkeypatch):
    for page in ("_stream_page", "_chat_page"):
        monkeypatch.setattr(f"nbstream.widget.{page}.can_answer", lambda page: True)
    about = {}
    if kind == "view":
        view = StreamView()
        job, wait = view._job, waiting(view.trace)
        job.start(job.open(agent("ask"), "Tidy up."), is_apart=False)
    else:
        view = ChatView(agent("ask"))
        waits = []
        view.conversation.watch(
            lambda what, value: waits.append(waiting(value.trace)) if what == "turn" else None
        )
        turn = view.ask("Tidy up.")
        job, wait, about = turn._job, waits[0], {"turn": turn.id}
    (run,) = wait()
    view._on_page_message(view, {"type": "approve", "run": run.id, "verdict": "allow", **about}, [])
    job.result(20)
    assert called == ["a"]
    view.close()


def test_a_terminal_is_asked_one_thing_at_a_time(monkeypatch):
    both = threading.Barrier(2, timeout=0.3)
    together = []

    def typed(prompt):
        try:
            both.wait()
            together.append(prompt)
        except threading.BrokenBarrierError:
            pass
        return "y"

    monkeypatch.setattr(sys, "stdin", Typed())
    monkeypatch.setattr(builtins, "input", typed)
    outcomes = RunnableLambda(lambda _: run(agent("ask"), "sync")[2].content).batch([1, 2])
    assert outcomes == ["a is gone."] * 2
    assert together == []
