"""The options that all views share, as traits."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import traitlets

from .._exceptions import InputError
from .._shown import brief, near
from ..events._metrics import check_price

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

__all__ = ["OptionError", "ViewOptions", "check_options", "lists_options"]


class OptionError(InputError, traitlets.TraitError):
    """A view's option cannot take a value."""


class _Worded:
    """A trait whose errors name the option, what it takes, and the value."""

    name: str | None
    wanted = ""

    def error(self, obj: Any, value: Any, error: Any = None, info: Any = None) -> NoReturn:  # noqa: ARG002
        raise OptionError(f"{self.name} is {self.wanted}, not {brief(value)}.{self.hint(value)}")

    def hint(self, value: Any) -> str:  # noqa: ARG002
        return ""


class _Text(_Worded, traitlets.Unicode):  # type: ignore[type-arg]
    kind = "str"
    wanted = "a text"


class _Length(_Text):
    wanted = "a CSS length, such as '30em'"


class _Choice(_Worded, traitlets.Enum):  # type: ignore[type-arg]
    @property
    def kind(self) -> str:
        return f"Literal[{', '.join(map(repr, self.values or ()))}]"

    @property
    def wanted(self) -> str:  # type: ignore[override]
        return f"one of {', '.join(map(repr, self.values or ()))}"

    def hint(self, value: Any) -> str:
        return near(value, self.values or ()) if isinstance(value, str) else ""


class _Switch(_Worded, traitlets.Bool):  # type: ignore[type-arg]
    kind = "bool"
    wanted = "True or False"


class _Price(_Worded, traitlets.Dict):
    kind = "dict[str, float]"
    wanted = "{'input': …, 'output': …}, numbers for a million tokens"


class ViewOptions(traitlets.HasTraits):
    """How a run is shown. `StreamView` says what each of these means."""

    view = _Choice(
        ["tokens", "markdown", "events", "timeline"], "tokens", help="Which tab is on top."
    ).tag(sync=True)
    delimiter = _Text("|", help="Shown between chunks; empty for none.").tag(sync=True)
    borders = _Choice(
        ["delimiter", "bands", "none"], "delimiter", help="How borders between chunks are shown."
    ).tag(sync=True)
    whitespace = _Switch(help="Whether whitespace is made visible.").tag(sync=True)
    heat = _Choice(["none", "gap", "logprob"], "none", help="What tokens are coloured by.").tag(
        sync=True
    )
    price = _Price(help="For a million tokens: {'input': …, 'output': …}.").tag(sync=True)
    max_height = _Length("30em", help="Where the views begin to scroll.").tag(sync=True)

    @traitlets.validate("price")
    def _valid_price(self, proposal: Any) -> Any:
        if proposal["value"]:
            check_price(proposal["value"])
        return proposal["value"]


def lists_options(**defaults: Any) -> Callable[[F], F]:
    """Name the options in a function's signature: Tab completes them, Shift+Tab shows them.

    Parameters
    ----------
    **defaults
        Those that are others than a view's own.

    Examples
    --------
    >>> @lists_options(view="markdown")
    ... def display(source, **options): ...
    >>> parameters = inspect.signature(display).parameters
    >>> list(parameters)[:3], parameters["view"].default
    (['source', 'view', 'delimiter'], 'markdown')
    """
    known: dict[str, Any] = ViewOptions.class_traits(sync=True)
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=defaults.get(name, known[name].default()),
            annotation=known[name].kind,
        )
        for name in vars(ViewOptions)
        if name in known
    ]

    def name_them(function: F) -> F:
        signature = inspect.signature(function)
        own = [one for one in signature.parameters.values() if one.kind is not one.VAR_KEYWORD]
        named: Any = function
        named.__signature__ = signature.replace(parameters=[*own, *options])
        return function

    return name_them


def check_options(view: ViewOptions, options: dict[str, Any]) -> None:
    """Refuse options that a view does not have, or values that they cannot take.

    Raises
    ------
    InputError
        It names the option, and those that there are.
    """
    known = ViewOptions.class_traits(sync=True)
    for name, value in options.items():
        if name not in known and not view.has_trait(name):
            raise InputError(
                f"{type(view).__name__} has no option {name!r}.{near(name, known)} "
                f"There are: {', '.join(known)}."
            )
        if name in known:
            known[name]._validate(view, value)
        if name == "price" and value:
            check_price(value)
