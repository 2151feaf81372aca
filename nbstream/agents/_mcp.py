"""`mcp`: servers of tools that speak the Model Context Protocol, by its official SDK."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shlex
import tempfile
import threading
from concurrent import futures
from concurrent.futures import Future
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, NbstreamError, SetupError, Stopped
from .._loops import start, wait
from .._secrets import hide_all
from .._shown import brief, named
from ..events import dispatch_custom_event
from ..events._log import OVER
from ..events._scope import current_scope
from ..messages import ToolMessage
from ..tools import Tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from types import TracebackType

    from ..events import Event

__all__ = ["McpServer", "mcp"]

ENDS_BY = 10.0
"""Seconds in which a server has ended, or was killed: the SDK's own bounds add up to less."""


def mcp(
    server: Any,
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> McpServer:
    """Name a server of tools for an agent, by the Model Context Protocol.

    Among an agent's tools it is started when the agent is called, and ended when that is over, also
    by an error or by Stop. In a ``with`` block it goes on for as long as the block, and gives its
    tools. It needs ``pip install "nbstream[mcp]"``.

    Parameters
    ----------
    server
        The command that starts it, as a text or a list of words (``"npx -y some-server"``), the
        URL of one that is there (``"http://127.0.0.1:8000/mcp"``), or a server object of the SDK.
    env
        Environment variables for the command; else it gets few of this process's own, no keys.
    cwd
        The folder in which the command runs.
    headers
        Headers for the URL, such as ``Authorization``.

    Raises
    ------
    SetupError
        If the SDK is not installed; when started, if it cannot be.
    InputError
        If it is none of these.

    Examples
    --------
    >>> from mcp.server import MCPServer
    >>> from nbstream import mcp
    >>> sums = MCPServer("sums")
    >>> @sums.tool()
    ... def add(a: int, b: int) -> int:
    ...     "Add two numbers."
    ...     return a + b
    >>> with mcp(sums) as tools:
    ...     tools[0].invoke({"a": 1, "b": 2})
    '3'
    """
    if importlib.util.find_spec("mcp") is None:
        raise SetupError(
            "Servers of tools need the MCP package, which is not installed. Run: "
            'pip install "nbstream[mcp]"'
        )
    return McpServer(server, env=env, cwd=cwd, headers=headers)


class McpServer:
    """What `mcp` returns: a server of tools, started when it is needed.

    Examples
    --------
    >>> from nbstream import mcp
    >>> mcp("npx -y some-server")
    mcp('npx -y some-server')
    """

    def __init__(
        self,
        server: Any,
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._server = server
        self._words: list[str] = []
        self._is_url = isinstance(server, str) and server.startswith(("http://", "https://"))
        if not self._is_url and isinstance(server, (str, list, tuple)):
            if isinstance(server, str):
                server = shlex.split(server, posix=os.name != "nt")
            self._words = [*server]
            if not self._words or not all(isinstance(word, str) for word in self._words):
                raise InputError(
                    f"{brief(server)} is no command. Give what starts the server, such as "
                    '"npx -y some-server", or its URL.'
                )
        elif not self._is_url and not hasattr(server, "list_tools") and not _is_server(server):
            raise InputError(
                f"{brief(server)} is no server of tools. Give the command that starts it, or "
                "its URL."
            )
        self._env, self._cwd, self._headers = env, cwd, headers
        self._lock = threading.Lock()
        self._users = 0
        self._session: _Session | None = None

    def __repr__(self) -> str:
        shown = self._server if isinstance(self._server, str) else " ".join(self._words)
        return f"mcp({hide_all(shown)!r})" if shown else f"mcp({brief(self._server)})"

    def __enter__(self) -> list[Tool]:
        session = self._join()
        try:
            return wait(session.ready)
        except BaseException:
            self._leave()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        session = self._leave()
        if session is not None:
            futures.wait([session.ended], ENDS_BY)

    async def __aenter__(self) -> list[Tool]:
        session = self._join()
        try:
            return await asyncio.shield(asyncio.wrap_future(session.ready))
        except BaseException:
            self._leave()
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        session = self._leave()
        if session is not None:
            await asyncio.wait([asyncio.wrap_future(session.ended)], timeout=ENDS_BY)

    def _join(self) -> _Session:
        with self._lock:
            self._users += 1
            if self._session is None or self._session.ended.done():
                self._session = _Session(self._connected, str(self))
            return self._session

    def _leave(self) -> _Session | None:
        """Return what has to end now: nobody uses it any more."""
        with self._lock:
            self._users -= 1
            if self._users:
                return None
            session, self._session = self._session, None
        if session is not None:
            session.end()
        return session

    @asynccontextmanager
    async def _connected(self, said: Any) -> AsyncIterator[Any]:
        """Give the SDK's client; ``said`` takes what the server writes beside the protocol."""
        from mcp import Client, StdioServerParameters, stdio_client

        if self._words:
            command, *args = self._words
            settings = StdioServerParameters(
                command=command,
                args=args,
                env=dict(self._env) if self._env else None,
                cwd=os.fspath(self._cwd) if self._cwd else None,
            )
            async with Client(stdio_client(settings, errlog=said)) as client:
                yield client
        elif self._is_url and self._headers:
            import httpx2
            from mcp.client.streamable_http import streamable_http_client

            async with httpx2.AsyncClient(headers=dict(self._headers), timeout=60) as http:
                way = streamable_http_client(self._server, http_client=http)
                async with Client(way) as client:
                    yield client
        else:
            async with Client(self._server) as client:
                yield client


def _is_server(server: Any) -> bool:
    return type(server).__module__.partition(".")[0] == "mcp"


class _Session:
    """One connection: in a loop of its own on a thread, so that any thread and loop can use it."""

    def __init__(self, client: Callable[[Any], Any], name: str) -> None:
        self.ready: Future[list[Tool]] = Future()
        self.ended: Future[None] = Future()
        self._client = client
        self._name = name
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_over = False
        self._connected: Any = None
        self._cancel = start(self._serve(), None, self._done)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        if self._is_over:
            return
        # A file: a notebook's own stderr is none that a process could write to.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            try:
                async with self._client(said) as client:
                    self._connected = client
                    self.ready.set_result(await self._tools(client))
                    await self._stop.wait()
            except Exception as error:
                if not self.ready.done():
                    said.seek(0)
                    self.ready.set_exception(self._failure(error, said.read()))
                raise

    async def _tools(self, client: Any) -> list[Tool]:
        tools: list[Tool] = []
        cursor: str | None = None
        while True:
            page = await client.list_tools(cursor=cursor)
            tools += [_McpTool(self, one) for one in page.tools]
            cursor = page.next_cursor
            if not cursor:
                return tools

    def _failure(self, error: BaseException, said: str) -> SetupError:
        while isinstance(inner := getattr(error, "exceptions", None), tuple) and inner:
            error = inner[0]  # of a group of tasks
        last = said.strip().rpartition("\n")[2]
        more = f" It said: {last[:300].rstrip('.')}." if last else ""
        return SetupError(
            hide_all(
                f"The server {self._name} could not be started: {named(error).rstrip('.')}.{more} "
                "Try the command in a terminal, or check the URL."
            )
        )

    def _done(self, error: BaseException | None) -> None:
        self._is_over = True
        if not self.ready.done():
            self.ready.set_exception(self._failure(error or Stopped(), ""))
        self.ended.set_result(None)

    def end(self) -> None:
        """Let it end: as the protocol has it, or at once where it has not begun."""
        self._is_over = True
        if not self.ready.done():
            self._cancel()
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None and not loop.is_closed():
            try:
                loop.call_soon_threadsafe(stop.set)
            except RuntimeError:
                return  # it has ended meanwhile

    def call(self, name: str, args: dict[str, Any], progress: Any) -> Future[Any]:
        """Begin a call of a tool.

        Raises
        ------
        NbstreamError
            If the server has ended.
        """
        if self._is_over or self._loop is None:
            raise NbstreamError(f"The server {self._name} has ended. Call its tools in its block.")
        return asyncio.run_coroutine_threadsafe(
            self._connected.call_tool(name, args, progress_callback=progress), self._loop
        )


class _McpTool(Tool):
    """A tool of a server."""

    def __init__(self, session: _Session, told: Any) -> None:
        self._session = session
        self._schema: dict[str, Any] = told.input_schema
        super().__init__(
            self._by_name, name=told.name, description=told.description or told.title or told.name
        )

    def _by_name(self, **arguments: Any) -> Any:
        return self._invoke(arguments)

    @property
    def args(self) -> dict[str, Any]:
        """The arguments as JSON schemas, by name."""
        return dict(self._schema.get("properties", {}))

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the arguments, as the server gave it."""
        return self._schema

    def _arguments(self, input: Any) -> dict[str, Any]:
        import jsonschema

        given = input["args"] if isinstance(input, dict) and _is_call(input) else input
        try:
            jsonschema.validate(given, self._schema)
        except jsonschema.ValidationError as error:
            raise InputError(
                f"The tool {self.name!r} cannot be called with {given!r:.120}: {error.message}. "
                f"It takes {', '.join(self.args) or 'nothing'}."
            ) from None
        return dict(given)

    def _invoke(self, input: Any, **_: Any) -> Any:
        future = self._session.call(self.name, self._arguments(input), _progress())
        with _Released(future):
            try:
                return self._given(input, wait(future))
            except futures.CancelledError:
                raise Stopped from None

    async def _ainvoke(self, input: Any, **_: Any) -> Any:
        future = self._session.call(self.name, self._arguments(input), _progress())
        return self._given(input, await asyncio.wrap_future(future))

    def _given(self, input: Any, result: Any) -> Any:
        content = _content_of(result.content)
        if not (isinstance(input, dict) and _is_call(input)):
            if result.is_error:
                raise NbstreamError(f"The tool {self.name!r} failed: {content}")
            return content
        status = "error" if result.is_error else "success"
        artifact = result.structured_content
        return ToolMessage(content, input["id"], name=self.name, status=status, artifact=artifact)


def _is_call(value: dict[str, Any]) -> bool:
    return value.get("type") == "tool_call" and "args" in value


def _content_of(blocks: Sequence[Any]) -> Any:
    """Return what a tool gave, as a message has it."""
    if all(block.type == "text" for block in blocks):
        return "\n".join(block.text for block in blocks)
    return [_block(block) for block in blocks]


def _block(block: Any) -> dict[str, Any]:
    if block.type == "text":
        return {"type": "text", "text": block.text}
    if block.type == "image":
        source = {"type": "base64", "media_type": block.mime_type, "data": block.data}
        return {"type": "image", "source": source}
    return {"type": "text", "text": block.model_dump_json(by_alias=True, exclude_none=True)}


def _progress() -> Callable[[float, float | None, str | None], Any]:
    """Return what notes a tool's progress in the run that it is called in."""
    context = copy_context()

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told = {"progress": progress, "total": total, "message": message}
        data = {key: value for key, value in told.items() if value is not None}
        context.copy().run(dispatch_custom_event, "progress", data)

    return note


class _Released:
    """Breaks a wait off when the run that waits has been ended from outside."""

    def __init__(self, future: Future[Any]) -> None:
        self._future = future
        self._unsubscribe: Callable[[], None] = lambda: None

    def __enter__(self) -> None:
        scope = current_scope()
        if scope is not None and scope.trace is not None:
            self._run = scope.run
            self._unsubscribe = scope.trace.subscribe(self._hear)

    def __exit__(self, *_: object) -> None:
        self._unsubscribe()
        self._future.cancel()

    def _hear(self, event: Event) -> None:
        if event.run is self._run and event.kind in OVER:
            self._future.cancel()
