"""The options that all views share, as traits."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeVar

import traitlets

from .._exceptions import InputError
from .._shown import near
from ..events._metrics import check_price
from ._traits import Choice, Length, Price, Switch, Text

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")

__all__ = ["VIEWS", "ViewOptions", "check_options", "lists_options"]


VIEWS = ("tokens", "markdown", "transcript", "events", "timeline")


class ViewOptions(traitlets.HasTraits):
    """How a run is shown. `StreamView` says what each of these means."""

    view = Choice(VIEWS, "tokens", help="Which tab is on top.").tag(sync=True)
    delimiter = Text("|", help="Shown between chunks; empty for none.").tag(sync=True)
    borders = Choice(
        ["delimiter", "bands", "none"], "delimiter", help="How borders between chunks are shown."
    ).tag(sync=True)
    whitespace = Switch(help="Whether whitespace is made visible.").tag(sync=True)
    heat = Choice(
        ["none", "gap", "logprob", "rank", "entropy"], "none", help="What tokens are coloured by."
    ).tag(sync=True)
    price = Price(help="For a million tokens: {'input': …, 'output': …}.").tag(sync=True)
    max_height = Length("30em", help="Where the views begin to scroll.").tag(sync=True)


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
