"""From the bytes of an answer, as they come, to its events."""

from __future__ import annotations

import importlib
import json
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Events", "decoder"]


class Events:
    r"""Cuts bytes into JSON values: those of server-sent events, or one a line.

    What is no JSON is passed over: whoever asked will meet it, too.

    Examples
    --------
    >>> events = Events()
    >>> events.feed(b'data: {"a": 1}\n\ndata: {"b"'), events.feed(b": 2}\n\n")
    ([{'a': 1}], [{'b': 2}])
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, data: bytes) -> list[Any]:
        """Return the values that are whole."""
        if self._rest:
            data = self._rest + data
        half = b""
        if b"\r" in data:
            # A line may end by either sign or by both, and those may come one by one.
            if data[-1:] == b"\r":
                data, half = data[:-1], b"\r"
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = data.split(b"\n")
        self._rest = lines.pop() + half
        values = []
        for line in lines:
            if line[:5] == b"data:":
                self._data.append(line[5:])
                continue
            if not line and self._data:
                line = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                self._data.clear()
            elif line[:1] != b"{":
                continue
            try:
                value = json.loads(line)
            except ValueError:  # also what ends a stream: [DONE]
                continue
            if type(value) is dict:
                values.append(value)
        return values

    def rest(self) -> list[Any]:
        """Return the value that nothing came after."""
        return self.feed(b"\n\n")


def decoder(encodings: str) -> Callable[[bytes], bytes] | None:
    """Return what undoes a content encoding, chunk by chunk; None where that cannot be had.

    A client asks for br and zstd only where the library for it is installed.

    Examples
    --------
    >>> decoder("")(b"abc"), decoder("gzip")(zlib.compress(b"abc")), decoder("unknown")
    (b'abc', b'abc', None)
    """
    undo: list[Callable[[bytes], bytes]] = []
    for name in (one.strip().lower() for one in reversed(encodings.split(","))):
        if name in ("", "identity"):
            continue
        make = _DECODERS.get(name)
        one = make() if make else None
        if one is None:
            return None
        undo.append(one)

    def decode(data: bytes) -> bytes:
        for one in undo:
            data = one(data)
        return data

    return decode


def _inflate() -> Callable[[bytes], bytes]:
    # 32: with a header of zlib's or of gzip's. Some leave it out, and are known by that failing.
    made = [zlib.decompressobj(32 + zlib.MAX_WBITS)]

    def decode(data: bytes) -> bytes:
        try:
            return made[-1].decompress(data)
        except zlib.error:
            if len(made) > 1:
                raise
            made.append(zlib.decompressobj(-zlib.MAX_WBITS))
            return made[-1].decompress(data)

    return decode


def _brotli() -> Callable[[bytes], bytes] | None:
    for name in ("brotli", "brotlicffi"):
        try:
            made = importlib.import_module(name).Decompressor()
        except ImportError:
            continue
        found: Callable[[bytes], bytes] = getattr(made, "process", None) or made.decompress
        return found
    return None


def _zstd() -> Callable[[bytes], bytes] | None:
    try:
        made = importlib.import_module("compression.zstd").ZstdDecompressor()
    except ImportError:
        try:
            made = importlib.import_module("zstandard").ZstdDecompressor().decompressobj()
        except ImportError:
            try:
                made = importlib.import_module("backports.zstd").ZstdDecompressor()
            except ImportError:
                return None
    found: Callable[[bytes], bytes] = made.decompress
    return found


_DECODERS: dict[str, Callable[[], Callable[[bytes], bytes] | None]] = {
    "br": _brotli,
    "deflate": _inflate,
    "gzip": _inflate,
    "x-gzip": _inflate,
    "zstd": _zstd,
}
