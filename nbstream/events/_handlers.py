"""LangChain's callback handlers: what happens in the log is told to them, as LangChain tells it."""

from __future__ import annotations

import asyncio
import inspect
import logging
import sys
import uuid
import warnings
from collections import deque
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

from .._loops import run_sync, running_loop
from .._shown import type_name
from ._callbacks import among, handlers_of
from ._log import Log
from ._scope import Scope, enter_scope, leave_scope
from ._told import FALLBACK, HOOKS, NEVER, telling

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from ._told import Telling
    from ._types import Event, Run

__all__ = ["listen"]

_logger = logging.getLogger("nbstream")


def listen(
    scope: Scope, config: Mapping[str, Any], *, is_async: bool
) -> tuple[Scope, Mapping[str, Any]]:
    """Let a config's handlers hear of the run that begins now, and of all inside it.

    Returns
    -------
    tuple
        The scope, with a log where there was none, and the config, with the run's id.
    """
    given = config["callbacks"]
    ears = [
        _Ear(one, running_loop() if is_async else None, getattr(given, "parent_run_id", None))
        for one in handlers_of(given)
        if not getattr(one, "is_of_nbstream", False)  # a watch: it sees the log itself
    ]
    if not ears:
        return scope, config
    for ear in ears:
        kind: Any = type(ear.handler)
        _look_at(kind)
    log = scope.trace or Log()
    run_id = str(config.get("run_id") or uuid.uuid4())
    _Handlers.on(log).expect(run_id, ears, is_async=is_async)
    return scope._replace(trace=log), {**config, "run_id": run_id}


class _Ear:
    """A handler, and where its coroutines run: in the loop of the call it was given to, if any."""

    def __init__(self, handler: Any, loop: asyncio.AbstractEventLoop | None, above: Any) -> None:
        self.handler = handler
        self.loop = loop
        self.above = above
        """The run of LangChain's that the outermost run lies in."""


class _Handlers:
    """Listens to one log, and calls the handlers of each run and of those around it."""

    may_raise = True  # what a handler with `raise_error` raises is the program's

    def __init__(self, log: Log) -> None:
        self._log = log
        self._expected: dict[str, list[_Ear]] = {}
        self._by_run: dict[int, list[_Ear]] = {}
        self._pumps: dict[asyncio.AbstractEventLoop, _Pump] = {}
        self._lock = Lock()

    @classmethod
    def on(cls, log: Log) -> _Handlers:
        """Return the one that listens to a log."""
        found = log.listener(cls)
        if found is None:
            found = cls(log)
            log.subscribe(found)
        return found

    def expect(self, run_id: str, ears: list[_Ear], *, is_async: bool) -> None:
        """Note whom to tell of a run that is about to begin."""
        self._expected[run_id] = ears
        if is_async:
            self._log.settle = self.settle

    def __call__(self, event: Event) -> None:
        """Tell of one event."""
        run = event.run
        if event.kind == "start":
            self._begin(run)
        ears = self._by_run.get(run.index)
        if not ears:
            return
        raised: Exception | None = None
        token = enter_scope(None)  # what a handler runs is no part of the run
        try:
            for ear in ears:
                try:
                    self._tell(ear, event)
                except Exception as error:
                    raised = raised or error
        finally:
            leave_scope(token)
        if raised is not None:
            raise raised

    def _begin(self, run: Run) -> None:
        around = self._by_run.get(run.parent.index) if run.parent else None
        own = self._expected.pop(run.id, [])
        if not around:
            self._by_run[run.index] = own
        elif own:
            known = [ear.handler for ear in around]
            own = [ear for ear in own if not among(ear.handler, known)]
            self._by_run[run.index] = [*around, *own]
        else:
            self._by_run[run.index] = around

    def _tell(self, ear: _Ear, event: Event) -> None:
        try:
            told = telling(self._log, event, ear.handler, ear.above)
        except Exception as error:  # our own fault, or that of an object that is told of
            _fail(ear, event.kind, error)
            return
        if told is not None:
            self._call(ear, told)

    def _call(self, ear: _Ear, told: Telling) -> None:
        handler = ear.handler
        method = getattr(handler, told.method, None)
        if any(getattr(handler, name, False) for name in told.ignored_by):
            return
        if method is None:
            if told.otherwise is not None:
                self._call(ear, told.otherwise())
            return
        try:
            result = method(*told.args, **told.named)
        except NotImplementedError as error:
            if told.otherwise is not None:
                self._call(ear, told.otherwise())
            else:
                _fail(ear, told.method, error)
        except Exception as error:
            _fail(ear, told.method, error)
            if getattr(handler, "raise_error", False):
                raise
        else:
            if inspect.iscoroutine(result):
                self._run(ear, told, result)

    def _run(self, ear: _Ear, told: Telling, coroutine: Coroutine[Any, Any, Any]) -> None:
        call = self._contained(ear, told, coroutine)
        if ear.loop is None or ear.loop.is_closed():
            if (error := run_sync(call)) is not None:
                raise error
            return
        with self._lock:
            pump = self._pumps.setdefault(ear.loop, _Pump(ear.loop))
        pump.put(call)

    async def _contained(
        self, ear: _Ear, told: Telling, coroutine: Coroutine[Any, Any, Any]
    ) -> Exception | None:
        """Return what the handler's coroutine raises, where that is to reach the program."""
        try:
            await coroutine
        except NotImplementedError as error:
            if told.otherwise is None:
                _fail(ear, told.method, error)
                return None
            told = told.otherwise()
            return await self._contained(
                ear, told, getattr(ear.handler, told.method)(*told.args, **told.named)
            )
        except Exception as error:
            _fail(ear, told.method, error)
            return error if getattr(ear.handler, "raise_error", False) else None
        return None

    async def settle(self) -> None:
        """Wait until the handlers' coroutines have run, as LangChain does before it goes on."""
        pump = self._pumps.get(asyncio.get_running_loop())
        if pump is not None:
            await pump.settle()


class _Pump:
    """Coroutines from any thread, one after the other in one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Coroutine[Any, Any, Exception | None]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._raised: Exception | None = None

    def put(self, call: Coroutine[Any, Any, Exception | None]) -> None:
        self._waiting.append(call)
        if running_loop() is self._loop:
            self._wake()
        else:
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if self._waiting and (self._task is None or self._task.done()):
            self._task = self._loop.create_task(self._work())

    async def _work(self) -> None:
        while self._waiting:
            error = await self._waiting.popleft()
            self._raised = self._raised or error

    async def settle(self) -> None:
        task = self._task
        if task is None or task is asyncio.current_task():  # a handler that itself runs a chain
            return
        while self._waiting or not task.done():
            self._wake()
            task = self._task or task
            await asyncio.wait([task])
        error, self._raised = self._raised, None
        if error is not None:
            raise error


def _fail(ear: _Ear, what: str, error: Exception) -> None:
    _logger.warning("Error in %s.%s callback: %r", type_name(ear.handler), what, error)


@cache
def _look_at(kind: type) -> None:
    """Say, once for each class of handlers, what of it is never called."""
    own = [name for name in (*HOOKS, *NEVER, FALLBACK) if _is_own(getattr(kind, name, None))]
    if not any(callable(getattr(kind, name, None)) for name in (*HOOKS, FALLBACK)):
        _warn(
            f"{kind.__name__} has none of the methods of LangChain's handlers, such as "
            "on_chain_start or on_llm_new_token: it is never called."
        )
    elif never := [name for name in own if name in NEVER]:
        _warn(f"nbstream calls all methods of {kind.__name__} but {', '.join(never)}.")


def _is_own(method: Callable[..., Any] | None) -> bool:
    home = str(getattr(method, "__module__", None))
    return callable(method) and home.partition(".")[0] != "langchain_core"


def _warn(words: str) -> None:
    """Warn at the line of the program that gave the handler."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and str(frame.f_globals.get("__name__")).partition(".")[0] == "nbstream":
        frame, level = frame.f_back, level + 1
    warnings.warn(words, stacklevel=level)
