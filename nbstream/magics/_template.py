"""Variables in a prompt: ``{expression}`` stands for its value in the notebook."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, NbstreamError
from .._shown import named, near
from .._templates import too_wide
from ._errors import own_names
from ._values import rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..messages import Content

__all__ = ["Held", "fill", "join_blocks", "names_in"]

_OPEN = {"(": ")", "[": "]", "{": "}"}
_LITERALLY = "Write literal braces as {{ and }}; --raw sends a whole cell as it is."
_CONVERSIONS: dict[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}


def fill(template: str, names: dict[str, Any], notices: list[str]) -> Content:
    """Put values in the place of a prompt's expressions.

    Parameters
    ----------
    template
        ``{expression}``, with ``!r`` and ``:format`` as in an f-string; ``{{`` and ``}}`` are
        braces. Nothing else is evaluated.
    names
        What the expressions can use.
    notices
        Gets a line for each value of which only a part is sent.

    Returns
    -------
    str or list
        The text; content blocks where a value is an image.

    Raises
    ------
    InputError
        If there is a brace without a partner, an expression that is none, a name that is unknown,
        or an error in working one out.

    Examples
    --------
    >>> fill("{n} {what}, {{really}}: {n / 2:.1f}", {"n": 3, "what": "fish"}, [])
    '3 fish, {really}: 1.5'
    >>> fill("Hello {nam}", {"name": "Ada"}, [])
    Traceback (most recent call last):
    nbstream._exceptions.InputError: There is no variable 'nam'. Did you mean 'name'? \
Write literal braces as {{ and }}; --raw sends a whole cell as it is.
    """
    parts: list[Any] = []
    for part in _scan(template):
        if isinstance(part, str):
            parts.append(part)
        else:
            parts.append(_value(part, names, notices))
    return join_blocks(parts)


def names_in(template: str) -> list[str]:
    """Return the variables that a prompt's expressions use, each once.

    Raises
    ------
    InputError
        If there is a brace without a partner, or an expression that is none.

    Examples
    --------
    >>> names_in("{n} {what.upper()}, {{really}}: {[n + m for m in more]}")
    ['n', 'what', 'more']
    """
    used: dict[str, None] = {}
    for field in _scan(template):
        if isinstance(field, str):
            continue
        names = [node for node in ast.walk(_parsed(field)) if isinstance(node, ast.Name)]
        own = {name.id for name in names if not isinstance(name.ctx, ast.Load)}
        used.update(dict.fromkeys(name.id for name in names if name.id not in own))
        if field.spec:
            used.update(dict.fromkeys(names_in(field.spec)))
    return [*used]


class Held:
    """A line with a mark in the place of each expression's value, to be split into words first.

    So a value's own spaces and quotes stay as they are.

    Parameters
    ----------
    line
        The line, with ``{expression}`` as for `fill`.
    names
        What the expressions can use.

    Raises
    ------
    InputError
        As for `fill`; also if a value is an image.

    Examples
    --------
    >>> held = Held("--system {rules}", {"rules": "Don't shout."})
    >>> [held.put_back(word) for word in held.line.split()]
    ['--system', "Don't shout."]
    """

    def __init__(self, line: str, names: dict[str, Any]) -> None:
        self._values: list[str] = []
        parts = (part if isinstance(part, str) else self._hold(part, names) for part in _scan(line))
        self.line = "".join(parts)

    def _hold(self, field: _Field, names: dict[str, Any]) -> str:
        value = _value(field, names, [])
        if not isinstance(value, str):
            raise InputError(
                f"{field.shown} is an image, which cannot be a part of a line. Use --image with "
                "the variable's name, without braces."
            )
        self._values.append(value)
        return f"\ue000{len(self._values) - 1}\ue001"  # of Unicode's private use

    def put_back(self, word: str) -> str:
        """Return a part of the line with the values in it."""
        return _MARK.sub(lambda mark: self._values[int(mark[1])], word)


_MARK = re.compile("\ue000([0-9]+)\ue001")


def join_blocks(parts: list[Any]) -> Content:
    """Join texts and blocks: to one text where all are texts, else to blocks."""
    if all(isinstance(part, str) for part in parts):
        return "".join(parts)
    blocks: list[dict[str, Any]] = []
    for part in parts:
        if not isinstance(part, str):
            blocks.append(part)
        elif blocks and blocks[-1]["type"] == "text":
            blocks[-1]["text"] += part
        elif part.strip():
            blocks.append({"type": "text", "text": part})
    return blocks


class _Field:
    """One ``{expression!conversion:format}``."""

    def __init__(self, whole: str, expression: str, conversion: str, spec: str | None) -> None:
        self.whole = whole
        self.expression = expression.strip()
        self.conversion = conversion
        self.spec = spec

    @property
    def shown(self) -> str:
        brief = " ".join(self.whole.split())
        return brief if len(brief) <= 60 else f"{brief[:59]}…"


def _scan(template: str) -> Iterator[str | _Field]:
    """Yield the texts and fields of a template."""
    begin = place = 0
    while place < len(template):
        char = template[place]
        if char not in "{}":
            place += 1
            continue
        yield template[begin:place]
        if template.startswith(char * 2, place):
            yield char
            place += 2
        elif char == "}":
            raise InputError(f"There is a }} with no {{ before it. {_LITERALLY}")
        else:
            end = _closing(template, place)
            yield _field(template[place : end + 1])
            place = end + 1
        begin = place
    yield template[begin:]


def _closing(text: str, begin: int) -> int:
    """Return where the bracket at ``begin`` is closed, skipping strings."""
    expected = []
    place = begin
    while place < len(text):
        char = text[place]
        if char in _OPEN:
            expected.append(_OPEN[char])
        elif char in "'\"":
            place = _string_end(text, place)
        elif expected and char == expected[-1]:
            expected.pop()
            if not expected:
                return place
        elif char in ")]}":
            break
        place += 1
    line = text[begin:].partition("\n")[0]
    raise InputError(f"There is a {{ that is not closed: {line[:40]!r}. {_LITERALLY}")


def _string_end(text: str, begin: int) -> int:
    quote = text[begin] * (3 if text.startswith(text[begin] * 3, begin) else 1)
    place = begin + len(quote)
    while place < len(text) and not text.startswith(quote, place):
        place += 2 if text[place] == "\\" else 1
    return place + len(quote) - 1


def _field(whole: str) -> _Field:
    """Split a field as Python splits those of f-strings."""
    inner = whole[1:-1]
    end, place = len(inner), 0
    while place < len(inner):
        char = inner[place]
        if char in _OPEN:
            place = _closing(inner, place)
        elif char in "'\"":
            place = _string_end(inner, place)
        elif char == ":" or (char == "!" and inner[place + 1 : place + 2] != "="):
            end = place
            break
        place += 1
    rest = inner[end:]
    conversion = ""
    if rest.startswith("!"):
        conversion, rest = rest[1:2], rest[2:]
    field = _Field(whole, inner[:end], conversion, rest[1:] if rest else None)
    if (conversion or rest) and not (
        (not conversion or conversion in _CONVERSIONS) and (not rest or rest[0] == ":")
    ):
        raise InputError(
            f"{field.shown} has something after '!' that is none of r, s, a. {_LITERALLY}"
        )
    return field


def _value(field: _Field, names: dict[str, Any], notices: list[str]) -> Any:
    value = _evaluated(field, names)
    if not field.conversion and field.spec is None:
        try:
            return rendered(value, field.shown, notices)
        except (Exception, SystemExit) as error:  # a `__str__` can do anything
            raise _failed(field, error) from None
    spec = fill(field.spec or "", names, [])
    if isinstance(spec, str) and too_wide(spec):
        raise InputError(
            f"{field.shown} asks for more characters than any prompt can hold. "
            f"Use a smaller number after the ':'. {_LITERALLY}"
        )
    try:
        if field.conversion:
            value = _CONVERSIONS[field.conversion](value)
        return format(value, spec if isinstance(spec, str) else "")
    except (Exception, SystemExit) as error:
        raise InputError(
            f"{field.shown} cannot be formatted: {named(error)}. "
            f"Mind what follows the ':'. {_LITERALLY}"
        ) from None


def _evaluated(field: _Field, names: dict[str, Any]) -> Any:
    tree = _parsed(field)
    used = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    if not used:
        # Someone's JSON, LaTeX or regular expression: no prompt needs a constant's value.
        raise InputError(f"{field.shown} names no variable. {_LITERALLY}")
    try:
        # A copy, so that not even := changes the notebook's variables.
        return eval(compile(tree, "<prompt>", "eval"), dict(names))  # noqa: S307  # it is what the author of the cell asks for
    except NameError as error:
        name = error.name or ""
        if name not in used:
            raise _failed(field, error) from None
        hint = near(name, own_names(names))
        raise InputError(f"There is no variable {name!r}.{hint} {_LITERALLY}") from None
    except NbstreamError:
        raise
    except (Exception, SystemExit) as error:
        raise _failed(field, error) from None


def _parsed(field: _Field) -> ast.Expression:
    try:
        tree = ast.parse(field.expression, mode="eval")
        compile(tree, "<prompt>", "eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two: too deep
        raise InputError(f"{field.shown} is no Python expression. {_LITERALLY}") from None
    return tree


def _failed(field: _Field, error: BaseException) -> InputError:
    return InputError(
        f"{field.shown} cannot be worked out: {named(error)}. "
        "Correct the expression, or run the cell that it needs."
    )
