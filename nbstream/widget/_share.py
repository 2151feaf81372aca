"""A page of its own that plays what a view shows: no kernel, no network, one file.

It has the transcript for whoever runs no script; the view's state and frames; the log as it is
read back, packed; the front end, packed. Its own script unpacks what it needs and puts that into
the page as scripts, which its Content-Security-Policy lets in by their hashes. It lets nothing else
in: no other script, and nothing from elsewhere. Styles are free: with nothing to load they can only
draw.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from html import escape
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from .._archive import data_block, pack
from .._secrets import hide_all
from .._shown import outgoing
from ..events._frames import frame
from ..events._state import status
from ..events._turns import text_of_turns
from ._script import KINDS, MODULES, PLAYER, STYLE, build, text_of
from ._static import to_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ..events._state import RunState
    from ..jobs import Job
    from ._page import Page

__all__ = ["Shared", "exported", "shared_page", "shared_run", "state_of"]

_STATE = (
    *("view", "delimiter", "borders", "whitespace", "heat", "price", "max_height"),
    *("_auto", "_build", "_kind", "_model"),
)
"""The traits that the front end reads where there is no kernel."""

_FORMULA = re.compile(r"\$.*\$|\\\(|\\\[", re.DOTALL)

LEFT_OUT: Mapping[str, Callable[[Shared], bool]] = {
    "again": lambda _: True,  # it needs a kernel
    # A third of all there is.
    "math": lambda shared: not _FORMULA.search(shared.said),
    **{kind: lambda shared, kind=kind: shared.state["_kind"] != kind for kind in KINDS},  # type: ignore[misc]
}
"""Modules that a page can do without, and when. All others are in it."""

_LOOK = """
:root { color-scheme: light dark; }
:root { --jp-layout-color1: Canvas; --jp-content-font-color1: CanvasText; }
/* What needs a kernel. */
.nbs-composer, .nbs-clear, .nbs-pen, .nbs-retry, .nbs-md-insert, .nbs-take { display: none; }
/* The page scrolls. */
.nbs-chat .nbs-turns { max-height: none; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; font-family: system-ui, sans-serif; }
footer { margin-top: 1rem; font-size: 0.8rem; opacity: 0.7; }
body:has(.nbs-compare) { max-width: none; }
@media (max-width: 40rem) { body { padding: 0.5rem; } }
"""
_FOOTER = (
    "Saved with nbstream. This page plays with no kernel and no network; what needs a kernel, such "
    "as asking again, is in the notebook."
)
_UNFINISHED = "This was still going on when it was saved. "
# At a module's end as esbuild writes it; only comments come after.
_EXPORT = re.compile(r"export\s*\{([^{}]*)\};?(?:\s|/\*.*?\*/|//[^\n]*)*\Z", re.DOTALL)


@dataclass
class Shared:
    """What a page is made of.

    Parameters
    ----------
    state
        The widget's traits that its front end reads.
    log
        All it opens with: a frame, or a conversation's turns.
    archive
        What is read back.
    transcript
        As HTML, in which all that somebody said is escaped.
    title
        A text to call it by.
    runs
        All runs in it.
    is_running
        Whether more may come, which the page does not have.
    """

    state: dict[str, Any]
    log: dict[str, Any]
    archive: str
    transcript: str
    title: str
    runs: Iterable[RunState]
    is_running: bool

    @property
    def said(self) -> str:
        """All that anybody has said; what came in parts is there whole."""
        parts = [part for run in self.runs for part in _parts_of(run)]
        return "\n".join([json.dumps(self.log, ensure_ascii=False), *parts])


def _parts_of(run: RunState) -> Iterator[str]:
    """Yield a run's text, and what it has thought and called."""
    yield "".join(run["texts"])
    for aside in run["asides"]:
        yield "".join(aside["pieces"])


def state_of(page: Page) -> dict[str, Any]:
    """Return the state that a widget's page opens with."""
    return {name: getattr(page, name) for name in _STATE if page.has_trait(name)}


def shared_run(page: Page, job: Job) -> str:
    """Return the page of one run, in the look that a widget has."""
    state = job.state
    look = {**state_of(page), "_kind": "run"}
    if page.max_height == page.traits()["max_height"].default():
        look["max_height"] = "max(30em, 100vh - 9rem)"  # a page of its own has the room
    shared = Shared(
        state=look,
        log=frame(job.trace),
        archive=job.trace.to_jsonl(),
        transcript=to_html(state, page.delimiter, page.price),
        title=text_of_turns(state["runs"]),
        runs=state["runs"],
        is_running=status(state) in ("waiting", "streaming"),
    )
    return shared_page(shared)


def exported(page: Page, job: Job, content: dict[str, Any]) -> str:
    """Return the file of one run that a reader has asked for: a page, or else its log."""
    return shared_run(page, job) if content.get("form") == "html" else job.trace.to_jsonl()


def shared_page(shared: Shared) -> str:
    """Return the page. What others have said is in it without keys, and ends nothing in it."""
    state = _json({**shared.state, "_log": shared.log, "_shared": True})
    names = [name for name in MODULES if name not in LEFT_OUT or not LEFT_OUT[name](shared)]
    player = f"(()=>{{{text_of(PLAYER)}}})();"
    hashes = " ".join(map(_hash_of, [player, *(_module(name)[0] for name in names)]))
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    title = shorten(_said(shared.title), 60, placeholder="…") or "Model output"
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width">',
            '<meta name="color-scheme" content="light dark">',
            '<meta name="referrer" content="no-referrer">',
            '<link rel="icon" href="data:,">',
            f"<title>{escape(title)}</title>",
            f"<style>{text_of(STYLE)}{_LOOK}</style>\n</head>\n<body>",
            f'<div id="nbstream-transcript">{_said(shared.transcript)}</div>',
            f"<footer>{_UNFINISHED if shared.is_running else ''}{_FOOTER}</footer>",
            data_block("state", state),
            data_block("archive", json.dumps(pack(shared.archive))),
            data_block("modules", json.dumps({name: _module(name)[1] for name in names})),
            f"<script>{player}</script>\n</body>\n</html>\n",
        ]
    )


def _said(text: str) -> str:
    return outgoing(hide_all(text))


def _json(value: Any) -> str:
    text = hide_all(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    # Half a character, as broken endpoints send, can stand in JSON but not in UTF-8.
    return text if outgoing(text) == text else json.dumps(json.loads(text))


@cache
def _module(name: str) -> tuple[str, str]:
    """Return a module as a script of the page: its text, and that packed."""
    text = _wrapped(text_of(MODULES[name]), name)
    return text, pack(text)


def _wrapped(source: str, name: str) -> str:
    """Return a module as a script, which leaves what it exports where the page's own finds it."""
    found = _EXPORT.search(source)
    if found is None:
        raise ValueError(f"The module {name} exports nothing.")
    pairs = [one.split(" as ") for one in found[1].split(",") if one.strip()]
    given = ",".join(f"{pair[-1].strip()}:{pair[0].strip()}" for pair in pairs)
    kept = f'(globalThis[Symbol.for("nbstream.exports")]??={{}})["{name}"]={{{given}}};'
    # What the script has already, it takes from there (js/build.mjs).
    taken = f'const nbstreamShared=globalThis[Symbol.for("nbstream.shared/{build()}")];'
    return f'(()=>{{"use strict";{taken}{source[: found.start()]}\n{kept}}})();'


def _hash_of(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
