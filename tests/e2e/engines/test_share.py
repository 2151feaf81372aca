"""A page that plays, in the three engines: with no kernel, no network, and under its own policy."""

import re

import pytest

from nbstream import ChatPromptTemplate, ChatView, ScriptedChat, StrOutputParser, compare, show

from ...hostile import HOSTILE
from ..lab import SHOTS
from .test_engines import CHUNKS, TEXT, box_of, is_on, tab

# Before the policy, which it then is not under: what that refuses is noted.
WATCH = """<script>
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
  (window.refused ??= []).push(violatedDirective + " " + blockedURI));
</script>"""
REFUSED = (
    "return [window.refused ?? [], window.__hacked ?? null,"
    " performance.getEntriesByType('resource').map(one => one.name)]"
)
DONE = "document.querySelector('.nbs-status')?.innerText.includes('Done')"


@pytest.fixture
def goto(engine, tmp_path):
    """Open a view's page; what it was refused or has asked for by the test's end fails the test."""

    def open_(view):
        path = view.export(tmp_path / "run.html")
        page = path.read_text(encoding="utf-8")
        path.write_text(page.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{WATCH}'))
        engine.goto(path.as_uri())
        engine.wait(DONE)

    yield open_
    assert engine.js(REFUSED) == [[], None, []]


def walk(engine):
    """Look at each view, until what it shows is there."""
    for name, drawn in (
        ("Markdown", ".nbs-markdown .nbs-md :is(p, h2)"),
        ("Transcript", ".nbs-transcript"),
        ("Events", ".nbs-event"),
        ("Timeline", ".nbs-step"),
    ):
        engine.click(tab(name))
        engine.wait(f"{is_on(name)} && {box_of(drawn)}")


@pytest.mark.promise("docs/share.md", "one self-contained page that plays")
def test_a_run_plays(engine, goto):
    model = ScriptedChat(CHUNKS, delay=0.001)
    chain = ChatPromptTemplate.from_template("Of {what}") | model | StrOutputParser()
    goto(show(chain, {"what": "fish"}, block=True))
    engine.wait(f"{TEXT}.includes('bold')")
    walk(engine)
    engine.click(tab("Markdown"))
    for drawn in ("h2", "strong", "a[href]", "td", "pre code span", "math mfrac"):
        engine.wait(box_of(f".nbs-markdown {drawn}"))
    engine.shot(SHOTS / f"share-{engine.name}.png")
    engine.click(tab("Tokens"))
    engine.click(".nbs-again")
    engine.wait(box_of(".nbs-range"))
    engine.js(
        "const range = document.querySelector('.nbs-range'); range.value = '0';"
        "range.dispatchEvent(new Event('input'))"
    )
    engine.wait(f"!{TEXT}.includes('bold')")
    engine.click(".nbs-play")
    engine.wait(f"{TEXT}.includes('bold')")
    # What needs a kernel is not there.
    offered = engine.js(
        "return [...document.querySelectorAll('button')].filter(one => one.checkVisibility())"
        ".map(one => one.title || one.textContent)"
    )
    assert "Copy the text" in offered
    assert not {"Stop", "Ask again"} & set(offered)


def test_a_conversation_has_all_its_branches(engine, goto):
    chat = ChatView(ScriptedChat(["One."]))
    chat.ask("First").result()
    chat.conversation.model = ScriptedChat(["Two."])
    chat.retry().result()
    goto(chat)
    said = "document.querySelector('.nbs-turns').innerText.includes(arguments[0])"
    engine.wait(said, "Two.")
    engine.click(".nbs-switch .nbs-button")
    engine.wait(said, "One.")
    for needs_a_kernel in (".nbs-composer", ".nbs-clear", ".nbs-pen", ".nbs-retry"):
        assert not engine.js(f"return {box_of(needs_a_kernel)}")
    engine.shot(SHOTS / f"share-{engine.name}-chat.png")


def test_runs_side_by_side_play_together(engine, goto):
    goto(compare({"a": ScriptedChat(["One."]), "b": ScriptedChat(["Two."])}, "x", block=True))
    said = "[...document.querySelectorAll('.nbs-tokens')].map(one => one.textContent).join(' ')"
    engine.wait(f"{said} === 'One. Two.'")
    engine.click(".nbs-compare > header .nbs-again")
    engine.wait(box_of(".nbs-compare > .nbs-replay .nbs-range"))
    engine.wait(f"{said} === 'One. Two.'")
    assert not engine.js(f"return {box_of('.nbs-stop')} || {box_of('.nbs-take')}")
    engine.shot(SHOTS / f"share-{engine.name}-compare.png")


def test_a_picture_is_not_loaded(engine, goto):
    goto(show(ScriptedChat(["![fish](http://nbstream.invalid/a.png)"]), "x", block=True))
    engine.click(tab("Markdown"))
    engine.click(".nbs-md-image")
    engine.wait("document.querySelector('.nbs-md-image').innerText.includes('does not load')")


def test_what_a_hostile_model_says_stays_words(engine, goto):
    texts = list(HOSTILE.values())
    goto(show(ScriptedChat([f"{text}\n\n" for text in texts]), "\n\n".join(texts), block=True))
    walk(engine)


def test_a_script_that_is_not_its_own_does_not_run(engine, tmp_path):
    path = show(ScriptedChat(["Fish."]), "x", block=True).export(tmp_path / "run.html")
    page = path.read_text(encoding="utf-8").replace('<meta charset="utf-8">', WATCH)
    path.write_text(page.replace("<footer>", "<script>window.__hacked = true</script><footer>"))
    engine.goto(path.as_uri())
    engine.wait(DONE)
    refused, hacked, _ = engine.js(REFUSED)
    assert hacked is None
    assert [one.split()[0] for one in refused] == ["script-src-elem"]


def test_it_can_be_read_where_no_script_runs(engine, tmp_path):
    path = show(ScriptedChat(["Fish ", "swim."]), "x", block=True).export(tmp_path / "run.html")
    page = re.sub("script-src [^;]*", "script-src 'none'", path.read_text(encoding="utf-8"))
    path.write_text(page, encoding="utf-8")
    engine.goto(path.as_uri())
    engine.wait("document.body.innerText.includes('swim.')")
    assert not engine.js("return document.querySelector('.nbstream')")
