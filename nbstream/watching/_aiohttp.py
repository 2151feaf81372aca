"""The tap on aiohttp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._call import Request, begin
from ._dropped import drop_later
from ._guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["tap"]


def tap(module: ModuleType) -> Callable[[], None]:
    """Watch what every session sends; return what undoes that."""
    guard = Guard("aiohttp")
    session = module.ClientSession
    send = session._request

    async def watched_send(self: Any, method: str, str_or_url: Any, **options: Any) -> Any:
        call = guard(_begin, self, method, str_or_url, options, guard)
        if call is None:
            return await send(self, method, str_or_url, **options)
        with call.sending():
            response = await send(self, method, str_or_url, **options)
        guard(_attach, response, call)
        return response

    session._request = watched_send

    def undo() -> None:
        if session._request is watched_send:
            session._request = send

    return undo


def _begin(
    session: Any, method: str, address: Any, options: dict[str, Any], guard: Guard
) -> Request | None:
    url = session._build_url(address)
    port = f":{url.explicit_port}" if url.explicit_port else ""

    def body() -> Any:
        json = options.get("json")
        return options.get("data") if json is None else json

    return begin(guard, method.upper(), url.scheme, f"{url.host}{port}", url.path, body)


def _attach(response: Any, call: Request) -> None:
    call.answered(response.status, response.headers.get("content-type", ""))  # comes decoded
    content = response.content
    kind = _reader_class(type(content))
    _calls[id(content)] = call
    content.__class__ = kind
    content._look()
    close, release = response.close, response.release

    def watched_close() -> None:
        call.drop()
        close()

    def watched_release() -> Any:
        call.drop()
        return release()

    response.close, response.release = watched_close, watched_release


_calls: dict[int, Request] = {}  # by the id of the reader, whose class has slots
_classes: dict[type, type] = {}


def _reader_class(base: Any) -> Any:
    """Return a class of readers that tell what is read of them, however that is done."""
    if base not in _classes:

        class Reader(base):  # type: ignore[misc]
            __slots__ = ()

            def _read_nowait_chunk(self, n: int) -> bytes:
                data: bytes = super()._read_nowait_chunk(n)
                if (call := _calls.get(id(self))) is not None:
                    call.feed(data)
                    self._look()
                return data

            def feed_eof(self) -> None:
                super().feed_eof()
                self._look()

            def set_exception(self, exc: Any, *rest: Any) -> None:
                super().set_exception(exc, *rest)
                if (call := _calls.pop(id(self), None)) is not None:
                    call.end(None if call.is_known else exc)

            def _look(self) -> None:
                if self.at_eof() and (call := _calls.pop(id(self), None)) is not None:
                    call.end()

            def __del__(self) -> None:
                call = _calls.pop(id(self), None)
                if call is not None and not call.is_over:
                    drop_later(call)

        _classes[base] = Reader
    return _classes[base]
