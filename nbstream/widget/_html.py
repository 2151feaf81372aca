"""What transcripts are made of."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from .._secrets import hide_all
from .._shown import outgoing
from ..events._state import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..events._metrics import Metrics
    from ..events._state import RunState, Status, ViewState

    Price = Mapping[str, float] | None

__all__ = [
    "ISOLATED",
    "MAX_STEPS",
    "MAX_TEXT",
    "MUTED",
    "counted",
    "duration",
    "failure",
    "figures",
    "folded",
    "left_out",
    "line",
    "to_document",
]

MAX_TEXT = 400_000
"""Characters of text kept, so that a notebook stays small enough to open."""
MAX_STEPS = 500
"""Steps listed."""
_COLOURS: dict[Status, str] = {
    "waiting": "#767676",
    "streaming": "#1976d2",
    "done": "#2e7d32",
    "stopped": "#b26a00",
    "failed": "#c62828",
}
MUTED = "opacity:.65"
# What turns the direction of writing around does so in its own place only.
ISOLATED = "unicode-bidi:isolate;overflow-wrap:anywhere;white-space:pre-wrap"


def figures(state: ViewState, root: int | None = None, price: Price = None) -> list[str]:
    """Return the metrics of a run, or of all of them, in words."""
    words: list[str] = []
    measured = metrics(state, root, price or None)
    if measured.duration == 0 or not state["runs"]:
        return words  # nothing is known of its time
    if measured.first_token is not None:
        words.append(f"first token {duration(measured.first_token * 1000)}")
    unit = "chunk" if measured.output_tokens is None else "token"
    count = measured.chunks if measured.output_tokens is None else measured.output_tokens
    if count:
        words.append(counted(count, unit))
    if measured.tokens_per_second is not None:
        words.append(f"{measured.tokens_per_second:,.0f} {unit}s/s")
    if measured.cost is not None:
        words.append(_money(measured))
    return words


def _money(measured: Metrics) -> str:
    """Return a cost, in dollars by the known prices, else in whatever the price was in."""
    amount = measured.cost or 0.0
    digits = 2 if amount >= 1 else 4 if amount >= 0.01 else 6
    return f"{'$' if measured.priced_by else 'cost '}{amount:.{digits}f}"


def duration(milliseconds: float) -> str:
    """Return a time in words."""
    return (
        f"{int(milliseconds + 0.5)} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
    )


def left_out(count: int) -> str:
    """Say how many characters are left out."""
    return f"\n\n… {count:,} more characters; run the cell again to see them."


def line(now: Status, name: str, words: Sequence[str]) -> str:
    """Return the line above a text as HTML: how it went, who said it, the metrics."""
    # A name that turns the direction of writing around must not turn the figures around with it.
    more = " · ".join(f"<bdi>{escape(word)}</bdi>" for word in words)
    called = f"<b><bdi>{escape(name)}</bdi></b> " if name else ""
    word = now.capitalize() if name else f"<b>{now.capitalize()}</b>"
    return (
        f'<span style="color:{_COLOURS[now]}">●</span> {called}{word}'
        f'<span style="{MUTED}">{" · " if more else ""}{more}</span>'
    )


def failure(run: RunState) -> str:
    """Return what went wrong with a run as HTML, if anything did."""
    if not (error := run["error"]):
        return ""
    return (
        '<div style="margin:0 12px 12px;padding:8px 12px;border-left:3px solid #c62828;'
        'background:#c6282814;white-space:pre-wrap;overflow-wrap:anywhere">'
        f"<b>{escape(error['type'])}</b><br>{escape(error['message'])}</div>"
    )


def counted(number: int, unit: str) -> str:
    """Return a number with its unit."""
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def folded(title: str, body: str) -> str:
    """Return what opens under its title; the body is HTML."""
    return (
        '<details style="margin:2px 0 6px;padding:2px 10px;border-left:2px solid #8886;'
        f'font-size:.86em"><summary style="cursor:pointer;{MUTED}">{escape(title)}</summary>'
        f'<span style="{ISOLATED}">{body}</span></details>'
    )


def to_document(title: str, html: str) -> str:
    """Return HTML as a page of its own, without keys; it follows the reader's light or dark."""
    page = (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="color-scheme" content="light dark"></head>'
        '<body style="max-width:60em;margin:2em auto;padding:0 1em;font-family:system-ui">'
        f"{html}</body></html>"
    )
    return hide_all(outgoing(page))
