"""Steps around one other step: with arguments bound, or for each item of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, cast

from .._shown import listed
from ._fluent import Input, Output, coerce_to_runnable
from .base import Runnable
from .config import RunnableConfig, checked, merge_configs, one_each

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

__all__ = ["RunnableBinding", "RunnableEach"]


class RunnableBinding(Runnable[Input, Output]):
    """A step with arguments and a config that each call gets; `bind` and `with_config` make one.

    In the log there is only the step itself.

    Parameters
    ----------
    bound
        The step.
    kwargs
        Arguments for each call; those of the call itself come on top.
    config
        For each call; that of the call itself comes on top, and tags and metadata add up.

    Examples
    --------
    >>> from nbstream import RunnableLambda, Trace
    >>> step = RunnableLambda(lambda x, times=1: x * times).bind(times=3)
    >>> step.invoke("ha")
    'hahaha'
    >>> with Trace() as trace:
    ...     _ = step.with_config(run_name="laugh").invoke("ha")
    >>> trace.runs[0].name
    'laugh'
    """

    def __init__(
        self,
        bound: Any,
        kwargs: Mapping[str, Any] | None = None,
        config: RunnableConfig | None = None,
    ) -> None:
        self.bound: Runnable[Any, Output] = coerce_to_runnable(bound)
        self.kwargs = dict(kwargs or {})
        self.config: RunnableConfig = merge_configs(config)
        if isinstance(self.bound, RunnableBinding):
            self.kwargs = {**self.bound.kwargs, **self.kwargs}
            self.config = merge_configs(self.bound.config, self.config)
            self.bound = self.bound.bound

    def __repr__(self) -> str:
        parts = [
            repr(self.bound),
            *(f"{name}={value!r:.80}" for name, value in self.kwargs.items()),
        ]
        if self.config:
            parts.append(f"config={self.config!r}")
        return f"RunnableBinding({', '.join(parts)})"

    def __getattr__(self, name: str) -> Any:
        # What only the step itself has: a model's bind_tools, a prompt's partial.
        if name.startswith("_") or name == "bound":
            raise AttributeError(name)
        return getattr(self.bound, name)

    def get_name(self) -> str:
        """Return the name each call gets."""
        return self.config.get("run_name") or self.bound.get_name()

    @property
    def model_label(self) -> str | None:
        """The step's."""
        return self.bound.model_label

    def with_config(
        self, config: RunnableConfig | None = None, **kwargs: Any
    ) -> RunnableBinding[Input, Output]:
        """Return the step with this config as well; of two values for a key, the later counts."""
        merged = cast("RunnableConfig", {**self.config, **checked(config), **kwargs})
        return RunnableBinding(self.bound, kwargs=self.kwargs, config=merged)

    def _both(
        self, config: RunnableConfig | None, kwargs: dict[str, Any]
    ) -> tuple[RunnableConfig | None, dict[str, Any]]:
        merged = merge_configs(self.config, config) if self.config else config
        return merged, {**self.kwargs, **kwargs}

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Output:
        """Call the step."""
        config, kwargs = self._both(config, kwargs)
        return self.bound.invoke(input, config, **kwargs)

    async def ainvoke(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Output:
        """Do what `invoke` does, without blocking the event loop."""
        config, kwargs = self._both(config, kwargs)
        return await self.bound.ainvoke(input, config, **kwargs)

    def stream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Output]:
        """Stream the step."""
        config, kwargs = self._both(config, kwargs)
        return self.bound.stream(input, config, **kwargs)

    def astream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Output]:
        """Do what `stream` does, as an async iterator."""
        config, kwargs = self._both(config, kwargs)
        return self.bound.astream(input, config, **kwargs)

    def transform(
        self, input: Iterator[Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> Iterator[Output]:
        """Stream a stream through the step."""
        config, kwargs = self._both(config, kwargs)
        return self.bound.transform(input, config, **kwargs)

    def atransform(
        self, input: AsyncIterator[Any], config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Output]:
        """Do what `transform` does, asynchronously."""
        config, kwargs = self._both(config, kwargs)
        return self.bound.atransform(input, config, **kwargs)

    def batch(
        self,
        inputs: Sequence[Any],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        """Invoke the step with several inputs."""
        each = self._each(config, inputs)
        if not self.bound._has_own("batch"):
            return super().batch(inputs, each, return_exceptions=return_exceptions, **kwargs)
        kwargs = {**self.kwargs, **kwargs}
        return self.bound.batch(inputs, each, return_exceptions=return_exceptions, **kwargs)

    def _is_model(self) -> bool:
        return self.bound._is_model()

    def _has_own(self, name: str) -> bool:
        return self.bound._has_own(name)

    async def abatch(
        self,
        inputs: Sequence[Any],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Output]:
        """Do what `batch` does with tasks instead of threads."""
        each = self._each(config, inputs)
        if not self.bound._has_own("abatch"):
            return await super().abatch(inputs, each, return_exceptions=return_exceptions, **kwargs)
        kwargs = {**self.kwargs, **kwargs}
        return await self.bound.abatch(inputs, each, return_exceptions=return_exceptions, **kwargs)

    def batch_as_completed(
        self,
        inputs: Sequence[Any],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> Iterator[tuple[int, Output | Exception]]:
        """Do what `batch` does, yielding ``(index, output)`` as each call ends."""
        return super().batch_as_completed(
            inputs, self._each(config, inputs), return_exceptions=return_exceptions, **kwargs
        )

    def abatch_as_completed(
        self,
        inputs: Sequence[Any],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> AsyncIterator[tuple[int, Output | Exception]]:
        """Do what `batch_as_completed` does with tasks instead of threads."""
        return super().abatch_as_completed(
            inputs, self._each(config, inputs), return_exceptions=return_exceptions, **kwargs
        )

    def _each(self, config: Any, inputs: Sequence[Any]) -> list[RunnableConfig]:
        # A bound max_concurrency has to be seen by the batch itself.
        return [merge_configs(self.config, one) for one in one_each(config, len(inputs))]


class RunnableEach(Runnable["Sequence[Input]", "list[Output]"], Generic[Input, Output]):
    """A step called with each item of a list, side by side; `map` makes one.

    Examples
    --------
    >>> from nbstream import RunnableLambda
    >>> RunnableLambda(str.upper).map().invoke(["a", "b"])
    ['A', 'B']
    """

    def __init__(self, bound: Any) -> None:
        self.bound = coerce_to_runnable(bound)

    def __repr__(self) -> str:
        return f"RunnableEach({self.bound!r})"

    def get_name(self) -> str:
        """Return the given name, else one with the step's in it."""
        return self.name or f"RunnableEach<{self.bound.get_name()}>"

    @property
    def model_label(self) -> str | None:
        """The step's."""
        return self.bound.model_label

    def _invoke(self, input: Any, **kwargs: Any) -> list[Any]:
        return self.bound.batch(listed(input, "map", "inputs"), **kwargs)

    async def _ainvoke(self, input: Any, **kwargs: Any) -> list[Any]:
        return await self.bound.abatch(listed(input, "map", "inputs"), **kwargs)
