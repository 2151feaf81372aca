"""Watching what a program leaves running."""

import asyncio
from contextlib import contextmanager


@contextmanager
def no_task_left():
    """Fail if the block, inside a running loop, leaves a task behind."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before == set()
