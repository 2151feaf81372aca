"""`RunnableLambda`: a function as a step."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._loops import run_in_thread, run_sync
from .base import Input, Output, Runnable

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RunnableLambda"]


class RunnableLambda(Runnable[Input, Output]):
    """A function of one argument as a step; a coroutine function works from both sides too.

    Parameters
    ----------
    func
        The function.
    afunc
        What to await instead in `ainvoke` and `astream`. By default ``func``, in a thread where it
        is not a coroutine function.
    name
        Its name in the log, by default the function's own.

    Examples
    --------
    >>> from nbstream import RunnableLambda
    >>> RunnableLambda(lambda text: text[::-1]).invoke("abc")
    'cba'
    """

    def __init__(
        self,
        func: Callable[[Any], Any],
        afunc: Callable[[Any], Any] | None = None,
        name: str | None = None,
    ) -> None:
        for function in filter(None, (func, afunc)):
            if not callable(function):
                raise InputError(f"RunnableLambda needs a function, not {function!r:.80}.")
            if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
                raise InputError(
                    f"RunnableLambda got the generator function {_name(function)}. "
                    "Return one value, or subclass Runnable and define _transform()."
                )
        self.func = func
        self.afunc = afunc
        self.name = name

    def __repr__(self) -> str:
        return f"RunnableLambda({_name(self.func)})"

    def get_name(self) -> str:
        """Return the given name, else the function's; ``RunnableLambda`` for a lambda."""
        own = _name(self.func)
        return self.name or (own if own.isidentifier() else "RunnableLambda")

    def _invoke(self, input: Any, **kwargs: Any) -> Any:
        value = self.func(input, **kwargs)
        return run_sync(value) if inspect.iscoroutine(value) else value

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Any:
        function = self.afunc or self.func
        if inspect.iscoroutinefunction(function):
            return await function(input, **kwargs)
        value = await run_in_thread(function, input, **kwargs)
        return await value if inspect.isawaitable(value) else value


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)
