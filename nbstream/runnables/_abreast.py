"""Several inputs through a chain abreast: each step gets all of them, in its own `batch`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief
from ..events._scope import current_scope
from ._observe import enter
from .config import one_each

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .base import Runnable

__all__ = ["Abreast"]


class Abreast:
    """The inputs on their way: each is a run of the chain, and what failed goes no further.

    Parameters
    ----------
    chain
        The chain they go through.
    inputs, config, return_exceptions
        As for `Runnable.batch`.
    is_async
        Whether it is `Runnable.abatch`.
    """

    def __init__(
        self,
        chain: Runnable[Any, Any],
        inputs: list[Any],
        config: Any,
        return_exceptions: bool,
        *,
        is_async: bool = False,
    ) -> None:
        scope = current_scope()
        configs = one_each(config, len(inputs))
        self.values = inputs
        self.failed: dict[int, Exception] = {}
        self.return_exceptions = return_exceptions
        self._scopes = [
            enter(chain, scope, item, one, is_async=is_async)
            for item, one in zip(inputs, configs, strict=True)
        ]

    @property
    def _left(self) -> list[int]:
        return [at for at in range(len(self.values)) if at not in self.failed]

    def given(self, tag: str) -> tuple[list[Any], list[Any]]:
        """Return what the next step gets: the values that are left, and a config for each."""
        configs = [
            {
                **scope.settings,
                "tags": list(scope.tags),
                "metadata": dict(scope.metadata),
                "step_tag": tag,
                "step_scope": scope,
            }
            for scope in map(self._scopes.__getitem__, self._left)
        ]
        return [self.values[at] for at in self._left], configs

    def take(self, step: Runnable[Any, Any], outputs: Any) -> None:
        """Take what a step gave for them."""
        left = self._left
        if not isinstance(outputs, (list, tuple)) or len(outputs) != len(left):
            raise InputError(
                f"batch() of {step!r:.80} gave {brief(outputs)} for {len(left)} inputs. "
                "It must return a list with an output for each."
            )
        values = list(self.values)
        for at, output in zip(left, outputs, strict=True):
            values[at] = output
            if self.return_exceptions and isinstance(output, Exception):
                self.failed[at] = output
        self.values = values

    @contextmanager
    def logged(self) -> Iterator[None]:
        """Log how each run ends."""
        try:
            yield
        except BaseException as error:
            for scope in self._scopes:
                if scope.trace is not None and scope.run is not None:
                    scope.trace.fail(scope.run, error)
            if not (self.return_exceptions and isinstance(error, Exception)):
                raise
            self.values = [error for _ in self.values]
            return
        for at, scope in enumerate(self._scopes):
            if scope.trace is not None and scope.run is not None:
                if at in self.failed:
                    scope.trace.fail(scope.run, self.failed[at])
                else:
                    scope.trace.log("end", scope.run, self.values[at])

    async def settle(self) -> None:
        """Wait for the handlers that work in this loop, as `Log.settle` does."""
        for scope in self._scopes:
            if scope.trace is not None and scope.trace.settle is not None:
                await scope.trace.settle()
