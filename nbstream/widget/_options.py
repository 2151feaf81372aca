"""The options that all views share, as traits."""

from __future__ import annotations

from typing import Any

import traitlets

from .._exceptions import InputError
from ..events._metrics import check_price

__all__ = ["ViewOptions", "check_options"]


class ViewOptions(traitlets.HasTraits):
    """How a run is shown. `StreamView` says what each of these means."""

    view = traitlets.Enum(
        ["tokens", "markdown", "events", "timeline"], "tokens", help="What is on top."
    ).tag(sync=True)
    delimiter = traitlets.Unicode("|", help="Shown between chunks; empty for none.").tag(sync=True)
    borders = traitlets.Enum(
        ["delimiter", "bands", "none"], "delimiter", help="How borders between chunks are shown."
    ).tag(sync=True)
    whitespace = traitlets.Bool(help="Whether whitespace is made visible.").tag(sync=True)
    heat = traitlets.Enum(
        ["none", "gap", "logprob"], "none", help="What tokens are coloured by."
    ).tag(sync=True)
    price = traitlets.Dict(
        value_trait=traitlets.Float(), help="For a million tokens: {'input': …, 'output': …}."
    ).tag(sync=True)
    max_height = traitlets.Unicode("30em", help="Where the views begin to scroll.").tag(sync=True)


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
                f"A {type(view).__name__} has no option {name!r}. There are: {', '.join(known)}."
            )
        if name in known:
            try:
                known[name]._validate(view, value)
            except traitlets.TraitError as error:
                raise InputError(str(error)) from None
        if name == "price" and value:
            check_price(value)
