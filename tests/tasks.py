"""Waiting for what a program does, and watching what it leaves running."""

import asyncio
import time
from contextlib import contextmanager


@contextmanager
def no_task_left():
    """Fail if the block, inside a running loop, leaves a task behind."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before == set()


def wait_until(condition, seconds=30):
    """Wait for something to become true; a busy machine may take its time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
