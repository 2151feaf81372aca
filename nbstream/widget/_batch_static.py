"""The table that stands in for a `BatchView`: in saved notebooks, exports and terminals.

It needs no kernel, no script and no style sheet, as in `_static`. What failed comes first.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from .._secrets import hider
from .._shown import named, outgoing
from ._batch_frames import output_text
from ._html import MUTED, counted, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..batch import Batch, BatchMetrics, Line

__all__ = ["batch_headline", "batch_to_html", "batch_to_text"]

MAX_LINES = 200
"""Lines of the table, so that a notebook stays small enough to open."""
MAX_CELL = 300
"""Characters of an answer in it."""
MAX_KINDS = 6

_ORDER = ("failed", "stopped", "running", "waiting", "done", "kept")
_COLOURS = {
    "waiting": "#767676",
    "running": "#1976d2",
    "paused": "#b26a00",
    "done": "#2e7d32",
    "kept": "#00838f",
    "stopped": "#b26a00",
    "failed": "#c62828",
}
_TEXT = "var(--vscode-editor-foreground,var(--jp-content-font-color1,inherit))"
_HEADS = ("#", "Status", "Input", "Answer", "Duration", "Tokens")
_NUMBERS = (0, 4, 5)
# In per cent they hold in a notebook, where tables are of fixed layout, as anywhere else.
_WIDTHS = (7, 11, 25, 37, 10, 10)
_CELL = "padding:2px 6px;vertical-align:top"
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|~$&])")


def batch_headline(batch: Batch) -> str:
    """Return how far the runs are, and what they add up to, in words."""
    metrics = batch.metrics()
    counts = metrics.counts
    over = counts["done"] + counts["kept"] + counts["failed"] + counts["stopped"]
    total = len(batch.lines) if metrics.total is None else metrics.total
    words = [f"{over:,} of {counted(total, 'run')}"]
    words += [f"{counts[one]:,} {one}" for one in ("kept", "failed", "stopped") if counts[one]]
    return " · ".join([*words, *_metrics(metrics)])


def _metrics(metrics: BatchMetrics) -> list[str]:
    words = []
    if metrics.elapsed:
        words.append(duration(metrics.elapsed * 1000))
    if metrics.output_tokens:
        words.append(counted(metrics.output_tokens, "token"))
    if metrics.tokens_per_second:
        words.append(f"{metrics.tokens_per_second:,.0f} tokens/s")
    if metrics.cost:
        words.append(f"${metrics.cost:.{2 if metrics.cost >= 1 else 4}f}")
    return words


def batch_to_html(batch: Batch) -> str:
    """Return the table as HTML, in which all that a model or an endpoint said is escaped."""
    lines, left = _chosen(batch)
    hide = hider()
    colour = _COLOURS.get(batch.status, "inherit")
    head = "".join(
        f'<th style="{_CELL};width:{width}%;{_side(at)}">{word}</th>'
        for at, (word, width) in enumerate(zip(_HEADS, _WIDTHS, strict=True))
    )
    rows = "".join(_row(line, hide) for line in lines)
    more = _more(left)
    note = hide(outgoing(batch.note))
    kinds = ", ".join(_kinds(batch.metrics()))
    return (
        f'<div class="mathjax_ignore tex2jax_ignore" style="border:1px solid #8884;'
        f'border-radius:6px;margin:2px 0;overflow:hidden;color:{_TEXT}">'
        f'<div style="padding:5px 12px;font-size:.86em;border-bottom:1px solid #8884">'
        f'<span style="color:{colour}">●</span> <b>{batch.status.capitalize()}</b> '
        f'<span style="{MUTED}">{escape(batch_headline(batch))}</span></div>'
        + "".join(
            f'<div style="padding:4px 12px 0;font-size:.86em">{escape(said)}</div>'
            for said in (f"Failures: {kinds}" if kinds else "", note)
            if said
        )
        + f'<table style="width:100%;margin:0;border:none;font-size:.86em"><thead><tr>{head}</tr>'
        f"</thead><tbody>{rows}</tbody></table>"
        + (
            f'<div style="padding:4px 12px 8px;font-size:.86em;{MUTED}">{more}</div>'
            if more
            else ""
        )
        + "</div>"
    )


def batch_to_text(batch: Batch) -> str:
    """Return the table as Markdown."""
    lines, left = _chosen(batch)
    hide = hider()
    rows: list[Sequence[str]] = [
        _HEADS,
        ["--:" if at in _NUMBERS else "---" for at in range(len(_HEADS))],
        *(
            [_in_cell(cell) for cell in (str(line.index), line.status, *_words(line, hide))]
            for line in lines
        ),
    ]
    parts = [f"**{batch.status.capitalize()}:** {batch_headline(batch)}"]
    if kinds := _kinds(batch.metrics()):
        parts.append("Failures: " + _in_cell(", ".join(kinds)))
    if note := batch.note:
        parts.append(_in_cell(hide(outgoing(note))))
    parts.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
    return "\n\n".join([*parts, *filter(None, [_more(left)])])


def _chosen(batch: Batch) -> tuple[list[Line], int]:
    """Return the lines to show, what failed first, and how many are left out."""
    lines = [*batch.lines]
    chosen = sorted(lines, key=lambda line: (_ORDER.index(line.status), line.index))[:MAX_LINES]
    return chosen, len(lines) - len(chosen)


def _more(left: int) -> str:
    return f"… and {counted(left, 'more run')}; to_frame() has them all." if left else ""


def _kinds(metrics: BatchMetrics) -> list[str]:
    return [f"{kind} {count:,}" for kind, count in [*metrics.failures.items()][:MAX_KINDS]]


def _words(line: Line, hide: Callable[[str], str]) -> list[str]:
    """Return a line's input, answer, duration and tokens."""
    took = "" if line.duration is None else duration(line.duration * 1000)
    tokens = "" if line.tokens is None else f"{line.tokens:,}"
    return [hide(outgoing(line.input)), hide(outgoing(_answer(line))), took, tokens]


def _answer(line: Line) -> str:
    if line.error is not None and line.status in ("failed", "stopped"):
        return _cut(named(line.error))
    return _cut(output_text(line.output) or line.text)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CELL else text[:MAX_CELL] + "…"


def _row(line: Line, hide: Callable[[str], str]) -> str:
    status = f'<span style="color:{_COLOURS[line.status]}">●</span>&nbsp;{line.status}'  # says both
    cells = [
        str(line.index),
        status,
        *(f"<bdi>{escape(' '.join(word.split()))}</bdi>" for word in _words(line, hide)),
    ]
    tags = (f'<td style="{_CELL};{_side(at)}">{cell}</td>' for at, cell in enumerate(cells))
    return f"<tr>{''.join(tags)}</tr>"


def _side(at: int) -> str:
    if at in _NUMBERS:
        return "text-align:right;white-space:nowrap"
    return "text-align:left;" + ("overflow-wrap:anywhere" if at > 1 else "white-space:nowrap")


def _in_cell(text: str) -> str:
    """Return a text as a cell of a Markdown table: in one line, and no Markdown itself."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))
