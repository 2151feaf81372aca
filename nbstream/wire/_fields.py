"""What stands in an event: of a dict off the wire, or of an SDK's object.

Nothing here trusts what it reads: a field may be missing, null or of another type than published.
"""

from __future__ import annotations

import base64
import json
import math
from enum import Enum
from typing import Any

__all__ = [
    "as_json",
    "count",
    "encodable",
    "first",
    "get",
    "has_other",
    "items",
    "mended",
    "plain",
    "text_of",
]

_NO_FIELDS = (str, bytes, int, float, list, tuple, type(None))
_MISSING: Any = object()


def get(value: Any, name: str) -> Any:
    """Return a field of a dict or of an object; None where there is none.

    Examples
    --------
    >>> get({"index": 3}, "index"), get("a text has a method of that name", "index")
    (3, None)
    """
    if isinstance(value, dict):
        return value.get(name)
    if isinstance(value, _NO_FIELDS):
        return None
    # An attribute that pydantic does not know costs it twenty times as much as one that it does.
    if (fields := getattr(value, "__dict__", None)) is not None:
        if name in fields:
            return fields[name]
        if (extra := getattr(value, "__pydantic_extra__", _MISSING)) is not _MISSING:
            return extra.get(name) if extra else None
    return getattr(value, name, None)


def first(value: Any, *names: str) -> Any:
    """Return the first of these fields that is not None: some have a name for each spelling."""
    for name in names:
        if (found := get(value, name)) is not None:
            return found
    return None


def has_other(value: Any, names: frozenset[str]) -> bool:
    """Tell whether a dict or an object has more than these fields that is not None."""
    if not isinstance(value, dict):
        extra = getattr(value, "__pydantic_extra__", None)
        if extra and has_other(extra, names):
            return True
        value = getattr(value, "__dict__", None) or {}
    return any(name not in names and value[name] is not None for name in value)


def items(value: Any) -> list[Any]:
    """Return a list's or tuple's items; of anything else, none."""
    return list(value) if isinstance(value, (list, tuple)) else []


def text_of(value: Any) -> str:
    """Return a text, also that of an enumeration's member; of anything else, the empty one."""
    if isinstance(value, Enum):
        value = value.value
    return value if isinstance(value, str) else ""


def count(value: Any) -> int | None:
    """Return a number of tokens, or None where this is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if math.isfinite(value) and value >= 0 else None


def encodable(text: str) -> str:
    r"""Return a text that can be written as UTF-8: halves of a character are joined, or replaced.

    Examples
    --------
    >>> encodable("fish \ud83d\udc1f"), encodable("half \ud83d")
    ('fish 🐟', 'half �')
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def mended(value: Any, *, depth: int = 0) -> Any:
    """Return a value that JSON can hold: texts are encodable, and there are no NaN and infinity.

    Examples
    --------
    >>> mended({"a": [float("nan"), 1.5]})
    {'a': [None, 1.5]}
    """
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (dict, list, tuple)) and depth >= _DEEPEST:
        return None
    if isinstance(value, dict):
        return {encodable(str(key)): mended(one, depth=depth + 1) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [mended(one, depth=depth + 1) for one in value]
    return value


def as_json(value: Any) -> str:
    """Return the JSON of a tool's input, which some endpoints send as JSON already."""
    if isinstance(value, str):
        return value
    return json.dumps(plain(value, keep_none=True), ensure_ascii=False) if value else ""


def plain(value: Any, *, keep_none: bool = False, depth: int = 0) -> Any:
    """Return an SDK's object as the dict it was made of, and a dict in the same form.

    Fields that are None are left out, as an SDK has them where the wire has nothing; but not of
    what a tool is given, where they are values.
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (str, float)):
        return mended(value)
    if depth >= _DEEPEST:
        return None
    if isinstance(value, (list, tuple)):
        return [plain(one, keep_none=keep_none, depth=depth + 1) for one in value]
    if not isinstance(value, dict):
        fields = getattr(value, "__dict__", None)
        if fields is None:
            return str(value)
        value = {**fields, **(getattr(value, "__pydantic_extra__", None) or {})}
    return {
        encodable(str(name)): plain(one, keep_none=keep_none or name in _VALUES, depth=depth + 1)
        for name, one in value.items()
        if one is not None or keep_none
    }


_DEEPEST = 100  # what is nested deeper is meant to break its reader
_VALUES = frozenset({"args", "arguments", "input"})
