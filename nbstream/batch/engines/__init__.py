"""Where runs run. Another place is one more file here: see `Engine`."""

from __future__ import annotations

from ._base import Engine, Work
from ._loop import LoopEngine
from ._threads import ThreadEngine

__all__ = ["Engine", "LoopEngine", "ThreadEngine", "Work"]
