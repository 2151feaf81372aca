"""From what a library hands out to the items in it: it is often not yet an iterator."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._iterate import aclose, close
from .._shown import brief
from ._base import top_module

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

__all__ = ["KNOWN", "aclose_all", "aitems_of", "can_be_opened", "is_async", "is_lent", "items_of"]

KNOWN = frozenset(
    [
        "agents",
        "anthropic",
        "chatlas",
        "claude_agent_sdk",
        "cohere",
        "dspy",
        "google",
        "groq",
        "huggingface_hub",
        "instructor",
        "langchain_core",
        "langgraph",
        "litellm",
        "llama_index",
        "llama_index_instrumentation",
        "llm",
        "mistralai",
        "ollama",
        "openai",
        "pydantic_ai",
        "workflows",
    ]
)
"""The libraries whose coroutines are known to give a stream."""


def _inner(source: Any) -> Callable[[], Any] | None:
    """Return what gives the stream in a result object; None where it is the stream itself."""
    package = top_module(source)
    if package == "pydantic_ai" and hasattr(source, "stream_response"):
        return lambda: source.stream_response(debounce_by=None)
    if package == "llm" and hasattr(source, "stream_events"):
        return source.stream_events  # type: ignore[no-any-return]
    if _is_iterable(source):
        return None
    if hasattr(source, "stream_events"):
        return source.stream_events  # type: ignore[no-any-return]
    if hasattr(source, "http_response") and hasattr(source, "parse"):
        return source.parse  # type: ignore[no-any-return]
    for name in ("response_gen", "async_response_gen"):  # llama-index
        if hasattr(source, name):
            value = getattr(source, name)
            return value if callable(value) else partial(getattr, source, name)
    return None


def _is_iterable(source: Any) -> bool:
    if isinstance(source, (str, bytes, Mapping)):
        return False
    return isinstance(source, (Iterable, AsyncIterable))


def _is_manager(source: Any) -> bool:
    return hasattr(source, "__enter__") or hasattr(source, "__aenter__")


def can_be_opened(source: Any) -> bool:
    """Tell whether there is a stream in this."""
    if isinstance(source, type):
        return False
    if inspect.iscoroutine(source):
        return top_module(source) in KNOWN
    return _is_iterable(source) or _inner(source) is not None or _is_manager(source)


def is_async(source: Any) -> bool:
    """Tell whether this gives its items in async code only."""
    if inspect.iscoroutine(source) or inspect.isasyncgen(source):
        return True
    package = top_module(source)
    if package == "litellm":  # one class for both
        return hasattr(getattr(source, "completion_stream", None), "__aiter__")
    if isinstance(source, Iterable):
        return False
    if isinstance(source, AsyncIterable):
        return True
    if package in ("agents", "workflows", "llama_index"):
        return not hasattr(source, "response_gen")
    if package == "pydantic_ai" and hasattr(source, "stream_response"):
        return inspect.isasyncgenfunction(source.stream_response)
    if inner := _inner(source):
        return inspect.isasyncgenfunction(inner) or inspect.iscoroutinefunction(inner)
    return hasattr(source, "__aenter__") and not hasattr(source, "__enter__")


def is_lent(source: Any) -> bool:
    """Tell whether this lives only as long as a ``with`` block of the user's around it."""
    frame = getattr(source, "gi_frame", None) or getattr(source, "ag_frame", None)
    owner = source if frame is None else frame.f_locals.get("self")
    kind = type(owner)
    is_helper = ".lib.streaming." in kind.__module__ and not kind.__name__.endswith("Manager")
    return is_helper or (kind.__module__ == "pydantic_ai.result" and hasattr(owner, "stream_text"))


def items_of(source: Any) -> Iterator[Any]:
    """Yield what a stream has; open it, and what is in it, and close that at the end."""
    if (inner := _inner(source)) is not None:
        yield from items_of(inner())
    elif _is_iterable(source):
        changed = _changes(source)
        iterator = iter(source)
        try:
            for item in iterator:
                if _is_stream_of_streams(source) and _is_iterable(item):
                    yield from items_of(item)
                else:
                    yield changed(item)
        finally:
            close(iterator)
            if top_module(source) in KNOWN:
                close(source)
    elif hasattr(source, "__enter__"):
        with source as opened:
            yield from items_of(opened)
    else:
        raise InputError(f"{brief(source)} has no stream in it.")


async def aitems_of(source: Any) -> AsyncIterator[Any]:
    """Do what `items_of` does, for what is read in async code."""
    if inspect.isawaitable(source) and not _is_iterable(source) and _inner(source) is None:
        source = await source
    if (inner := _inner(source)) is not None:
        items = aitems_of(inner())
        try:
            async for item in items:
                yield item
        except BaseException:
            if hasattr(source, "cancel_run"):
                # llama-index: its agent runs whoever reads. A stop may break this wait off, too.
                await asyncio.shield(source.cancel_run())
            raise
        finally:
            await aclose(items)
    elif isinstance(source, AsyncIterable):
        changed = _changes(source)
        try:
            async for item in source:
                if _is_stream_of_streams(source) and _is_iterable(item):
                    async for one in aitems_of(item):
                        yield one
                else:
                    yield changed(item)
        finally:
            await aclose_all(source)
    elif hasattr(source, "__aenter__"):
        async with source as opened:
            items = aitems_of(opened)
            try:
                async for item in items:
                    yield item
            finally:
                await aclose(items)
    elif _is_iterable(source):
        for item in items_of(source):
            yield item
    else:
        raise InputError(
            f"{brief(source)} has one value and no stream. Ask for one, as with stream=True."
        )


async def aclose_all(source: Any) -> None:
    """Close what the SDKs have in place of an async generator, too."""
    if hasattr(source, "aclose"):
        await source.aclose()
    elif hasattr(source, "close") and inspect.isawaitable(closing := source.close()):
        await closing


def _is_stream_of_streams(source: Any) -> bool:
    return "ToolRunner" in type(source).__name__  # anthropic's: an answer each


def _changes(source: Any) -> Callable[[Any], Any]:
    """Return what makes a delta of an item that is the whole text so far, where they are that."""
    frame = getattr(source, "gi_frame", None) or getattr(source, "ag_frame", None)
    if top_module(source) != "pydantic_ai" or frame is None or frame.f_locals.get("delta"):
        return lambda item: item
    said = ""
    are_whole = True

    def new(item: Any) -> Any:
        nonlocal said, are_whole
        # The second one tells: each is the whole text so far, or what is new of it.
        are_whole = are_whole and isinstance(item, str) and item.startswith(said)
        if not are_whole:
            return item
        said, before = item, said
        return item.removeprefix(before)

    return new
