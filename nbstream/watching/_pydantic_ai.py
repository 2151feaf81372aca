"""The hook into pydantic-ai: its own instrumentation, with a tracer of ours."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ._guard import Guard
from ._where import RESOLVERS

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["tap"]


def tap(module: ModuleType) -> Callable[[], None]:
    """Have every agent tell of its runs; return what undoes that.

    Who has set up an instrumentation keeps it: then only the calls themselves are seen.
    """
    spans = importlib.import_module("._spans", __package__)
    agent = module.Agent
    before = agent._instrument_default
    if before:
        return lambda: None
    settings = module.models.instrumented.InstrumentationSettings(
        tracer_provider=spans.WatchProvider(Guard("pydantic-ai"))
    )
    agent.instrument_all(settings)
    RESOLVERS.append(spans.current)

    def undo() -> None:
        RESOLVERS.remove(spans.current)
        if agent._instrument_default is settings:
            agent.instrument_all(before)

    return undo
