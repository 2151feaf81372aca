"""What a page needs to draw the views: a small loader with each widget, the script once a page."""

from __future__ import annotations

import json
import os
from functools import cache
from hashlib import blake2b
from pathlib import Path

from ._host import are_outputs_apart

__all__ = [
    "KINDS",
    "MODULES",
    "PLAYER",
    "STYLE",
    "build",
    "loader",
    "source_of",
    "style",
    "text_of",
]

STATIC = Path(__file__).parent.parent / "static"
KINDS = ("batch", "chat", "compare")
"""What draws the kinds of widgets that are no single run: a module each."""
MODULES = {
    name: STATIC / f"{name}.js"
    for name in ("widget", "again", "markdown", "math", "odds", "turns", "transcript", *KINDS)
}
"""What a page asks for when it first needs it, instead of getting it with every widget."""
WHOLE = STATIC / "whole.js"
"""What draws all kinds of widgets, for those who get it with each widget."""
STYLE = STATIC / "widget.css"
PLAYER = STATIC / "page.js"
"""The script of a page of its own, which plays with no kernel."""


def _brings_all() -> bool:
    """Tell whether each widget brings the whole script.

    In development anywidget watches the file itself, to show each new build. Of a path it (0.11)
    makes an object that holds on to every widget that was ever made: only who asks gets that.
    """
    return bool(os.environ.get("ANYWIDGET_HMR")) or are_outputs_apart()


@cache
def text_of(path: Path) -> str:
    """Return what is in a file of the front end."""
    # Once: after an upgrade on disk this process goes on with what it is.
    return path.read_text(encoding="utf-8")


def _own(path: Path) -> str | Path:
    return path if os.environ.get("ANYWIDGET_HMR") else text_of(path)


def loader() -> str | Path:
    """Return the script that each widget brings."""
    return _own(WHOLE) if _brings_all() else _own(STATIC / "loader.js")


def style() -> str | Path:
    """Return the style sheet that each widget brings: none where it comes with the script."""
    return _own(STYLE) if _brings_all() else ""


@cache
def build() -> str:
    """Return a name for what the files hold, so that a page with two versions mixes nothing."""
    content = blake2b(digest_size=8)
    for path in (STATIC / "loader.js", *MODULES.values(), WHOLE, STYLE):
        content.update(text_of(path).encode())
    return content.hexdigest()


def source_of(name: str) -> str | None:
    """Return a module's source; None if there is none of that name."""
    path = MODULES.get(name)
    if path is None:
        return None
    source = text_of(path)
    if name != "widget":
        return source
    # Beside what it styles, so that no view is drawn before it.
    return f"{source}\nexport const style={json.dumps(text_of(STYLE))};\n"
