"""Every view of a run, in the page: by the pointer, by the keys alone, and how it looks."""

import json
from pathlib import Path

import pytest

from .test_jupyterlab import SCRIPT, view, wait_for_status

AGENT = """import time
from nbstream import *

def thought(text):
    return AIMessageChunk([{"type": "thinking", "thinking": text, "index": 0}])

def call(args, name=None, id=None):
    piece = {"name": name, "args": args, "id": id, "index": 1}
    return AIMessageChunk(tool_call_chunks=[piece])

@tool
def add(a: int, b: int) -> int:
    "Add two numbers."
    time.sleep(0.15)
    return a + b

usage = {"input_tokens": 120, "output_tokens": 24, "total_tokens": 144}
asks = ScriptedChat([
    thought("They want a sum."), thought(" There is a tool for that."), "Let me", " add", " these.",
    call("", "add", "c1"), call('{"a": 12,'), call(' "b": 30}'),
    AIMessageChunk("", usage_metadata=usage, response_metadata={"stop_reason": "tool_use"}),
], 0.04, name="claude-test")
TEXT = '''It is **forty-two**. In Python:

```python
def answer(a: int, b: int) -> int:
    return a + b  # {12, 30}
```

| a | b | sum |
|---|---|---|
| 12 | 30 | 42 |

1. Ask a [tool](https://example.com/tools).
2. Say what it said.
'''
says = ScriptedChat(TEXT.replace(" ", " \\0").split("\\0"), 0.02, name="claude-test")

def agent(question):
    yield from asks.stream(question)
    result = add.invoke({"a": 12, "b": 30})
    dispatch_custom_event("added", {"result": result})
    yield from says.stream(str(result))
    with_fallback = RunnableLambda(lambda x: 1 / 0).with_fallbacks([RunnableLambda(str)])
    with_fallback.invoke(1)

chain = RunnableLambda(lambda x: x["q"]) | RunnableLambda(agent).with_config(
    tags=["lesson"], metadata={"lesson": 1}, run_name="agent")
"""
SHOW = "v = show(chain, {'q': 'What is 12 + 30?'}, view='tokens', price={'input': 3, 'output': 15})"


def tab(nb, name):
    view(nb).get_by_role("tab", name=name).click()
    nb.drawn()


def shot(nb, name):
    nb.page.wait_for_timeout(250)  # what fades has faded
    nb.drawn()
    view(nb).scroll_into_view_if_needed()
    nb.shot(name)


@pytest.mark.promise("README.md", "The view has tabs for tokens")
@pytest.mark.parametrize(
    ("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 620), ("dark", 620)]
)
def test_every_view_of_an_agents_run(notebook, theme, width):
    name = f"views-{theme}-{width}"
    nb = notebook(name, [AGENT, SHOW], theme=theme, width=width)
    nb.run(1)
    nb.wait_idle()
    nb.run(1)
    nb.page.wait_for_selector(".nbs-token")
    shot(nb, f"{name}-live")
    wait_for_status(nb, "done")
    nb.wait_left()
    nb.drawn()
    asides = view(nb).locator(".nbs-aside")
    assert [a.strip() for a in asides.locator("summary").all_text_contents()] == [
        "Thought42 characters",
        "Callsadd18 characters",
    ]
    shot(nb, f"{name}-tokens")

    tab(nb, "Markdown")
    nb.page.wait_for_selector(".nbs-md table")
    assert view(nb).locator(".nbs-markdown strong").text_content() == "forty-two"
    assert view(nb).locator(".nbs-markdown a").get_attribute("href") == "https://example.com/tools"
    assert view(nb).locator(".nbs-markdown code [class^=hljs]").count() > 0
    assert view(nb).locator(".nbs-markdown .nbs-aside").count() == 2
    shot(nb, f"{name}-markdown")

    tab(nb, "Events")
    view(nb).get_by_label("Find text in the events").fill("added")
    nb.drawn()
    (row,) = view(nb).locator(".nbs-event").all()
    assert "on_custom_event" in row.text_content()
    view(nb).get_by_label("Find text in the events").fill("")
    view(nb).get_by_label("Kind of event").select_option("end")
    nb.drawn()
    assert view(nb).locator(".nbs-event").count() > 4
    view(nb).locator(".nbs-event").first.click()
    nb.drawn()
    event = json.loads(view(nb).locator(".nbs-json").text_content())
    assert event["data"]["output"] == "What is 12 + 30?"
    shot(nb, f"{name}-events")

    tab(nb, "Timeline")
    view(nb).locator("tr[data-type=tool]").click()
    nb.page.wait_for_selector(".nbs-details:not([hidden])")
    assert "42" in view(nb).locator(".nbs-details").text_content()
    shot(nb, f"{name}-timeline")
    tab(nb, "Tokens")
    assert view(nb).locator(".nbs-tokens").text_content() == "42"
    view(nb).locator(".nbs-chip").click()
    nb.drawn()
    view(nb).locator(".nbs-figures-button").click()
    nb.drawn()
    said = view(nb).locator(".nbs-figures").text_content()
    assert "Tokens in120" in said
    assert "Cost0.000720" in said
    view(nb).get_by_label("Show whitespace").click()
    view(nb).get_by_label("Colour of tokens").select_option("gap")
    view(nb).get_by_label("Borders between chunks").select_option("bands")
    shot(nb, f"{name}-figures")
    view(nb).get_by_label("Play it again").click()
    nb.page.wait_for_timeout(400)
    nb.drawn()
    shot(nb, f"{name}-replay")
    sideways = "el => [...el.querySelectorAll('*')].some(e => e.scrollWidth > e.clientWidth + 1"
    sideways += " && getComputedStyle(e).overflowX === 'visible' && e.clientWidth > 0 && "
    sideways += "e.getBoundingClientRect().right > el.getBoundingClientRect().right + 1)"
    assert not view(nb).evaluate(sideways), "something sticks out at the side"


def focused(nb):
    return nb.page.evaluate(
        """() => {
            const el = document.activeElement;
            return el.getAttribute('aria-label') || el.textContent;
        }"""
    )


def tab_to(nb, label, backwards=False):
    """Press Tab until something with a label has the focus."""
    for _ in range(40):
        nb.page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if focused(nb).startswith(label):
            return
    raise AssertionError(f"Tab never came to {label!r}")


def press(nb, *keys):
    for key in keys:
        nb.page.keyboard.press(key)
        nb.drawn()


def test_a_walk_through_all_functions_by_keyboard_alone(notebook):
    nb = notebook("keys", [AGENT, SHOW, "print('the next cell')"])
    nb.run(1)
    nb.wait_idle()
    nb.page.evaluate("() => window.cells = document.querySelectorAll('.jp-Cell').length")
    nb.run(1)
    wait_for_status(nb, "done")
    nb.wait_left()
    nb.drawn()
    # Into the output: the one thing that is the notebook's own, so the focus is put there.
    view(nb).get_by_label("Play it again").focus()
    state = "document.querySelector('.nbstream')"

    def evaluate(what):
        return nb.page.evaluate(f"() => {what}")

    # Figures, by the button before.
    press(nb, "Shift+Tab", "Enter")
    assert view(nb).locator(".nbs-figures").is_visible()
    press(nb, "Enter")
    assert not view(nb).locator(".nbs-figures").is_visible()

    # The menu, opened, walked and left; then used.
    tab_to(nb, "More")
    press(nb, "Enter", "ArrowDown")
    assert focused(nb) == "Save as Markdown"
    press(nb, "Escape")
    assert focused(nb) == "More"
    press(nb, "Enter", "Enter")
    copied = evaluate("navigator.clipboard.readText()")
    assert copied.startswith("Let me| add| these.|")

    # Tokens: their tools, then one token after the other.
    tab_to(nb, "Tokens")
    tab_to(nb, "Show whitespace")
    press(nb, " ")
    assert view(nb).locator(".nbs-sign").count() > 5
    press(nb, " ")
    tab_to(nb, "Answer, token by token")
    press(nb, "ArrowRight", "ArrowRight")
    assert view(nb).locator(".nbs-current").text_content() == " add"
    assert "#2 of" in view(nb).locator(".nbs-card").text_content()
    nb.shot("keys-token")
    press(nb, "Escape")
    assert not view(nb).locator(".nbs-card").is_visible()

    # The other views.
    tab_to(nb, "Tokens", backwards=True)
    press(nb, "ArrowRight")
    assert evaluate(f"{state}.dataset.view") == "markdown"
    nb.page.wait_for_selector(".nbs-md table")
    tab_to(nb, "Copy the code")
    press(nb, "Enter")
    assert evaluate("navigator.clipboard.readText()").startswith("def answer(")
    tab_to(nb, "Markdown", backwards=True)
    press(nb, "ArrowRight")
    assert evaluate(f"{state}.dataset.view") == "transcript"
    nb.page.wait_for_selector(".nbs-tr-said table")
    tab_to(nb, "Transcript")  # what scrolls
    tab_to(nb, "Thought")
    press(nb, "Enter")
    assert view(nb).locator(".nbs-transcript .nbs-thinking").evaluate("el => el.open")
    tab_to(nb, "Transcript", backwards=True)
    tab_to(nb, "Transcript", backwards=True)  # the tab
    press(nb, "ArrowRight")
    tab_to(nb, "Find text")
    nb.page.keyboard.type("on_tool")
    nb.drawn()
    tab_to(nb, "Events")  # the list
    press(nb, "ArrowDown", "ArrowDown")
    event = json.loads(view(nb).locator(".nbs-json").text_content())
    assert event["event"] == "on_tool_end"
    press(nb, "Escape")
    assert not view(nb).locator(".nbs-json").is_visible()
    tab_to(nb, "Events", backwards=True)
    tab_to(nb, "Find text", backwards=True)
    tab_to(nb, "Events", backwards=True)  # the tab
    press(nb, "ArrowRight")
    assert evaluate(f"{state}.dataset.view") == "timeline"

    # The tree of steps: fold, unfold, select, and back to all.
    tab_to(nb, "RunnableSequence")
    rows = view(nb).locator(".nbs-timeline tbody tr:visible")
    count = rows.count()
    press(nb, "ArrowLeft")
    assert rows.count() == 1
    press(nb, "ArrowRight", "End", "ArrowUp", "Home", "ArrowDown", "ArrowDown", "ArrowRight")
    assert rows.count() == count
    press(nb, "Enter")
    assert focused(nb).startswith("claude-test") or "ScriptedChat" in focused(nb)
    assert view(nb).locator(".nbs-details").is_visible()
    nb.shot("keys-timeline")
    press(nb, "Enter")
    assert not view(nb).locator(".nbs-details").is_visible()

    # Replay: play, pause, move by keys, change the speed, leave.
    tab_to(nb, "Play it again", backwards=True)
    press(nb, "Enter")
    tab_to(nb, "Pause")
    press(nb, "Enter")
    tab_to(nb, "Time")
    press(nb, "Home")
    assert view(nb).locator(".nbs-replay-time").text_content().startswith("0 ms of")
    assert evaluate(f"{state}.dataset.status") == "waiting"
    press(nb, "End")
    assert evaluate(f"{state}.dataset.status") == "done"
    tab_to(nb, "Speed")
    tab_to(nb, "Close replay")
    press(nb, "Enter")
    assert focused(nb) == "Play it again"

    # None of it was taken for the notebook's own: no cell was added, removed or changed to.
    assert evaluate("document.querySelectorAll('.jp-Cell').length === window.cells")
    assert evaluate(
        "document.querySelector('.jp-Notebook').classList.contains('jp-mod-commandMode')"
    )
    assert nb.output().text_content().strip() != "the next cell"


@pytest.mark.promise("README.md", "and replays a run in its own time")
def test_a_saved_log_opens_and_plays_again(notebook, lab):
    record = "with Trace() as t:\n    list(chain.stream({'q': 'x'}))\nt.to_jsonl('run.jsonl')\n"
    nb = notebook(
        "recorded",
        [AGENT, record + "StreamView.from_jsonl('run.jsonl', view='timeline')"],
    )
    nb.run_all()
    wait_for_status(nb, "done")
    nb.drawn()
    assert view(nb).locator(".nbs-timeline tbody tr").count() >= 7
    view(nb).get_by_label("Play it again").click()
    view(nb).get_by_label("Speed").select_option("16")
    nb.page.get_by_label("Play", exact=True).wait_for()  # it has come to its end
    wait_for_status(nb, "done")
    view(nb).get_by_role("slider", name="Time").fill("500")
    wait_for_status(nb, "streaming")
    tab(nb, "Tokens")
    first = view(nb).locator(".nbs-tokens .nbs-block").first
    assert first.text_content() == "Let me add these."

    # The page hands the log out as it came.
    view(nb).get_by_role("button", name="More").click()
    with nb.page.expect_download() as download:
        view(nb).get_by_role("menuitem", name="Save the log").click()
    assert download.value.suggested_filename == "run.jsonl"
    with Path(download.value.path()).open() as saved:
        lines = saved.read().splitlines()
    assert lines[1:] == (lab.folder / "run.jsonl").read_text().splitlines()[1:]


def test_a_long_run_stays_fluent(notebook):
    cell = f"{SCRIPT}\nwords = ['word '] * 11 + ['word\\n']\n"
    cell += "v = show(ScriptedChat(words * 4_000, name='long'), 'x')"
    nb = notebook("long", [cell])
    nb.run(1)
    nb.page.wait_for_selector(".nbstream[data-shown='48000']", timeout=60_000)
    # All of the text is there; what is in sight of it, and not much more, is drawn.
    tokens = view(nb).locator(".nbs-tokens")
    assert tokens.text_content() == ("word " * 11 + "word\n") * 4_000
    in_sight = """at => {
        const box = document.querySelector('.nbs-tokens');
        box.scrollTop = box.scrollHeight * at;
        const { left, top, height } = box.getBoundingClientRect();
        const under = y => document.elementFromPoint(left + 60, top + y).closest('.nbs-token');
        // Lines have room between them.
        return [0, 4, 8, 12, 16, 20].some(more => under(height / 2 + more));
    }"""
    nb.page.wait_for_function(in_sight, arg=1)
    nb.shot("long-end")
    nb.page.wait_for_function(in_sight, arg=0.5)
    nb.shot("long-middle")
    assert 100 < view(nb).locator(".nbs-token").count() < 10_000
    tab(nb, "Events")
    # Only what is in sight is in the page, and any place is a jump away.
    assert view(nb).locator(".nbs-event").count() < 60
    view(nb).locator(".nbs-list").evaluate("el => { el.scrollTop = el.scrollHeight / 2; }")
    nb.drawn()
    middle = view(nb).locator(".nbs-event").nth(12).get_attribute("data-seq")
    assert 23_000 < int(middle) < 25_000
    nb.shot("long-events")


@pytest.mark.promise("docs/architecture.md", "so a view that takes another's place looks the same")
def test_the_view_stays_the_same_when_the_run_ends(notebook):
    cell = SCRIPT + "\nv = show(ScriptedChat(['word '] * 40, 0.05), 'x')"
    nb = notebook("moves", [cell])
    nb.run(1)
    nb.page.wait_for_selector(".nbstream[data-status=streaming]")
    nb.page.evaluate("() => { window.before = document.querySelector('.nbstream'); }")
    view(nb).locator("button[aria-label^=Copy]").first.focus()
    nb.page.wait_for_selector("[data-nbstream-taken] .nbstream[data-status=done]")
    nb.page.wait_for_timeout(500)
    nb.drawn()
    assert nb.page.evaluate("() => document.querySelector('.nbstream') === before")
    assert nb.page.evaluate("() => document.activeElement.ariaLabel").startswith("Copy")
    nb.page.keyboard.press("Enter")
    assert nb.page.evaluate("() => navigator.clipboard.readText()") == "word " * 40


def test_the_embedded_models_run_has_its_figures(notebook):
    nb = notebook("figures", ["from nbstream import *\nv = show(ChatLocal(max_tokens=48), 'Hi')"])
    nb.run_all()
    wait_for_status(nb, "done")
    view(nb).locator(".nbs-figures-button").click()
    nb.drawn()
    said = view(nb).locator(".nbs-figures").text_content()
    assert "First token" in said
    assert "Tokens out" in said
