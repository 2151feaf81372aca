"""Signs that turn the direction of writing around do so in their own place, and nowhere else."""

import time

import pytest

from nbstream import StreamView, stream_to
from nbstream.widget._static import to_html

from ..hostile import UNSEEN, speaker
from .test_hostile import SAY, SHOW_ALL, tab

# Whether words stand from left to right, each time they are there.
ORDER = """(root, words) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const at = node.data.indexOf(words);
        if (at < 0 || !node.parentElement.checkVisibility()) continue;
        const left = i => {
            const range = document.createRange();
            range.setStart(node, i);
            range.setEnd(node, i + 1);
            return range.getBoundingClientRect().left;
        };
        found.push(left(at) < left(at + words.length - 1));
    }
    return found;
}"""
TURNING = ["override left open", "embedding left open", "isolate left open"]


def check_order(root, *all_words):
    for words in all_words:
        order = root.evaluate(ORDER, words)
        assert order, words
        assert all(order), words


@pytest.mark.promise(
    "docs/architecture.md", "What turns the direction of writing around does so in its own place"
)
@pytest.mark.parametrize("kind", TURNING)
def test_what_turns_writing_around_does_so_in_its_own_place(browser, kind):
    text = UNSEEN[kind]
    view = StreamView()
    with stream_to(view):
        for _ in speaker(text).stream(text):
            time.sleep(0.001)  # a run without a duration says nothing of its times
    page = browser.new_page()
    page.set_content(f"<div id=here>{to_html(view._job.state)}</div><p>after it all</p>")
    page.evaluate("() => document.querySelectorAll('details').forEach(el => { el.open = true; })")
    words = ("Done", "first token", "chunks", "Thinking", "Calls", "Timeline", "after it all")
    check_order(page.locator("body"), *words)
    page.close()


def test_what_turns_writing_around_does_so_in_its_own_place_in_the_widget(notebook):
    # A run without a duration says nothing of its times.
    slow = "model = speaker(UNSEEN[{!r}])\nmodel.delay = 0.001\nshow(model, 'x')"
    cells = [slow.format(kind) for kind in TURNING]
    nb = notebook("turned", [SAY.replace(SHOW_ALL, ""), *cells])
    nb.run_all()
    nb.page.wait_for_function(
        "() => document.querySelectorAll('.nbstream[data-status=done]').length === 3"
    )
    nb.page.wait_for_timeout(1000)  # until each output has been drawn anew
    for view in nb.page.locator(".nbstream").all():
        view.locator(".nbs-token").first.hover()
        view.locator(".nbs-card").wait_for()
        check_order(view, "Done", "first token", "characters", "Calls", "after the start")
        tab(view, "Timeline")
        view.locator("tbody tr").first.click()
        view.locator(".nbs-details").wait_for()
        check_order(view, "chat_model", "done", "Step", "Input", "Only")
        tab(view, "Events")
        view.locator(".nbs-event").first.wait_for()
        check_order(view, "on_chat_model_stream")
