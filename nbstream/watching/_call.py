"""One request to a model: its answer, read on its way to whoever asked."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .._exceptions import NbstreamError, ProviderError, Stopped
from .._shown import type_name
from ..wire import READERS, error_from
from ._asked import asked, may_ask
from ._bytes import Events, decoder
from ._guard import fail
from ._where import around, log_here, owner, told_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ..events import Run
    from ..events._log import Log
    from ..messages import AIMessageChunk
    from ..wire import Reader
    from ._guard import Guard
    from ._where import Holder

__all__ = ["INSIDE", "Call", "Request", "begin"]

INSIDE: ContextVar[bool] = ContextVar("nbstream_inside_a_call", default=False)
"""Whether this is inside a request that is seen already: one HTTP library may use another."""

MAX_REFUSAL = 65_536
"""Bytes of a refusal that are kept."""
_BROKEN = (asyncio.CancelledError, GeneratorExit, KeyboardInterrupt, Stopped)


def begin(
    guard: Guard, method: str, scheme: str, host: str, path: str, body: Callable[[], Any]
) -> Request | None:
    """Note that a request is made.

    None if it asks no model, nobody watches, it is part of a request that is seen already, or a
    framework tells of it.

    Raises
    ------
    Stopped
        If the watch, or the stream that it belongs to, was stopped: nothing begins.
    """
    if INSIDE.get() or not may_ask(method, path):
        return None
    if (told := told_here()) is not None:
        request = Request(*told)
        request.feed(b"")
        return request
    log = log_here()
    known = asked(scheme, host, path, body()) if log is not None else None
    if log is None or known is None:
        return None
    holder = owner(log)
    if holder is not None:
        if not holder.wants_tokens:
            return None
        run = holder.run
    else:
        run = log.start(
            known.provider,
            "chat_model",
            known.messages,
            parent=around(log),
            model=known.model,
            metadata={"url": known.url},
        )
    return Call(log, run, READERS[known.dialect](), guard, holder)


class Request:
    """One request of a stream that tells of it itself: it passes, until that is stopped.

    A tap sends the request inside `sending`, calls `answered` once the head of the answer is there,
    `feed` with the bytes of its body, and one of `end` and `drop`; or it lets the body go through
    `passing`. None of them raises anything but what stops a run.
    """

    is_over = True
    """Whether the end is noted."""

    def __init__(self, log: Log, run: Run) -> None:
        self._log = log
        self._run = run

    @property
    def is_known(self) -> bool:
        """Whether nothing that matters can follow."""
        return True

    @contextmanager
    def sending(self) -> Iterator[None]:
        """While the request is sent: what is sent for it is a part of it, an error is its end."""
        token = INSIDE.set(True)
        try:
            yield
        except BaseException as error:
            self.end(error)
            raise
        finally:
            INSIDE.reset(token)

    def passing(self, body: Iterable[bytes], close: Callable[[], None]) -> Iterator[bytes]:
        """Yield what comes of the body; ``close`` closes it where this is stopped."""
        feed = self.feed
        try:
            for data in body:
                feed(data)
                yield data
        except GeneratorExit:
            self.drop()
            raise
        except BaseException as error:
            self.end(error)
            close()  # who is stopped may not come to it
            raise
        self.end()

    def answered(self, status: int, kind: str, encoding: str = "") -> None:
        """Take note of the head: the status, the type of the content and how that is encoded."""

    def feed(self, data: bytes) -> None:  # noqa: ARG002
        """Take in bytes of the body, as they come.

        Raises
        ------
        Stopped
            If the run was stopped.
        """
        if self._log.is_stopped(self._run):
            raise Stopped

    def end(self, error: BaseException | None = None) -> None:
        """Take note that the answer has ended, or of what broke it off."""

    def drop(self) -> None:
        """Take note that nobody reads on; whoever asked may have known that nothing more comes."""


class Call(Request):
    """One that is watched: a run of its own, or the tokens of a run that a framework has begun."""

    def __init__(
        self, log: Log, run: Run, reader: Reader, guard: Guard, holder: Holder | None
    ) -> None:
        super().__init__(log, run)
        self._reader = reader
        self._guard = guard
        self._holder = holder
        self._encoding = ""
        self._decode: Callable[[bytes], bytes] | None = None
        self._events: Events | None = None  # of an answer that streams
        self._body: list[bytes] = []  # of one that does not
        self._status = 0
        self.is_over = False

    def answered(self, status: int, kind: str, encoding: str = "") -> None:
        self._status = status
        self._encoding = encoding
        self._decode = decoder(encoding)
        kind = kind.partition(";")[0].strip().lower()
        if status < 400 and (not kind.endswith("json") or kind.endswith("ndjson")):
            self._events = Events()

    def feed(self, data: bytes) -> None:
        if self.is_over or self._decode is None:
            return
        try:
            data = self._decode(data)
        except Exception:  # as whoever asked will find out
            self._decode = None
            return
        try:
            if self._events is None:
                if self._status < 400 or sum(map(len, self._body)) < MAX_REFUSAL:
                    self._body.append(data)
                return
            read = self._reader.read
            for event in self._events.feed(data):
                if (chunk := read(event)) is not None:
                    self._say(chunk)
        except (KeyboardInterrupt, Stopped):
            raise
        except ProviderError as error:
            self._close(error)
        except BaseException:
            self._fault()

    def end(self, error: BaseException | None = None) -> None:
        if self.is_over:
            return
        try:
            self._close(error or self._rest())
        except (KeyboardInterrupt, Stopped):
            raise
        except BaseException:
            self._fault()

    def drop(self) -> None:
        if self.is_over:
            return
        self.end(None if self.is_known else GeneratorExit())

    @property
    def is_known(self) -> bool:
        return self._reader.is_whole or self._status >= 400

    def _say(self, chunk: AIMessageChunk) -> None:
        if self._holder is not None:
            self._holder.has_begun = True
        self._log.log("chunk", self._run, chunk)

    def _rest(self) -> BaseException | None:
        """Read what is there and not read yet; return what was wrong with the answer."""
        try:
            if self._status >= 400:
                return error_from(_parsed(self._body), status=self._status)
            if self._decode is None:
                return NbstreamError(
                    f"This answer could not be shown: it is encoded as {self._encoding!r}."
                )
            if self._events is None:
                answer = _parsed(self._body)
                if isinstance(answer, list):  # Gemini's stream, where it is not asked for events
                    chunks = [self._reader.read(event) for event in answer]
                else:
                    chunks = [self._reader.read_whole(answer)]
            else:
                chunks = [self._reader.read(event) for event in self._events.rest()]
            for chunk in (*chunks, self._reader.finish()):
                if chunk is not None:
                    self._say(chunk)
            self._reader.ensure_whole()
        except ProviderError as error:
            return error
        return None

    def _close(self, error: BaseException | None) -> None:
        self.is_over = True
        if self._holder is not None:
            return  # whoever has begun that run ends it
        if error is None:
            self._log.log("end", self._run)
        elif isinstance(error, _BROKEN) or type_name(error) == "Cancelled":  # trio's name for it
            self._log.fail(self._run, GeneratorExit())
        else:
            fail(self._log, self._run, error)

    def _fault(self) -> None:
        self._guard.trip()
        self.is_over = True
        if self._holder is None:
            said = NbstreamError("This answer could not be shown; Python's log says why.")
            try:
                self._log.fail(self._run, said)
            except Exception:
                self._guard.trip()


def _parsed(parts: list[bytes]) -> Any:
    text = b"".join(parts).decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
