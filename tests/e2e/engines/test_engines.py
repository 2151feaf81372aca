"""The front end in Chromium, Firefox and WebKit, on pages without a notebook."""

import queue
import re

import pytest

from nbstream import ChatPromptTemplate, ChatView, ScriptedChat, StrOutputParser, show

from ..lab import SHOTS

TEXT = "(document.querySelector('.nbs-tokens')?.textContent ?? '')"


@pytest.fixture
def gate():
    """A stream whose chunks come when a test puts them; None is its end."""
    chunks = queue.Queue()
    chunks.stream = iter(chunks.get, None)
    yield chunks
    chunks.put(None)


def test_a_run_streams_in(engine, pages, gate):
    view = show(gate.stream, block=False)
    engine.goto(pages.add(view))
    for text in ("One", " two", " three"):
        gate.put(text)
        engine.wait(f"{TEXT}.includes(arguments[0])", text)
    gate.put(None)
    view.result(30)
    engine.wait("document.querySelector('.nbs-status').innerText.includes('Done')")
    engine.shot(SHOTS / f"engine-{engine.name}-stream.png")


ANSWER = """## Fish

Some **bold** words, a [link](https://example.com), and $\\frac{a}{b} = x^2$.

| fish | legs |
|------|-----:|
| cod  |    0 |

```python
def fish():
    return "cod"
```
"""
CHUNKS = re.findall(r"\s*\S+|\s+$", ANSWER)


VIEWS = ["Tokens", "Markdown", "Transcript", "Events", "Timeline"]


def tab(name):
    return f"[role=tab]:nth-child({VIEWS.index(name) + 1})"


def is_on(name):
    return (
        "[...document.querySelectorAll('[role=tab][aria-selected=true]')]"
        f".every(one => one.textContent.startsWith('{name}'))"
    )


def box_of(selector):
    return (
        f"(() => {{ const box = document.querySelector('{selector}')?.getBoundingClientRect();"
        " return box && box.width > 0 && box.height > 0 && [box.width, box.height]; })()"
    )


@pytest.fixture
def run(engine, pages):
    """A chain's run on a page, as one finds it."""
    chain = ChatPromptTemplate.from_template("Of {what}") | ScriptedChat(CHUNKS) | StrOutputParser()
    view = show(chain, {"what": "fish"}, block=False)
    view.result(30)
    engine.goto(pages.add(view))
    engine.wait("document.querySelector('.nbs-status')?.innerText.includes('Done')")
    return view


@pytest.mark.promise("docs/hosts.md", "The front end runs in Chromium, Firefox and WebKit")
def test_each_view_is_drawn(engine, run):
    engine.wait(f"{TEXT}.includes('bold')")
    engine.click(tab("Markdown"))
    engine.wait(f"{is_on('Markdown')} && document.querySelector('.nbs-markdown table')")
    for drawn in ("h2", "strong", "a[href]", "td", "pre code", "math mfrac"):
        engine.wait(box_of(f".nbs-markdown {drawn}"))
    # The two parts of a fraction stand one above the other.
    numerator, denominator = engine.wait(
        "(parts => parts.length === 2 && parts.map(one => one.getBoundingClientRect().y))"
        "([...document.querySelectorAll('.nbs-markdown mfrac > *')])"
    )
    assert numerator < denominator - 4
    engine.shot(SHOTS / f"engine-{engine.name}-markdown.png")
    engine.click(tab("Transcript"))
    engine.wait(f"{is_on('Transcript')} && document.body.innerText.includes('Of fish')")
    engine.wait("[...document.querySelectorAll('pre code')].some(one => one.checkVisibility())")
    engine.shot(SHOTS / f"engine-{engine.name}-transcript.png")
    engine.click(tab("Events"))
    engine.wait(box_of(".nbs-event"))
    engine.wait("document.querySelector('.nbs-list').innerText.includes('on_chat_model_stream')")
    engine.click(".nbs-event")
    engine.wait("document.querySelector('.nbs-json').innerText.includes('on_chain_start')")
    engine.shot(SHOTS / f"engine-{engine.name}-events.png")
    engine.click(tab("Timeline"))
    engine.wait("document.querySelector('.nbstream').innerText.includes('ScriptedChat')")
    engine.shot(SHOTS / f"engine-{engine.name}-timeline.png")


def test_the_keyboard_is_enough(engine, run):
    engine.js(f"document.querySelector('{tab('Tokens')}').focus()")
    for key, name in (("ArrowRight", "Markdown"), ("End", "Timeline"), ("ArrowRight", "Tokens")):
        engine.press(key)
        engine.wait(is_on(name))
        engine.wait(f"document.activeElement.textContent.startsWith('{name}')")
    engine.js("document.querySelector('.nbs-more').focus()")
    engine.press("Enter")
    engine.wait(box_of("[role=menu][data-nbs-open]"))
    engine.wait("document.activeElement.getAttribute('role') === 'menuitem'")
    first = engine.js("return document.activeElement.textContent")
    engine.press("ArrowDown")
    engine.wait("document.activeElement.textContent !== arguments[0]", first)
    engine.press("Escape")
    engine.wait("!document.querySelector('[role=menu][data-nbs-open]')")
    engine.wait("document.activeElement.classList.contains('nbs-more')")


def test_a_long_answer_is_followed_until_the_reader_turns_back(engine, pages, gate):
    view = show(gate.stream, block=False)
    engine.goto(pages.add(view))
    for number in range(3000):
        gate.put(f"word{number} ")
    engine.wait(f"{TEXT}.includes('word2999')")
    at_end = "(el => el.scrollHeight - el.scrollTop - el.clientHeight < 24)"
    engine.wait(f"{at_end}(document.querySelector('.nbs-tokens'))")
    engine.wait("document.querySelector('.nbs-tokens').scrollTop > 500")
    engine.js("document.querySelector('.nbs-tokens').focus()")
    engine.press("Home")
    engine.wait("document.querySelector('.nbs-tokens').scrollTop < 50")
    for number in range(200):
        gate.put(f"more{number} ")
    engine.wait(f"{TEXT}.includes('more199')")
    assert engine.js("return document.querySelector('.nbs-tokens').scrollTop") < 50
    gate.put(None)
    view.result(30)


def test_a_chat_is_written_and_read(engine, pages):
    chat = ChatView(ScriptedChat(CHUNKS))
    engine.goto(pages.add(chat))
    engine.click("textarea")
    engine.type("Hel")
    # An input method's Enter confirms what it has composed; WebKit says so by its code alone.
    engine.js(
        "const key = {key: 'Enter', keyCode: 229, bubbles: true};"
        "document.activeElement.dispatchEvent(new KeyboardEvent('keydown', key))"
    )
    engine.type("lo")
    engine.press("Enter")
    engine.wait(box_of(".nbs-answer table"))
    engine.wait(box_of(".nbs-answer mfrac"))
    assert [message.text for message in chat.messages] == ["Hello", ANSWER]
    assert engine.js("return document.querySelector('textarea').value") == ""
    engine.press("ArrowUp")  # what was said comes back
    engine.wait("document.querySelector('textarea').value === 'Hello'")
    engine.shot(SHOTS / f"engine-{engine.name}-chat.png")
