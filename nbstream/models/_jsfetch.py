"""In Pyodide the SDKs' answers come by the page's ``fetch``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

__all__ = ["mend"]


def mend(response: Any) -> None:
    """Let a response give bytes: httpx2-jsfetch 1.0 gives memoryviews, which SDKs cannot split."""
    if "httpx2_jsfetch" not in sys.modules:
        return
    stream: Any = response.stream
    kind: Any = type(stream)

    class InBytes(kind):  # type: ignore[misc]  # the library asks for its own classes
        def __iter__(self) -> Iterator[bytes]:
            return map(bytes, super().__iter__())

        async def __aiter__(self) -> AsyncIterator[bytes]:
            async for part in super().__aiter__():
                yield bytes(part)

    stream.__class__ = InBytes
