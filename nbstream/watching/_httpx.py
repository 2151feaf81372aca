"""The tap on httpx and httpx2, which most of today's SDKs are built on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._call import Request, begin
from ._dropped import drop_later
from ._guard import Guard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import ModuleType

__all__ = ["tap"]


def tap(module: ModuleType) -> Callable[[], None]:
    """Watch what every client of the module sends; return what undoes that."""
    guard = Guard(module.__name__)
    sync_class, async_class = module.Client, module.AsyncClient
    send, asend = sync_class.send, async_class.send
    wrap, awrap = _streams(module)

    def watched_send(self: Any, request: Any, *, stream: bool = False, **options: Any) -> Any:
        call = guard(_begin, request, guard)
        if call is None:
            return send(self, request, stream=stream, **options)
        with call.sending():
            response = send(self, request, stream=stream, **options)
        guard(_attach, response, call, stream, wrap)
        return response

    async def watched_asend(
        self: Any, request: Any, *, stream: bool = False, **options: Any
    ) -> Any:
        call = guard(_begin, request, guard)
        if call is None:
            return await asend(self, request, stream=stream, **options)
        with call.sending():
            response = await asend(self, request, stream=stream, **options)
        guard(_attach, response, call, stream, awrap)
        return response

    sync_class.send, async_class.send = watched_send, watched_asend

    def undo() -> None:
        # What somebody has put around ours since then stays: ours passes everything on.
        if sync_class.send is watched_send:
            sync_class.send = send
        if async_class.send is watched_asend:
            async_class.send = asend

    return undo


def _begin(request: Any, guard: Guard) -> Request | None:
    url = request.url
    port = f":{url.port}" if url.port else ""
    # A body that streams is not there to be read.
    body = lambda: getattr(request, "_content", None)  # noqa: E731
    return begin(guard, request.method, url.scheme, f"{url.host}{port}", url.path, body)


def _attach(response: Any, call: Request, streams: bool, wrap: Callable[..., Any]) -> None:
    headers = response.headers
    kind = headers.get("content-type", "")
    if streams and not response.is_closed:
        call.answered(response.status_code, kind, headers.get("content-encoding", ""))
        response.stream = wrap(response.stream, call)
        return
    call.answered(response.status_code, kind)  # what is in `content` is decoded
    call.feed(response.content)
    call.end()


class _Passing:
    """A body on its way. All else that is asked of it is asked of the body itself."""

    def __init__(self, body: Any, call: Request) -> None:
        self._body = body
        self._call = call

    def __getattr__(self, name: str) -> Any:
        if name in ("_body", "_call"):
            raise AttributeError(name)
        return getattr(self._body, name)

    def __del__(self) -> None:
        call = self.__dict__.get("_call")
        if call is not None and not call.is_over:
            drop_later(call)


def _streams(module: ModuleType) -> tuple[type[Any], type[Any]]:
    """Return the classes of bodies that pass through us, as the module wants them to be."""

    class Body(_Passing, module.SyncByteStream):  # type: ignore[name-defined, misc]
        def __iter__(self) -> Iterator[bytes]:
            return self._call.passing(self._body, self.close)

        def close(self) -> None:
            try:
                self._body.close()
            finally:
                self._call.drop()

    class AsyncBody(_Passing, module.AsyncByteStream):  # type: ignore[name-defined, misc]
        async def __aiter__(self) -> AsyncIterator[bytes]:
            call, feed = self._call, self._call.feed
            source = aiter(self._body)
            try:
                async for data in source:
                    feed(data)
                    yield data
            except GeneratorExit:
                call.drop()
                raise
            except BaseException as error:
                call.end(error)
                raise
            finally:
                if hasattr(source, "aclose"):
                    await source.aclose()
            call.end()

        async def aclose(self) -> None:
            try:
                await self._body.aclose()
            finally:
                self._call.drop()

    return Body, AsyncBody
