"""The lines of a batch, as their runs end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._desk import Desk
    from ._line import Line

__all__ = ["Completed"]


class Completed:
    """Yields each line once its run has ended, and ends with the batch."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._seen: set[int] = set()
        self._at = 0

    def _next(self) -> Line | None:
        order = self._desk.order
        while self._at < len(order):
            index = order[self._at]
            self._at += 1
            if index not in self._seen:
                self._seen.add(index)
                return self._desk.table[index]
        return None

    def __iter__(self) -> Completed:
        return self

    def __next__(self) -> Line:
        desk = self._desk
        while (line := self._next()) is None:
            if desk.is_over and self._at >= len(desk.order):
                raise StopIteration
            desk.wait_for(lambda: desk.is_over or self._at < len(desk.order))
        return line

    def __aiter__(self) -> Completed:
        return self

    async def __anext__(self) -> Line:
        desk = self._desk
        while (line := self._next()) is None:
            if desk.is_over and self._at >= len(desk.order):
                raise StopAsyncIteration
            await self._change()
        return line

    async def _change(self) -> None:
        desk = self._desk
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def tell(*_: object) -> None:
            loop.call_soon_threadsafe(changed.set)

        desk.watchers.append(tell)
        try:
            if not desk.is_over and self._at >= len(desk.order):
                await changed.wait()
        finally:
            desk.watchers.remove(tell)
