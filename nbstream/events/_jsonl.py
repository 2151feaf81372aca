"""The log as lines of JSON: to keep, to send, to look at again.

The first line is ``{"nbstream": 1, "started_at": …}``, each further one an event: ``time`` in
seconds since the log began, ``kind``, ``run`` (its place among the runs), ``data``. A ``start``
also says all of its run; the line that ends a run whose input streamed in has that under ``input``.
What JSON has no form for is an object whose key ``"$"`` names its kind.
"""

from __future__ import annotations

import base64
import builtins
import importlib
import json
import math
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, NbstreamError, ParseError, ProviderError, SetupError
from .._secrets import hide
from ._chunks import AddableDict
from ._plain import encodable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._log import Log
    from ._types import Event, Run

__all__ = ["Opaque", "dump", "load"]

VERSION = 1

_RUN = ("id", "name", "run_type", "tags", "metadata", "model")
_OURS = {
    *("AIMessage", "AIMessageChunk", "HumanMessage", "SystemMessage", "ToolMessage"),
    *("ChatPromptValue", "StringPromptValue"),
}


class Opaque:
    """Stands in a loaded log for an object that only its ``repr`` is known of."""

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def __repr__(self) -> str:
        return self._shown

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and repr(other) == self._shown

    def __hash__(self) -> int:
        return hash(self._shown)


def dump(trace: Log) -> Iterator[str]:
    """Yield the lines."""
    yield json.dumps({"nbstream": VERSION, "started_at": trace.started_at})
    for event in trace.events:
        line = hide(json.dumps(_event(event), ensure_ascii=False))
        # Half a character, as broken endpoints send, can stand in JSON but not in UTF-8.
        yield line if encodable(line) == line else json.dumps(json.loads(line))


def _event(event: Event) -> dict[str, Any]:
    run = event.run
    line: dict[str, Any] = {"time": event.time, "kind": event.kind, "run": run.index}
    if event.kind == "start":
        line |= {name: encode(getattr(run, name)) for name in _RUN}
        line["parent"] = run.parent.index if run.parent else None
        line["streamed"] = run.streamed_input is not None
    elif event.kind in ("end", "error", "cancelled") and run.streamed_input is not None:
        line["input"] = encode(run.streamed_input)
    line["data"] = encode(event.data)
    return line


def load(trace: Log, lines: Iterator[str]) -> None:
    """Fill an empty log.

    Raises
    ------
    InputError
        If a line is none of such a log; it says which.
    """
    number = 1
    try:
        head = json.loads(next(lines, "null"))
        if not isinstance(head, dict) or head.get("nbstream") != VERSION:
            raise InputError(
                f"This is no log of nbstream's: it does not begin with version {VERSION}."
            )
        trace.started_at = head["started_at"]
        for number, text in enumerate(lines, 2):  # noqa: B007  # named in the error
            if text.strip():
                _take(trace, json.loads(text))
    except (ValueError, LookupError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"Line {number} of this log cannot be read: {error!r}.") from None


def _take(trace: Log, line: dict[str, Any]) -> None:
    kind, data = line["kind"], decode(line["data"])
    if kind == "start":
        named = {name: decode(line[name]) for name in _RUN}
        parent: Run | None = None if line["parent"] is None else trace.runs[line["parent"]]
        run = trace.add_run(
            **named, parent=parent, input=data, streamed_input=[] if line["streamed"] else None
        )
    else:
        run = trace.runs[line["run"]]
    if run.streamed_input is not None and "input" in line:
        run.streamed_input[:] = decode(line["input"])
    trace.log(kind, run, data, time=line["time"])


def encode(value: Any) -> Any:
    """Return a value in the form that JSON can hold."""
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"$": "float", "value": repr(value)}
    if kind is list:
        return [encode(item) for item in value]
    if kind is dict and "$" not in value and all(isinstance(key, str) for key in value):
        return {key: encode(item) for key, item in value.items()}
    if kind in (dict, AddableDict):
        name = "dict" if kind is dict else "AddableDict"
        return {"$": name, "items": [[encode(k), encode(v)] for k, v in value.items()]}
    if kind in (tuple, set, frozenset):
        return {"$": kind.__name__, "items": [encode(item) for item in value]}
    if kind is bytes:
        return {"$": "bytes", "value": base64.b64encode(value).decode()}
    if isinstance(value, BaseException):
        return {"$": "error", "type": kind.__name__, "message": str(value)}
    if kind.__name__ in _OURS and kind.__module__.startswith("nbstream."):
        return {"$": kind.__name__, **{name: encode(getattr(value, name)) for name in _names(kind)}}
    return {"$": "repr", "value": repr(value)}


def _names(kind: type) -> tuple[str, ...]:
    if is_dataclass(kind):
        return tuple(field.name for field in fields(kind))
    names: tuple[str, ...] = kind._fields  # type: ignore[attr-defined]
    return names


_ITEMS: dict[str, Any] = {"tuple": tuple, "set": set, "frozenset": frozenset}


def decode(value: Any) -> Any:
    """Return what `encode` was given, or an `Opaque` for what it had no form for."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$" not in value:
        return {key: decode(item) for key, item in value.items()}
    kind = value["$"]
    if kind == "float":
        return float(value["value"])
    if kind in ("dict", "AddableDict"):
        items = {decode(k): decode(v) for k, v in value["items"]}
        return items if kind == "dict" else AddableDict(items)
    if kind in _ITEMS:
        return _ITEMS[kind](decode(item) for item in value["items"])
    if kind == "bytes":
        return base64.b64decode(value["value"])
    if kind == "error":
        return _error(value["type"], value["message"])
    if kind in _OURS:
        # By the package's public names: the room they live in stands above this one.
        cls = getattr(importlib.import_module(__name__.partition(".")[0]), kind)
        return cls(**{key: decode(item) for key, item in value.items() if key != "$"})
    return Opaque(value["value"])


_ERRORS = {cls.__name__: cls for cls in (InputError, ParseError, ProviderError, SetupError)}


def _error(name: str, message: str) -> BaseException:
    known = _ERRORS.get(name) or getattr(builtins, name, None)
    if isinstance(known, type) and issubclass(known, Exception):
        try:
            error = known(message)
        except TypeError:  # some want more than a message
            pass
        else:
            if str(error) == message:
                return error
    loaded: BaseException = type(name, (NbstreamError,), {})(message)
    return loaded
