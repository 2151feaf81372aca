"""What the models behind an official SDK share: the key, the connection, what an error says.

The SDKs of Anthropic and of OpenAI come out of one generator: their clients, streams and errors
have the same names and the same shape.
"""

from __future__ import annotations

import asyncio
import copy
import importlib
import inspect
import os
from abc import abstractmethod
from contextlib import contextmanager
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary, ref

from .._exceptions import InputError, ProviderError, SetupError
from .._iterate import aclosing
from .._loops import iter_sync
from .._secrets import Secret, hide_all, quoted_a_key
from .._shown import brief
from ..wire import advice, aread_all, error_from, read_all, words_of
from ._jsfetch import mend
from ._keys import KEYS, ways
from ._prices import Bill
from .base import BaseChatModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import ModuleType

    from typing_extensions import Self

    from ..messages import AIMessageChunk, BaseMessage
    from ..wire import Reader

__all__ = ["SdkChat"]


# The SDKs' clients hold the key in plain.
_CLIENTS = frozenset({"_async_clients", "_client"})


class SdkChat(BaseChatModel):
    """A model behind an official SDK; a subclass says what is asked, and in which dialect."""

    sdk: ClassVar[str]
    """The SDK, as it is imported."""
    package: ClassVar[str]
    """What pip is asked for to get it."""
    clients: ClassVar[tuple[str, str]]
    """The names of its clients, the async one last."""
    home: ClassVar[str]
    """The address that the SDK asks where none is given."""
    address_variable: ClassVar[str]
    """The environment variable that the SDK takes the address from."""
    key_variable: str | None
    """The environment variable that the key is taken from; None: no key is looked for."""
    second_variable: ClassVar[str | None] = None
    """Another one, which counts where that has none."""
    _lent: Any = None
    """A client that was made elsewhere, with an address and credentials of its own."""

    def __init__(
        self,
        model: str,
        *,
        max_tokens: int | None,
        system: str | None,
        base_url: str | None,
        api_key: str | None,
        timeout: float | None,
        max_retries: int | None,
        extra_body: dict[str, Any] | None,
        name: str | None,
    ) -> None:
        if max_tokens is not None and (not isinstance(max_tokens, int) or max_tokens < 1):
            raise InputError(f"max_tokens must be a whole number from 1, not {max_tokens!r}.")
        if base_url is not None:
            _ensure_scheme("base_url", str(base_url))
        if not (api_key is None or isinstance(api_key, str)):
            raise InputError(f"api_key must be a text, not a {type(api_key).__name__}.")
        _ensure_number("timeout", timeout, "a number of seconds", (int, float))
        _ensure_number("max_retries", max_retries, "a whole number of tries", (int,))
        self.model = model
        self.max_tokens = max_tokens
        self.system = system
        self.base_url = base_url
        self.timeout = timeout
        self.max_retries = max_retries
        self.extra_body = extra_body
        self.name = name
        self._given_key = Secret(api_key.strip()) if api_key else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(model={self.model!r})"

    def with_settings(
        self, *, max_tokens: int | None = None, temperature: float | None = None
    ) -> Self:
        """Return this model with other settings; None leaves one as it is."""
        model = copy.copy(self)
        if max_tokens is not None:
            model.max_tokens = max_tokens
        if temperature is not None:
            model.extra_body = {**(model.extra_body or {}), "temperature": temperature}
        return model

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in _CLIENTS}

    @property
    def model_label(self) -> str | None:
        """The model's name."""
        return self.model

    # What a subclass defines

    @abstractmethod
    def _reader(self, request: dict[str, Any]) -> Reader:
        """Return what reads the answer to a request."""

    @abstractmethod
    def _create(self, client: Any) -> Callable[..., Any]:
        """Return the client's method that asks."""

    @abstractmethod
    def _request(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return what it is asked."""

    # Asking

    def _stream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        if self._lends(1):
            yield from iter_sync(self._astream_messages(messages, **kwargs))
            return
        with self._provider_errors() as answer:
            bill = Bill(self.model, self._billed_at())
            create = self._create(self._client)
            request = self._fields(create, messages, kwargs)
            stream = create(**request)
            # Leaving the block closes the connection, also when the consumer stops early.
            with stream:
                answer.begins(stream)
                yield from map(bill.note, read_all(self._reader(request), stream))

    async def _astream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        if self._lends(0):
            async with aclosing(super()._astream_messages(messages, **kwargs)) as stream:
                async for chunk in stream:
                    yield chunk
            return
        with self._provider_errors() as answer:
            bill = Bill(self.model, self._billed_at())
            create = self._create(await self._async_client())
            request = self._fields(create, messages, kwargs)
            stream = await create(**request)
            chunks = aread_all(self._reader(request), stream)
            async with stream, aclosing(chunks):
                answer.begins(stream)
                async for chunk in chunks:
                    yield bill.note(chunk)

    def _fields(
        self, create: Callable[..., Any], messages: list[BaseMessage], kwargs: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the request; what the SDK has no name for goes as it is."""
        # What one call says counts more than what the model was made with.
        ours = {k: v for k, v in (self.extra_body or {}).items() if k not in kwargs}
        request = self._request(messages, kwargs)
        names = inspect.signature(create).parameters
        more = {name: request.pop(name) for name in list(request) if name not in names}
        if extra := {**more, **ours, **(request.pop("extra_body", None) or {})}:
            request["extra_body"] = extra
        return request

    def _lend(self, client: Any) -> None:
        """Ask by this client, which is its owner's to close."""
        self._lent = client
        self.sdk = type(client).__module__.partition(".")[0]  # type: ignore[misc]  # its errors

    def _lends(self, kind: int) -> bool:
        """Tell whether it asks by a client of this kind only: sync, or async."""
        return self._lent is not None and inspect.iscoroutinefunction(self._lent.close) == kind

    @cached_property
    def _client(self) -> Any:
        return self._lent or self._client_of(0)

    async def _async_client(self) -> Any:
        """Return the running loop's client: its connections are bound to that loop."""
        if self._lent is not None:
            return self._lent
        loop = asyncio.get_running_loop()
        kept: tuple[Any, Any] | None = self._async_clients.get(loop)
        if kept is None or kept[0].is_closed():
            client = self._client_of(1)
            keeper = _close_with_its_loop(client, ref(loop), ref(self._async_clients))
            await anext(keeper)
            kept = self._async_clients[loop] = (client, keeper)
        return kept[0]

    @cached_property
    def _async_clients(self) -> WeakKeyDictionary[Any, Any]:
        return WeakKeyDictionary()

    def _client_of(self, kind: int) -> Any:
        return getattr(self._package(), self.clients[kind])(**self._client_settings())

    def _package(self) -> ModuleType:
        try:
            return importlib.import_module(self.sdk)
        except ModuleNotFoundError as error:
            if error.name != self.sdk:
                raise
            raise SetupError(
                f"{type(self).__name__} needs the package {self.sdk}. Install it with:\n"
                f'    pip install "{self.package}"'
            ) from None

    def _client_settings(self) -> dict[str, Any]:
        if self.base_url is None and (address := self._address()):
            _ensure_scheme(self.address_variable, address)
        settings: dict[str, Any] = {"api_key": self._api_key()}
        for name in ("base_url", "timeout", "max_retries"):
            if (value := getattr(self, name)) is not None:
                settings[name] = value
        return settings

    def _api_key(self) -> str:
        key = ""
        if self._given_key is not None:
            key = self._given_key.reveal()
        elif self.key_variable:
            # One's own server mostly wants none: nothing that may ask the user is asked for it.
            is_local = _is_local(self._address())
            names = (self.key_variable, self.second_variable)
            found = KEYS.find(*names, again=not is_local, stored=not is_local)
            key = found.key.reveal() if found else ""
        if not key:
            if self.key_variable is None or _is_local(self._address()):
                return "none"  # the SDKs want some
            where = f" at {self.base_url}" if self.base_url else ""
            other = (
                'pass that endpoint\'s as api_key (any text, as in api_key="none", where it asks '
                "for none)"
                if self.base_url
                else "pass it as api_key"
            )
            raise SetupError(
                f"There is no API key for {self.model}{where}. {ways(self.key_variable)}, or "
                f'{other}. The embedded model needs none: init_chat_model("local").'
            )
        if not (key.isascii() and key.isprintable()):
            # Caught here, since the HTTP library's own error would quote the key.
            raise SetupError(
                f"The API key for {self.model} has characters that no key has. Copy it again."
            )
        return key

    def ensure_key(self) -> None:
        """Look for the key now.

        Raises
        ------
        SetupError
            If it needs one and there is none.
        """
        if self._lent is None:
            self._api_key()

    def _address(self) -> str | None:
        if self._lent is not None:
            return str(self._lent.base_url)
        return self.base_url or os.environ.get(self.address_variable)

    def _billed_at(self) -> str | None:
        """Return the address whose owner takes money for answers."""
        return self._address() or self.home

    @contextmanager
    def _provider_errors(self) -> Iterator[_Answer]:
        """Turn the SDK's errors into ours, in the provider's words and without the key."""
        sdk = self._package()
        answer = _Answer()
        try:
            yield answer
        except Exception as error:
            told = ProviderError("")
            if isinstance(error, ProviderError):
                told = error
                message = f"did not answer as it should: {error}"
            elif isinstance(error, sdk.APIConnectionError) and not answer.has_begun:
                message = (
                    f"could not be reached at {_origin(error.request.url)}: {self._reason(error)}. "
                    "Check the network and base_url, then run this again."
                )
            elif isinstance(error, sdk.APIError) and not isinstance(error, sdk.APIConnectionError):
                told, message = self._told(error)
            elif isinstance(error, (sdk.APIConnectionError, ValueError)) or _is_http(error):
                # Between two chunks SDKs let errors of HTTP and of JSON through.
                if not (answer.has_begun or _is_http(error)):
                    raise
                message = (
                    f"broke off: {self._reason(error)}. "
                    "What came before is kept; run this again for the rest."
                )
            elif isinstance(error, TypeError) and "JSON serializable" in str(error):
                raise InputError(
                    f"{self.model} cannot be asked: {error}. "
                    "Its settings, messages and tools are texts, numbers, lists and dicts."
                ) from None
            else:
                raise
            message = f"{self.model} {message}".rstrip()
            # An error that quotes the key is left out of the traceback, too.
            cause = None if told is error or quoted_a_key(error) else error
            raise ProviderError(
                hide_all(message), status=told.status, kind=told.kind, retry_after=told.retry_after
            ) from cause

    def _reason(self, error: Exception) -> str:
        """Return what went wrong, also where the error itself says little or nothing."""
        both = [one for one in (error, error.__cause__) if one is not None]
        if any(_is_timeout(one) for one in both):
            is_known = isinstance(self.timeout, (int, float))
            return f"nothing came {f'for {self.timeout:g} seconds' if is_known else 'in time'}"
        said = dict.fromkeys(str(one).rstrip(". ") for one in both)
        return ": ".join(filter(None, said)) or type(error).__name__

    def _told(self, error: Any) -> tuple[ProviderError, str]:
        """Return what the endpoint's error means, and how to say it."""
        body = error.body if isinstance(error.body, dict) else {"message": error.message}
        # One in the middle of an answer comes under a 200, or with no status at all.
        status = getattr(error, "status_code", None) or 200
        headers = error.response.headers if hasattr(error, "response") else {}
        told = error_from(body, status=status, retry_after=headers.get("retry-after"))
        said = words_of(body) or words_of(error.message) or "it says no more"
        hint = advice(told.kind, told.status)
        if told.status == 401 and self.key_variable:
            hint = f"Check {self.key_variable}."
        how = "answered" if status >= 400 else "broke off with"
        return told, f"{how} {told.status or told.kind or 'an error'}: {said}. {hint}"


def no_such_tool(choice: str, names: list[str]) -> InputError:
    """Return the error for a ``tool_choice`` that is none of the tools."""
    return InputError(
        f"tool_choice names no tool: {choice!r}. "
        f"Use 'auto', 'any', 'none' or one of {', '.join(map(repr, names))}."
    )


async def _close_with_its_loop(
    client: Any, loop: ref[Any], clients: ref[WeakKeyDictionary[Any, Any]]
) -> AsyncIterator[None]:
    """Keep a client open until its loop ends, or nobody has this any more.

    What runs loops lets their asynchronous generators finish before it closes them; nothing else
    tells that a loop is about to end.
    """
    try:
        yield
    finally:
        # Another may be in its place by now.
        if (home := loop()) and (kept := clients()) and kept.get(home, (None,))[0] is client:
            del kept[home]
        await client.close()


def is_theirs(tool: Any) -> bool:
    """Tell whether this is a tool at the provider's end, which goes there as it is."""
    return (
        isinstance(tool, dict)
        and isinstance(tool.get("type"), str)
        and tool["type"] not in ("custom", "function", "object")
        and "input_schema" not in tool
    )


class _Answer:
    """One answer on its way: whether any of it has come."""

    has_begun = False

    def begins(self, stream: Any) -> None:
        """Take note that it has, and look whether it is one."""
        self.has_begun = True
        response = stream.response
        mend(response)
        kind = response.headers.get("content-type", "").partition(";")[0].strip()
        if kind in ("text/html", "application/xhtml+xml"):
            raise ProviderError(
                f"{response.url.host} sent a web page ({kind}). Check base_url: it has to be the "
                "address of the API, which often ends with /v1."
            )


def _ensure_number(name: str, value: Any, what: str, kinds: Any) -> None:
    # The SDKs have objects of their own for a timeout.
    is_object = name == "timeout" and type(value).__module__.startswith("httpx")
    if value is None or is_object or (isinstance(value, kinds) and value >= 0):
        return
    raise InputError(f"{name} must be {what} from 0, not {brief(value)}.")


def _ensure_scheme(name: str, address: str) -> None:
    if not address.strip().startswith(("http://", "https://")):
        raise InputError(f"{name} must begin with http:// or https://, not {hide_all(address)!r}.")


def _origin(url: Any) -> str:
    """Return a URL's beginning, which says what was asked and holds no key."""
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{url.host}{port}"


def _is_timeout(error: BaseException) -> bool:
    """Tell whether an error of an SDK's, or of the HTTP library below it, is a time-out's."""
    return isinstance(error, TimeoutError) or any(
        kind.__name__ in ("APITimeoutError", "TimeoutException") for kind in type(error).__mro__
    )


def _is_http(error: Exception) -> bool:
    return type(error).__module__.startswith(("httpx", "httpcore"))


def _is_local(address: str | None) -> bool:
    """Tell whether an address is on this machine."""
    host = urlsplit(address or "").hostname or ""
    if host == "localhost" or host.endswith((".localhost", ".docker.internal")):
        return True
    try:
        found = ip_address(host)
    except ValueError:
        return False
    return found.is_loopback or found.is_unspecified
