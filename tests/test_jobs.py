"""A run that is watched: what it shows, how it is stopped, and that watching changes nothing."""

import asyncio
import subprocess
import sys
import threading
import time

import pytest

from nbstream import (
    ChatAnthropic,
    InputError,
    NbstreamError,
    RunnableLambda,
    ScriptedChat,
    StrOutputParser,
    Trace,
)
from nbstream._exceptions import Stopped
from nbstream._secrets import Secret
from nbstream.jobs import Job

from . import endpoint as api
from .tasks import wait_until

FOREVER = ["so ", "it ", "goes "] * 10_000


def started(source, *input, **how):
    job = Job()
    job.start(job.open(source, *input, is_async=hasattr(source, "astream")), **how)
    return job


def tree(trace):
    return [(run.name, run.parent and run.parent.name) for run in trace.runs]


def outcomes(trace):
    ends = [e for e in trace.events if e.kind in ("end", "error", "cancelled")]
    return [(event.run.name, event.kind) for event in ends]


# A scope of its own


@pytest.mark.promise("docs/architecture.md", "both see the run")
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_inside_a_trace_both_see_the_run(where):
    chain = ScriptedChat(["a", "b"]) | StrOutputParser()
    with Trace() as outer:
        job = Job()
        if where == "here":
            job.run(job.open(chain, "x"))
        else:
            job.start(job.open(chain, "x", is_async=True))
    assert job.result(30) == "ab"
    assert job.text == "ab"
    assert tree(job.trace) == tree(outer)
    assert [e.kind for e in job.trace.events] == [e.kind for e in outer.events]
    assert outer.output(outer.runs[0]) == "ab"


def test_inside_a_step_the_run_becomes_part_of_it():
    job = Job()

    def step(x):
        job.run(job.open(ScriptedChat(["a", "b"]), x))
        return job.text

    with Trace() as outer:
        assert RunnableLambda(step).invoke("x") == "ab"
    assert tree(outer) == [("step", None), ("ScriptedChat", "step")]
    assert tree(job.trace) == [("ScriptedChat", None)]


def test_inside_another_recording_both_see_it():
    outer, inner = Job(), Job()
    with outer.recording():
        inner.run(inner.open(ScriptedChat(["a", "b"]), "x"))
        with inner.recording():
            ScriptedChat(["c"]).invoke("y")
    assert [run.name for run in outer.trace.runs] == ["ScriptedChat"] * 2
    assert tree(inner.trace) == tree(outer.trace)


def test_a_stream_that_was_asked_for_inside_a_trace_shows_its_chunks():
    with Trace() as outer:
        job = started(ScriptedChat(["a", "b"]).stream("x"))
        job.result(30)
    assert (job.text, job.status) == ("ab", "done")
    assert tree(outer)[0] == ("ScriptedChat", None)


def test_settings_of_the_trace_around_it_are_inherited():
    seen = []
    inner = Job()

    def step(x, config):
        inner.run(inner.open(RunnableLambda(lambda y, config: seen.append(config["tags"])), x))

    RunnableLambda(step).invoke("x", {"tags": ["mine"]})
    assert seen == [["mine"]]


# Its end


@pytest.mark.promise("docs/architecture.md", "first to those who keep something of it")
def test_who_waits_for_the_end_is_called_before_the_result_is_there():
    job, heard = Job(), []
    job.when_over(lambda: 1 / 0)
    job.when_over(lambda: heard.append(job.result()))
    job.start(job.open(iter(["a", "b"])))
    assert job.result(30) == "ab"
    assert heard == ["ab"]


@pytest.mark.parametrize("kind", ["iterator", "async iterator", "chain"])
def test_what_leaves_the_process_elsewhere_ends_the_wait(kind):
    def leave():
        yield "a"
        sys.exit(3)

    async def aleave():
        yield "a"
        sys.exit(3)

    sources = {
        "iterator": (leave(),),
        "async iterator": (aleave(),),
        "chain": (RunnableLambda(lambda x: sys.exit(3)), "x"),
    }
    job = started(*sources[kind])
    with pytest.raises(SystemExit):
        job.result(30)
    assert job.status == "failed"


def test_a_run_that_fails_before_it_begins_has_failed():
    class Broken:
        def __iter__(self):
            raise RuntimeError("no")

    job = started(Broken())
    with pytest.raises(RuntimeError, match="no"):
        job.result(30)
    assert (job.status, outcomes(job.trace)) == ("failed", [("Broken", "error")])


def test_without_threads_it_runs_where_it_is(monkeypatch):
    def no_threads(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_threads)
    assert started(iter(["a", "b"])).result() == "ab"
    assert started(ScriptedChat(["a", "b"]), "x").result().content == "ab"

    async def inside():
        return (await started(ScriptedChat(["a", "b"]), "x")).content

    assert asyncio.run(inside()) == "ab"


def test_under_uvloop_waiting_inside_the_loop_is_refused():
    code = """
import asyncio, uvloop
from nbstream import InputError
from nbstream.jobs import Job

async def texts():
    yield "a"

async def main():
    job = Job()
    job.start(job.open(texts()), is_apart=False)
    try:
        job.result()
    except InputError as error:
        assert "await" in str(error)
    else:
        raise AssertionError("not refused")
    assert await job == "a"

uvloop.run(main())
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# Its stop


def test_a_model_inside_a_plain_function_is_reached():
    with api.Endpoint(api.says_for_ever) as server:
        model = ChatAnthropic("m", base_url=server.url, api_key="k")
        job = started(RunnableLambda(lambda x: model.invoke(x)), "x")
        wait_until(lambda: len(job.trace.events) > 5)
        job.stop()
        job.result(30)
        assert server.broken_off.wait(30)
    assert job.status == "stopped"
    assert outcomes(job.trace)[-1] == ("RunnableLambda", "cancelled")
    assert {kind for _, kind in outcomes(job.trace)} == {"cancelled"}


@pytest.mark.promise("docs/architecture.md", "and nothing more begins")
def test_what_a_stopped_run_would_begin_later_is_not_begun():
    going, begun = threading.Event(), []

    def step(x):
        going.wait(30)
        begun.append("before")
        ScriptedChat(["a"]).invoke(x)
        begun.append("after")

    job = started(RunnableLambda(step), "x")
    wait_until(lambda: job.trace.runs)
    job.stop()
    job.result(30)
    going.set()
    wait_until(lambda: begun)
    time.sleep(0.1)
    assert begun == ["before"]
    assert tree(job.trace) == [("step", None)]


def test_a_run_that_gives_nothing_is_over_after_a_moment_and_closed_when_it_lets_go():
    let_go, closed = threading.Event(), threading.Event()

    def silent():
        try:
            yield "a"
            let_go.wait(30)
            yield "b"
            yield "c"
        finally:
            closed.set()

    job = started(silent())
    wait_until(lambda: job.text == "a")
    job.stop()
    assert job.result(30) == "a"
    assert job.status == "stopped"
    assert not closed.is_set()
    let_go.set()
    assert closed.wait(30)
    assert [e.kind for e in job.trace.events] == ["start", "chunk", "cancelled"]


@pytest.mark.promise(
    "docs/architecture.md", "innermost first, and what the thread logs later is left out"
)
def test_children_end_before_their_parents_when_stopped():
    inside = threading.Event()

    def step(x):
        inside.set()
        time.sleep(0.8)  # nobody can break this off

    outer = RunnableLambda(lambda x: RunnableLambda(step).invoke(x))
    job = started(outer, "x")
    assert inside.wait(30)
    job.stop()
    job.result(30)
    events = job.trace.events
    assert [(e.run.name, e.kind) for e in events][-2:] == [
        ("step", "cancelled"),
        (job.trace.runs[0].name, "cancelled"),
    ]
    time.sleep(1)
    assert job.trace.events == events


def test_awaiting_that_is_cancelled_stops_the_run():
    async def main():
        job = started(ScriptedChat(FOREVER, delay=0.01), "x")
        task = asyncio.ensure_future(_wait(job))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(job.wait)
        return job

    assert asyncio.run(main()).status == "stopped"


async def _wait(job):
    return await job


def test_a_stop_before_anything_began_is_a_stop():
    job = started(ScriptedChat(FOREVER, delay=0.01), "x")
    job.stop()
    job.result(30)
    assert job.status == "stopped"


def test_a_stopped_recording_takes_new_runs_again():
    job, model = Job(), ScriptedChat(FOREVER, delay=0.01)
    with job.recording():
        threading.Thread(target=lambda: wait_until(lambda: job.text) or job.stop()).start()
        model.invoke("x")
    with job.recording():
        assert ScriptedChat(["a"]).invoke("x").content == "a"
    with job.trace:
        assert ScriptedChat(["b"]).invoke("x").content == "b"
    assert [kind for _, kind in outcomes(job.trace)] == ["cancelled", "end", "end"]


def test_a_stop_around_it_stops_a_run_inside():
    outer, inner = Job(), Job()

    def step(x):
        inner.run(inner.open(ScriptedChat(FOREVER, delay=0.01), x))

    outer.start(outer.open(RunnableLambda(step), "x", is_async=True))
    wait_until(lambda: inner.text)
    outer.stop()
    outer.result(30)
    wait_until(lambda: inner.status == "stopped")


def test_a_stop_that_was_heard_leaves_what_comes_after_it_alone():
    job, model = Job(), ScriptedChat(["a"])
    with job.recording():
        run = job.trace.start("run")
        job.stop()
        job.trace.cut(run)
    with job.trace:
        stream = model.stream("x")
        next(stream)
        time.sleep(0.6)  # longer than a stop waits to insist
        assert list(stream) == []
    assert outcomes(job.trace) == [("run", "cancelled"), ("ScriptedChat", "end")]


def test_a_run_that_ends_while_another_block_is_stopped_is_over():
    job = Job()
    with job.recording():
        job.stop()
        job.start(job.open(iter([])))
        wait_until(lambda: job._future.done())


# Watching does no harm


class ShelteredError(Exception):
    """Lets nobody look into it."""

    args = property(lambda self: 1 / 0)


def test_an_error_whose_fields_fail_is_the_one_that_is_raised():
    job, error = Job(), ShelteredError()
    with pytest.raises(ShelteredError) as raised:
        job.run(job.open(ScriptedChat(["a", error]), "x"))
    assert raised.value is error
    assert outcomes(job.trace) == [("ScriptedChat", "error")]


def test_a_listener_that_raises_is_left_out_and_the_others_are_called(caplog):
    job, heard = Job(), []
    job.trace.subscribe(lambda event: 1 / 0)
    job.trace.subscribe(lambda event: heard.append(event.kind))
    job.run(job.open(ScriptedChat(["a", "b"]), "x"))
    assert heard == ["start", "chunk", "chunk", "end"]
    assert caplog.text.count("A listener of a log raised") == 1


def test_a_log_that_is_stopped_takes_no_chunk_of_what_it_has_cut():
    trace = Trace()
    outer = trace.start("outer")
    inner = trace.start("inner", parent=outer)
    trace.log("chunk", inner, "a")
    trace.stop()
    with pytest.raises(Stopped):
        trace.log("chunk", inner, "b")
    with pytest.raises(Stopped):
        trace.start("more", parent=outer)
    trace.cut()
    with pytest.raises(Stopped):
        trace.log("chunk", inner, "c")
    trace.log("end", inner)
    assert outcomes(trace) == [("inner", "cancelled"), ("outer", "cancelled")]
    assert trace.output(inner) == "ab"


# Keys


class TellingError(Exception):
    """Quotes a key, whatever its arguments are."""

    def __str__(self):
        return "refused: a-key-nobody-knows-1234"


@pytest.mark.promise("docs/architecture.md", "Errors that quote a key say … instead")
@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad: a-key-nobody-knows-1234"),
        OSError(2, "No such file", "/tmp/a-key-nobody-knows-1234"),
        TellingError(),
    ],
)
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_no_error_that_is_shown_quotes_a_key(error, where, tmp_path):
    Secret("a-key-nobody-knows-1234")
    job = Job()
    stream = job.open(ScriptedChat(["a", error]), "x", is_async=where == "elsewhere")
    begin = job.run if where == "here" else job.start
    with pytest.raises((type(error), NbstreamError)) as raised:
        begin(stream) or job.result(30)
    shown = [str(raised.value), repr(job.state)]
    assert not [text for text in shown if "nobody" in text]
    assert "…" in str(raised.value)


def test_a_key_is_held_where_nobody_sees_it():
    import pickle

    secret = Secret("a-key-nobody-knows-1234")
    assert repr(secret) == str(secret) == f"{secret}" == "…"
    assert b"nobody" not in pickle.dumps(secret)
    assert not hasattr(secret, "__dict__")


def test_ordinary_words_are_no_keys():
    from nbstream._secrets import hide_all

    for text in ("task-specific-prompting", "disk-based-storage-engine", "ask-me-anything-1"):
        assert hide_all(text) == text
    assert hide_all("it is sk-ant-api03-abcdefghijkl1234.") == "it is …."


@pytest.mark.promise("SECURITY.md", "A key shorter than eight characters is not looked for")
def test_a_key_that_is_too_short_to_tell_garbles_nothing():
    from nbstream._secrets import hide

    Secret("k")
    assert hide("looks like kale") == "looks like kale"


def test_a_price_of_another_form_is_refused():
    with Trace() as trace:
        ScriptedChat(["a"]).invoke("x")
    with pytest.raises(InputError, match="input"):
        trace.metrics(price={"in": 1})
