"""Reading whatever streams into a run, and what its items tell of into runs inside that."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from .._exceptions import NbstreamError
from .._iterate import aclose
from ..events._follow import afollow, follow
from ..events._scope import Scope
from ..messages import AIMessageChunk
from ._adapters import adapter_for
from ._base import top_module
from ._opened import KNOWN, aitems_of, is_async, items_of
from ._steps import Steps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ..events import RunType
    from ..events._log import Log
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


def read(source: Any, log: Log) -> Iterator[Any] | AsyncIterator[Any]:
    """Return the chunks of anything that streams, logged as they are taken.

    It is opened when the first one is, and closed at the end.
    """
    reading = _Reading(source, log)
    if is_async(source):

        async def begin(_: Scope | None) -> tuple[Scope, AsyncIterator[Any]]:
            return reading.begin(), reading.achunks()

        return afollow(begin, output=reading.output)
    return follow(lambda _: (reading.begin(), reading.chunks()), output=reading.output)


class _Reading:
    """One reading of one stream."""

    _steps: Steps

    def __init__(self, source: Any, log: Log) -> None:
        self._source = source
        self._log = log
        self._package = top_module(source)
        self._adapter: Adapter | None = None
        self._is_found = False

    def begin(self) -> Scope:
        name = getattr(self._source, "__name__", type(self._source).__name__)
        kind: RunType = "chain"
        if self._package in KNOWN:
            name = f"{self._package}.{name}"
            is_model = self._package in _MODELS and "ToolRunner" not in name
            kind = "chat_model" if is_model else "chain"
        self._root = self._log.start(name, kind)
        self._steps = Steps(self._log, self._root)
        return Scope(self._log, self._root)

    def output(self) -> Any:
        return self._steps.output

    def chunks(self) -> Iterator[Any]:
        items = items_of(self._source)
        try:
            for item in items:
                if self._is_plain(item):
                    yield item
                else:
                    yield from self._read(item)
            yield from self._last()
        except BaseException as error:
            self._steps.close(error)
            raise
        finally:
            items.close()  # type: ignore[attr-defined]
        self._steps.close()

    async def achunks(self) -> AsyncIterator[Any]:
        items = aitems_of(self._source)
        try:
            async for item in items:
                if self._is_plain(item):
                    yield item
                else:
                    for chunk in self._read(item):
                        yield chunk
            for chunk in self._last():
                yield chunk
        except BaseException as error:
            self._steps.close(error)
            raise
        finally:
            await aclose(items)
        self._steps.close()

    def _is_plain(self, item: Any) -> bool:
        """Tell whether an item is a chunk as it is."""
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
        return self._steps.take()

    def _last(self) -> list[Any]:
        if self._adapter is not None:
            self._adapter.finish(self._steps)
        return self._steps.take()
