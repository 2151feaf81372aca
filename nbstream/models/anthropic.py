"""`ChatAnthropic`: Claude, and whatever else speaks Anthropic's Messages API."""

from __future__ import annotations

import os
from contextlib import aclosing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, ProviderError, SetupError
from .._secrets import Secret, hide_all, quoted_a_key
from ..tools import convert_to_tools
from ..wire import advice, aread_all, error_from, read_all, words_of
from ..wire.anthropic import AnthropicReader, system_text, turns
from .base import BaseChatModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    import anthropic

    from ..messages import AIMessage, AIMessageChunk, BaseMessage
    from ..runnables import RunnableBinding

__all__ = ["DEFAULT_MODEL", "ChatAnthropic"]

DEFAULT_MODEL = "claude-sonnet-5-5"
_KEY_VARIABLE = "ANTHROPIC_API_KEY"


class ChatAnthropic(BaseChatModel):
    """A model behind Anthropic's Messages API, through the official SDK.

    Parameters
    ----------
    model
        The model's name at the endpoint.
    max_tokens
        The longest answer, in tokens.
    system
        Standing instructions; system messages in the input are added after it.
    base_url
        Another endpoint that speaks this API: llama.cpp, Ollama, vLLM, LiteLLM. By default
        ``ANTHROPIC_BASE_URL``, else Anthropic's own.
    api_key
        By default taken from ``ANTHROPIC_API_KEY``. It is given to the SDK and never shown.
    timeout
        Seconds to wait for the endpoint; by default the SDK's.
    max_retries
        How often the SDK tries again; by default its own number.
    thinking
        How much the model may think first: ``{"type": "enabled", "budget_tokens": 2000}``.
    extra_body
        Further fields of the request, for endpoints that know them (``{"temperature": 0.2}``).

    Raises
    ------
    SetupError
        When first called, if there is no key.
    ProviderError
        If the endpoint refuses, fails or is not reached.

    Examples
    --------
    >>> from nbstream import ChatAnthropic
    >>> ChatAnthropic("claude-sonnet-5-5", max_tokens=256, system="Be brief.")
    ChatAnthropic(model='claude-sonnet-5-5')
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        max_tokens: int = 1024,
        system: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        thinking: dict[str, Any] | None = None,
        extra_body: dict[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        if not isinstance(max_tokens, int) or max_tokens < 1:
            raise InputError(f"max_tokens must be a whole number from 1, not {max_tokens!r}.")
        self.model = model
        self.max_tokens = max_tokens
        self.system = system
        self.base_url = base_url
        self.timeout = timeout
        self.max_retries = max_retries
        self.thinking = thinking
        self.extra_body = extra_body
        self.name = name
        self._given_key = Secret(api_key.strip()) if api_key else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(model={self.model!r})"

    def __getstate__(self) -> dict[str, Any]:
        # The SDK's client holds the key in plain.
        return {name: value for name, value in vars(self).items() if name != "_client"}

    @property
    def model_label(self) -> str | None:
        """The model's name."""
        return self.model

    def _stream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        with self._provider_errors():
            stream = self._client.messages.create(**self._request(messages, kwargs))
            # Leaving the block closes the connection, also when the consumer stops early.
            with stream:
                yield from read_all(AnthropicReader(), stream)

    async def _astream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        with self._provider_errors():
            # A client of its own: an async one is bound to the loop that first used it, and it
            # takes a connection pool along that must be closed in that loop.
            async with self._async_client() as client:
                stream = await client.messages.create(**self._request(messages, kwargs))
                chunks = aread_all(AnthropicReader(), stream)
                async with stream, aclosing(chunks):
                    async for chunk in chunks:
                        yield chunk

    def _request(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> dict[str, Any]:
        stop = kwargs.pop("stop", None)
        # The SDK no longer has names for these; whether they still count, the endpoint knows.
        sampling = {k: kwargs.pop(k) for k in ("temperature", "top_k", "top_p") if k in kwargs}
        request: dict[str, Any] = {
            "model": self.model,
            "max_tokens": self.max_tokens,
            "messages": turns(messages),
            "stream": True,
            **({"thinking": self.thinking} if self.thinking else {}),
            **({"stop_sequences": [stop] if isinstance(stop, str) else list(stop)} if stop else {}),
            **kwargs,
        }
        if system := system_text(self.system, messages):
            request["system"] = system
        extra = {**(self.extra_body or {}), **sampling, **(kwargs.get("extra_body") or {})}
        if extra:
            request["extra_body"] = extra
        return request

    def bind_tools(
        self,
        tools: Sequence[Any],
        *,
        tool_choice: Any = None,
        parallel_tool_calls: bool | None = None,
        **kwargs: Any,
    ) -> RunnableBinding[Any, AIMessage]:
        """Return this model with tools it may call; the calls are in the message's `tool_calls`.

        Parameters
        ----------
        tools
            Functions, `Tool` objects, pydantic models or JSON schemas; see `convert_to_tool`.
        tool_choice
            ``"auto"`` (the default), ``"any"``: some tool has to be called, ``"none"``, a tool's
            name: that one has to, or a dict in the API's form.
        parallel_tool_calls
            False: at most one call an answer.
        **kwargs
            Further fields of the request.

        Raises
        ------
        InputError
            If something is no tool, or ``tool_choice`` names none of them.

        Examples
        --------
        >>> from nbstream import ChatAnthropic
        >>> def weather(city: str) -> str:
        ...     "Say what the weather is like."
        >>> model = ChatAnthropic().bind_tools([weather], tool_choice="any")
        >>> model.kwargs["tools"][0]["name"], model.kwargs["tool_choice"]
        ('weather', {'type': 'any'})
        """
        described = convert_to_tools(tools)
        if isinstance(tool_choice, str):
            names = [one["name"] for one in described]
            if tool_choice in ("auto", "any", "none"):
                tool_choice = {"type": tool_choice}
            elif tool_choice in names:
                tool_choice = {"type": "tool", "name": tool_choice}
            else:
                raise InputError(
                    f"tool_choice names no tool: {tool_choice!r}. "
                    f"Use 'auto', 'any', 'none' or one of {', '.join(map(repr, names))}."
                )
        if parallel_tool_calls is not None:
            # A copy: the caller may use its dict again.
            tool_choice = {
                **(tool_choice or {"type": "auto"}),
                "disable_parallel_tool_use": not parallel_tool_calls,
            }
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        return self.bind(tools=described, **kwargs)

    @cached_property
    def _client(self) -> anthropic.Anthropic:
        import anthropic

        return anthropic.Anthropic(**self._client_settings())

    def _async_client(self) -> anthropic.AsyncAnthropic:
        import anthropic

        return anthropic.AsyncAnthropic(**self._client_settings())

    def _client_settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {"api_key": self._api_key()}
        for name in ("base_url", "timeout", "max_retries"):
            if (value := getattr(self, name)) is not None:
                settings[name] = value
        return settings

    def _api_key(self) -> str:
        if self._given_key is not None:
            key = self._given_key.reveal()
        else:
            key = os.environ.get(_KEY_VARIABLE, "").strip()
            Secret(key)  # what an endpoint repeats of it is seen by nobody
        if not key:
            if self.base_url:
                raise SetupError(
                    f"There is no API key for {self.model} at {self.base_url}. Pass that server's "
                    'as api_key; where it asks for none, pass any text: api_key="none".'
                )
            raise SetupError(
                f"There is no API key for {self.model}. Set {_KEY_VARIABLE} before starting the "
                'notebook, or use the embedded model, which needs none: init_chat_model("local").'
            )
        if not (key.isascii() and key.isprintable()):
            # Caught here, since the HTTP library's own error would quote the key.
            raise SetupError(
                f"The API key for {self.model} has characters that no key has. Copy it again."
            )
        return key

    @contextmanager
    def _provider_errors(self) -> Iterator[None]:
        """Turn the SDK's errors into ours, in the provider's words and without the key."""
        import anthropic

        try:
            yield
        except Exception as error:
            told = ProviderError("")
            if isinstance(error, ProviderError):
                told = error
                message = f"did not answer as it should: {error}"
            elif isinstance(error, anthropic.APIStatusError):
                told, message = _told(error)
            elif isinstance(error, anthropic.APIConnectionError):
                message = (
                    f"could not be reached at {error.request.url.host}: {error} "
                    "Check the network and base_url, then run this again."
                )
            elif isinstance(error, anthropic.AnthropicError):
                message = f"failed: {error}"
            elif type(error).__module__.startswith("httpx"):
                # Between two chunks the SDK lets its HTTP library's errors through.
                message = (
                    f"broke off: {str(error).rstrip('. ')}. "
                    "What came before is kept; run this again for the rest."
                )
            else:
                raise
            message = f"{self.model} {message}".rstrip()
            # An error that quotes the key is left out of the traceback, too.
            cause = None if told is error or quoted_a_key(error) else error
            raise ProviderError(
                hide_all(message), status=told.status, kind=told.kind, retry_after=told.retry_after
            ) from cause


def _told(error: anthropic.APIStatusError) -> tuple[ProviderError, str]:
    """Return what the endpoint's error means, and how to say it."""
    body = error.body if isinstance(error.body, dict) else {"message": error.message}
    told = error_from(
        body, status=error.status_code, retry_after=error.response.headers.get("retry-after")
    )
    said = words_of(body) or words_of(error.message) or "it says no more"
    hint = f"Check {_KEY_VARIABLE}." if told.status == 401 else advice(told.kind, told.status)
    # An error in the middle of an answer comes under a 200.
    how = "answered" if error.status_code >= 400 else "broke off with"
    return told, f"{how} {told.status or told.kind or 'an error'}: {said}. {hint}"
