"""Reading whatever streams into a run, and what its items tell of into runs inside that."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from .._exceptions import NbstreamError, ProviderError
from .._iterate import aclose, close
from ..events._follow import afollow, follow
from ..events._scope import Scope
from ..messages import AIMessageChunk
from ..watching import reaching
from ._adapters import adapter_for
from ._base import module_of, top_module
from ._opened import KNOWN, aclose_all, aitems_of, is_async, items_of
from ._steps import Steps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractContextManager

    from ..events import RunType
    from ..events._log import Log
    from ._ask import Asked
    from ._base import Adapter

__all__ = ["read"]

_logger = logging.getLogger(__name__)

_MODELS = frozenset(
    [
        "anthropic",
        "cohere",
        "google",
        "groq",
        "huggingface_hub",
        "litellm",
        "mistralai",
        "ollama",
        "openai",
    ]
)
"""The libraries whose streams are one model's answer."""

_STREAMS = frozenset({"AsyncStream", "Stream", "coroutine"})
"""The types of what the SDKs of Anthropic and OpenAI hand out for an answer."""


def read(source: Any, log: Log, asked: Asked | None = None) -> Iterator[Any] | AsyncIterator[Any]:
    """Return the chunks of anything that streams, logged as they are taken.

    It is opened when the first one is, and closed at the end.

    Parameters
    ----------
    source
        The stream.
    log
        The log.
    asked
        What was asked, where this makes the stream of it.
    """
    reading = _Reading(source, log, asked)
    if asked.is_async if asked else is_async(source):

        async def begin(_: Scope | None) -> tuple[Scope, AsyncIterator[Any]]:
            try:
                return reading.begin(), reading.achunks()
            except BaseException:
                await reading.aclose()
                raise

        return afollow(begin, output=reading.output)

    def begin_here(_: Scope | None) -> tuple[Scope, Iterator[Any]]:
        try:
            return reading.begin(), reading.chunks()
        except BaseException:
            reading.close()
            raise

    return follow(begin_here, output=reading.output)


class _Reading:
    """One reading of one stream."""

    _steps: Steps

    def __init__(self, source: Any, log: Log, asked: Asked | None) -> None:
        self._source = source
        self._asked = asked
        self._log = log
        self._package = top_module(source)
        self._adapter: Adapter | None = None
        self._is_found = False
        self._has_items = False

    def begin(self) -> Scope:
        if (asked := self._asked) is not None:
            self._root = self._log.start(asked.name, asked.run_type, asked.input, model=asked.model)
            self._steps = Steps(self._log, self._root)
            return Scope(self._log, self._root, is_told=True)
        name = getattr(self._source, "__name__", type(self._source).__name__)
        kind: RunType = "chain"
        if self._package in KNOWN:
            name = f"{self._package}.{name}"
            kind = "chat_model" if self._is_model(name) else "chain"
        self._root = self._log.start(name, kind)
        self._steps = Steps(self._log, self._root)
        return Scope(self._log, self._root, is_told=self._package in KNOWN)

    def _is_model(self, name: str) -> bool:
        module = module_of(self._source)
        answers = ("langchain_core.language_models", "llama_index.core.llms", "llm.models")
        return (self._package in _MODELS and "ToolRunner" not in name) or (
            module.startswith(answers) and "Chain" not in name
        )

    def close(self) -> None:
        """Close what is not even begun, since it was stopped before: its request may be sent."""
        if self._asked is None and self._package in KNOWN:
            close(self._source)

    async def aclose(self) -> None:
        """Do what `close` does, for what is read in async code."""
        if self._asked is None and self._package in KNOWN:
            await aclose_all(self._source)

    def output(self) -> Any:
        return self._steps.output

    def _opened(self) -> Any:
        if self._asked is not None:
            self._source = self._asked.stream()
        self._package = top_module(self._source)
        return self._source

    def _reached(self) -> AbstractContextManager[None]:
        is_told = self._asked is not None or self._package in KNOWN
        return reaching() if is_told else nullcontext()

    def chunks(self) -> Iterator[Any]:
        with self._reached():
            items = items_of(self._opened())
            try:
                for item in items:
                    if self._is_plain(item):
                        yield item
                    else:
                        yield from self._read(item)
                yield from self._last()
                self._ensure_whole()
            except BaseException as error:
                self._steps.close(error)
                raise
            finally:
                items.close()  # type: ignore[attr-defined]
            self._steps.close()

    async def achunks(self) -> AsyncIterator[Any]:
        with self._reached():
            items = aitems_of(self._opened())
            try:
                async for item in items:
                    if self._is_plain(item):
                        yield item
                    else:
                        for chunk in self._read(item):
                            yield chunk
                for chunk in self._last():
                    yield chunk
                self._ensure_whole()
            except BaseException as error:
                self._steps.close(error)
                raise
            finally:
                await aclose(items)
            self._steps.close()

    def _is_plain(self, item: Any) -> bool:
        """Tell whether an item is a chunk as it is."""
        self._has_items = True
        kind = type(item)
        if kind is str or kind is AIMessageChunk:
            return True
        if not self._is_found:
            self._is_found = True
            self._adapter = adapter_for(item, self._source, self._log, self._root)
        return self._adapter is None

    def _read(self, item: Any) -> list[Any]:
        if self._adapter is not None:
            try:
                self._adapter.read(item, self._steps)
            except NbstreamError:
                raise  # the stream's own
            except Exception:
                # A form that this library did not have when the adapter was written.
                _logger.exception("What %s streams cannot be read.", self._package)
                self._adapter = None
                return [*self._steps.take(), item]  # as those behind it: as it is
        return self._steps.take()

    def _last(self) -> list[Any]:
        if self._adapter is not None:
            self._adapter.finish(self._steps)
        return self._steps.take()

    def _ensure_whole(self) -> None:
        """Raise if a provider's stream has ended, in order, before its answer had.

        Of a stream that someone has made of one, such as a generator that leaves events out, no
        end can be expected.
        """
        if self._asked is not None or self._package not in _MODELS:
            return
        if self._adapter is not None:
            self._adapter.ensure_whole()
        elif not self._has_items and type(self._source).__name__ in _STREAMS:
            raise ProviderError(
                "The answer is empty: not even its beginning came. Check the client's base_url, "
                "and that it speaks this API; then run this again."
            )
