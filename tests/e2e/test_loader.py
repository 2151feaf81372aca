"""The script that draws the views comes once for a page, whatever happens meanwhile."""

import pytest

from .test_reload import SCRIPT, views, wait_shown, wait_status
from .test_stopping import restart

RUN = f"{SCRIPT}\nshow(ScriptedChat(['a ', 'b ', 'c']), 'x')"
CHAT = "ChatView(ScriptedChat(['a']), view='tokens')"


@pytest.fixture
def wired(notebook, browser, monkeypatch):
    """Open a notebook, and keep what comes and goes over its websockets."""
    came, went = [], []

    def text(payload):
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else payload

    def listen(socket):
        socket.on("framereceived", lambda payload: came.append(text(payload)))
        socket.on("framesent", lambda payload: went.append(text(payload)))

    original = browser.new_page

    def new_page(**options):
        page = original(**options)
        page.on("websocket", listen)
        return page

    monkeypatch.setattr(browser, "new_page", new_page)
    return lambda *args: (notebook(*args), came, went)


def scripts(came):
    return sum("export const style" in frame for frame in came)


def wait_views(nb, count):
    nb.page.wait_for_function(
        "n => document.querySelectorAll('.nbstream, .nbs-chat').length === n", arg=count
    )


def test_each_further_view_sends_five_kilobytes(wired):
    nb, came, went = wired("loader", [RUN, RUN, CHAT, CHAT])
    nb.run(1)
    wait_status(nb, "done")
    opened = [frame for frame in came if '"comm_open"' in frame and "_esm" in frame]
    assert [scripts(opened), len(opened)] == [1, 1]
    nb.run(3)
    wait_status(nb, "done", 2)
    wait_views(nb, 4)
    opened = [frame for frame in came if '"comm_open"' in frame and "_esm" in frame]
    # With the headers of the message, and all other state. The first chat brings what draws chats.
    first, second, first_chat, second_chat = map(len, opened)
    assert max(second, second_chat) < 6_500
    assert 10_000 < first_chat < 25_000 < first
    assert scripts(came) == 1
    asked = [frame.replace(" ", "") for frame in went]
    assert not [frame for frame in asked if '"name":"widget"' in frame or '"name":"chat"' in frame]


def test_a_page_loaded_anew_asks_once_for_all_views(wired):
    nb, came, went = wired("loader-reload", [RUN, RUN, CHAT])
    nb.run(3)
    wait_views(nb, 3)
    wait_status(nb, "done", 2)
    nb.wait_idle()
    nb.save()
    came.clear()
    went.clear()
    nb.reload()
    wait_views(nb, 3)
    wait_status(nb, "done", 2)
    assert scripts(came) == 1
    asked = [frame for frame in went if '"name":"widget"' in frame.replace(" ", "")]
    assert len(asked) == 1
    style = nb.page.evaluate("getComputedStyle(document.querySelector('.nbstream')).borderTopStyle")
    assert style == "solid"


BUSY = f"""{SCRIPT}
from nbstream.widget import _page
_page.hear_while_busy = lambda comm: None  # as in kernels that hear no page while they are busy
view = StreamView()
display(view)
with stream_to(view):
    ScriptedChat(["word "] * 400, delay=0.05).invoke("x")
"""


def test_a_kernel_that_is_busy_from_the_start_is_watched_all_the_same(notebook):
    nb = notebook("loader-busy", [BUSY])
    nb.run(1)
    wait_shown(nb, 5)
    assert nb.busy()
    assert views(nb).get_attribute("data-status") == "streaming"


# Nothing brings the script, and nobody answers who asks for it.
MUTE = f"""{SCRIPT}
from nbstream.widget._page import Page
Page._sent, StreamView._on_module = set(["widget"]), lambda self, content: None
v = show(ScriptedChat(["goldfish "] + ["<b>moon</b> "] * 5000, delay=0.05), 'x')
"""


def test_a_kernel_that_is_restarted_before_the_script_came(notebook, lab):
    nb = notebook("loader-restart", [MUTE, RUN])
    nb.run(1)
    # The text is there, though nothing draws it.
    nb.page.wait_for_selector(".jp-OutputArea-output >> text=busy or gone", timeout=60_000)
    nb.page.wait_for_selector(".jp-OutputArea-output >> text=goldfish <b>moon</b>")
    assert views(nb).count() == 0
    restart(lab, nb)
    nb.wait_ready()
    nb.run_cell(1)
    # The new kernel brings the script, for what the old one had begun as well.
    wait_status(nb, "done")
    wait_status(nb, "gone")
    assert views(nb).locator(".nbs-tokens").first.text_content().startswith("goldfish <b>moon</b>")
