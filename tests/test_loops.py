import asyncio
import threading

import pytest

from nbstream import _loops
from nbstream._loops import run_sync


async def answer(value):
    await asyncio.sleep(0)
    return value


def test_without_a_loop():
    assert run_sync(answer(1)) == 1


def test_inside_a_running_loop():
    async def outer():
        return run_sync(answer(2)) + await answer(1)

    assert asyncio.run(outer()) == 3


def test_the_coroutine_runs_on_the_same_loop():
    async def outer():
        here = asyncio.get_running_loop()

        async def inner():
            return asyncio.get_running_loop() is here

        return run_sync(inner())

    assert asyncio.run(outer())


def test_a_loop_that_cannot_be_patched_uses_a_thread(monkeypatch):
    # uvloop's loops are no asyncio.BaseEventLoop; make this one look alike.
    async def where():
        return threading.current_thread().name

    async def fails():
        raise ValueError("inside")

    async def outer():
        monkeypatch.setattr(_loops.asyncio, "BaseEventLoop", type("Other", (), {}))
        try:
            name = run_sync(where())
            with pytest.raises(ValueError, match="inside"):
                run_sync(fails())
        finally:
            monkeypatch.undo()
        return name

    assert asyncio.run(outer()) == "nbstream-loop"


def test_an_interrupt_lets_the_coroutine_clean_up():
    cleaned = []

    async def slow():
        try:
            await asyncio.sleep(30)
        finally:
            cleaned.append(True)

    async def outer():
        # Raised in the middle of the nested loop, as a signal handler would.
        def interrupt():
            raise KeyboardInterrupt

        asyncio.get_running_loop().call_later(0.05, interrupt)
        with pytest.raises(KeyboardInterrupt):
            run_sync(slow())

    asyncio.run(outer())
    assert cleaned == [True]
