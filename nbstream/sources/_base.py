"""What the adapters have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..messages import AIMessageChunk
from ..wire import READERS

if TYPE_CHECKING:
    from ..wire import Reader
    from ._steps import Steps

__all__ = ["Adapter", "Answer", "call_piece", "module_of", "thought", "top_module"]


class Adapter:
    """Reads the items of one foreign stream; make one for each."""

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        raise NotImplementedError

    def finish(self, steps: Steps) -> None:
        """Take note that nothing more comes."""

    def ensure_whole(self) -> None:
        """Raise if a model's answer has begun and its end has not come.

        Raises
        ------
        ProviderError
            If it broke off.
        """


class Answer(Adapter):
    """A stream that is one model's answer, in one of the wire formats.

    Parameters
    ----------
    dialect
        The name of its reader.
    """

    def __init__(self, dialect: str) -> None:
        self._reader: Reader = READERS[dialect]()

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        steps.give(self._reader.read(item))

    def finish(self, steps: Steps) -> None:
        """Take note that nothing more comes."""
        steps.give(self._reader.finish())

    def ensure_whole(self) -> None:
        """Raise if it has begun and its end has not come."""
        if self._reader.has_begun:
            self._reader.ensure_whole()


def thought(text: str) -> AIMessageChunk | None:
    """Return the chunk of a thought."""
    if not text:
        return None
    return AIMessageChunk([{"type": "thinking", "thinking": text, "index": 0}])


def call_piece(
    index: Any, args: str | None = None, *, name: str | None = None, id: str | None = None
) -> AIMessageChunk:
    """Return the chunk of a part of a call."""
    piece = {"index": index, "name": name, "id": id, "args": args or ""}
    return AIMessageChunk(tool_call_chunks=[piece])


def top_module(value: Any) -> str:
    """Return the name of the package that a value's type, or a generator's code, is from."""
    return module_of(value).partition(".")[0]


def module_of(value: Any) -> str:
    """Return the name of the module that a value's type, or a generator's code, is from."""
    frame = next(
        (
            frame
            for name in ("gi_frame", "ag_frame", "cr_frame")
            if (frame := getattr(value, name, None)) is not None
        ),
        None,
    )
    name = type(value).__module__ if frame is None else frame.f_globals.get("__name__")
    return str(name)
