"""Values as JSON for people to look at: complete where they are small, bounded where not.

Nothing that a value does can harm who looks at it: what raises is shown as its type.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from .._exceptions import Stopped
from .._shown import attempt, label, outgoing, stand_in, type_name
from ..messages import BaseMessage
from ._look import Look, more

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._look import Memo

__all__ = ["MAX_ITEMS", "MAX_TEXT", "has_text", "is_text_only", "plain", "plain_error", "text_of"]

MAX_TEXT = 20_000
"""Characters of one text that are kept."""
MAX_IMAGE = 300_000
"""Characters of an image that are kept, where it is said; one that has more cannot be shown."""
MAX_ITEMS = 500
"""Entries of one list or dict that are kept."""
MAX_DEPTH = 12
MAX_NODES = 20_000
"""Values in one value that are kept."""
MAX_CHARS = 500_000
"""Characters of all texts in one value that are kept."""
MAX_BITS = 1_000
"""Bits of an integer: longer ones are infinite to a page, and Python refuses to read them."""

_FIELDS = (
    *("name", "tool_call_id", "status", "artifact", "tool_calls", "invalid_tool_calls"),
    *("tool_call_chunks", "usage_metadata", "additional_kwargs", "response_metadata"),
)


def plain(value: Any, memo: Memo | None = None, *, images: bool = False) -> Any:
    """Return a value in the form that JSON can hold, with what was cut off said in place.

    Messages become dicts with their ``type``, their ``content`` and whatever else they know; the id
    that the chunks of a run share is left out, for the run has it.

    There is one look at each object: where it comes up again its form does, and inside of itself it
    is ``<Type, as above>``. There is one budget for the whole: when that is spent, the rest is an
    ellipsis. What cannot be looked at is ``<Type>``.

    Parameters
    ----------
    value
        Anything.
    memo
        The memory of the log that the value is from.
    images
        Whether images are kept whole, as far as they can be, where other texts are cut.

    Examples
    --------
    >>> from nbstream import AIMessageChunk
    >>> plain({"said": AIMessageChunk("Hi", id="run-1"), "at": (1, 2)})
    {'said': {'type': 'AIMessageChunk', 'content': 'Hi'}, 'at': [1, 2]}
    >>> knot = [1]
    >>> knot.append(knot)
    >>> plain(knot)
    [1, '<list, as above>']
    """
    return _Plain(memo, images=images)(value)


def plain_error(error: Any, memo: Memo | None = None) -> dict[str, Any]:
    """Return what is shown of an exception: its type and what it says."""
    look = _Plain(memo)
    return {"type": type_name(error), "message": look.text(look.message(error))}


_DATA = ("base64", "data")


def _is_container(kind: type) -> bool:
    # Not `in`, which would ask a type's own type for a hash.
    return kind is dict or kind is list or kind is tuple or kind is set or kind is frozenset


class _Seen(NamedTuple):
    value: Any  # held, so that its id stays its own
    form: Any
    nodes: int
    chars: int


_NEW: Any = object()


class _Plain(Look):
    """One walk through one value. Only types are asked what they are: an instance can lie."""

    def __init__(self, memo: Memo | None, *, images: bool = False) -> None:
        super().__init__(memo, MAX_NODES, MAX_CHARS)
        self._images = images
        self._seen: dict[int, _Seen | None] = {}

    def __call__(self, value: Any, depth: int = 0) -> Any:
        self.nodes -= 1
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        if kind is str:
            return self.text(value)
        if kind is int:
            return value if value.bit_length() <= MAX_BITS else self.text(hex(value), MAX_BITS)
        if kind is float:
            return value if math.isfinite(value) else repr(value)
        seen = self._seen.get(id(value), _NEW)
        if seen is not _NEW:
            return self._again(value, seen)
        if depth >= MAX_DEPTH and not issubclass(kind, (str, int, float, BaseException)):
            return "…"
        nodes, chars = self.nodes, self.chars
        self._seen[id(value)] = None  # it is being looked at
        try:
            if _is_container(kind):
                form = self._form(value, kind, depth)
            else:
                form = self._foreign(value, kind, depth)
        except (KeyboardInterrupt, Stopped):
            raise
        except BaseException:
            form = stand_in(value)
        self._seen[id(value)] = _Seen(value, form, nodes - self.nodes, chars - self.chars)
        return form

    def _again(self, value: Any, seen: _Seen | None) -> Any:
        """Return the form of what was there before: for whoever writes it out, it counts again."""
        if seen is None:
            return f"<{type_name(value)}, as above>"
        if seen.nodes > self.nodes or seen.chars > self.chars:
            return "…"
        self.nodes -= seen.nodes
        self.chars -= seen.chars
        return seen.form

    def _foreign(self, value: Any, kind: type, depth: int) -> Any:
        known = self.memo.recall(value, "form")
        if type(known) is _Seen:
            return self._again(value, known)
        nodes, chars = self.nodes, self.chars

        def look() -> _Seen:
            # What fails in what a value has may leave its repr whole.
            form = attempt(lambda: self._form(value, kind, depth), lambda: self._repr(value))
            return _Seen(value, form, nodes - self.nodes, chars - self.chars)

        seen = self.once(value, "form", look)
        return seen.form if type(seen) is _Seen else seen

    def _form(self, value: Any, kind: type, depth: int) -> Any:
        if kind is dict:
            return self._dict(value.items(), len(value), depth + 1)
        if kind is list:
            return self._list(value, len(value), depth + 1)
        if issubclass(kind, str):
            return self.text(str.__str__(value))
        if issubclass(kind, int):
            return self(int.__int__(value), depth)
        if issubclass(kind, float):
            return self(float.__float__(value), depth)
        if issubclass(kind, (bytes, bytearray, memoryview)):
            return f"<{len(value):,} bytes>"
        if issubclass(kind, BaseException):
            return {"type": type_name(value), "message": self.text(self.message(value))}
        if issubclass(kind, BaseMessage):
            return self._message(value, depth + 1)
        if issubclass(kind, Mapping):
            return self._dict(value.items(), len(value), depth + 1)
        if issubclass(kind, (list, tuple, set, frozenset)):
            return self._list(value, len(value), depth + 1)
        if issubclass(kind, type):
            return self._repr(value)
        if hasattr(kind, "to_messages"):
            return {"type": type_name(value), "messages": self(list(value.messages), depth + 1)}
        if callable(getattr(kind, "model_dump", None)):
            return self(value.model_dump(mode="json"), depth + 1)
        if is_dataclass(kind):
            return self({f.name: getattr(value, f.name) for f in fields(kind)}, depth + 1)
        return self._repr(value)

    def _repr(self, value: Any) -> str:
        return self.text(self.repr(value))

    def text(self, text: str, most: int = MAX_TEXT) -> str:
        """Take a text that may be cut, and must be outgoing."""
        return outgoing(self.cut(text, most))

    def _list(self, items: Iterable[Any], count: int, depth: int) -> list[Any]:
        form: list[Any] = []
        # Taken at once: while this looks, the run that made the list may go on adding to it.
        for item in list(islice(items, MAX_ITEMS)):
            if self.is_spent:
                break
            form.append(self(item, depth))
        return form if len(form) >= count else [*form, more(count - len(form))]

    def _dict(self, items: Iterable[tuple[Any, Any]], count: int, depth: int) -> dict[str, Any]:
        form: dict[str, Any] = {}
        for key, value in list(islice(items, MAX_ITEMS)):
            if self.is_spent:
                break
            name = key if type(key) is str else self.once(key, "key", partial(label, key))
            name = self.text(name)
            if self._images and name in _DATA and type(value) is str:
                # An image that is cut is none. Whoever says that it is one may say so behind it.
                most = MAX_IMAGE if len(value) <= min(MAX_IMAGE, self.chars) else MAX_TEXT
                form[name] = self.text(value, most)
                continue
            # Two keys can look the same: 1 and "1", or two that cannot be shown.
            form[name if name not in form else f"{name} #{len(form) + 1}"] = self(value, depth)
        return form if len(form) >= count else {**form, "…": more(count - len(form))}

    def _message(self, message: BaseMessage, depth: int) -> dict[str, Any]:
        name = type_name(message)
        form = {"type": name, "content": self(message.content, depth)}
        for field in _FIELDS:
            # A chunk's finished calls are made from its pieces: they are not said twice.
            if name == "AIMessageChunk" and field.endswith("tool_calls"):
                continue
            value = getattr(message, field, None)
            if value is not None and attempt(partial(bool, value), lambda: True):
                form[field] = self(value, depth)
        return form


def text_of(chunk: Any, form: Any = None) -> str:
    """Return the text a chunk adds: its own, its content's, else its value as JSON.

    Parameters
    ----------
    chunk
        What a stream yielded.
    form
        What `plain` has made of it, where that is known.
    """
    text = _own_text(chunk)
    if text is None:
        text = json.dumps(plain(chunk) if form is None else form, ensure_ascii=False)
    return outgoing(text)


def is_text_only(chunk: Any) -> bool:
    """Tell whether a chunk is no more than its text."""
    kind = type(chunk)
    if issubclass(kind, str):
        return True
    # Looked at field by field, since nearly all chunks have a text and nothing more.
    try:
        if not issubclass(kind, BaseMessage):
            # Another library's chunk: what matters of it is what ours have, too.
            return type(getattr(chunk, "content", None)) is str and not (
                getattr(chunk, "tool_call_chunks", None) or getattr(chunk, "usage_metadata", None)
            )
        return (
            kind.__name__ == "AIMessageChunk"
            and type(chunk.content) is str
            and not chunk.response_metadata
            and not chunk.additional_kwargs
            and not getattr(chunk, "tool_call_chunks", None)
            and not getattr(chunk, "usage_metadata", None)
        )
    except (KeyboardInterrupt, Stopped):
        raise
    except BaseException:  # it has something that cannot be asked what it is
        return False


def has_text(chunk: Any) -> bool:
    """Tell whether a chunk adds to the text, without making that of one that is no text."""
    return _own_text(chunk) != ""


def _own_text(chunk: Any) -> str | None:
    kind = type(chunk)
    if kind is str:
        return chunk  # type: ignore[no-any-return]
    if _is_container(kind):
        return None
    # Written out, without attempt(): there is one for each token.
    try:
        content = getattr(chunk, "content", None)  # other libraries' message chunks have it, too
        return content if type(content) is str else _text_in(chunk, kind, content)
    except (KeyboardInterrupt, Stopped):
        raise
    except BaseException:
        return None


def _text_in(chunk: Any, kind: type, content: Any) -> str | None:
    if issubclass(kind, str):
        return str.__str__(chunk)
    if issubclass(kind, BaseMessage):
        return "" if content is None else str.__str__(chunk.text)
    if issubclass(type(content), str):
        return str.__str__(content)
    if issubclass(type(content), list):
        blocks = [b if isinstance(b, str) else b.get("text") or "" for b in content]
        return "".join(map(str.__str__, blocks))
    return None
