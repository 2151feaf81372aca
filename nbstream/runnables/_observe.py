"""How a step's call is logged: written once, for all of them."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .._iterate import END, afirst, first
from ..events._callbacks import listen
from ..events._follow import afollow, follow, inside
from ..events._scope import Scope, current_scope
from .config import inner_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from .base import Runnable
    from .config import RunnableConfig

__all__ = ["aobserve", "enter", "observe"]

T = TypeVar("T")


def enter(
    step: Runnable[Any, Any],
    scope: Scope | None,
    input: Any,
    config: RunnableConfig | None,
    streamed_input: list[Any] | None = None,
    *,
    kwargs: dict[str, Any] | None = None,
    is_async: bool = False,
) -> Scope:
    """Log that a step begins; return the scope of what it calls."""
    inner = inner_scope(scope, config)
    if config and config.get("callbacks"):
        inner, heard = listen(inner, config, is_async=is_async)
        config = cast("RunnableConfig", heard)
    if inner.trace is None:
        return inner
    named: dict[str, Any] = dict(config or {})
    place = named.get("step_tag")
    run = inner.trace.start(
        named.get("run_name") or step.get_name(),
        step.run_type,
        input,
        parent=inner.run,
        tags=inner.tags if place is None else _placed(place, inner.tags, named.get("tags")),
        metadata=inner.metadata,
        run_id=named.get("run_id"),
        model=step.model_label,
        streamed_input=streamed_input,
        again=(step, kwargs or {}) if step.run_type == "chat_model" else None,
    )
    return inner._replace(run=run, is_told=False)  # what a step of ours calls, only it tells


def _settings(source: Any) -> dict[str, Any]:
    """Return what a step was called with beside its input."""
    return dict(getattr(source, "keywords", None) or {})


def _placed(place: str, tags: tuple[str, ...], given: Any) -> list[str]:
    # LangChain's order: the place in the chain, then the rest, sorted where two sources meet.
    return [place, *(sorted(tags) if given else tags)]


def observe(
    step: Runnable[Any, Any],
    input: Any,
    config: RunnableConfig | None,
    source: Callable[..., Iterator[T]],
    upstream: Iterator[Any] | None = None,
    *,
    is_single: bool = False,
) -> Iterator[T]:
    """Stream from ``source``, logged as a run of ``step`` if somebody listens.

    The caller's scope is taken now, since a chain asks for its steps' streams inside its own run; a
    stream asked for outside of any (and then handed to `show`, say) belongs to where it is
    consumed.
    """
    begin = partial(_begin, step, input, config, source, upstream)
    return follow(begin, is_single=is_single, is_whole=step._logs_whole, asked_in=current_scope())


def _begin(
    step: Runnable[Any, Any],
    input: Any,
    config: RunnableConfig | None,
    source: Callable[..., Iterator[T]],
    upstream: Iterator[Any] | None,
    scope: Scope | None,
) -> tuple[Scope | None, Iterator[T]]:
    scope = scope or current_scope()
    if scope is None and not config:
        return None, source() if upstream is None else source(upstream)
    taken: list[Any] | None = None
    if upstream is not None:
        taken = []
        # The step before this one is to start first, and it does when its first chunk is asked
        # for; if that fails, this step never ran.
        upstream = _note(upstream, taken)
        begun = first(upstream)
        upstream = upstream if begun is END else chain((begun,), upstream)
        source = partial(source, upstream)
    inner = enter(step, scope, input, config, taken, kwargs=_settings(source))
    with inside(inner):
        return inner, source()


def aobserve(
    step: Runnable[Any, Any],
    input: Any,
    config: RunnableConfig | None,
    source: Callable[..., AsyncIterator[T]],
    upstream: AsyncIterator[Any] | None = None,
    *,
    is_single: bool = False,
) -> AsyncIterator[T]:
    """Do what `observe` does, for an async iterator."""
    begin = partial(_abegin, step, input, config, source, upstream)
    return afollow(begin, is_single=is_single, is_whole=step._logs_whole, asked_in=current_scope())


async def _abegin(
    step: Runnable[Any, Any],
    input: Any,
    config: RunnableConfig | None,
    source: Callable[..., AsyncIterator[T]],
    upstream: AsyncIterator[Any] | None,
    scope: Scope | None,
) -> tuple[Scope | None, AsyncIterator[T]]:
    scope = scope or current_scope()
    if scope is None and not config:
        return None, source() if upstream is None else source(upstream)
    taken: list[Any] | None = None
    if upstream is not None:
        taken = []
        begun = await afirst(upstream)
        source = partial(source, _anote(begun, upstream, taken))
    inner = enter(step, scope, input, config, taken, kwargs=_settings(source), is_async=True)
    with inside(inner):
        return inner, source()


def _note(source: Iterator[T], taken: list[T]) -> Iterator[T]:
    for item in source:
        taken.append(item)
        yield item


async def _anote(begun: T, source: AsyncIterator[T], taken: list[T]) -> AsyncIterator[T]:
    if begun is END:
        return
    taken.append(begun)
    yield begun
    async for item in source:
        taken.append(item)
        yield item
