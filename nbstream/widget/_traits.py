"""Traits whose errors name the option, what it takes, and the value."""

from __future__ import annotations

from typing import Any, NoReturn

import traitlets

from .._exceptions import InputError
from .._shown import brief, near
from ..events._metrics import check_price

__all__ = ["Choice", "Length", "Number", "OptionError", "Price", "Switch", "Text", "Worded"]


class OptionError(InputError, traitlets.TraitError):
    """A view's option cannot take a value."""


class Worded:
    """A trait whose errors name the option, what it takes, and the value."""

    name: str | None
    metadata: dict[str, Any]
    wanted = ""

    def error(self, obj: Any, value: Any, error: Any = None, info: Any = None) -> NoReturn:  # noqa: ARG002
        said = f"{self.name} is {self.wanted}, not {brief(value)}.{self.hint(value)}"
        raise OptionError(said + self.step(obj))

    def step(self, obj: Any) -> str:
        """Return what to type, where the option has an ``example`` for that."""
        example = self.metadata.get("example")
        return (
            f" For example: %config {type(obj).__name__}.{self.name} = {example}" if example else ""
        )

    def hint(self, value: Any) -> str:  # noqa: ARG002
        return ""


class Text(Worded, traitlets.Unicode):  # type: ignore[type-arg]
    kind = "str"
    wanted = "a text"


class Length(Text):
    wanted = "a CSS length, such as '30em'"


class Choice(Worded, traitlets.Enum):  # type: ignore[type-arg]
    @property
    def kind(self) -> str:
        return f"Literal[{', '.join(map(repr, self.values or ()))}]"

    @property
    def wanted(self) -> str:  # type: ignore[override]
        return f"one of {', '.join(map(repr, self.values or ()))}"

    def hint(self, value: Any) -> str:
        return near(value, self.values or ()) if isinstance(value, str) else ""


class Switch(Worded, traitlets.Bool):  # type: ignore[type-arg]
    kind = "bool"
    wanted = "True or False"


class Number(Worded, traitlets.TraitType):  # type: ignore[type-arg]
    """A number from ``least`` on, whole or not, or None."""

    def __init__(self, least: int, *, whole: bool = False, **kwargs: Any) -> None:
        super().__init__(None, allow_none=True, **kwargs)
        self.least, self.whole = least, whole
        self.wanted = f"a {'whole ' if whole else ''}number from {least}"

    def validate(self, obj: Any, value: Any) -> Any:
        kinds = int if self.whole else (int, float)
        if isinstance(value, kinds) and not isinstance(value, bool) and value >= self.least:
            return value
        return self.error(obj, value)


class Price(Worded, traitlets.Dict):
    kind = "dict[str, float]"
    wanted = "{'input': …, 'output': …}, numbers for a million tokens"

    def validate(self, obj: Any, value: Any) -> Any:
        if value := super().validate(obj, value):
            try:
                check_price(value)
            except InputError as error:
                raise OptionError(f"{error}{self.step(obj)}") from None
        return value
