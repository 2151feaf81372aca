"""A hostile model in a real page: nothing it says runs, loads or leaves its place."""

import json
import re
from pathlib import Path

import pytest

from nbstream import StreamView, stream_to
from nbstream._shown import MAX_NAME
from nbstream.widget._static import to_html

from ..hostile import HOST, HOSTILE, everywhere, said, speaker
from .lab import DRAWN

ROOT = Path(__file__).parents[2]
HAS_MARKDOWN = (ROOT / "nbstream" / "static" / "markdown.js").exists()
TEXTS = list(HOSTILE.values())

SHOW_ALL = "show(everything(), view='tokens')"
SAY = f"""import sys
sys.path.insert(0, {str(ROOT)!r})
from nbstream import *
from tests.hostile import *
def everything():
    for text in HOSTILE.values():
        dispatch_custom_event(text, {{text: [text, {{"deep": text}}]}})
        yield from speaker(text).with_config(config(text)).stream(text)
        try:
            for _ in ScriptedChat([failure(text)], name=text).stream(text):
                pass
        except ValueError:
            pass
    raise failure(" ".join(HOSTILE.values()))
{SHOW_ALL}
"""
ALL_AT_ONCE = """text = " ".join(HOSTILE.values())
show(speaker(text), text, delimiter=text)"""
DELIMITERS = """import time
v = show(["a", "b"], delimiter="|")
for text in HOSTILE.values():
    v.delimiter = text
    time.sleep(0.02)
v.delimiter = "over\""""

# Looks at all that is put into an output, be it there for a moment only.
WATCH = """() => {
    window.bad = [];
    const set = words => new Set(words.split(' '));
    const names = set('div span section header button bdi b strong em del p h1 h2 h3 h4 h5 h6 ul '
        + 'ol li blockquote hr br pre code a table thead tbody tr th td dl dt dd details summary '
        + 'select option input figure figcaption svg path textarea');
    const drawn = set('class viewBox aria-hidden aria-label role d preserveAspectRatio');
    // The last of them are highlight.js's.
    const ours = /^(nbs-|nbstream$|hljs|(mathjax|tex2jax)_ignore$|(function|class|language)_$)/;
    const links = ['href', 'src', 'action', 'formaction', 'srcdoc', 'srcset', 'xlink:href', 'data'];
    const look = el => {
        const name = el.localName;
        const say = what => window.bad.push(`${what}: ${el.outerHTML.slice(0, 300)}`);
        if (!names.has(name)) say('element');
        for (const { name: attribute, value } of el.attributes) {
            if (attribute.startsWith('on')) say('handler');
            const isOurs = /^https?:|^mailto:/.test(value) || /^blob:/.test(value) && el.download;
            if (links.includes(attribute) && !isOurs) say('link');
            if (attribute === 'id' && !value.startsWith('nbs-')) say('id');
            if (attribute === 'name') say('name');
            const isIcon = name === 'svg' || name === 'path';
            if (isIcon && !drawn.has(attribute)) say('svg');
        }
        for (const one of el.classList) if (!ours.test(one)) say('class');
    };
    new MutationObserver(records => {
        for (const { type, target, addedNodes } of records) {
            const inside = target.closest?.('.nbstream') ?? null;
            if (type === 'attributes' && inside) look(target);
            for (const node of addedNodes) {
                if (node.nodeType !== 1) continue;
                const roots = inside ? [node] : [...node.querySelectorAll('.nbstream')];
                for (const el of roots) [el, ...el.querySelectorAll('*')].forEach(look);
            }
        }
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""

FRAMES = """const frames = async n => {
    for (let i = 0; i < n; i++) await new Promise(done => requestAnimationFrame(done));
};
const press = (el, key) => el.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
"""
SEE_ALL = """async root => {
    for (let i = 0; i < root.querySelectorAll('.nbs-block').length; i++) {
        const block = root.querySelectorAll('.nbs-block')[i];
        while (block.childElementCount === 0) {
            block.scrollIntoView({ block: 'center' });
            await new Promise(done => setTimeout(done, 50));
        }
    }
}"""
# Goes through all tokens by key, and gives what the card says of each.
MIDDLE = """el => {
    el.scrollIntoView({ block: 'center' });
    const { x, y, width, height } = el.getClientRects()[0];
    return [x + width / 2, y + height / 2];
}"""

STEP_TOKENS = f"""async root => {{ {FRAMES}
    const tokens = root.querySelector('.nbs-tokens');
    tokens.focus();
    const seen = [];
    for (const _ of root.querySelectorAll('.nbs-token')) {{
        press(tokens, 'ArrowRight');
        seen.push(JSON.parse(root.querySelector('.nbs-card code').textContent));
    }}
    return seen;
}}"""
STEP_EVENTS = f"""async root => {{ {FRAMES}
    const list = root.querySelector('.nbs-list');
    const texts = new Set();
    let before = null;
    press(list, 'Home');
    for (;;) {{
        const now = root.querySelector('.nbs-json').textContent;
        const at = list.getAttribute('aria-activedescendant');
        if (at === before) return [...texts];
        before = at;
        const event = JSON.parse(now.includes('more characters') ? '{{}}' : now);
        if (event.name !== undefined) texts.add(event.name);
        press(list, 'ArrowDown');
    }}
}}"""
STEP_ROWS = f"""async root => {{ {FRAMES}
    const values = new Set();
    const rows = [...root.querySelectorAll('tr[data-type=chat_model]')];
    // Half of them: the others only fail.
    for (const row of rows.filter((_, i) => i % 2 === 0)) {{
        row.click();
        await frames(1);
        for (const cell of root.querySelectorAll('.nbs-details dd')) values.add(cell.textContent);
    }}
    return [...values];
}}"""
# Narrows the views to one model after the other, and draws what it said as Markdown.
STEP_MARKDOWN = f"""async root => {{ {FRAMES}
    const tab = name => [...root.querySelectorAll('[role=tab]')]
        .find(tab => tab.textContent.startsWith(name)).click();
    const rows = [...root.querySelectorAll('tr[data-type=chat_model]')];
    const counts = [];
    for (const row of rows.filter((_, i) => i % 2 === 0)) {{
        tab('Timeline');
        row.click();
        tab('Markdown');
        await frames(2);
        const el = root.querySelector('.nbs-markdown');
        counts.push([el.textContent.length, el.querySelectorAll('.nbs-md-image').length]);
    }}
    return counts;
}}"""

# Brings all of the transcript into sight, with whatever is folded.
STEP_TRANSCRIPT = f"""async root => {{ {FRAMES}
    for (const el of root.querySelectorAll('details')) el.open = true;
    for (let top = 0; top < root.scrollHeight; top += 4 * root.clientHeight) {{
        root.scrollTop = top;
        await frames(1);
    }}
}}"""


class Guard:
    """Takes down whatever a page does that nobody asked it for."""

    def __init__(self, page, home):
        self.page, self.home, self.url = page, home, page.url
        self.found = []
        page.on("dialog", self._on_dialog)
        page.on("popup", lambda popup: self.found.append(f"popup {popup.url}"))
        page.on("framenavigated", lambda frame: self.found.append(f"navigation {frame.url}"))
        page.on("download", lambda download: self.found.append(f"download {download.url}"))
        page.on("request", self._on_request)

    def _on_dialog(self, dialog):
        self.found.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _on_request(self, request):
        if not request.url.startswith((self.home, "blob:", "data:")):
            self.found.append(f"request {request.url}")

    def check(self):
        assert self.page.evaluate("() => [window.__hacked, {}.__hacked]") == [None, None]
        assert self.page.evaluate("() => window.bad ?? []") == []
        assert self.found == []
        assert len(self.page.frames) == 1


def tab(view, name):
    view.get_by_role("tab", name=name).click()
    view.page.wait_for_timeout(150)  # drawn in the next frame
    view.page.evaluate(DRAWN)


def texts_of(view):
    """Return the text of each token; one that was never in sight has no element of its own."""
    view.evaluate(SEE_ALL)
    return view.locator(".nbs-token").all_text_contents()


def test_nothing_gets_out_of_any_view(notebook, lab):
    nb = notebook("hostile", [SAY, ALL_AT_ONCE])
    page = nb.page
    guard = Guard(page, lab.url)
    page.evaluate(WATCH)
    nb.run_all()
    page.wait_for_selector(".nbstream[data-status=failed]")
    page.wait_for_selector(".nbstream[data-status=done]")
    view = page.locator(".nbstream").nth(0)
    assert view.get_attribute("data-status") == "failed"
    page.wait_for_timeout(500)
    page.evaluate(DRAWN)
    guard.check()

    # Tokens, in every dress: what is there is what was said.
    assert "".join(texts_of(view)) == "".join(map(said, TEXTS))
    everything = " ".join(TEXTS)
    kind = everything.replace("\0", "")[:MAX_NAME]
    assert view.locator(".nbs-error").text_content() == kind + everything
    bodies = view.locator(".nbs-thinking .nbs-aside-body").all_text_contents()
    assert bodies == TEXTS
    assert view.locator(".nbs-call .nbs-aside-name").all_text_contents() == TEXTS
    tokens = texts_of(view)
    assert view.evaluate(STEP_TOKENS) == tokens
    view.get_by_label("Show whitespace").click()
    # By likelihood is offered where a model has told it, which this one has not.
    colours = view.get_by_label("Colour of tokens")
    assert colours.locator("[value=logprob]").is_disabled()
    for colour in ("gap", "none"):
        colours.select_option(colour)
        page.wait_for_timeout(300)
        page.evaluate(DRAWN)
        assert texts_of(view) == tokens
    view.get_by_label("Borders between chunks").select_option("bands")
    for i in range(0, len(tokens), 80):
        token = view.locator(".nbs-token").nth(i)
        # In one step: what scrolls out of sight may be drawn anew meanwhile.
        page.mouse.move(*token.evaluate(MIDDLE))
    guard.check()

    # Events: each of some kinds selected once; filters offer what was said, as text.
    tab(view, "Events")
    for kind in ("custom", "error"):
        view.get_by_label("Kind of event").select_option(kind)
        page.wait_for_timeout(200)
        page.evaluate(DRAWN)
        assert set(view.evaluate(STEP_EVENTS)) >= set(TEXTS)
    view.get_by_label("Kind of event").select_option("")
    view.get_by_label("Version of the events").select_option("v1")
    for label in ("Name", "Tag"):
        options = view.get_by_label(label, exact=True)
        values = options.locator("option").evaluate_all("all => all.map(o => o.value)")
        assert set(values) >= set(TEXTS)
    view.get_by_label("Tag", exact=True).select_option(value=HOSTILE["svg"])
    view.get_by_label("Find text").fill("<svg onload")
    page.wait_for_timeout(200)
    page.evaluate(DRAWN)
    assert view.locator(".nbs-event").count() > 0
    guard.check()

    # The timeline, with all that is known of each step.
    tab(view, "Timeline")
    page.wait_for_selector(".nbs-timeline tbody tr")
    assert set(view.locator(".nbs-step").all_text_contents()) >= set(TEXTS)
    assert set(view.evaluate(STEP_ROWS)) >= set(TEXTS)
    guard.check()

    # Markdown, of each model alone: an open fence would hide those behind it.
    counts = view.evaluate(STEP_MARKDOWN)
    assert len(counts) == len(TEXTS)
    guard.check()
    if HAS_MARKDOWN:
        assert sum(pictures for _, pictures in counts) > 5

    # The transcript, from its first entry on.
    view.locator(".nbs-chip").click()
    tab(view, "Transcript")
    page.wait_for_selector(".nbs-transcript .nbs-md")
    while view.locator(".nbs-earlier:visible").count() > 0:
        view.locator(".nbs-earlier:visible").first.click()
        page.evaluate(DRAWN)
    transcript = view.locator(".nbs-transcript")
    assert transcript.locator(".nbs-thinking .nbs-aside-body").all_text_contents() == TEXTS
    assert transcript.locator(".nbs-tr-call .nbs-tr-name").all_text_contents() == TEXTS
    transcript.evaluate(STEP_TRANSCRIPT)
    nb.shot("hostile-transcript")
    guard.check()

    # Figures, menu, replay.
    tab(view, "Tokens")
    view.locator(".nbs-figures-button").click()
    view.locator(".nbs-more").click()
    page.keyboard.press("Escape")
    view.get_by_label("Play it again").click()
    for at in (100, 700, 300, 1000):
        view.locator(".nbs-range").fill(str(at))
        page.wait_for_timeout(100)
        page.evaluate(DRAWN)
    view.get_by_label("Close replay").click()
    guard.check()
    assert texts_of(view) == tokens

    # And where all of it is one name, one delimiter, one text.
    whole = page.locator(".nbstream").nth(1)
    assert whole.locator(".nbs-model").text_content() == everything
    assert "".join(texts_of(whole)) == said(everything)
    for name in ("Markdown", "Transcript", "Events", "Timeline"):
        tab(whole, name)
        page.wait_for_timeout(200)
        page.evaluate(DRAWN)
    nb.shot("hostile")
    guard.check()
    nb.wait_left()
    nb.save()
    guard.check()
    check_saved(notebook, lab)


def check_saved(notebook, lab):
    """The same, as it was saved: without a kernel, not trusted."""
    lab.receive("hostile-sent", json.loads((lab.folder / "hostile.ipynb").read_text()))
    nb = notebook("hostile-sent", is_dead=True)
    guard = Guard(nb.page, lab.url)
    outputs = nb.page.locator(".jp-OutputArea-output")
    outputs.nth(1).get_by_text("Done", exact=True).wait_for()
    assert nb.page.locator(".nbstream").count() == 0
    for summary in nb.page.locator(".jp-OutputArea-output summary").all():
        summary.evaluate("el => { el.parentElement.open = true; }")
    check_static(outputs.nth(0))
    check_static(outputs.nth(1))
    nb.shot("hostile-sent")
    guard.check()


ALLOWED = {
    "div",
    "pre",
    "span",
    "b",
    "bdi",
    "br",
    "details",
    "summary",
    "table",
    "tbody",
    "tr",
    "td",
}


def check_static(root):
    found = root.evaluate(
        """root => [...root.querySelectorAll('*')].map(el => [
            el.localName, [...el.attributes].map(({ name }) => name), el.className,
            getComputedStyle(el).backgroundImage, getComputedStyle(el).position,
            getComputedStyle(el).animationName])"""
    )
    for name, attributes, found_class, image, position, animation in found:
        assert name in ALLOWED
        assert set(attributes) <= {"style", "open", "class"}
        assert re.fullmatch(r"|mathjax_ignore tex2jax_ignore|nbs-at-[0-9a-f]*", found_class)
        assert [image, position, animation] == ["none", "static", "none"]


@pytest.mark.promise(
    "docs/architecture.md", "are drawn by CSS, so they cannot be selected or copied"
)
def test_delimiters_are_only_ever_drawn(notebook, lab):
    nb = notebook("hostile-delimiters", [SAY.replace(SHOW_ALL, ""), DELIMITERS])
    guard = Guard(nb.page, lab.url)
    nb.page.evaluate(WATCH)
    nb.run(1)
    nb.run(1)
    nb.page.wait_for_selector(".nbstream")
    nb.page.evaluate(
        """() => {
            const root = document.querySelector('.nbstream');
            window.drawn = [];
            const look = () => {
                const token = root.querySelectorAll('.nbs-token')[1];
                if (!token) return;
                const { content, position, display } = getComputedStyle(token, '::before');
                window.drawn.push([content, position, display]);
            };
            new MutationObserver(look).observe(root, { attributeFilter: ['style'] });
        }"""
    )
    over = "() => document.querySelector('.nbstream').style.getPropertyValue('--nbs-delimiter')"
    nb.page.wait_for_function(f"""() => ({over})() === '"over"'""", timeout=20_000)
    drawn = nb.page.evaluate("() => window.drawn")
    contents = {content for content, _, _ in drawn}
    # All that came after the page had begun to look; each is one string, as it was set.
    assert len(contents) > len(TEXTS) / 2
    wanted = {nb.page.evaluate(QUOTED, text) for text in TEXTS} | {QUOTED_OVER, '"|" / ""'}
    assert contents <= wanted
    assert {position for _, position, _ in drawn} == {"static"}
    guard.check()


QUOTED_OVER = '"over" / ""'
# How a browser writes a text in CSS, found without our own quoting.
QUOTED = """text => {
    let css = '';
    for (const c of text) {
        const code = c.codePointAt(0);
        if (code === 0) css += '\\ufffd';
        else if (code < 32 || code === 127) css += '\\\\' + code.toString(16) + ' ';
        else css += c === '"' || c === '\\\\' ? '\\\\' + c : c;
    }
    return `"${css}" / ""`;
}"""


@pytest.mark.promise("docs/architecture.md", "pictures are buttons until they are pressed")
@pytest.mark.skipif(not HAS_MARKDOWN, reason="the module for Markdown is not built")
def test_pictures_wait_for_the_reader(notebook, lab):
    url = f"http://{HOST}/fish.png"
    nb = notebook(
        "pictures",
        [f"from nbstream import *\nshow(['![a fish]({url})\\n\\n', 'More.'], view='markdown')"],
    )
    asked = []
    nb.page.route(f"**/{HOST}/**", lambda route: (asked.append(route.request), route.abort()))
    nb.page.route(f"http://{HOST}/**", lambda route: (asked.append(route.request), route.abort()))
    nb.run_all()
    button = nb.page.get_by_role("button", name="Image: a fish")
    button.wait_for()
    assert HOST in button.text_content()
    nb.page.wait_for_timeout(500)
    nb.drawn()
    assert asked == []
    assert nb.page.locator(".nbstream img").count() == 0
    button.click()
    nb.page.locator(".nbstream img").wait_for(state="attached")
    nb.page.wait_for_timeout(300)
    nb.drawn()
    assert [request.url for request in asked] == [url]
    assert "referer" not in asked[0].headers


def static_html():
    """Transcripts of the whole corpus: of a chain for each text, of a model for all at once."""
    htmls = []
    for text in TEXTS:
        runnable, said_to_it = everywhere(text)
        with stream_to(view := StreamView(delimiter=text)):
            for _ in runnable.stream(said_to_it):
                pass
        htmls.append(to_html(view._job.state, text))
    everything = " ".join(TEXTS)
    model = StreamView(delimiter=everything)
    with stream_to(model):
        for _ in speaker(everything).stream(everything):
            pass
    return ["".join(htmls), to_html(model._job.state, everything)]


def test_the_transcript_on_a_page_that_trusts_it(browser):
    page = browser.new_page()
    guard = Guard(page, "about:")
    page.goto("about:blank")
    guard.found.clear()
    for html in static_html():
        body = f"<p id=before>before</p><div id=here>{html}</div><p id=after>after</p>"
        page.set_content(f"<!doctype html><title>t</title>{body}", wait_until="load")
        page.wait_for_timeout(300)
        page.evaluate(DRAWN)
        here = page.locator("#here")
        check_static(here)
        # What comes after is still after, and not inside.
        assert page.evaluate("() => [...document.body.children].map(el => el.id)") == [
            *("before", "here", "after")
        ]
        assert page.locator("#after").is_visible()
        text = here.text_content()
        for one in TEXTS:
            assert shown(one) in text.replace("\r", "\n")
        assert page.title() == "t"
        assert page.evaluate("() => [window.__hacked, {}.__hacked]") == [None, None]
    assert guard.found == []
    page.close()


def shown(text):
    """A text as HTML can hold it."""
    return text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
