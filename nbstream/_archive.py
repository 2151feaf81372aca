"""What is packed into a page that plays, and read back out of it.

Such a page is a file of ours that anybody may have changed since: what comes out of it is made sure
of, and nothing of it is run.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from typing import TYPE_CHECKING, Any

from ._exceptions import InputError
from ._files import read_whole

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PAGES", "data_block", "pack", "read_page"]

PAGES = (".html", ".htm")
"""How the names of pages end."""
MAX_FILE = 1_000_000_000
"""Bytes of a file that is read."""
MAX_ARCHIVE = 2_000_000_000
"""Bytes of what a page has packed: few bytes can be made to be very many."""


def pack(text: str) -> str:
    """Return a text in few characters: gzip, as Base64.

    Examples
    --------
    >>> zlib.decompress(base64.b64decode(pack("fish")), wbits=31)
    b'fish'
    """
    # Without the time, so that the same is the same.
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def data_block(name: str, text: str) -> str:
    r"""Return JSON as an element of a page that nothing in it can end.

    Examples
    --------
    >>> data_block("a", '"</script>"')
    '<script type="application/json" id="nbstream-a">"\\u003c/script>"</script>'
    """
    # In JSON it only is in texts.
    inside = text.replace("<", "\\u003c")
    return f'<script type="application/json" id="nbstream-{name}">{inside}</script>'


_HOLDS = {
    "run": ("a run", "StreamView"),
    "chat": ("a conversation", "ChatView"),
    "compare": ("runs side by side", "CompareView"),
}


def read_page(path: str | Path, wanted: str) -> str:
    """Return the archive of a page that plays.

    Parameters
    ----------
    path
        The file.
    wanted
        What it is to show: ``"run"``, ``"chat"`` or ``"compare"``.

    Raises
    ------
    InputError
        If the file cannot be read, is no such page as it was written, or shows something else.
    """
    data = read_whole(path, MAX_FILE)
    name = f"{str(path)!r:.200}"
    try:
        text = data.decode("utf-8-sig")
        kind = _block(text, "state")["_kind"]
        archive = _unpack(_block(text, "archive"))
        if not archive.startswith("{") or not isinstance(kind, str):
            raise EOFError  # nothing that could be taken for a path
    except (ValueError, LookupError, TypeError, EOFError, zlib.error, RecursionError) as error:
        why = str(error) if type(error) is ValueError else "what it holds is damaged"
        raise InputError(
            f"{name} cannot be opened: {why}. Name a .html file that export() has written, "
            "as it was written."
        ) from None
    if kind != wanted and kind in _HOLDS:
        what, view = _HOLDS[kind]
        raise InputError(f"{name} holds {what}. To open it: {view}.load({name}).")
    return archive


def _block(text: str, name: str) -> Any:
    """Return what `data_block` has put into a page."""
    begin = f'<script type="application/json" id="nbstream-{name}">'
    found = re.search(re.escape(begin) + "([^<]*)</script>", text)
    if found is None:
        raise ValueError("it holds no run, or not all of one")
    return json.loads(found[1])


def _unpack(packed: str) -> str:
    reader = zlib.decompressobj(wbits=31)
    data = reader.decompress(base64.b64decode(packed, validate=True), MAX_ARCHIVE)
    if not reader.eof:
        raise EOFError
    return data.decode()
