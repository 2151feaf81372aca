"""The tap on requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ._call import Request, begin
from ._guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

__all__ = ["tap"]


def tap(module: ModuleType) -> Callable[[], None]:
    """Watch what every session sends; return what undoes that."""
    guard = Guard("requests")
    session = module.Session
    send = session.send

    def watched_send(self: Any, request: Any, **options: Any) -> Any:
        call = guard(_begin, request, guard)
        if call is None:
            return send(self, request, **options)
        with call.sending():
            response = send(self, request, **options)
        guard(_attach, response, call)
        return response

    session.send = watched_send

    def undo() -> None:
        if session.send is watched_send:
            session.send = send

    return undo


def _begin(request: Any, guard: Guard) -> Request | None:
    url = urlsplit(request.url or "")
    host = url.netloc.rpartition("@")[2]  # what comes before it is a password
    return begin(guard, request.method, url.scheme, host, url.path, lambda: request.body)


def _attach(response: Any, call: Request) -> None:
    call.answered(response.status_code, response.headers.get("content-type", ""))
    if response._content_consumed:
        call.feed(response.content)
        call.end()
        return
    # Only these two: the object itself stays what it is.
    raw = response.raw
    stream, close = raw.stream, raw.close

    def watched_stream(*args: Any, **options: Any) -> Iterator[bytes]:
        return call.passing(stream(*args, **options), close)

    def watched_close() -> None:
        try:
            close()
        finally:
            call.drop()

    raw.stream, raw.close = watched_stream, watched_close
