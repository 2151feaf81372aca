"""The transcript that stands in for the widget: in saved notebooks, exports and terminals.

It needs no kernel, no script and no style sheet: colours come from JupyterLab's variables where
they are, and else from the page's own text colour.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from ..events._entries import is_conversation
from ..events._state import status, status_of
from ..events._turns import turns
from ..messages._endings import ending_of
from ._html import (
    ISOLATED,
    MAX_STEPS,
    MAX_TEXT,
    MUTED,
    counted,
    duration,
    failure,
    figures,
    folded,
    left_out,
    line,
)
from ._reading import reading_html, reading_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..events._state import Aside, RunState, Status, ViewState

    Price = Mapping[str, float] | None

__all__ = [
    "MAX_TEXT",
    "chat_to_html",
    "chat_to_text",
    "columns_to_html",
    "columns_to_text",
    "cut_off",
    "figures",
    "headline",
    "note_html",
    "saved_html",
    "to_html",
    "to_text",
]

MAX_MARKED = 200
"""Chunks whose borders are marked; the text after them follows unmarked. A mark takes ten times the
room of the token before it."""

MAX_LINE = 100
"""Characters of the line that a folded output shows."""

_HINTS: dict[Status, str] = {
    "waiting": "Waiting for the first token…",
    "done": "The model gave no text.",
    "stopped": "Stopped before any text came.",
}
# VS Code's first: its pages have JupyterLab's, too, with the light theme's colour.
_TEXT = "var(--vscode-editor-foreground,var(--jp-content-font-color1,inherit))"
# Widths in per cent hold in a notebook, where tables are of fixed layout, as anywhere else.
_FIGURE = "text-align:right;padding:1px 0 1px 8px;white-space:nowrap"
# Notebooks, and pages made from them, take what stands between two `$` for a formula: not here.
_NO_MATHS = "mathjax_ignore tex2jax_ignore"
# What stands for text that keeps its lines, and what takes a page's own look for that away.
_LINED = "white-space:pre-wrap"
_PLAIN = "margin:0;padding:0;border:0;background:none;color:inherit;font:inherit;"
_TAG = re.compile(r"<(/?)(\w+)([^>]*)>")
_BLANK = re.compile(r"\n(?=[ \t]*\n)")
_MARKS = dict.fromkeys(map(ord, "*`#"))  # of Markdown
# All but words and their signs: nothing of it can end an HTML comment, or do anything.
_NO_WORDS = re.compile(r"[^\w\s.,:;!?'()]+")
_BARS = {"failed": "#d32f2f", "stopped": "#b26a00"}


def to_text(state: ViewState, most: int | None = None, *, is_asked: bool = False) -> str:
    """Return the text so far; of more than ``most`` characters, how many more there are.

    Several turns each have their name above them. What reads as a conversation is one, in
    Markdown.

    Parameters
    ----------
    state
        The view state.
    most
        Characters that are kept; None: all.
    is_asked
        Whether what was asked is there already.
    """
    runs = state["runs"]
    if is_conversation(runs):
        return _bounded(reading_text(runs, is_asked=is_asked), most)
    shown = turns(runs)
    texts = ["".join(runs[place]["texts"]) for place in shown]
    if len(shown) > 1:
        named = zip(shown, texts, strict=True)
        texts = [
            f"**{runs[place]['name']}:** {_or_error(runs[place], text)}" for place, text in named
        ]
    return _bounded("\n\n---\n\n".join(texts), most)


def _bounded(text: str, most: int | None) -> str:
    if most is None or len(text) <= most:
        return text
    return text[:most] + left_out(len(text) - most)


def _or_error(run: RunState, text: str) -> str:
    error = run["error"]
    return f"{text}\n\n{error['type']}: {error['message']}".strip() if error else text


def headline(state: ViewState, price: Price = None) -> list[str]:
    """Return the model's name and the metrics, in words; of several calls, how many there are."""
    words = [run["model"] for run in state["runs"] if run["model"]][:1]
    roots = sum(run["parent"] is None for run in state["runs"])
    if roots > 1:
        words.append(counted(roots, "turn"))
    return [*words, *figures(state, None, price)]


def to_html(
    state: ViewState, delimiter: str = "|", price: Price = None, *, is_asked: bool = False
) -> str:
    """Return the transcript as HTML; all that a model or an endpoint said is escaped.

    Parameters
    ----------
    state
        The view state.
    delimiter
        Shown between chunks, and not selected with the text; none if empty.
    price
        As for `Trace.metrics`; None or empty: the known prices count.
    is_asked
        Whether what was asked is there already.
    """
    now = status(state)
    is_read = is_conversation(state["runs"])
    parts = [
        f'<div class="{_NO_MATHS}" style="border:1px solid #8884;border-radius:6px;'
        f'margin:2px 0;overflow:hidden;color:{_TEXT}">',
        '<div style="padding:5px 12px;font-size:.86em;'
        f'border-bottom:1px solid #8884">{line(now, "", headline(state, price))}</div>',
        *(
            reading_html(state, price, is_asked=is_asked)
            if is_read
            else _turns(state, delimiter, price)
        ),
    ]
    if state["runs"]:
        if not is_read and (note := cut_off(state)):
            parts.append(f'<div style="padding:0 12px 10px;{MUTED}">{note}</div>')
        parts.append(_steps(state["runs"]))
    return "".join(parts) + "</div>"


def _turns(state: ViewState, delimiter: str, price: Price) -> Iterator[str]:
    """Yield the texts: of several turns, each with a line above it."""
    runs = state["runs"]
    shown = turns(runs)
    room = MAX_TEXT
    for place in shown[:MAX_STEPS]:
        run = runs[place]
        if len(shown) > 1:
            head = line(status_of(run), run["name"], figures(state, place, price))
            rule = "border-top:1px solid #8884;" if place != shown[0] else ""
            yield f'<div style="{rule}padding:6px 12px 0;font-size:.86em">{head}</div>'
        text, room = _tokens(run, delimiter, room)
        yield (
            f'<div style="padding:{4 if len(shown) > 1 else 10}px 12px 10px;white-space:pre-wrap;'
            f'overflow-wrap:anywhere;unicode-bidi:isolate;line-height:1.6">{text}</div>'
        )
        if len(shown) > 1:
            yield failure(run)
    if not shown:
        yield f'<div style="padding:10px 12px;{MUTED}">{_HINTS["waiting"]}</div>'
    elif len(shown) == 1:
        yield failure(runs[0])
    if left := len(shown[MAX_STEPS:]):
        yield f'<div style="padding:0 12px 10px;{MUTED}">… and {counted(left, "more turn")}</div>'


def note_html(text: str) -> str:
    """Return a line to put below a transcript."""
    return f'<div style="padding:2px 12px;font-size:.86em;{MUTED}">{escape(text)}</div>'


def saved_html(place: str, html: str, text: str) -> str:
    r"""Return a transcript as an output holds it.

    Its text is in elements that keep lines by themselves: GitHub takes all styles away. It begins
    with a line that JupyterLab shows of an output that is folded, and has no line that is blank: in
    Markdown, as of ``nbconvert --to markdown``, that would be the end of the HTML.

    Examples
    --------
    >>> print(saved_html("p1", "<p>Hi\n\nthere</p>", "Hi\n\nthere"))
    <!-- Hi there -->
    <div data-nbstream="p1" class="nbs-at-p1"><p>Hi&#10;
    there</p></div>
    """
    words = text[: 10 * MAX_LINE].translate(_MARKS)
    words = " ".join(_NO_WORDS.sub(" ", words).split())
    line = words if len(words) <= MAX_LINE else words[: MAX_LINE - 1] + "…"
    inside = _BLANK.sub("&#10;", _lined(html))
    # The class is what JupyterLab leaves of it in a page that did not run the cell itself.
    begin = f'<div data-nbstream="{place}" class="nbs-at-{place}">'
    return f"<!-- {line or 'Model output'} -->\n{begin}{inside}</div>"


def _lined(html: str) -> str:
    """Return HTML in which all that keeps its lines by a style is a ``pre``."""
    ends: list[str] = []

    def tag(found: re.Match[str]) -> str:
        closes, name, attributes = found.groups()
        if name in ("br", "img"):
            return found[0]
        if closes:
            return f"</{ends.pop()}>"
        if name in ("div", "span") and _LINED in attributes:
            ends.append("pre")
            # A line break behind the tag is none of the text's.
            plain = attributes.replace('style="', f'style="{_PLAIN}', 1)
            return f"<pre{plain}>\n"
        ends.append(name)
        return found[0]

    return _TAG.sub(tag, html)


def chat_to_html(
    turns: Sequence[tuple[str, ViewState]], delimiter: str = "|", price: Price = None
) -> str:
    """Return a conversation as HTML: its prompts and the transcripts of its answers."""
    parts = [
        f'<div style="margin:10px 0 4px;padding:6px 12px;border-radius:6px;background:#8882;'
        f'{ISOLATED}">{escape(prompt[:MAX_TEXT])}</div>'
        f"{to_html(state, delimiter, price, is_asked=True)}"
        for prompt, state in turns
    ]
    return "".join(parts) or f'<div style="{MUTED}">Nothing has been said yet.</div>'


def chat_to_text(turns: Sequence[tuple[str, ViewState]], most: int | None = None) -> str:
    """Return a conversation as Markdown."""
    parts = [
        f"**You:** {prompt}\n\n{to_text(state, most, is_asked=True)}" for prompt, state in turns
    ]
    return "\n\n---\n\n".join(parts) or "Nothing has been said yet."


def columns_to_html(
    columns: Sequence[tuple[str, ViewState]], delimiter: str = "|", price: Price = None
) -> str:
    """Return a comparison as HTML: side by side, and one below the other where that is narrow."""
    parts = [
        f'<div style="flex:1 1 16em;min-width:0"><div style="padding:2px 4px;font-weight:600;'
        f'{ISOLATED}">{escape(name)}</div>{to_html(state, delimiter, price)}</div>'
        for name, state in columns
    ]
    return f'<div style="display:flex;flex-wrap:wrap;gap:0 8px">{"".join(parts)}</div>'


def columns_to_text(
    columns: Sequence[tuple[str, ViewState]], most: int | None = None, *, is_plain: bool = False
) -> str:
    """Return a comparison's texts, one below the other.

    Parameters
    ----------
    columns
        The name and the view state of each.
    most
        Characters of each that are kept; None: all.
    is_plain
        Whether it is for a terminal, and no Markdown.
    """
    parts = []
    for name, state in columns:
        runs, text = state["runs"], to_text(state, most)
        if len(turns(runs)) == 1 and not is_conversation(runs):
            text = _or_error(runs[0], text)
        head = f"{name}: {status(state)}\n" if is_plain else f"**{name}** ({status(state)})\n\n"
        parts.append(head + (text or _HINTS.get(status(state), "")))
    return ("\n\n" if is_plain else "\n\n---\n\n").join(parts)


def cut_off(state: ViewState) -> str | None:
    """Return a note where an answer ended before its time."""
    return ending_of(run["stop"] for run in state["runs"])


def _tokens(run: RunState, delimiter: str, most: int) -> tuple[str, int]:
    """Return a run's text and how many characters more there is room for."""
    if not (run["texts"] or run["asides"]):
        return f'<span style="{MUTED}">{_HINTS.get(status_of(run), "")}</span>', most
    # As short as can be: there is one for each token, and all are saved with the notebook.
    mark = f'<span style="user-select:none;color:#17d">{escape(delimiter)}</span>'
    parts: list[str] = []
    room = most
    asides = iter(run["asides"])
    aside = next(asides, None)
    for place in range(len(run["texts"]) + 1):
        while aside is not None and aside["at"] == place:
            shown = "".join(aside["pieces"])[: max(room, 0)]
            room -= len(shown)
            parts.append(_aside(aside, shown))
            aside = next(asides, None)
        if place == len(run["texts"]) or room <= 0:
            break
        text = run["texts"][place][:room]
        room -= len(text)
        if delimiter and 0 < place < MAX_MARKED:
            parts.append(mark)
        parts.append(escape(text))
    whole = sum(map(len, run["texts"])) + sum(len(p) for a in run["asides"] for p in a["pieces"])
    if left := whole - (most - room):
        parts.append(left_out(left))
    return "".join(parts), room


def _aside(aside: Aside, shown: str) -> str:
    title = "Thinking" if aside["kind"] == "thinking" else f"Calls {aside['name'] or 'a tool'}"
    return folded(title, escape(shown))


def _steps(runs: list[RunState]) -> str:
    rows = []
    begin = runs[0]["start"]
    end = max(run["end"] or run["start"] for run in runs)
    share = 100 / (end - begin) if end > begin else 0
    for run, depth in _tree(runs[:MAX_STEPS]):
        until = run["end"] if run["end"] is not None else end
        took = duration(until - run["start"]) if run["end"] is not None else "running"
        word = "" if run["status"] in ("done", "running") else f"{run['status']} · "
        left, width = (run["start"] - begin) * share, (until - run["start"]) * share
        bar = (
            f'<div style="margin-left:{left:.1f}%;width:{max(width, 0.5):.1f}%;height:8px;'
            f'border-radius:2px;background:{_BARS.get(run["status"], "#1976d299")}"></div>'
        )
        rows.append(
            f'<tr><td style="width:30%;text-align:left;'
            f"padding:1px 16px 1px {min(depth, 12) * 16}px;"
            f'{ISOLATED}">{escape(run["name"])}</td>'
            f'<td style="width:44%;padding:1px 0">{bar}</td>'
            f'<td style="width:13%;{_FIGURE}">{word}{took}</td><td style="width:13%;{_FIGURE}">'
            f"{counted(len(run['texts']), 'chunk')}</td></tr>"
        )
    left_out = len(runs) - len(rows)
    more = f'<div style="{MUTED}">… and {left_out:,} more</div>' if left_out else ""
    return (
        f'<details style="padding:0 12px 10px;font-size:.86em"><summary style="cursor:pointer;'
        f'{MUTED}">Timeline · {counted(len(runs), "step")}</summary><table style="margin:6px 0 0;'
        f'width:100%;font-size:inherit;border:none">{"".join(rows)}</table>{more}</details>'
    )


def _tree(runs: list[RunState]) -> Iterator[tuple[RunState, int]]:
    """Yield the runs with their depth, each behind all that lies in the one before it."""
    inside: dict[int | None, list[int]] = {}
    for index, run in enumerate(runs):
        inside.setdefault(run["parent"], []).append(index)
    waiting = [(index, 0) for index in reversed(inside.get(None, []))]
    while waiting:
        index, depth = waiting.pop()
        yield runs[index], depth
        waiting += [(child, depth + 1) for child in reversed(inside.get(index, []))]
