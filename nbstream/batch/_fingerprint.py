"""What tells whether a chain or an input is still the one that it was."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from .._secrets import hide_all
from .._shown import attempt, shown, type_name
from ..events._jsonl import encode
from ..runnables import Runnable, RunnableSequence
from ._steps import steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PYTHON", "fingerprint", "label_of", "steps_in"]

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
"""The code of functions is compared only where the same Python has compiled it."""
_PACE = frozenset({"delay", "max_retries", "timeout"})
"""What bounds a step, and does not change what it gives."""
_PLAIN = (str, int, float, bool, bytes, type(None))
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
MAX_DEPTH = 12
MAX_LABEL = 80
LENGTH = 16
"""Characters of a fingerprint: 64 bits, enough for some million inputs."""


def fingerprint(value: Any) -> str:
    """Return what is the same for the same input, also in another process.

    Examples
    --------
    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    >>> fingerprint("fish") == fingerprint("Fish")
    False
    """
    return _hash(json.dumps(encode(value), sort_keys=True))


def _hash(text: str) -> str:
    text = _ADDRESS.sub("", text)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:LENGTH]


def steps_in(chain: Any) -> list[list[str]]:
    """Return each step of a chain: what it is called, and its fingerprint.

    Examples
    --------
    >>> from nbstream import ChatPromptTemplate, ScriptedChat
    >>> old = steps_in(ChatPromptTemplate.from_template("A {x}") | ScriptedChat(["a"]))
    >>> new = steps_in(ChatPromptTemplate.from_template("The {x}") | ScriptedChat(["a"]))
    >>> [one == two for one, two in zip(old, new)]
    [False, True]
    """
    if isinstance(chain, RunnableSequence):
        return [one for step in chain.steps for one in steps_in(step)]
    return [[label_of(chain), _hash("\n".join(_described(chain, MAX_DEPTH)))]]


def label_of(step: Any) -> str:
    """Return what to call a step in front of people."""
    return hide_all(_ADDRESS.sub("", shown(step)))[:MAX_LABEL]


def _described(value: Any, depth: int) -> Iterator[str]:
    """Yield, line by line, all that makes a step what it is."""
    kind = type(value)
    if depth == 0:
        yield type_name(value)
    elif isinstance(value, Runnable):
        yield f"{kind.__module__}.{kind.__qualname__}"
        for name, held in sorted(vars(value).items()):
            if not name.startswith("_") and name not in _PACE:
                yield f".{name}"
                yield from _described(held, depth - 1)
        # Written as for LangChain, what it does is in its class.
        own = kind.__dict__.get("invoke") or kind.__dict__.get("_invoke")
        if own is not None and not kind.__module__.startswith("nbstream."):
            yield from _described(own, depth - 1)
    elif kind is dict:
        for name, held in value.items():
            yield f"{name!r}:"
            yield from _described(held, depth - 1)
    elif kind in (list, tuple):
        for held in value:
            yield "-"
            yield from _described(held, depth - 1)
    elif kind is partial:
        yield from _described([value.func, value.args, value.keywords], depth - 1)
    elif isinstance(value, MethodType):
        yield from _described(value.__func__, depth - 1)
    elif isinstance(value, FunctionType):
        yield from _function(value, depth)
    elif isinstance(value, type):
        yield f"{value.__module__}.{value.__qualname__}"
        yield repr(attempt(lambda: sorted(map(str, value.__annotations__.items())), list))
    elif steps_of(value):
        yield from _described(steps_of(value), depth - 1)
    else:
        yield json.dumps(encode(value), sort_keys=True)


def _function(function: FunctionType, depth: int) -> Iterator[str]:
    yield function.__qualname__
    yield from _code(function.__code__)
    yield from _described(list(function.__defaults__ or ()), depth - 1)
    for cell in function.__closure__ or ():
        yield from _named(attempt(lambda cell=cell: cell.cell_contents, lambda: None), depth)  # type: ignore[misc]
    for name in function.__code__.co_names:
        held = function.__globals__.get(name)
        # A text that the function puts into a prompt, another function that it calls.
        if type(held) is str or (
            isinstance(held, FunctionType) and held.__module__ == function.__module__
        ):
            yield name
            yield from _named(held, depth)


def _named(held: Any, depth: int) -> Iterator[str]:
    """Describe what a function names, where that does not change from call to call."""
    if isinstance(held, (*_PLAIN, FunctionType, Runnable)):
        yield from _described(held, depth - 1)
    else:
        yield type_name(held)


def _code(code: CodeType) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr(code.co_names)
    for held in code.co_consts:
        if isinstance(held, CodeType):
            yield from _code(held)
        elif held != code.co_name:
            yield repr(sorted(map(repr, held)) if isinstance(held, frozenset) else held)
