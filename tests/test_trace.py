import asyncio
import threading

import pytest

from nbstream import (
    ChatPromptTemplate,
    Runnable,
    RunnableLambda,
    ScriptedChat,
    StrOutputParser,
    Trace,
)
from nbstream.sources import open_stream

SCRIPT = ["Here", " is"]


def kinds(trace):
    return [(event.kind, event.run.name) for event in trace.events]


def named_chain():
    return ChatPromptTemplate.from_template("{x}") | ScriptedChat(SCRIPT) | StrOutputParser()


async def drain(stream):
    async for _ in stream:
        pass


def run_sync(chain):
    list(chain.stream("x"))


def run_async(chain):
    asyncio.run(drain(chain.astream("x")))


@pytest.mark.promise("docs/architecture.md", "Everything a run does is appended to one log")
@pytest.mark.parametrize("run", [run_sync, run_async])
def test_a_streamed_chain_logs_every_step_in_order(run):
    with Trace() as trace:
        run(named_chain())
    per_token = [
        ("chunk", "ScriptedChat"),
        ("chunk", "StrOutputParser"),
        ("chunk", "RunnableSequence"),
    ]
    assert kinds(trace) == [
        ("start", "RunnableSequence"),
        ("start", "ChatPromptTemplate"),
        ("chunk", "ChatPromptTemplate"),
        ("end", "ChatPromptTemplate"),
        ("start", "ScriptedChat"),
        ("chunk", "ScriptedChat"),
        ("start", "StrOutputParser"),
        ("chunk", "StrOutputParser"),
        ("chunk", "RunnableSequence"),
        *per_token,
        ("end", "ScriptedChat"),
        ("end", "StrOutputParser"),
        ("end", "RunnableSequence"),
    ]
    root = trace.runs[0]
    assert [run.parent for run in trace.runs] == [None, root, root, root]
    assert [event.seq for event in trace.events] == list(range(len(trace.events)))
    times = [event.time for event in trace.events]
    assert times == sorted(times)
    assert trace.output(root) == "Here is"


@pytest.mark.promise("docs/architecture.md", "A log exists only where somebody listens")
def test_nothing_is_logged_when_nobody_listens():
    with Trace() as trace:
        pass
    list(named_chain().stream("x"))
    assert trace.events == []


@pytest.mark.promise(
    "docs/architecture.md",
    "a model called inside a function inside a chain becomes a run of that chain",
)
def test_runs_inside_a_function_are_its_children():
    model = ScriptedChat(SCRIPT)
    outer = RunnableLambda(lambda x: model.invoke(x), name="outer")
    with Trace() as trace:
        outer.invoke("x", {"tags": ["t"], "metadata": {"k": 1}, "run_name": "named"})
        asyncio.run(outer.ainvoke("x"))
        outer.batch(["x"])
    outers = [run for run in trace.runs if run.parent is None]
    inners = [run for run in trace.runs if run.parent is not None]
    assert [run.name for run in outers] == ["named", "outer", "outer"]
    assert [run.parent for run in inners] == outers
    assert inners[0].tags == ["t"]
    assert inners[0].metadata == {"k": 1}
    assert inners[0].parent_ids == [outers[0].id]


def test_what_the_consumer_starts_between_chunks_is_not_inside():
    other = ScriptedChat(["x"], name="other")
    with Trace() as trace:
        for _ in ScriptedChat(SCRIPT).stream("x"):
            other.invoke("x")
    assert all(run.parent is None for run in trace.runs)


def test_a_stream_made_outside_logs_where_it_is_consumed():
    stream = ScriptedChat(SCRIPT).stream("x")
    with Trace() as trace:
        list(stream)
    assert [run.name for run in trace.runs] == ["ScriptedChat"]


@pytest.mark.parametrize("run", [run_sync, run_async])
def test_errors_end_every_run_they_pass_through(run):
    chain = ScriptedChat(["a", ValueError("boom")]) | StrOutputParser()
    with Trace() as trace, pytest.raises(ValueError, match="boom"):
        run(chain)
    ends = [(e.kind, e.run.name, str(e.data)) for e in trace.events if e.kind == "error"]
    assert ends == [
        ("error", "ScriptedChat", "boom"),
        ("error", "StrOutputParser", "boom"),
        ("error", "RunnableSequence", "boom"),
    ]


def test_breaking_off_logs_cancelled_for_every_open_run():
    with Trace() as trace:
        stream = named_chain().stream("x")
        next(stream)
        stream.close()
    assert [e.run.name for e in trace.events if e.kind == "cancelled"] == [
        "StrOutputParser",
        "ScriptedChat",
        "RunnableSequence",
    ]


def test_interrupt_and_task_cancellation_are_cancelled_not_errors():
    def interrupted():
        yield "a"
        raise KeyboardInterrupt

    trace = Trace()
    with pytest.raises(KeyboardInterrupt):
        list(open_stream(interrupted(), trace=trace))
    assert [event.kind for event in trace.events] == ["start", "chunk", "cancelled"]

    async def cancelled():
        with Trace() as trace:
            task = asyncio.create_task(drain(ScriptedChat(["a"], delay=5).astream("x")))
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.wait([task])
        return trace

    assert [event.kind for event in asyncio.run(cancelled()).events] == ["start", "cancelled"]


def test_an_invoked_step_that_fails_is_logged():
    with Trace() as trace, pytest.raises(ZeroDivisionError):
        RunnableLambda(lambda x: 1 / x).invoke(0)
    assert [event.kind for event in trace.events] == ["start", "error"]


def test_threads_write_one_gapless_log():
    trace = Trace()
    run = trace.start("r")

    def write():
        for _ in range(2000):
            trace.log("chunk", run, "x")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event.seq for event in trace.events] == list(range(8001))


def test_subscribers_hear_events_until_they_leave():
    trace, heard = Trace(), []
    leave = trace.subscribe(heard.append)
    run = trace.start("r")
    leave()
    trace.log("end", run)
    assert [event.kind for event in heard] == ["start"]


def test_custom_runnables_may_override_stream_hooks():
    class Counter(Runnable):
        def _stream(self, input, **kwargs):
            yield from range(input)

    with Trace() as trace:
        assert list(Counter().stream(3)) == [0, 1, 2]
    assert trace.output(trace.runs[0]) == 3  # numbers add up
