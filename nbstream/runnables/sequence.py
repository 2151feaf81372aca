"""`RunnableSequence`: steps in a row, streamed through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from .._exceptions import InputError
from .._iterate import arest, rest
from .._shown import listed
from ._abreast import Abreast
from ._deep import CHECKED_EVERY, afresh, fresh, is_deep
from ._fluent import Input, Output, coerce_to_runnable
from .base import Runnable, _aiter_of
from .config import step_config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from .config import RunnableConfig

__all__ = ["RunnableSequence"]


class RunnableSequence(Runnable[Input, Output]):
    """Steps in a row: each one's output is the next one's input. ``a | b | c`` makes one.

    Streaming flows through: a step that can work on a stream does, one that cannot waits for the
    whole. Nested sequences become one flat row. Arguments of a call go to the first step.

    Parameters
    ----------
    *steps
        At least two steps, or things that `coerce_to_runnable` makes into some.
    name
        Its name in the log; by default ``RunnableSequence``.

    Raises
    ------
    InputError
        If there are fewer than two steps, or one that cannot be one.

    Examples
    --------
    >>> from nbstream import ChatPromptTemplate, ScriptedChat, StrOutputParser
    >>> prompt = ChatPromptTemplate.from_template("A word about {topic}")
    >>> chain = prompt | ScriptedChat(["Round", " and", " bright"]) | StrOutputParser()
    >>> list(chain.stream({"topic": "the moon"}))
    ['Round', ' and', ' bright']
    """

    @overload
    def __init__(
        self,
        first: Runnable[Input, Any],
        last: Runnable[Any, Output],
        /,
        *,
        name: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        first: Runnable[Input, Any],
        second: Any,
        last: Runnable[Any, Output],
        /,
        *,
        name: str | None = None,
    ) -> None: ...
    @overload
    def __init__(
        self: RunnableSequence[Any, Any], *steps: Any, name: str | None = None
    ) -> None: ...
    def __init__(self, *steps: Any, name: str | None = None) -> None:
        self.steps: list[Runnable[Any, Any]] = []
        for step in map(coerce_to_runnable, steps):
            flat = isinstance(step, RunnableSequence) and step.name is None
            self.steps += step.steps if flat else [step]  # type: ignore[attr-defined]
        if len(self.steps) < 2:
            raise InputError(
                f"A sequence needs at least two steps, not {len(self.steps)}. "
                "Join them with |, as in: prompt | model."
            )
        self.name = name
        self._tags = [f"seq:step:{i}" for i in range(1, len(self.steps) + 1)]

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.steps))

    @property
    def first(self) -> Runnable[Any, Any]:
        """The first step."""
        return self.steps[0]

    @property
    def last(self) -> Runnable[Any, Any]:
        """The last step."""
        return self.steps[-1]

    @property
    def model_label(self) -> str | None:
        """The model's, where the chain has one."""
        return next(filter(None, (step.model_label for step in self.steps)), None)

    def _invoke(self, input: Any, **kwargs: Any) -> Any:
        value = input
        for step, tag in zip(self.steps, self._tags, strict=True):
            value = step.invoke(value, step_config(tag), **kwargs)
            kwargs = {}
        return value

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Any:
        value = input
        for step, tag in zip(self.steps, self._tags, strict=True):
            value = await step.ainvoke(value, step_config(tag), **kwargs)
            kwargs = {}
        return value

    # In a batch every input goes its own way, which is fastest; but a step that does several at
    # once in a way of its own gets them all.

    def batch(
        self,
        inputs: Sequence[Any],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        """Invoke several inputs in parallel; a step with a `batch` of its own gets all at once."""
        if not self._has_own("batch"):
            return super().batch(inputs, config, return_exceptions=return_exceptions, **kwargs)
        abreast = Abreast(self, listed(inputs, "batch", "inputs"), config, return_exceptions)
        kwargs["return_exceptions"] = return_exceptions
        with abreast.logged():
            for step, tag in zip(self.steps, self._tags, strict=True):
                values, configs = abreast.given(tag)
                if values:
                    abreast.take(step, step.batch(values, configs, **kwargs))
                kwargs = {"return_exceptions": return_exceptions}
        return abreast.values

    async def abatch(
        self,
        inputs: Sequence[Any],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        """Do what `batch` does with tasks instead of threads."""
        if not self._has_own("abatch"):
            return await super().abatch(
                inputs, config, return_exceptions=return_exceptions, **kwargs
            )
        inputs = listed(inputs, "abatch", "inputs")
        abreast = Abreast(self, inputs, config, return_exceptions, is_async=True)
        kwargs["return_exceptions"] = return_exceptions
        try:
            with abreast.logged():
                for step, tag in zip(self.steps, self._tags, strict=True):
                    values, configs = abreast.given(tag)
                    if values:
                        abreast.take(step, await step.abatch(values, configs, **kwargs))
                    kwargs = {"return_exceptions": return_exceptions}
        finally:
            await abreast.settle()
        return abreast.values

    def _has_own(self, name: str) -> bool:
        return any(step._has_own(name) for step in self.steps)

    # A stream of one input, too, goes through as a stream: a first step that works on streams
    # begins before the whole of a long input is there.

    def _stream(self, input: Any, **kwargs: Any) -> Iterator[Any]:
        return self._transform(iter((input,)), **kwargs)

    def _astream(self, input: Any, **kwargs: Any) -> AsyncIterator[Any]:
        return self._atransform(_aiter_of(input), **kwargs)

    def _transform(self, input: Iterator[Any], **kwargs: Any) -> Iterator[Any]:
        streams = [input]
        for number, (step, tag) in enumerate(zip(self.steps, self._tags, strict=True), 1):
            streams.append(step.transform(streams[-1], step_config(tag), **kwargs))
            if number % CHECKED_EVERY == 0:
                streams.append(fresh(streams[-1]))
            kwargs = {}
        _, *others, last = streams
        return rest(fresh(last) if is_deep() else last, also=others[::-1])

    def _atransform(self, input: AsyncIterator[Any], **kwargs: Any) -> AsyncIterator[Any]:
        streams = [input]
        for number, (step, tag) in enumerate(zip(self.steps, self._tags, strict=True), 1):
            streams.append(step.atransform(streams[-1], step_config(tag), **kwargs))
            if number % CHECKED_EVERY == 0:
                streams.append(afresh(streams[-1]))
            kwargs = {}
        _, *others, last = streams
        return arest(afresh(last) if is_deep() else last, also=others[::-1])
