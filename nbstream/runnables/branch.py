"""`RunnableBranch`: one of several steps, by what the input is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from .._exceptions import InputError
from .._iterate import aclosing
from .._shown import brief
from ..events._chunks import add_chunks
from ._fluent import Input, Other, Output, coerce_to_runnable
from .base import Runnable
from .config import step_config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = ["RunnableBranch"]


class RunnableBranch(Runnable[Input, Output]):
    """The first step whose condition holds for the input; else the default, which comes last.

    Parameters
    ----------
    *branches
        ``(condition, step)`` pairs, then the default step.

    Raises
    ------
    InputError
        If there is no pair or no default.

    Examples
    --------
    >>> from nbstream import RunnableBranch
    >>> size = RunnableBranch((lambda x: x > 9, lambda x: "big"), lambda x: "small")
    >>> size.batch([3, 30])
    ['small', 'big']
    """

    @overload
    def __init__(
        self: RunnableBranch[Any, Other],
        *branches: tuple[Any, Runnable[Any, Other]] | Runnable[Any, Other],
    ) -> None: ...
    @overload
    def __init__(self: RunnableBranch[Any, Any], *branches: Any) -> None: ...
    def __init__(self, *branches: Any) -> None:
        *pairs, default = branches or (None,)
        if not pairs or isinstance(default, (tuple, list)):
            raise InputError(
                "RunnableBranch needs (condition, step) pairs and, last, a default step: "
                "RunnableBranch((condition, step), default)."
            )
        for pair in pairs:
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise InputError(
                    f"A branch is a (condition, step) pair, not {brief(pair)}. "
                    "Write RunnableBranch((condition, step), default)."
                )
        self.branches = [
            (coerce_to_runnable(condition), coerce_to_runnable(step)) for condition, step in pairs
        ]
        self.default = coerce_to_runnable(default)

    def __repr__(self) -> str:
        return f"RunnableBranch({len(self.branches)} conditions)"

    def _choose(self, input: Any) -> tuple[Runnable[Any, Any], str]:
        for number, (condition, step) in enumerate(self.branches, 1):
            if condition.invoke(input, step_config(f"condition:{number}")):
                return step, f"branch:{number}"
        return self.default, "branch:default"

    async def _achoose(self, input: Any) -> tuple[Runnable[Any, Any], str]:
        for number, (condition, step) in enumerate(self.branches, 1):
            if await condition.ainvoke(input, step_config(f"condition:{number}")):
                return step, f"branch:{number}"
        return self.default, "branch:default"

    def _invoke(self, input: Any, **kwargs: Any) -> Any:
        step, tag = self._choose(input)
        return step.invoke(input, step_config(tag), **kwargs)

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Any:
        step, tag = await self._achoose(input)
        return await step.ainvoke(input, step_config(tag), **kwargs)

    def _transform(self, input: Iterator[Any], **kwargs: Any) -> Iterator[Any]:
        whole = add_chunks(list(input))
        step, tag = self._choose(whole)
        yield from step.stream(whole, step_config(tag), **kwargs)

    async def _atransform(self, input: AsyncIterator[Any], **kwargs: Any) -> AsyncIterator[Any]:
        whole = add_chunks([chunk async for chunk in input])
        step, tag = await self._achoose(whole)
        async with aclosing(step.astream(whole, step_config(tag), **kwargs)) as stream:
            async for chunk in stream:
                yield chunk
