"""Saved outputs where nothing runs: on GitHub, which takes all styles away."""

import bleach
import pytest

from nbstream import AIMessageChunk, ChatView, ProviderError, ScriptedChat, StrOutputParser, show

from .lab import SHOTS

# What GitHub leaves of HTML that others wrote, by its own list (html-pipeline): no style, no class,
# and none of the rest.
TAGS = {
    *("a", "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl", "dt"),
    *("em", "h1", "h2", "h3", "h4", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre"),
    *("q", "s", "samp", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td"),
    *("tfoot", "th", "thead", "tr", "tt", "ul", "var"),
}
ATTRIBUTES = {
    "a": ["href"],
    "img": ["src", "alt"],
    "*": ["align", "colspan", "dir", "open", "title"],
}
# Its own style sheet for them, as far as it matters here.
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ font: 14px/1.5 -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; margin: 1em; }}
table {{ border-collapse: collapse; }} td {{ border: 1px solid #d0d7de; padding: 4px 8px; }}
pre {{ background: #f6f8fa; padding: 12px; font: 12px monospace; overflow: auto; }}
</style>{}"""
LINES = ["Some **words**:", "", "- one", "- two", "", "def fish():", '    return "cod"']
TEXT = "\n".join(LINES)


def drawn(browser, html, name):
    """Return the lines that a reader sees."""
    clean = bleach.clean(html, TAGS, ATTRIBUTES, strip=True)
    assert "style" not in clean
    page = browser.new_page(viewport={"width": 900, "height": 500})
    page.set_content(PAGE.format(clean))
    seen = page.evaluate("() => document.body.innerText")
    page.screenshot(path=SHOTS / f"github-{name}.png")
    page.close()
    return [line.rstrip() for line in seen.splitlines()]


def has_in_order(lines, wanted):
    place = iter(lines)
    return all(line in place for line in wanted if line)


def output_of(view):
    return view._bundle(is_left=True)[0]["text/html"]


def chunks():
    call = {"name": "look", "args": '{"where": "here"}', "id": "c1", "index": 0}
    thought = [{"type": "thinking", "thinking": "Say so\nkindly."}]
    texts = [TEXT[at : at + 9] for at in range(0, len(TEXT), 9)]
    return [AIMessageChunk(thought), *texts, AIMessageChunk("", tool_call_chunks=[call])]


@pytest.mark.promise("docs/hosts.md", "the text keeps its lines there")
def test_on_github_the_text_keeps_its_lines(browser):
    view = show(ScriptedChat(chunks()) | StrOutputParser(), "x", block=False, delimiter="")
    view.result(30)
    lines = drawn(browser, output_of(view), "run")
    assert has_in_order(lines, LINES), lines


def test_on_github_a_conversation_keeps_its_lines(browser):
    chat = ChatView(ScriptedChat(chunks()), delimiter="")
    chat.ask("Two\nlines").result(30)
    lines = drawn(browser, output_of(chat), "chat")
    assert has_in_order(lines, ["Two", "lines", *LINES]), lines


def test_on_github_a_failure_is_told(browser):
    view = show(
        ScriptedChat(["Half a ", ProviderError("Too busy.\nRun it again.")]), "x", block=False
    )
    with pytest.raises(ProviderError):
        view.result(30)
    lines = drawn(browser, output_of(view), "failed")
    assert has_in_order(lines, ["ProviderError", "Too busy.", "Run it again."]), lines
