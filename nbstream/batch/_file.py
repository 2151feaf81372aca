"""The file that loses nothing: each run as a line of JSON, and what is missing when it is read.

The first line is ``{"nbstream_batch": 1, "python": "3.12", "steps": [[label, fingerprint], …]}``.
Each further one is a run that has ended: ``index``, ``key`` (the input's fingerprint), ``n`` (which
of several equal inputs it is), ``input``, ``status`` (``done`` or ``failed``), ``output``,
``error``, ``at`` (seconds since 1970), ``first_token``, ``duration``, ``tokens`` (in and out),
``rate``, ``cost``, ``odds``, ``tries``, ``worker``, and ``log``: the lines of the run's log, packed
(zlib, base64). Keys whose value would be empty are left out. Of several lines for one run the last
one counts.
"""

from __future__ import annotations

import base64
import json
import threading
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._secrets import hider
from .._shown import brief, outgoing
from ..events import Trace
from ..events._jsonl import encode
from ..events._load import decode
from ._fingerprint import PYTHON, fingerprint, steps_in
from ._inputs import words_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from ..events._log import Log
    from ._line import Line

__all__ = ["Reader", "RunsFile"]

VERSION = 1
_HEAD = b'{"nbstream_batch"'
MAX_LOG = 200_000_000
"""Bytes of a log that is unpacked: a file may be somebody else's."""


class RunsFile:
    """Writes each run as it ends, and knows those that are there already.

    Parameters
    ----------
    path
        The file; it need not be there.
    chain
        The chain whose runs it holds.

    Raises
    ------
    InputError
        If the file is none of a batch, of another chain, or cannot be read or written.
    """

    def __init__(self, path: str | Path, chain: Any) -> None:
        if not isinstance(path, (str, Path)):
            raise InputError(f"into= is the path of a file, not {brief(path)}: into='runs.jsonl'.")
        self.path = Path(path)
        self.damaged = 0
        """Lines that could not be read: their runs run again."""
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._steps = steps_in(chain)
        self._records: dict[tuple[str, int], dict[str, Any]] = {}
        self._offsets: dict[int, int] = {}  # where the line of an index begins
        self._seen: dict[str, int] = {}  # how many inputs are equal, by key
        self._keys: dict[int, tuple[str, int]] = {}
        self._open()

    def _open(self) -> None:
        name = f"{str(self.path)!r:.200}"
        try:
            if self.path.exists() and not self.path.is_file():
                raise InputError(f"{name} is no regular file. Name another one in into=.")
            with self.path.open("a+b") as file:
                end = self._look(file)
                file.truncate(end)
            if end == 0:
                self._append({"nbstream_batch": VERSION, "python": PYTHON, "steps": self._steps})
                self.close()
        except (OSError, ValueError) as error:
            if isinstance(error, InputError):
                raise
            said = getattr(error, "strerror", None) or error
            raise InputError(
                f"{name} cannot be written: {said}. Name another file in into=, or make its folder."
            ) from None

    def _look(self, file: BinaryIO) -> int:
        """Read what is there; return where it ends, without a line that broke off."""
        end = 0
        for offset, line in _lines(file):
            is_whole = line.endswith(b"\n")
            if offset == 0:
                if not is_whole and _HEAD.startswith(line[: len(_HEAD)]):
                    return 0
                self._check(line)
            elif is_whole:
                self._take(offset, line)
            else:
                self.damaged += 1
                return end
            end = offset + len(line)
        return end

    def _check(self, line: bytes) -> None:
        header = _header(line, self.path)
        old, new = header.get("steps"), self._steps
        if not (isinstance(old, list) and all(isinstance(one, list) for one in old)):
            old = []
        # Another Python compiles functions differently: then only the names are compared.
        only = slice(0, 1) if header.get("python") != PYTHON else slice(0, 2)
        if [one[only] for one in old] == [one[only] for one in new]:
            return
        raise InputError(
            f"{self.path.name} has the runs of another chain: {_difference(old, new, only)}. "
            "Name another file in into=, or delete this one to run everything again."
        )

    def _take(self, offset: int, line: bytes) -> None:
        if (record := _read(offset, line)) is None:
            self.damaged += 1
            return
        place = (record["key"], record["n"])
        if self._records.get(place, {}).get("status") != "done" or record["status"] == "done":
            self._records[place] = record

    def prepare(self, line: Line, item: Any) -> None:
        """Give a line what the file knows of it: a run that gave something is kept."""
        key = fingerprint(item)
        place = (key, self._seen.get(key, 0))
        self._seen[key] = place[1] + 1
        self._keys[line.index] = place
        record = self._records.get(place)
        if record is not None and record["status"] == "done":
            fill(line, record)
            line.status = "kept"
            self._offsets[line.index] = record["offset"]

    def strangers(self) -> list[dict[str, Any]]:
        """Return the runs in the file whose input is not among those that were prepared."""
        places = {*self._keys.values()}
        return [record for place, record in self._records.items() if place not in places]

    def write(self, line: Line, status: str, item: Any, trace: Log) -> None:
        """Write a run that has ended.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        key, number = self._keys[line.index]
        started = line.started
        record = {
            "index": line.index,
            "key": key,
            "n": number,
            "input": encode(item),
            "status": status,
            "output": encode(line.output),
            "error": None if line.error is None else encode(line.error),
            "at": time.time(),
            "first_token": None if line.first is None or started is None else line.first - started,
            "duration": line.duration,
            "tokens": None if line.tokens is None else [line.input_tokens, line.tokens],
            "rate": line.rate,
            "cost": line.cost,
            "odds": line.odds,
            "tries": line.tries,
            "worker": line.worker,
            "log": _packed(trace),
        }
        needed = ("index", "key", "n", "input", "status", "output")
        record = {k: v for k, v in record.items() if k in needed or v not in (None, "")}
        self._offsets[line.index] = self._append(record)

    def _append(self, record: dict[str, Any]) -> int:
        """Write a line whole, and return where it begins."""
        text = json.dumps(record, ensure_ascii=False)
        text = hider()(text)
        if outgoing(text) != text:  # half a character
            text = json.dumps(json.loads(text))
        data = text.encode() + b"\n"
        with self._lock:
            if self._file is None:
                self._file = self.path.open("a+b")
            offset = self._file.seek(0, 2)
            self._file.write(data)
            self._file.flush()
        return offset

    def trace(self, index: int) -> Trace | None:
        """Return the log of a run that is in the file."""
        offset = self._offsets.get(index)
        return None if offset is None else trace_at(self.path, offset)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None


class Reader:
    """Has the runs of a file, to look at them.

    Raises
    ------
    InputError
        If it is no file of a batch, or has no runs.
    """

    damaged = 0

    def __init__(self, path: str | Path) -> None:
        self.path = path = Path(path)
        found: dict[tuple[str, int], dict[str, Any]] = {}
        name = f"{str(path)!r:.200}"
        if not path.is_file():
            raise InputError(f"There is no file {name}. Check the path, also the folder.")
        try:
            with path.open("rb") as file:
                for offset, line in _lines(file):
                    if offset == 0:
                        _header(line, path)
                    elif (record := _read(offset, line)) is not None:
                        found[record["key"], record["n"]] = record
        except OSError as error:
            raise InputError(f"{name} cannot be read: {error.strerror}.") from None
        self._records = sorted(found.values(), key=lambda record: int(record["index"]))
        if not found:
            raise InputError(f"{name} has no runs yet. Name a file in which some have ended.")
        self.inputs = [decode(record["input"]) for record in self._records]

    def prepare(self, line: Line, item: Any) -> None:  # noqa: ARG002
        """Give a line what the file knows of it."""
        record = self._records[line.index]
        fill(line, record)
        line.status = "kept" if record["status"] == "done" else "failed"

    def strangers(self) -> list[dict[str, Any]]:
        """Return none: its inputs are those of the file."""
        return []

    def refuse(self, item: Any) -> None:  # noqa: ARG002
        """Run nothing."""
        raise InputError(
            f"The runs of {self.path.name} are there to be looked at. To run what has failed, "
            "call Batch(chain, inputs, into=…) with that file."
        )

    def write(self, *_: Any) -> None:
        """Leave the file as it is."""

    def trace(self, index: int) -> Trace | None:
        """Return the log of a run."""
        return trace_at(self.path, self._records[index]["offset"])

    def close(self) -> None:
        """Do nothing: it is open only while it is read."""


def fill(line: Line, record: dict[str, Any]) -> None:
    """Give a line what a record says."""
    line.output = decode(record["output"])
    line.text = words_for(line.output)
    error = decode(record.get("error"))
    line.error = error if isinstance(error, BaseException) else None
    line.started, line.first = 0.0, record.get("first_token")
    line.ended = record.get("duration")
    line.input_tokens, line.tokens = record.get("tokens") or (None, None)
    line.rate, line.cost, line.odds = (record.get(name) for name in ("rate", "cost", "odds"))
    line.tries, line.worker = record.get("tries", 1), record.get("worker", "")


def trace_at(path: Path, offset: int) -> Trace | None:
    """Return the log of the run whose line begins there; None where it has none."""
    with path.open("rb") as file:
        file.seek(offset)
        packed = json.loads(file.readline()).get("log")
    if not isinstance(packed, str):
        return None
    text = zlib.decompressobj().decompress(base64.b64decode(packed), MAX_LOG).decode()
    return Trace.from_jsonl(text)


def _packed(trace: Log) -> str | None:
    if not trace.runs or not isinstance(trace, Trace):
        return None
    return base64.b64encode(zlib.compress(trace.to_jsonl().encode("utf-8", "replace"), 3)).decode()


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    file.seek(0)
    offset = 0
    for line in file:
        yield offset, line
        offset += len(line)


def _header(line: bytes, path: Path) -> dict[str, Any]:
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or header.get("nbstream_batch") != VERSION:
        raise InputError(
            f"{path.name} is no file of a batch's runs: its first line is {brief(line[:60])}. "
            "Name another file."
        )
    return header


def _read(offset: int, line: bytes) -> dict[str, Any] | None:
    """Return what a line says, with its place; None where it cannot be read."""
    try:
        record = _record(line)
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    record.pop("log", None)
    return {**record, "offset": offset}


def _record(line: bytes) -> dict[str, Any]:
    record = json.loads(line)
    if not (
        type(record["index"]) is int
        and type(record["key"]) is str
        and type(record["n"]) is int
        and record["status"] in ("done", "failed")
    ):
        raise ValueError(record)
    for name in ("first_token", "duration", "rate", "cost", "odds"):
        if not isinstance(record.get(name), (int, float, type(None))):
            raise ValueError(name)
    decode(record["output"]), decode(record.get("error"))
    return dict(record)


def _difference(old: list[Any], new: list[list[str]], only: slice) -> str:
    """Name the first step that is another one."""
    for number, (was, now) in enumerate(zip(old, new, strict=False), 1):
        if was[only] != now[only]:
            if was[:1] == now[:1]:
                return f"its step {number}, {now[0]}, has changed inside"
            return f"its step {number} was {was[0]}, and is {now[0]} now"
    return f"it had {len(old)} steps, and this one has {len(new)}"
