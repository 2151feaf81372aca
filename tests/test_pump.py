import subprocess
import sys
import threading
import time

import pytest

from nbstream import ScriptedChat, Trace
from nbstream.events._state import apply, initial
from nbstream.widget import _pump
from nbstream.widget._pump import Feed, Pump

from .tasks import wait_until


class Page:
    """Takes frames as a page would, and keeps the times."""

    def __init__(self):
        self.state = initial()
        self.times = []
        self.threads = set()

    def take(self, frame):
        self.times.append(time.monotonic())
        self.threads.add(threading.current_thread().name)
        assert apply(self.state, frame), "a gap"

    @property
    def text(self):
        return "".join(self.state["runs"][0]["texts"]) if self.state["runs"] else ""


def stream(trace, feed, chunks, delay=0.0):
    with trace:
        for _ in ScriptedChat(chunks, delay).stream("x"):
            pass
    feed.close()


def pump_threads():
    return [t for t in threading.enumerate() if t.name == "nbstream-pump"]


def test_a_burst_arrives_whole_in_few_frames():
    trace, page = Trace(), Page()
    stream(trace, Feed(trace, page.take), ["x"] * 5000)
    assert page.text == "x" * 5000
    assert len(page.times) < 40


def test_what_is_logged_goes_out_without_being_asked_for_and_never_from_the_runs_own_thread():
    trace, page = Trace(), Page()
    feed = Feed(trace, page.take)
    run = trace.start("r")
    trace.log("chunk", run, "")
    trace.log("chunk", run, "first")
    wait_until(lambda: page.text == "first")
    trace.log("chunk", run, " second")
    wait_until(lambda: page.text == "first second")
    assert page.threads == {"nbstream-pump"}
    feed.close()


def test_a_channel_that_can_wait_is_flushed_when_it_is_due():
    class Channel:
        def __init__(self):
            self.flushed = []

        def flush(self):
            self.flushed.append(time.monotonic())
            return 1

    pump, channel, asked = Pump(), Channel(), time.monotonic()
    pump.wake(channel, 0.3)
    pump.wake(channel, 0.6)  # the earlier wish stands
    wait_until(lambda: channel.flushed)
    assert channel.flushed[0] >= asked + 0.3
    pump.wake(channel, 30)
    pump.wake(channel)
    wait_until(lambda: len(channel.flushed) == 2)


@pytest.mark.promise("docs/architecture.md", "A forked child has a pump of its own")
def test_a_forked_child_has_a_pump_of_its_own():
    code = """
import os
from nbstream import Trace
from nbstream.widget._pump import _PUMP, Feed
trace, sent = Trace(), []
feed = Feed(trace, sent.append)
trace.start("before")
while not sent: pass
_PUMP._lock.acquire()  # as a thread may hold it while another one forks
child = os.fork()
if child == 0:
    trace.start("after")
    while len(sent) < 2: pass
    os._exit(7)
_PUMP._lock.release()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
"""
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, timeout=60)


def test_frames_are_bounded_in_time():
    trace, page = Trace(), Page()
    started = time.monotonic()
    stream(trace, Feed(trace, page.take), ["x"] * 300, delay=0.002)
    lasted = time.monotonic() - started
    # The rest at the end comes on top of the rounds.
    assert len(page.times) <= lasted / _pump.ROUND + 3


@pytest.mark.promise(
    "docs/architecture.md", "less often where many views share the 250 messages a second"
)
def test_many_views_share_one_budget():
    pump, pages = Pump(), [Page() for _ in range(60)]
    traces = [Trace() for _ in pages]
    feeds = [Feed(t, p.take, pump=pump) for t, p in zip(traces, pages, strict=True)]
    runs = [trace.start("r") for trace in traces]
    started = time.monotonic()
    while time.monotonic() < started + 1.5:
        for trace, run in zip(traces, runs, strict=True):
            trace.log("chunk", run, "x")
        time.sleep(0.005)
    lasted = time.monotonic() - started
    sent = sum(len(page.times) for page in pages)
    assert pump._thread in pump_threads()
    # On top of the budget: a round under way at either end.
    assert sent <= lasted * _pump.BUDGET + 2 * len(pages)
    for feed in feeds:
        feed.close()
    assert all(len(page.text) == page.state["next"] - 1 for page in pages)


def test_the_thread_ends_when_there_is_no_news(monkeypatch):
    monkeypatch.setattr(_pump, "IDLE", 0.1)
    trace, page = Trace(), Page()
    feed = Feed(trace, page.take, pump=Pump())
    trace.start("r")
    assert pump_threads()
    deadline = time.monotonic() + 5
    while pump_threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not pump_threads()
    trace.start("s")
    assert pump_threads()
    feed.close()
    assert page.state["next"] == 2


@pytest.mark.promise(
    "docs/architecture.md", "Where there are no threads (Pyodide), the producer sends"
)
def test_without_threads_the_producer_makes_the_rounds(monkeypatch):
    def no_threads(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_threads)
    trace, page = Trace(), Page()
    stream(trace, Feed(trace, page.take, pump=Pump()), ["x"] * 100, delay=0.002)
    assert page.text == "x" * 100
    assert 3 < len(page.times) < 40
    assert page.threads == {"MainThread"}


def test_a_page_that_fails_does_not_stop_the_others(caplog):
    pump, page = Pump(), Page()
    trace = Trace()

    def fails(frame):
        raise OSError("gone")

    bad = Trace()
    bad_feed = Feed(bad, fails, pump=pump)
    feed = Feed(trace, page.take, pump=pump)
    bad.start("r")
    run = trace.start("r")
    time.sleep(0.1)
    trace.log("chunk", run, "a")
    trace.log("chunk", run, "b")
    time.sleep(0.1)
    assert page.text == "ab"
    assert "could not be fed" in caplog.text
    feed.close()
    bad.start("s")
    bad_feed.close()
    assert caplog.text.count("could not be fed") == 1


def test_what_was_missed_is_sent_again():
    trace, sent = Trace(), []
    feed = Feed(trace, sent.append)
    stream(trace, feed, ["a", "b", "c"])
    late = initial()
    feed.resend(0)
    assert apply(late, sent[-1])
    assert "".join(late["runs"][0]["texts"]) == "abc"
    feed.resend(2)
    assert sent[-1]["seq"] == 2
