"""The log as lines of JSON: to keep, to send, to look at again.

The first line is ``{"nbstream": 1, "started_at": …}``, each further one an event: ``time`` in
seconds since the log began, ``kind``, ``run`` (its place among the runs), ``data``. A ``start``
also says all of its run; the line that ends a run whose input streamed in has that under ``input``.
What JSON has no form for is an object whose key ``"$"`` names its kind.

`nbstream.events._load` reads what this module writes.
"""

from __future__ import annotations

import base64
import json
import math
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from .._exceptions import Stopped
from .._secrets import hider
from .._shown import label, outgoing, type_name
from ..messages import AIMessageChunk
from ._chunks import AddableDict
from ._load import OURS, VERSION
from ._log import OVER
from ._look import Look, more
from ._plain import is_text_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sized

    from ._log import Log
    from ._look import Memo
    from ._types import Event

__all__ = ["dump", "encode", "event_line"]

T = TypeVar("T")

MAX_NODES = 1_000_000
"""Values in one value that are kept."""
MAX_CHARS = 50_000_000
"""Characters of all texts in one value that are kept."""
MAX_DEPTH = 100
MAX_BITS = 10_000
"""Bits of an integer; much longer ones Python refuses to read from JSON."""


def dump(trace: Log) -> Iterator[str]:
    """Yield the lines."""
    yield json.dumps({"nbstream": VERSION, "started_at": trace.started_at})
    hide_each = hider()
    for event in trace.events:
        line = hide_each(json.dumps(event_line(event, trace.memo), ensure_ascii=False))
        # Half a character, as broken endpoints send, can stand in JSON but not in UTF-8.
        yield line if outgoing(line) == line else json.dumps(json.loads(line))


def event_line(event: Event, memo: Memo) -> dict[str, Any]:
    """Return the line of one event."""
    run = event.run
    line: dict[str, Any] = {"time": event.time, "kind": event.kind, "run": run.index}
    if event.kind == "start":
        line |= {"id": label(run.id), "name": label(run.name), "run_type": run.run_type}
        line |= {"tags": encode(run.tags, memo), "metadata": encode(run.metadata, memo)}
        line["model"] = None if run.model is None else label(run.model)
        line["parent"] = run.parent.index if run.parent else None
        line["streamed"] = run.streamed_input is not None
    elif event.kind in OVER and run.streamed_input is not None:
        line["input"] = encode(run.streamed_input, memo)
    line["data"] = encode(event.data, memo)
    return line


def encode(value: Any, memo: Memo | None = None) -> Any:
    """Return a value in the form that JSON can hold.

    One value has a budget, so large that it is there for what holds itself or would never end; what
    it leaves out is said in its place.
    """
    if value is None or type(value) is bool:
        return value
    if type(value) is AIMessageChunk and _is_short(value):
        # There is one for each token, and nearly all are no more than this.
        named = {"content": value.content, "name": value.name, "id": value.id}
        return {"$": "AIMessageChunk", **named, **_NO_MORE}
    return _Encoder(memo)(value)


def _is_short(chunk: AIMessageChunk) -> bool:
    return (
        is_text_only(chunk)
        and len(chunk.content) < MAX_CHARS
        and (chunk.name is None or type(chunk.name) is str)
        and (chunk.id is None or type(chunk.id) is str)
    )


_NO_MORE: dict[str, Any] = {
    "additional_kwargs": {},
    "response_metadata": {},
    "tool_call_chunks": [],
    "usage_metadata": None,
}


class _Encoder(Look):
    """One walk through one value."""

    def __init__(self, memo: Memo | None) -> None:
        super().__init__(memo, MAX_NODES, MAX_CHARS)
        self._open: set[int] = set()

    def __call__(self, value: Any) -> Any:
        self.nodes -= 1
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return self._text(value)
        if kind is int:
            return value if value.bit_length() <= MAX_BITS else {"$": "int", "value": hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"$": "float", "value": repr(value)}
        if id(value) in self._open:
            return _note(f"<{type_name(value)}, as above>")
        if len(self._open) >= MAX_DEPTH:
            return _note("…")
        self._open.add(id(value))
        try:
            return self._form(value, kind)
        except (KeyboardInterrupt, Stopped):
            raise
        except BaseException:
            return self._repr(value)
        finally:
            self._open.discard(id(value))

    def _form(self, value: Any, kind: type) -> Any:
        if kind is list:
            return self._list(value)
        if kind is dict and all(type(key) is str for key in [*value]) and "$" not in value:
            items = [*value.items()]
            form = {self._text(key): self(item) for key, item in self._some(items)}
            return form if len(form) == len(items) else {**form, "…": _left(items, form)}
        if kind in (dict, AddableDict):
            items = [*value.items()]
            pairs = [[self(key), self(item)] for key, item in self._some(items)]
            if len(pairs) < len(items):
                pairs.append(["…", _left(items, pairs)])
            return {"$": "dict" if kind is dict else "AddableDict", "items": pairs}
        if kind in (tuple, set, frozenset):
            return {"$": kind.__name__, "items": self._list(value)}
        if kind is bytes:
            if len(value) > self.chars:
                return _note(f"<{len(value):,} bytes>")
            self.chars -= len(value)
            return {"$": "bytes", "value": base64.b64encode(value).decode()}
        if issubclass(kind, BaseException):
            said = self._text(self.message(value))
            return {"$": "error", "type": type_name(value), "message": said}
        for base, exact in _EXACT:  # a text that is more comes back as a text
            if issubclass(kind, base):
                return self(exact(value))
        if kind.__name__ in OURS and kind.__module__.startswith("nbstream."):
            named = {name: self(getattr(value, name)) for name in _names(kind)}
            return {"$": kind.__name__, **named}
        return self._repr(value)

    def _repr(self, value: Any) -> dict[str, Any]:
        return _note(self._text(self.repr(value)))

    def _list(self, value: Iterable[Any]) -> list[Any]:
        items = [*value]
        form = [self(item) for item in self._some(items)]
        return form if len(form) == len(items) else [*form, _left(items, form)]

    def _some(self, items: list[T]) -> Iterator[T]:
        """Yield those that there is room for."""
        for item in items:
            if self.is_spent:
                return
            yield item

    def _text(self, text: str) -> str:
        return self.cut(text, MAX_CHARS)


_EXACT: tuple[tuple[type, Any], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
)


def _note(shown: str) -> dict[str, Any]:
    return {"$": "repr", "value": shown}


def _left(items: Sized, form: Sized) -> dict[str, Any]:
    return _note(more(len(items) - len(form)))


def _names(kind: type) -> tuple[str, ...]:
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    names: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
    return names
