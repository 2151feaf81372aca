"""`RunnableWithFallbacks`: another step where one fails."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._iterate import aclosing, afirst, arest, first, rest
from .._shown import brief, listed
from ._fluent import Input, Output, coerce_to_runnable
from .base import Runnable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

__all__ = ["RunnableWithFallbacks"]


class RunnableWithFallbacks(Runnable[Input, Output]):
    """A step, and others to try in turn where it fails; `with_fallbacks` makes one.

    A stream falls back until its first chunk has come: what has been passed on cannot be taken
    back. Where all fail, the first one's error is raised.

    Parameters
    ----------
    runnable
        The step.
    fallbacks
        What to try then, in order.
    exceptions_to_handle
        What to fall back after; other errors are raised at once.
    exception_key
        Where set, inputs are dicts and a fallback finds the error under this key.

    Examples
    --------
    >>> from nbstream import ScriptedChat
    >>> model = ScriptedChat([OSError("down")]).with_fallbacks([ScriptedChat(["Hello"])])
    >>> model.invoke("x").content
    'Hello'
    """

    def __init__(
        self,
        runnable: Any,
        fallbacks: Sequence[Any],
        *,
        exceptions_to_handle: tuple[type[BaseException], ...] = (Exception,),
        exception_key: str | None = None,
    ) -> None:
        self.runnable = coerce_to_runnable(runnable)
        self.fallbacks = [
            coerce_to_runnable(step) for step in listed(fallbacks, "with_fallbacks", "steps")
        ]
        self.exceptions_to_handle = exceptions_to_handle
        self.exception_key = exception_key

    def __repr__(self) -> str:
        return f"RunnableWithFallbacks({self.runnable!r}, {len(self.fallbacks)} more)"

    def __getattr__(self, name: str) -> Any:
        """Return what only the steps have: their tools are bound, their values those of the first.

        A method that makes a step makes one of each, as ``bind_tools`` does.
        """
        if name.startswith("_") or name == "runnable":
            raise AttributeError(name)
        own = getattr(self.runnable, name)
        if not inspect.ismethod(own):
            return own

        @wraps(own)
        def each(*args: Any, **kwargs: Any) -> Any:
            first = own(*args, **kwargs)
            if not isinstance(first, Runnable):
                return first
            return RunnableWithFallbacks(
                first,
                [getattr(step, name)(*args, **kwargs) for step in self.fallbacks],
                exceptions_to_handle=self.exceptions_to_handle,
                exception_key=self.exception_key,
            )

        return each

    @property
    def model_label(self) -> str | None:
        """The first step's."""
        return self.runnable.model_label

    @property
    def runnables(self) -> list[Runnable[Any, Any]]:
        """The step and its fallbacks, in the order they are tried."""
        return [self.runnable, *self.fallbacks]

    def _attempts(self, input: Any) -> Iterator[tuple[Runnable[Any, Any], Any, list[Any]]]:
        """Yield each step to try, its input, and a list for its error."""
        if self.exception_key is not None and not isinstance(input, dict):
            raise InputError(
                f"With exception_key, the input must be a dict, not {brief(input)}. "
                "Pass one, or leave exception_key out."
            )
        errors: list[BaseException] = []
        for step in self.runnables:
            told = {self.exception_key: errors[-1]} if self.exception_key and errors else None
            yield step, {**input, **told} if told else input, errors
        raise errors[0]

    def _invoke(self, input: Any, **kwargs: Any) -> Any:
        for step, given, errors in self._attempts(input):
            try:
                return step.invoke(given, **kwargs)
            except self.exceptions_to_handle as error:
                errors.append(error)
        raise AssertionError("the first error was raised")

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Any:
        for step, given, errors in self._attempts(input):
            try:
                return await step.ainvoke(given, **kwargs)
            except self.exceptions_to_handle as error:
                errors.append(error)
        raise AssertionError("the first error was raised")

    def _stream(self, input: Any, **kwargs: Any) -> Iterator[Any]:
        for step, given, errors in self._attempts(input):
            stream = step.stream(given, **kwargs)
            try:
                begun = first(stream)
            except self.exceptions_to_handle as error:
                errors.append(error)
                continue
            yield from rest(stream, begun)
            return

    async def _astream(self, input: Any, **kwargs: Any) -> AsyncIterator[Any]:
        for step, given, errors in self._attempts(input):
            stream = step.astream(given, **kwargs)
            try:
                begun = await afirst(stream)
            except self.exceptions_to_handle as error:
                errors.append(error)
                continue
            async with aclosing(arest(stream, begun)) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
