"""Recorded streams, from bytes to events."""

import json
from pathlib import Path
from types import SimpleNamespace

from nbstream import ProviderError
from nbstream.wire import READERS

FOLDER = Path(__file__).parents[1] / "fixtures/wire"
NAMES = sorted(path.name for path in FOLDER.glob("*.*") if path.suffix in (".sse", ".jsonl"))
WHOLE = sorted(path.name for path in FOLDER.glob("*.json"))


class Lines:
    """Cuts bytes into events: server-sent ones, or JSON lines."""

    def __init__(self):
        self._rest = b""
        self._data = []

    def feed(self, data):
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            line = line.rstrip(b"\r")
            if line.startswith(b"{"):
                yield json.loads(line)
            elif line.startswith(b"data:"):
                self._data.append(line[5:].lstrip())
            elif not line and self._data:
                data, self._data = b"\n".join(self._data), []
                yield "[DONE]" if data == b"[DONE]" else json.loads(data)


def events_of(name):
    if name.endswith(".json"):
        return [json.loads((FOLDER / name).read_text())]
    return list(Lines().feed((FOLDER / name).read_bytes()))


def reader_of(name, **options):
    return READERS[name.partition(".")[0]](**options)


def read(reader, events):
    """Return the chunks of a stream and the error that ended it, if one did."""
    chunks, error = [], None
    try:
        for event in events:
            if chunk := reader.read(event):
                chunks.append(chunk)
        if last := reader.finish():
            chunks.append(last)
        reader.ensure_whole()
    except ProviderError as caught:
        error = caught
    return chunks, error


def is_end(event):
    """Tell whether the answer has come when this event has."""
    if not isinstance(event, dict):
        return False
    kind = event.get("type")
    if kind in ("message_stop", "message-end", "response.completed", "response.incomplete"):
        return True
    choices = event.get("choices") or event.get("candidates") or [{}]
    return bool(
        choices[0].get("finish_reason")
        or choices[0].get("finishReason")
        or (event.get("promptFeedback") or {}).get("blockReason")
        or event.get("done")
    )


FREE = {"args", "arguments", "document", "input", "tool_output"}


def as_object(value):
    """Return an event as an object with attributes, as SDKs hand it out.

    What has no fixed fields, such as a tool's input, is a dict there, too.
    """
    if isinstance(value, dict):
        fields = {k: one if k in FREE else as_object(one) for k, one in value.items()}
        return SimpleNamespace(**fields)
    if isinstance(value, list):
        return [as_object(one) for one in value]
    return value
