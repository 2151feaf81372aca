"""A log read back from its lines of JSON, which anybody can have written.

What is wrong with one is said with the number of its line. Nothing is made of it but what the
format knows; see `nbstream.events._jsonl` for that.
"""

from __future__ import annotations

import base64
import builtins
import importlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, get_args

from .._exceptions import InputError, NbstreamError, ParseError, ProviderError, SetupError
from .._shown import brief
from ._chunks import AddableDict
from ._log import OVER
from ._types import EventKind, Run, RunType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._log import Log

__all__ = ["OURS", "VERSION", "Opaque", "decode", "load", "read", "take"]

VERSION = 1
OURS = {
    *("AIMessage", "AIMessageChunk", "HumanMessage", "SystemMessage", "ToolMessage"),
    *("ChatPromptValue", "StringPromptValue"),
}
MAX_TIME = 1e11
"""Seconds: some 3,000 years, as which `datetime` still can show them."""

_KINDS: tuple[str, ...] = get_args(EventKind)
_TYPES: tuple[str, ...] = get_args(RunType)


class Opaque:
    """Stands for an object in a loaded log that only its ``repr`` is known of."""

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def __repr__(self) -> str:
        return self._shown

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Opaque) and repr(other) == self._shown

    def __hash__(self) -> int:
        return hash(self._shown)


def read(source: str | Path) -> Iterator[str]:
    """Return the lines of a log: of a file, or of the text itself.

    Raises
    ------
    InputError
        If there is no such file, it is none, or it is no text.
    """
    if not isinstance(source, (str, Path)):
        raise InputError(
            f"A log is read from a file's path or from its text, not {brief(source)}. "
            "Pass what to_jsonl has returned, or where it has written."
        )
    text = str(source)
    if isinstance(source, Path) or not (
        "\n" in text or text.strip("\ufeff \t\r\n")[:1] in ("", "{")
    ):
        text = _read_file(Path(source))
    text = text.removeprefix("\ufeff")  # some editors begin a file with it
    if not text.strip():
        raise InputError(
            "This log is empty: it lacks its first line. Name a file that to_jsonl has written."
        )
    # Not splitlines(): a text may hold other line ends than the one between two events.
    return iter(text.split("\n"))


def _read_file(path: Path) -> str:
    name = f"{str(path)!r:.200}"
    try:
        if path.exists() and not path.is_file():  # a pipe or a device could go on for ever
            what = "a folder" if path.is_dir() else "no regular file"
            raise InputError(f"{name} is {what}, not a log. Name a file that to_jsonl has written.")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        number = error.object[: error.start].count(b"\n") + 1
        raise InputError(
            f"{name} cannot be read: line {number} is not in UTF-8. "
            "Name a file that to_jsonl has written, and that no other program has changed."
        ) from None
    except FileNotFoundError:
        raise InputError(f"There is no file {name}. Check the path, also the folder.") from None
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise InputError(
            f"{name} cannot be read: {said}. Name a file that to_jsonl has written."
        ) from None


def load(trace: Log, lines: Iterator[str]) -> None:
    """Fill an empty log.

    Raises
    ------
    InputError
        If a line is none of such a log; it says which.
    """
    over: set[int] = set()
    for number, text in enumerate(lines, 1):
        if number > 1 and not text.strip():
            continue
        try:
            line = json.loads(text, parse_constant=_refuse)
            if number == 1:
                _begin(trace, line)
            else:
                take(trace, line, over)
        except RecursionError:
            raise _unread(number, "it is nested too deeply") from None
        except KeyError as error:
            raise _unread(number, f"{error} is missing") from None
        except Exception as error:
            # Whatever else a line can do: what it asks for cannot be made.
            raise _unread(number, str(error) or type(error).__name__) from None


def _unread(number: int, said: str) -> InputError:
    return InputError(
        f"Line {number} of this log cannot be read: {said.rstrip('.')[:300]}. "
        "It is not as to_jsonl has written it: write the log again, or name another file."
    )


def _refuse(said: Any) -> NoReturn:
    raise ValueError(f"{said} is no JSON")


def _begin(trace: Log, line: Any) -> None:
    if type(line) is not dict or line.get("nbstream") != VERSION or line["nbstream"] is True:
        raise ValueError(f"this is no log of nbstream's: it does not begin with version {VERSION}")
    trace.started_at = _time(line, "started_at")


def take(trace: Log, line: Any, over: set[int]) -> None:
    """Add an event to a log, from its line.

    Parameters
    ----------
    trace
        The log.
    line
        What was read from JSON.
    over
        The runs that have ended; it is kept up to date.

    Raises
    ------
    Exception
        If it is no event of such a log.
    """
    if type(line) is not dict:
        raise ValueError(f"an event is an object, not {brief(line)}")
    kind = _one_of(line, "kind", _KINDS)
    time = _time(line, "time")
    data = decode(line["data"])
    if kind == "start":
        run = _start(trace, line, data)
    else:
        run = trace.runs[_index(line, "run", len(trace.runs))]
    if kind in OVER:
        if run.index in over:
            raise ValueError(f"run {run.index} has ended before")
        over.add(run.index)
        if run.streamed_input is not None and "input" in line:
            run.streamed_input[:] = _typed("input", decode(line["input"]), list)
    if kind == "error" and not isinstance(data, Exception):
        raise ValueError(f"the data of an error is an error, not {brief(data)}")
    if kind == "custom" and (type(data) is not tuple or len(data) != 2):
        raise ValueError(f"the data of a custom event is a name and a value, not {brief(data)}")
    trace.log(kind, run, data, time=time)


def _start(trace: Log, line: dict[str, Any], data: Any) -> Run:
    index, parent = line["run"], line["parent"]
    if type(index) is not int or index != len(trace.runs):
        raise ValueError(f"the next run is {len(trace.runs)}, not {brief(index)}")
    return trace.add_run(
        input=data,
        id=_typed("id", line["id"], str),
        name=_typed("name", line["name"], str),
        run_type=_one_of(line, "run_type", _TYPES),
        tags=_typed("tags", decode(line["tags"]), list),
        metadata=_typed("metadata", decode(line["metadata"]), dict),
        model=None if line["model"] is None else _typed("model", line["model"], str),
        parent=None if parent is None else trace.runs[_index(line, "parent", index)],
        streamed_input=[] if _typed("streamed", line["streamed"], bool) else None,
    )


def _typed(name: str, value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueError(f"{name!r} is {brief(value)}, and no {kind.__name__}")
    return value


def _one_of(line: dict[str, Any], name: str, known: tuple[str, ...]) -> Any:
    if (value := line[name]) not in known:
        raise ValueError(f"{name!r} is {brief(value)}, and none of {', '.join(known)}")
    return value


def _index(line: dict[str, Any], name: str, count: int) -> int:
    value = line[name]
    if type(value) is not int or not 0 <= value < count:
        raise ValueError(f"{name!r} is {brief(value)}, and no run before it")
    return value


def _time(line: dict[str, Any], name: str) -> float:
    value = line[name]
    if type(value) not in (int, float) or not abs(value) <= MAX_TIME:
        raise ValueError(f"{name!r} is {brief(value)}, and no time in seconds")
    return float(value)


_ITEMS: dict[str, Any] = {"tuple": tuple, "set": set, "frozenset": frozenset}


def decode(value: Any) -> Any:
    """Return what `encode` was given, or an `Opaque` for what it had no form for."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$" not in value:
        return {key: decode(item) for key, item in value.items()}
    kind = _typed("$", value["$"], str)
    if kind in ("dict", "AddableDict"):
        items = {decode(k): decode(v) for k, v in _typed("items", value["items"], list)}
        return items if kind == "dict" else AddableDict(items)
    if kind in _ITEMS:
        return _ITEMS[kind](decode(item) for item in _typed("items", value["items"], list))
    if kind == "error":
        said = _typed("message", value["message"], str)
        return _error(_typed("type", value["type"], str), said)
    if kind in OURS:
        # By the package's public names: the room they live in stands above this one.
        cls = getattr(importlib.import_module(__name__.partition(".")[0]), kind)
        return cls(**{key: decode(item) for key, item in value.items() if key != "$"})
    shown: str = _typed("value", value["value"], str)
    if kind == "float":
        return _odd_float(shown)
    if kind == "int":
        return int(shown, 16)
    if kind == "bytes":
        return base64.b64decode(shown, validate=True)
    return Opaque(shown)


def _odd_float(shown: str) -> float:
    value = float(shown)
    if math.isfinite(value):
        raise ValueError(f"{brief(shown)} is written as a number")
    return value


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
