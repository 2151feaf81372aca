"""JSON that is still being written."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["GrowingJson", "parse_partial", "parse_whole"]


def parse_whole(text: str) -> Any:
    """Read a JSON text that has all come.

    Raises
    ------
    ValueError
        If this is no JSON, or has broken off.
    """
    return _read(text.encode("utf-8", "surrogatepass"))


def parse_partial(text: str | bytes) -> Any:
    """Read as much of a JSON text as is there; what follows the value is left out.

    Raises
    ------
    ValueError
        If there is no value yet, or this is no JSON.
    """
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    try:
        return _read(data)
    except ValueError as error:
        if "EOF while parsing a value" in str(error) and (half := _HALF_NUMBER.search(data)):
            # Else 3 would be gone again at the point of 3.5.
            data = data[: half.start()]
        elif not ("EOF while parsing" in str(error) or "trailing characters" in str(error)):
            raise  # it is wrong in its middle, so it has not just broken off
    return _read_begun(data)


def _read(data: bytes, **settings: Any) -> Any:
    # Comes with the anthropic SDK, and parses some hundred megabytes a second.
    import jiter

    try:
        return jiter.from_json(data, **settings)
    except ValueError as error:
        if "hex escape" not in str(error):
            raise
    return jiter.from_json(_HALVES.sub(_mended, data), **settings)


def _read_begun(data: bytes) -> Any:
    """Read what has begun well; a comma that is missing is taken for the end."""
    return _read(data, partial_mode="trailing-strings")


# Small models write half a character as an escape. Of two halves that belong together the first
# group has the second one; a half at the end of the text may still get its other half.
_HALVES = re.compile(
    rb"\\(?:u[dD][89abAB][\da-fA-F]{2}(\\u[dD][c-fC-F][\da-fA-F]{2})"
    rb"|u[dD][89abAB][\da-fA-F]{2}(?!(?:\\(?:u(?:[dD](?:[c-fC-F][\da-fA-F]?)?)?)?)?\Z)"
    rb"|u[dD][c-fC-F][\da-fA-F]{2}|(.))",
    re.DOTALL,
)


def _mended(escape: re.Match[bytes]) -> bytes:
    return escape[0] if escape[1] or escape[2] else b"\\ufffd"


_NOTHING: Any = object()
_FENCE = re.compile(r"```[A-Za-z]*\s*(?=[^\sA-Za-z])")
_TAG = re.compile(r"```(?:json|JSON)?\s")
_HALF_NUMBER = re.compile(rb"(?<=\d)(?:\.|[eE][+-]?)\Z")
_MARKS = re.compile(r'["\\\x00-\x1f]')
_SPACE = " \n\r\t`"


class GrowingJson:
    """A JSON value on its way, in Markdown fences or not.

    A look at it reads the text from its start, so looking at every character would cost the square
    of the length. It is looked at with every part up to 4,096 bytes, and from then on whenever it
    has grown by a 4,096th: the work stays linear, and a page still sees it grow smoothly. The last
    look is `finish`.
    """

    def __init__(self) -> None:
        self.value: Any = _NOTHING
        self._head = ""  # what comes before the value, until that begins
        self._searched = 0
        self._body = bytearray()
        self._seen = 0
        self.is_broken = False
        """Whether the text received so far is no JSON, which may have begun as some."""
        self._in_string = False
        self._escaped = False

    @property
    def is_there(self) -> bool:
        """Whether there is a value."""
        return self.value is not _NOTHING

    def add(self, piece: str) -> bool:
        """Take the next stretch of text; tell whether the value has changed."""
        if not self._body:
            self._head += piece
            piece = self._begin()
        if not piece:
            return False
        self._body += self._cleaned(piece).encode("utf-8", "surrogatepass")
        size = len(self._body)
        return size - self._seen > size >> 12 and self._look()

    def finish(self) -> bool:
        """Take note that nothing more comes; tell whether that changed the value."""
        if not self._body:
            # Not begun: no JSON, or one of the words true, false and null.
            word = self._head[fence.end() :] if (fence := _TAG.search(self._head)) else self._head
            self._body += word.strip(_SPACE).encode("utf-8", "surrogatepass")
        changed = len(self._body) > self._seen and self._look()
        if self.is_there and not self.is_broken:
            try:
                parse_partial(bytes(self._body))
            except ValueError:
                self.is_broken = True
        return changed

    def _look(self) -> bool:
        self._seen = len(self._body)
        data = bytes(self._body)
        if not self._in_string and (half := _HALF_NUMBER.search(data, len(data) - 4)):
            # Else 3 would be gone again at the point of 3.5.
            data = data[: half.start()]
        try:
            value = _read_begun(data)
        except ValueError:
            self.is_broken = True
            return False
        self.is_broken = False
        changed = not self.is_there or value != self.value
        self.value = value  # in any case: 1 may have become 1.0
        return changed

    def _begin(self) -> str:
        """Return what there is of the value, once it has begun."""
        text = self._head.lstrip(_SPACE)
        if text[:1] in tuple('{["-0123456789'):
            return text
        # Long words before a fence are gone through once.
        at = self._head.find("```", self._searched)
        self._searched = at if at >= 0 else max(0, len(self._head) - 2)
        fence = _FENCE.search(self._head, self._searched)
        return self._head[fence.end() :] if fence else ""

    def _cleaned(self, piece: str) -> str:
        """Escape the bare line breaks that small models write into strings."""
        if not self._in_string and not _MARKS.search(piece):
            return piece
        parts: list[str] = []
        start = 1 if self._escaped else 0
        parts.append(piece[:start])
        self._escaped = False
        position = start
        for mark in _MARKS.finditer(piece, start):
            at = mark.start()
            if at < position:
                continue  # it is escaped
            parts.append(piece[start:at])
            char = mark.group()
            start = position = at + 1
            if char == '"':
                self._in_string = not self._in_string
            elif char == "\\":
                if self._in_string:
                    position += 1
                    self._escaped = position > len(piece)
            elif self._in_string:
                char = f"\\u{ord(char):04x}"
            parts.append(char)
        parts.append(piece[start:])
        return "".join(parts)
