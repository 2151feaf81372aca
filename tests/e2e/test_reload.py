"""Pages come and go while a run goes on: whoever opens one late misses nothing."""

import json
import re

import pytest

SCRIPT = "import asyncio, threading, time\nfrom nbstream import *"
COUNT = 150
WORDS = f"words = [f'w{{i}} ' for i in range({COUNT})]"
TEXT = "".join(f"w{i} " for i in range(COUNT))
GATE = 100
# Waits before that chunk until the test opens the gate, so that nothing counts on time.
SLOW = f"""{SCRIPT}
import pathlib
{WORDS}
class Gated(ScriptedChat):
    def _stream_messages(self, messages, **options):
        for i, chunk in enumerate(super()._stream_messages(messages, **options)):
            while i == {GATE} and not pathlib.Path('open').exists():
                time.sleep(0.02)
            yield chunk
    async def _astream_messages(self, messages, **options):
        i = 0
        async for chunk in super()._astream_messages(messages, **options):
            while i == {GATE} and not pathlib.Path('open').exists():
                await asyncio.sleep(0.02)
            i += 1
            yield chunk
v = show(Gated(words, 0.02, name='slow'), 'x')"""

# What the page asks for because it has missed it.
LISTEN = """() => {
    window.asked = [];
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (data) {
        const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
        for (const [found] of text.matchAll(/"type":\\s*"resync",\\s*"seq":\\s*\\d+/g)) {
            window.asked.push(Number(found.match(/\\d+$/)[0]));
        }
        return send.call(this, data);
    };
}"""


@pytest.fixture
def gate(lab):
    """The file that opens the gate."""
    path = lab.folder / "open"
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


def views(nb):
    return nb.page.locator(".nbstream")


def text(nb, index=0):
    return "".join(views(nb).nth(index).locator(".nbs-token").all_text_contents())


def shown(nb, index=0):
    return int(views(nb).nth(index).get_attribute("data-shown"))


def wait_shown(nb, count, index=0):
    nb.page.wait_for_function(
        "([i, n]) => document.querySelectorAll('.nbstream')[i]?.dataset.shown >= n",
        arg=[index, count],
    )


def wait_status(nb, status, count=1):
    nb.page.wait_for_function(
        "([one, n]) => document.querySelectorAll(`.nbstream[data-status=${one}]`).length >= n",
        arg=[status, count],
        timeout=30_000,
    )


def printed(nb, index, cell):
    """Run a cell that prints, and return what it printed."""
    nb.run_cell(cell)
    out = nb.page.locator(".jp-Cell").nth(cell).locator(".jp-OutputArea-output").nth(index)
    out.wait_for()
    nb.wait_idle()
    return out.text_content().strip()


def test_a_page_loaded_anew_in_mid_stream_misses_nothing(notebook, gate):
    nb = notebook(
        "reload", [SLOW, "print(v.status, v.text == ''.join(words), len(v.trace.events))"]
    )
    nb.run(1)
    wait_shown(nb, 20)
    nb.save()
    nb.reload()
    # It opens with what had come, and goes on from there.
    wait_status(nb, "streaming")
    wait_shown(nb, 40)
    assert shown(nb) < COUNT
    before = text(nb)
    assert TEXT.startswith(before)
    gate.touch()
    wait_status(nb, "done")
    wait_shown(nb, COUNT)
    assert text(nb) == TEXT
    view = views(nb).nth(0)
    assert view.get_by_role("tab", name="Events").text_content() == f"Events{COUNT + 2}"
    # And again after the end.
    nb.reload()
    wait_status(nb, "done")
    wait_shown(nb, COUNT)
    assert text(nb) == TEXT
    nb.wait_ready()
    assert printed(nb, 0, 1) == f"done True {COUNT + 2}"


@pytest.mark.promise(
    "docs/architecture.md", "reload the page asks for the transcript when the run is over"
)
def test_what_is_saved_after_a_reload_in_mid_stream_is_all_of_it(notebook, lab, gate):
    nb = notebook("reload-saved", [SLOW])
    nb.run(1)
    wait_shown(nb, 10)
    nb.save()
    nb.reload()
    wait_status(nb, "streaming")
    gate.touch()
    wait_shown(nb, COUNT)
    wait_status(nb, "done")
    # The page puts the transcript where Jupyter has not, and the view into its place.
    nb.page.wait_for_selector("[data-nbstream]:not([data-nbstream-page]) .nbstream")
    nb.save()
    content = json.loads((lab.folder / "reload-saved.ipynb").read_text())
    data = content["cells"][0]["outputs"][0]["data"]
    assert "".join(data["text/plain"]) == TEXT
    assert "data-nbstream-page" not in "".join(data["text/html"])


@pytest.mark.promise("nbstream.StreamView", "All displays of one view stay in step")
def test_views_in_other_cells_are_in_step(notebook, gate):
    nb = notebook("second", [SLOW, "v", "display(v)"])
    nb.run(1)
    wait_shown(nb, 40)
    nb.run(2)  # while it streams
    nb.page.wait_for_function("() => document.querySelectorAll('.nbstream').length === 3")
    assert views(nb).nth(0).get_attribute("data-status") == "streaming"
    lengths = """() => [...document.querySelectorAll('.nbstream')].map(el => +el.dataset.shown)"""
    for _ in range(5):
        counts = nb.page.evaluate(lengths)
        assert max(counts) - min(counts) <= 3
        assert min(counts) >= 40
        nb.page.wait_for_timeout(150)
        nb.drawn()
    views(nb).nth(1).get_by_role("tab", name="Timeline").click()
    gate.touch()
    wait_status(nb, "done", 3)
    for i in range(3):
        views(nb).nth(i).get_by_role("tab", name="Tokens").click()
        wait_shown(nb, COUNT, i)
        assert text(nb, i) == TEXT


def test_frames_that_are_lost_are_asked_for_again(notebook):
    drop = """lost = []
def dropping(self, content, buffers=None, send=StreamView.send):
    if content.get("type") == "frame" and content["seq"] > 60 and len(lost) < 2:
        lost.append((content["seq"], content["items"]))
        return
    send(self, content, buffers)
StreamView.send = dropping
v = show(ScriptedChat(words, 0.02, name='slow'), 'x')"""
    nb = notebook("lost", [f"{SCRIPT}\n{WORDS}\n{drop}", "print(len(lost), lost[0][0])"])
    nb.page.evaluate(LISTEN)
    nb.run(1)
    wait_status(nb, "done")
    wait_shown(nb, COUNT)
    assert text(nb) == TEXT
    assert views(nb).get_by_role("tab", name="Events").text_content() == f"Events{COUNT + 2}"
    assert [int(n) for n in printed(nb, 0, 1).split()] == [2, nb.page.evaluate("asked[0]")]
    assert len(nb.page.evaluate("asked")) == 1


def test_the_next_cell_runs_while_the_stream_goes_on(notebook, gate):
    cells = [
        SLOW,
        "print(v.status, 0 < len(v.text) < len(''.join(words)))",
        "message = await v\nprint(v.status, message.content == ''.join(words))",
    ]
    nb = notebook("background", cells)
    nb.run(1)
    wait_shown(nb, 20)
    assert not nb.busy()
    assert printed(nb, 0, 1) == "streaming True"
    assert views(nb).nth(0).get_attribute("data-status") == "streaming"
    nb.run_cell(2)
    # It waits without keeping the page from growing.
    nb.page.get_by_text("[*]").wait_for()
    wait_shown(nb, GATE)
    assert nb.busy()
    gate.touch()
    wait_status(nb, "done")
    nb.page.get_by_text("done True").wait_for()
    assert text(nb) == TEXT


@pytest.mark.usefixtures("gate")
def test_stopping_what_runs_in_the_background(notebook):
    cells = [
        SLOW,
        "message = v.result()\nprint(v.status, v.text.startswith('w0 w1 '), len(v.text))",
    ]
    nb = notebook("stop-background", cells)
    nb.run(1)
    wait_shown(nb, 20)
    views(nb).nth(0).get_by_label("Stop", exact=True).click()
    wait_status(nb, "stopped")
    nb.page.wait_for_timeout(300)
    nb.drawn()
    held = text(nb)
    assert held.startswith("w0 w1 ")
    assert TEXT.startswith(held)
    assert held != TEXT
    assert re.fullmatch(rf"stopped True {len(held)}", printed(nb, 0, 1))
    assert not views(nb).nth(0).get_by_label("Stop", exact=True).is_visible()
    assert "interrupt it" not in views(nb).nth(0).text_content()


def test_streams_from_a_thread_and_from_a_task(notebook):
    thread = f"""{SCRIPT}
{WORDS}
def work(view):
    with stream_to(view):
        ScriptedChat(words, 0.01, name="threaded").invoke("x")
t = StreamView()
threading.Thread(target=work, args=[t]).start()
t"""
    task = """async def go(view):
    with stream_to(view):
        await ScriptedChat(words, 0.01, name="tasked").ainvoke("x")
a = StreamView(delimiter="/")
job = asyncio.create_task(go(a))
a"""
    nb = notebook("threads", [thread, task, "await job; print(t.text == a.text == ''.join(words))"])
    nb.run(2)
    nb.page.wait_for_function("() => document.querySelectorAll('.nbstream').length === 2")
    # Both stream at once.
    wait_status(nb, "streaming", 2)
    wait_status(nb, "done", 2)
    for i, name in enumerate(["threaded", "tasked"]):
        wait_shown(nb, COUNT, i)
        assert text(nb, i) == TEXT
        assert views(nb).nth(i).locator(".nbs-model").text_content() == name
    assert printed(nb, 0, 2) == "True"


def test_a_view_shows_each_run_that_is_streamed_to_it(notebook):
    again = """with stream_to(v):
    ScriptedChat(["and ", "more"], 0.05, name="second").invoke("x")
print(len(v.trace.runs))"""
    nb = notebook("again", [f"{SCRIPT}\nv = show(ScriptedChat(['one ', 'two'], 0.02), 'x')", again])
    nb.run(1)
    wait_status(nb, "done")
    assert printed(nb, 0, 1) == "2"
    view = views(nb).nth(0)
    nb.page.wait_for_function(
        "() => document.querySelector('.nbstream').textContent.includes('Timeline2')"
    )
    view.get_by_role("tab", name="Timeline").click()
    view.locator("tbody tr").nth(1).click()
    view.get_by_role("tab", name="Tokens").click()
    nb.page.wait_for_timeout(200)
    nb.drawn()
    # What the other turns have is still there, and hidden.
    shown_now = view.locator(".nbs-token:visible").all_text_contents()
    assert "".join(shown_now) == "and more"


def test_a_view_is_there_again_when_its_cell_comes_back_into_sight(notebook, gate):
    nb = notebook("windowed", [SLOW, *["'above'"] * 30])
    nb.run(1)
    wait_shown(nb, 20)
    views(nb).get_by_role("tab", name="Timeline").click()
    gate.touch()
    scroll = "top => { document.querySelector('.jp-WindowedPanel-outer').scrollTop = top; }"
    for wait in (5_000, 500):  # first it ends out of sight
        nb.page.evaluate(scroll, 1_000_000)
        nb.page.wait_for_timeout(wait)
        nb.page.evaluate(scroll, 0)
        wait_status(nb, "done")
        assert views(nb).count() == 1
        assert views(nb).nth(0).get_attribute("data-view") == "timeline"
        assert views(nb).locator("tbody tr").count() == 1
    views(nb).get_by_role("tab", name="Tokens").click()
    wait_shown(nb, COUNT)
    assert text(nb) == TEXT
