"""`ChatAnthropic`: Claude, and whatever else speaks Anthropic's Messages API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..tools import convert_to_tools
from ..wire.anthropic import AnthropicReader, system_text, turns
from ._sdk import SdkChat, no_such_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..messages import AIMessage, BaseMessage
    from ..runnables import RunnableBinding
    from ..wire import Reader

__all__ = ["DEFAULT_MODEL", "ChatAnthropic"]

DEFAULT_MODEL = "claude-sonnet-5-5"


class ChatAnthropic(SdkChat):
    """A model behind Anthropic's Messages API, through the official SDK.

    Parameters
    ----------
    model
        The model's name at the endpoint.
    max_tokens
        The longest answer, in tokens.
    system
        Standing instructions; system messages in the input are added after it.
    temperature, top_p
        How freely the model chooses; by default the endpoint's own. Newer models refuse them.
    base_url
        Another endpoint that speaks this API: llama.cpp, Ollama, vLLM, LiteLLM. By default
        ``ANTHROPIC_BASE_URL``, else Anthropic's own.
    api_key
        By default taken from ``ANTHROPIC_API_KEY``, or ``ANTHROPIC_AUTH_TOKEN``. It is given to
        the SDK and never shown. An endpoint on this machine needs none.
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

    sdk: ClassVar[str] = "anthropic"
    package: ClassVar[str] = "anthropic"
    clients: ClassVar[tuple[str, str]] = ("Anthropic", "AsyncAnthropic")
    home: ClassVar[str] = "https://api.anthropic.com"
    address_variable: ClassVar[str] = "ANTHROPIC_BASE_URL"
    key_variable: str | None = "ANTHROPIC_API_KEY"
    second_variable: ClassVar[str | None] = "ANTHROPIC_AUTH_TOKEN"

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        max_tokens: int = 1024,
        system: str | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float | None = None,
        max_retries: int | None = None,
        thinking: dict[str, Any] | None = None,
        extra_body: dict[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            model,
            max_tokens=max_tokens,
            system=system,
            base_url=base_url,
            api_key=api_key,
            timeout=timeout,
            max_retries=max_retries,
            extra_body=extra_body,
            name=name,
        )
        self.temperature = temperature
        self.top_p = top_p
        self.thinking = thinking

    def _reader(self, request: dict[str, Any]) -> Reader:  # noqa: ARG002
        return AnthropicReader()

    def _create(self, client: Any) -> Callable[..., Any]:
        return client.messages.create  # type: ignore[no-any-return]

    def _request(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> dict[str, Any]:
        stop = kwargs.pop("stop", None)
        sampling = {"temperature": self.temperature, "top_p": self.top_p}
        request: dict[str, Any] = {
            "model": self.model,
            "max_tokens": self.max_tokens,
            "messages": turns(messages),
            "stream": True,
            **{name: value for name, value in sampling.items() if value is not None},
            **({"thinking": self.thinking} if self.thinking else {}),
            **({"stop_sequences": [stop] if isinstance(stop, str) else list(stop)} if stop else {}),
            **kwargs,
        }
        if system := system_text(self.system, messages):
            request["system"] = system
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
                raise no_such_tool(tool_choice, names)
        if parallel_tool_calls is not None:
            # A copy: the caller may use its dict again.
            tool_choice = {
                **(tool_choice or {"type": "auto"}),
                "disable_parallel_tool_use": not parallel_tool_calls,
            }
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        return self.bind(tools=described, **kwargs)
