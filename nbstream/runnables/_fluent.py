"""Making new steps of one: ``|`` and the methods that return a step.

Such a step is made of other classes that are steps themselves. That circle is the interface's own,
and this is the one place where it closes: the package is named here, and its classes are looked up
when a step is made.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast, overload

from .. import runnables as made
from .._exceptions import InputError
from .._shown import brief
from ._functions import is_generator_function
from ._listeners import Listeners
from .config import checked

Input = TypeVar("Input", contravariant=True)
Output = TypeVar("Output", covariant=True)
Other = TypeVar("Other")

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence

    from .base import Runnable
    from .binding import RunnableBinding, RunnableEach
    from .config import RunnableConfig
    from .fallbacks import RunnableWithFallbacks
    from .retry import RunnableRetry
    from .sequence import RunnableSequence

    class Configured(Protocol[Output]):
        """A function that asks for the config."""

        def __call__(self, input: Any, /, config: Any) -> Output: ...


__all__ = ["Fluent", "Input", "Other", "Output", "coerce_to_runnable", "is_langchains"]


class Fluent(Generic[Input, Output]):
    """What makes a new step of this one."""

    # A function's value is what its step gives: awaited, or yielded one by one, or what a Runnable
    # that it returns gives in turn.

    @overload
    def __or__(self, other: Runnable[Any, Other]) -> RunnableSequence[Input, Other]: ...
    @overload
    def __or__(self, other: Mapping[str, Any]) -> RunnableSequence[Input, dict[str, Any]]: ...
    @overload
    def __or__(
        self, other: Callable[[Output], Runnable[Any, Other]]
    ) -> RunnableSequence[Input, Other]: ...
    @overload
    def __or__(
        self, other: Callable[[Output], Awaitable[Other]]
    ) -> RunnableSequence[Input, Other]: ...
    @overload
    def __or__(
        self, other: Callable[[AsyncIterator[Any]], AsyncIterator[Other]]
    ) -> RunnableSequence[Input, Other]: ...
    @overload
    def __or__(
        self, other: Callable[[Iterator[Any]], Iterator[Other]]
    ) -> RunnableSequence[Input, Other]: ...
    @overload
    def __or__(self, other: Callable[[Output], Other]) -> RunnableSequence[Input, Other]: ...
    @overload
    def __or__(self, other: Configured[Runnable[Any, Other]]) -> RunnableSequence[Input, Other]: ...
    @overload
    def __or__(self, other: Configured[Awaitable[Other]]) -> RunnableSequence[Input, Other]: ...
    @overload
    def __or__(self, other: Configured[AsyncIterator[Other]]) -> RunnableSequence[Input, Other]: ...
    @overload
    def __or__(self, other: Configured[Iterator[Other]]) -> RunnableSequence[Input, Other]: ...
    @overload
    def __or__(self, other: Configured[Other]) -> RunnableSequence[Input, Other]: ...
    def __or__(self, other: Any) -> RunnableSequence[Input, Any]:
        return made.RunnableSequence(self, other)

    @overload
    def __ror__(self, other: Mapping[str, Any]) -> RunnableSequence[Any, Output]: ...
    @overload
    def __ror__(
        self, other: Callable[[AsyncIterator[Other]], AsyncIterator[Any]]
    ) -> RunnableSequence[Other, Output]: ...
    @overload
    def __ror__(
        self, other: Callable[[Iterator[Other]], Iterator[Any]]
    ) -> RunnableSequence[Other, Output]: ...
    @overload
    def __ror__(self, other: Callable[[Other], Any]) -> RunnableSequence[Other, Output]: ...
    @overload
    def __ror__(self, other: Configured[Any]) -> RunnableSequence[Any, Output]: ...
    def __ror__(self, other: Any) -> RunnableSequence[Any, Output]:
        return made.RunnableSequence(other, self)

    @overload
    def pipe(
        self, last: Runnable[Any, Other], /, *, name: str | None = None
    ) -> RunnableSequence[Input, Other]: ...
    @overload
    def pipe(
        self, second: Any, last: Runnable[Any, Other], /, *, name: str | None = None
    ) -> RunnableSequence[Input, Other]: ...
    @overload
    def pipe(self, *others: Any, name: str | None = None) -> RunnableSequence[Input, Any]: ...
    def pipe(self, *others: Any, name: str | None = None) -> RunnableSequence[Input, Any]:
        """Put steps behind this one, as ``|`` does."""
        return made.RunnableSequence(self, *others, name=name)

    def bind(self, **kwargs: Any) -> RunnableBinding[Input, Output]:
        """Return this step with arguments that each call gets."""
        return made.RunnableBinding(self, kwargs=kwargs)

    def with_config(
        self, config: RunnableConfig | None = None, **kwargs: Any
    ) -> RunnableBinding[Input, Output]:
        """Return this step with a config that each call gets, in either form of writing it."""
        merged = checked(cast("RunnableConfig", {**checked(config), **kwargs}))
        return made.RunnableBinding(self, config=merged)

    def with_retry(
        self,
        *,
        retry_if_exception_type: tuple[type[BaseException], ...] = (Exception,),
        wait_exponential_jitter: bool = True,
        stop_after_attempt: int = 3,
        exponential_jitter_params: Mapping[str, float] | None = None,
    ) -> RunnableRetry[Input, Output]:
        """Return this step with further attempts where it fails; see `RunnableRetry`."""
        return made.RunnableRetry(
            self,
            retry_if_exception_type=retry_if_exception_type,
            wait_exponential_jitter=wait_exponential_jitter,
            stop_after_attempt=stop_after_attempt,
            exponential_jitter_params=exponential_jitter_params,
        )

    def with_fallbacks(
        self,
        fallbacks: Sequence[Any],
        *,
        exceptions_to_handle: tuple[type[BaseException], ...] = (Exception,),
        exception_key: str | None = None,
    ) -> RunnableWithFallbacks[Input, Output]:
        """Return this step with others to try where it fails; see `RunnableWithFallbacks`."""
        return made.RunnableWithFallbacks(
            self,
            fallbacks,
            exceptions_to_handle=exceptions_to_handle,
            exception_key=exception_key,
        )

    def with_listeners(
        self,
        *,
        on_start: Callable[..., Any] | None = None,
        on_end: Callable[..., Any] | None = None,
        on_error: Callable[..., Any] | None = None,
    ) -> RunnableBinding[Input, Output]:
        """Return this step with functions that are called when a run of it begins and ends.

        Parameters
        ----------
        on_start, on_end, on_error
            Each gets the run: its ``id``, ``name``, ``inputs``, ``outputs``, ``error``,
            ``start_time``, ``end_time``, ``tags`` and ``metadata``; and the config, where it takes
            two arguments. What one raises harms nobody.

        Examples
        --------
        >>> from nbstream import RunnableLambda
        >>> step = RunnableLambda(len).with_listeners(on_end=lambda run: print(run.outputs))
        >>> step.invoke("fish")
        {'output': 4}
        4
        """
        heard = Listeners(on_start, on_end, on_error)
        return made.RunnableBinding(self, config={"callbacks": [heard]})

    def with_alisteners(self, **functions: Any) -> RunnableBinding[Input, Output]:
        """Do what `with_listeners` does, for coroutine functions."""
        return self.with_listeners(**functions)

    def map(self) -> RunnableEach[Input, Output]:
        """Return a step that takes a list and calls this one with each item."""
        return made.RunnableEach(self)

    def assign(self, **steps: Any) -> RunnableSequence[Input, dict[str, Any]]:
        """Add keys to this step's dict, each from a step that gets the dict."""
        return self | made.RunnableAssign(steps)

    def pick(self, keys: str | list[str]) -> RunnableSequence[Input, Any]:
        """Take one key's value out of this step's dict, or a dict of some keys."""
        return self | made.RunnablePick(keys)


def coerce_to_runnable(thing: Any) -> Runnable[Any, Any]:
    """Make a step of whatever can be one.

    A Runnable stays as it is, a dict becomes a `RunnableParallel`, a generator function a
    `RunnableGenerator`, another function a `RunnableLambda`, a runnable of LangChain's a step that
    calls it.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if isinstance(thing, made.Runnable):
        return thing
    if isinstance(thing, dict):
        return made.RunnableParallel(thing)
    if is_langchains(thing):
        # Above this room, and needed by few programs.
        step: Runnable[Any, Any] = import_module("nbstream.sources._step").LangChainStep(thing)
        return step
    if is_generator_function(thing):
        return made.RunnableGenerator(thing)
    if callable(thing):
        return made.RunnableLambda(thing)
    raise InputError(
        f"A chain cannot hold {brief(thing)}. "
        "Join Runnables, functions and dicts of those, as in: prompt | model | StrOutputParser()."
    )


def is_langchains(thing: Any) -> bool:
    """Tell whether this is a runnable of LangChain's."""
    module = sys.modules.get("langchain_core.runnables.base")
    return module is not None and isinstance(thing, module.Runnable)
