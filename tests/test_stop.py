"""Stopping from the page, as the widget's message handler sees it: on another thread."""

import asyncio
import signal
import threading
import time
from dataclasses import replace

import pytest

from nbstream import (
    ChatAnthropic,
    RunnableLambda,
    ScriptedChat,
    StreamView,
    Trace,
    _loops,
    host,
    show,
)
from nbstream.widget import _show
from nbstream.widget._page import hear_while_busy

from . import endpoint as api

FOREVER = ["so ", "it ", "goes "] * 10_000


@pytest.fixture
def view(monkeypatch):
    view = StreamView()
    monkeypatch.setattr(_show, "StreamView", lambda **_: view)
    return view


def click_soon(view, asked=None):
    def click():
        asked.wait(20) if asked else time.sleep(0.2)
        view._handle_custom_msg({"type": "stop"}, [])

    threading.Thread(target=click, daemon=True).start()


def stopped(view, source, *arguments, asked=None):
    click_soon(view, asked)
    started = time.monotonic()
    assert show(source, *arguments) is view
    assert time.monotonic() - started < 15
    assert view.status == "stopped"
    assert {e.kind for e in view.trace.events if e.run is view.trace.runs[-1]} >= {"cancelled"}
    return view.text


@pytest.mark.promise("docs/errors.md", "After Stop, view.status is")
def test_a_stream_ends_at_its_next_chunk_and_keeps_its_text(view):
    assert stopped(view, ScriptedChat(FOREVER, delay=0.01), "x").startswith("so it goes")


def test_an_async_stream_too(view):
    async def forever():
        for text in FOREVER:
            await asyncio.sleep(0.01)
            yield text

    assert stopped(view, forever()).startswith("so it goes")


def test_inside_a_running_loop_too(view):
    async def cell():
        return stopped(view, ScriptedChat(FOREVER, delay=0.01).astream("x"))

    assert asyncio.run(cell()).startswith("so it goes")


def test_a_run_that_waits_for_something_is_woken(view):
    assert stopped(view, RunnableLambda(lambda x: time.sleep(30)), "x") == ""


@pytest.mark.parametrize("wakes", [True, False])
def test_a_model_that_does_not_answer_is_left(view, wakes, monkeypatch):
    if not wakes:  # as on Windows, in a notebook's cell
        monkeypatch.delattr(signal, "pthread_kill")
        monkeypatch.setattr(_loops, "LOOK", 0.05)
        monkeypatch.setattr(_show, "host", lambda: replace(host(), name="jupyter"))
    asked, leave = threading.Event(), threading.Event()

    def answer(handler, body):
        asked.set()
        leave.wait(20)

    with api.Endpoint(answer) as server:
        model = ChatAnthropic("m", base_url=server.url, api_key="k", max_retries=0)
        assert stopped(view, model, "Hi", asked=asked) == ""
        leave.set()


@pytest.mark.promise("docs/errors.md", "An interrupt of the kernel is a KeyboardInterrupt")
def test_a_stop_that_nobody_asked_for_is_an_interrupt(view):
    def interrupted():
        yield "a"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        show(interrupted())
    assert (view.text, view.status) == ("a", "stopped")


def test_a_stop_after_the_end_stops_nothing(view):
    show(ScriptedChat(["a"]), "x")
    view.stop()
    time.sleep(0.6)
    assert view.status == "done"


def test_a_saved_log_opens_as_a_view(tmp_path):
    with Trace() as trace:
        list(ScriptedChat(["Here", " is"]).stream("x"))
    trace.to_jsonl(tmp_path / "log.jsonl")
    view = StreamView.from_jsonl(tmp_path / "log.jsonl", delimiter="/")
    assert (view.text, view.status, view.delimiter) == ("Here is", "done", "/")


def test_messages_go_where_they_were_addressed():
    class Comm:
        def _reply_subshell_for(self, data, default):
            return "the busy main thread"

    comm = Comm()
    hear_while_busy(comm)
    assert comm._reply_subshell_for({"type": "stop"}, "subshell-1") == "subshell-1"
    hear_while_busy(None)
