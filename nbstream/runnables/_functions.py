"""What a function is, and how it is called."""

from __future__ import annotations

import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

from .config import current_config

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["called", "caller", "is_async_generator_function", "is_generator_function", "name_of"]


def is_generator_function(thing: Any) -> bool:
    """Tell whether calling it makes a generator, plain or async."""
    return inspect.isgeneratorfunction(called(thing)) or is_async_generator_function(thing)


def is_async_generator_function(thing: Any) -> bool:
    """Tell whether calling it makes an async generator."""
    return inspect.isasyncgenfunction(called(thing))


def called(thing: Any) -> Any:
    """Return the function that is called: an object that is called like one has it in its class."""
    while isinstance(thing, partial):
        thing = thing.func
    if not (inspect.isfunction(thing) or inspect.ismethod(thing)) and callable(thing):
        return type(thing).__call__
    return thing


def caller(function: Callable[..., Any]) -> Callable[[Any, dict[str, Any]], Any]:
    """Return how to call it: with the config where it asks for it."""
    # Partials and not closures: a step can then be sent to another process.
    return partial(_call_with_config if _takes_config(function) else _call, function)


def _call(function: Callable[..., Any], value: Any, kwargs: dict[str, Any]) -> Any:
    return function(value, **kwargs)


def _call_with_config(function: Callable[..., Any], value: Any, kwargs: dict[str, Any]) -> Any:
    return function(value, **{"config": current_config(), **kwargs})


def _takes_config(function: Callable[..., Any]) -> bool:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some functions of C code have no signature
        return False
    return any(p.name == "config" and p.kind is not p.VAR_KEYWORD for p in parameters[1:])


def name_of(function: Callable[..., Any]) -> str:
    """Return its name, or that of its class where it has none."""
    return getattr(function, "__name__", type(function).__name__)
