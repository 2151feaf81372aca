"""`RunnableRetry`: further attempts where a step fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._iterate import aclosing, afirst, arest, first, rest
from ._fluent import Input, Output, coerce_to_runnable
from .base import Runnable
from .config import step_config

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from .config import RunnableConfig

__all__ = ["RunnableRetry"]


class RunnableRetry(Runnable[Input, Output]):
    """A step that is tried again where it fails; `with_retry` makes one.

    A stream is tried again until its first chunk has come: what has been passed on cannot be taken
    back. Waiting between attempts is tenacity's.

    Parameters
    ----------
    bound
        The step.
    retry_if_exception_type
        What to try again after.
    wait_exponential_jitter
        Wait longer after each attempt, by a random part; else not at all.
    stop_after_attempt
        Attempts in all; the last one's error is raised.
    exponential_jitter_params
        ``initial`` (1), ``max`` (60), ``exp_base`` (2) and ``jitter`` (1), in seconds.

    Examples
    --------
    >>> from nbstream import RunnableLambda
    >>> tries = iter([OSError("busy"), "done"])
    >>> def ask(_):
    ...     if isinstance(result := next(tries), OSError):
    ...         raise result
    ...     return result
    >>> RunnableLambda(ask).with_retry(wait_exponential_jitter=False).invoke("x")
    'done'
    """

    def __init__(
        self,
        bound: Any,
        *,
        retry_if_exception_type: tuple[type[BaseException], ...] = (Exception,),
        wait_exponential_jitter: bool = True,
        stop_after_attempt: int = 3,
        exponential_jitter_params: Mapping[str, float] | None = None,
    ) -> None:
        if not isinstance(stop_after_attempt, int) or stop_after_attempt < 1:
            raise InputError(
                f"stop_after_attempt must be 1 or more, not {stop_after_attempt!r:.80}: "
                "it is how often to try."
            )
        self.bound = coerce_to_runnable(bound)
        self.retry_if_exception_type = retry_if_exception_type
        self.wait_exponential_jitter = wait_exponential_jitter
        self.stop_after_attempt = stop_after_attempt
        self.exponential_jitter_params = dict(exponential_jitter_params or {})

    def __repr__(self) -> str:
        return f"RunnableRetry({self.bound!r}, stop_after_attempt={self.stop_after_attempt})"

    def get_name(self) -> str:
        """Return the given name, else the step's."""
        return self.name or self.bound.get_name()

    @property
    def model_label(self) -> str | None:
        """The step's."""
        return self.bound.model_label

    def _policy(self) -> dict[str, Any]:
        import tenacity

        policy: dict[str, Any] = {
            "retry": tenacity.retry_if_exception_type(self.retry_if_exception_type),
            "stop": tenacity.stop_after_attempt(self.stop_after_attempt),
            "reraise": True,
        }
        if self.wait_exponential_jitter:
            waits = dict(self.exponential_jitter_params)
            if "initial" in waits:  # LangChain's name for it
                waits["multiplier"] = waits.pop("initial")
            policy["wait"] = tenacity.wait_exponential_jitter(**waits)
        return policy

    @staticmethod
    def _config(attempt: Any) -> RunnableConfig | None:
        number = attempt.retry_state.attempt_number
        return step_config(f"retry:attempt:{number}") if number > 1 else None

    def _invoke(self, input: Any, **kwargs: Any) -> Any:
        from tenacity import Retrying

        for attempt in Retrying(**self._policy()):
            with attempt:
                output = self.bound.invoke(input, self._config(attempt), **kwargs)
            if not attempt.retry_state.outcome.failed:  # type: ignore[union-attr]
                return output
        raise AssertionError("tenacity raises the last error")

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Any:
        from tenacity import AsyncRetrying

        async for attempt in AsyncRetrying(**self._policy()):
            with attempt:
                output = await self.bound.ainvoke(input, self._config(attempt), **kwargs)
            if not attempt.retry_state.outcome.failed:  # type: ignore[union-attr]
                return output
        raise AssertionError("tenacity raises the last error")

    def _stream(self, input: Any, **kwargs: Any) -> Iterator[Any]:
        from tenacity import Retrying

        for attempt in Retrying(**self._policy()):
            with attempt:
                stream = self.bound.stream(input, self._config(attempt), **kwargs)
                begun = first(stream)
            if not attempt.retry_state.outcome.failed:  # type: ignore[union-attr]
                yield from rest(stream, begun)
                return

    async def _astream(self, input: Any, **kwargs: Any) -> AsyncIterator[Any]:
        from tenacity import AsyncRetrying

        async for attempt in AsyncRetrying(**self._policy()):
            with attempt:
                stream = self.bound.astream(input, self._config(attempt), **kwargs)
                begun = await afirst(stream)
            if not attempt.retry_state.outcome.failed:  # type: ignore[union-attr]
                async with aclosing(arest(stream, begun)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
