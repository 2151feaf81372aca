"""Words for values of which nothing is known. No look at a value may harm the program it is from.

A property, a ``repr`` or a ``len`` is somebody's code: it can raise, lie, or leave the program.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ._exceptions import InputError, Stopped
from ._secrets import hide, hide_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "attempt",
    "brief",
    "label",
    "listed",
    "message_of",
    "near",
    "outgoing",
    "printable",
    "shown",
    "stand_in",
    "type_name",
]

T = TypeVar("T")

# As `type` itself has it: a metaclass can define a `__name__` of its own.
_NAME: Any = type.__dict__["__name__"]
MAX_NAME = 200
"""Characters of a name that are kept."""
MAX_BRIEF = 80
"""Characters of a value in an error message."""
MAX_NODES = 10_000
"""Values in one `repr`."""


def attempt(look: Callable[[], T], otherwise: Callable[[], T]) -> T:
    """Return what ``look`` returns or, whatever that raises, what ``otherwise`` does.

    Only an interrupt and a stop pass, which come from the user; ``SystemExit`` and other things
    that are no `Exception` come from the code that is looked at.

    Examples
    --------
    >>> attempt(lambda: 1 / 0, lambda: "nothing")
    'nothing'
    """
    try:
        return look()
    except (KeyboardInterrupt, Stopped):
        raise
    except BaseException:
        return otherwise()


def type_name(value: Any) -> str:
    """Return the name of a value's type; ``object`` if that cannot be had.

    Examples
    --------
    >>> type_name(1.5)
    'float'
    """
    return attempt(lambda: outgoing(_NAME.__get__(type(value))[:MAX_NAME]), lambda: "object")


def stand_in(value: Any) -> str:
    """Return what is shown of a value that cannot be shown.

    Examples
    --------
    >>> stand_in(1.5)
    '<float>'
    """
    return f"<{type_name(value)}>"


def shown(value: Any) -> str:
    """Return a value's ``repr``, or its type where it has none.

    Examples
    --------
    >>> class Bad:
    ...     def __repr__(self):
    ...         raise SystemExit
    >>> shown([Bad(), 1])
    '[<Bad>, 1]'
    """
    return _Repr(MAX_NODES)(value)


class _Repr:
    """``repr`` with a bound, for what goes through all that a value holds.

    Lists and dataclasses that hold each other are written out by Python along every path between
    them: for thirty of them that never ends.
    """

    def __init__(self, nodes: int) -> None:
        self._nodes = nodes
        self._open: set[int] = set()

    def __call__(self, value: Any) -> str:
        self._nodes -= 1
        if id(value) in self._open:
            return "..."
        self._open.add(id(value))
        try:
            return attempt(lambda: self._of(value, type(value)), lambda: stand_in(value))
        finally:
            self._open.discard(id(value))

    def _of(self, value: Any, kind: type) -> str:
        if kind is list:
            return f"[{self._each(map(self, value))}]"
        if kind is tuple:
            return f"({self._each(map(self, value))}{',' if len(value) == 1 else ''})"
        if kind is dict:
            return f"{{{self._each(f'{self(k)}: {self(v)}' for k, v in value.items())}}}"
        if is_dataclass(kind) and hasattr(kind.__repr__, "__wrapped__"):  # dataclass() made it
            names = [field.name for field in fields(kind) if field.repr]
            each = self._each(f"{name}={self(getattr(value, name))}" for name in names)
            return f"{kind.__qualname__}({each})"
        return str.__str__(repr(value))

    def _each(self, parts: Iterator[str]) -> str:
        shown: list[str] = []
        while self._nodes > 0 and (part := next(parts, None)) is not None:
            shown.append(part)
        return ", ".join(shown if self._nodes > 0 else [*shown, "…"])


def message_of(error: BaseException) -> str:
    """Return what an error says, or its type where it cannot be asked."""
    return hide_all(attempt(lambda: str.__str__(str(error)), lambda: stand_in(error)))


def named(error: BaseException) -> str:
    """Return an error's type and what it says, where it can be made to say anything.

    Examples
    --------
    >>> named(ValueError("too dry")), named(KeyboardInterrupt())
    ('ValueError: too dry', 'KeyboardInterrupt')
    """
    said = attempt(lambda: str.__str__(str(error)), lambda: "")
    return f"{type_name(error)}: {said}".rstrip(": ")


def label(name: Any) -> str:
    """Return a name as a text that can be encoded, whatever was passed in as one."""
    text = name if type(name) is str else attempt(lambda: str.__str__(str(name)), lambda: "")
    return outgoing(text) if text or type(name) is str else stand_in(name)


def brief(value: Any) -> str:
    """Return a value's type and a few words of it, for an error message.

    Examples
    --------
    >>> brief(5), brief([*range(100)])
    ('int 5', 'list [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, …]')
    >>> brief(None), brief(ValueError("no"))
    ('None', "ValueError('no')")
    """
    text = outgoing(_Repr(MAX_BRIEF // 4)(value)[: MAX_BRIEF + 1])
    text = text if len(text) <= MAX_BRIEF else text[: MAX_BRIEF - 1] + "…"
    name = type_name(value)
    # Most objects name their type themselves.
    says_it = value is None or text.startswith((f"{name}(", f"<{name}")) or " object at 0x" in text
    return text if says_it else f"{name} {text}"


def listed(values: Any, where: str, what: str) -> list[Any]:
    """Return several values as a list; refuse one alone where several belong.

    Raises
    ------
    InputError
        It names the value, and says how to write it. A text, a dict or a class counts as one.

    Examples
    --------
    >>> listed((1, 2), "batch", "inputs")
    [1, 2]
    """
    if isinstance(values, Iterable) and not isinstance(values, (str, bytes, Mapping, type)):
        return [*values]
    raise InputError(
        f"{where} needs a list of {what}, not {brief(values)}. For a single one: {where}([…])."
    )


def mapped(value: Any, where: str, what: str) -> dict[str, Any]:
    """Return names and their values as a dict; refuse what is none. None counts as empty.

    Raises
    ------
    InputError
        It names the value, and says how to write it.

    Examples
    --------
    >>> mapped({"a": 1}, "with_config", "settings")
    {'a': 1}
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    raise InputError(
        f"{where} needs a dict of {what}, not {brief(value)}. Write it as {{'name': value}}."
    )


def near(name: str, known: Iterable[str]) -> str:
    """Return the question whether one of the names that look alike was meant, or nothing.

    Examples
    --------
    >>> near("hisory", ["history", "undo"])
    " Did you mean 'history'?"
    """
    lower = {one.lower(): one for one in known}
    found = [lower[one] for one in difflib.get_close_matches(name.lower(), lower, n=3)]
    return f" Did you mean {' or '.join(map(repr, found))}?" if found else ""


def outgoing(text: str) -> str:
    r"""Return a text that may go out: no key is in it, and UTF-8 can hold it.

    Halves of characters, as broken endpoints send, go.

    Examples
    --------
    >>> outgoing("fish \ud83d!")
    'fish ?!'
    """
    text = hide(text)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def printable(text: str) -> str:
    r"""Return what `print` can write of a text here: a console need not know all characters.

    Those that it does not know are written as Python does it, such as ``\u9c7c``.

    Examples
    --------
    >>> import io, contextlib
    >>> with contextlib.redirect_stdout(io.TextIOWrapper(io.BytesIO(), "ascii")):
    ...     text = printable("fish … 2")
    >>> print(text)
    fish \u2026 2
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding, getattr(sys.stdout, "errors", None) or "strict")
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text
