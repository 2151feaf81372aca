"""What a caller can say about a run."""

from __future__ import annotations

from typing import Any, TypedDict

__all__ = ["RunnableConfig"]


class RunnableConfig(TypedDict, total=False):
    """Settings for one call; every key may be left out."""

    tags: list[str]
    """Labels for the run and those inside it."""
    metadata: dict[str, Any]
    """Facts about the run, for it and those inside it."""
    run_name: str
    """Name of this run in the log; by default that of the step."""
    run_id: str
    """A UUID for this run; by default a new one."""
    max_concurrency: int
    """How many inputs of a batch run at a time; by default all (async) or a pool's worth."""
