"""`ChatAnthropic`: Claude, and whatever else speaks Anthropic's Messages API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .._exceptions import InputError
from .._shown import listed
from ..tools import convert_to_tool
from ..wire._anthropic_request import cites
from ..wire.anthropic import AnthropicReader, system_text, turns
from ._sdk import SdkChat, is_theirs, no_such_tool

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
        How much the model may think first: ``{"type": "adaptive"}``, as much as it finds right, or
        ``{"type": "enabled", "budget_tokens": 2000}`` for models that want a number.
    effort
        How much work the model puts into an answer: ``"low"``, ``"medium"``, ``"high"``, ….
    json_schema
        Whether the endpoint holds an answer to a schema by itself, as Anthropic's newer models do;
        else `with_structured_output` makes the model call a tool.
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
        effort: str | None = None,
        json_schema: bool = False,
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
        self.effort = effort
        self.json_schema = json_schema

    def _reader(self, request: dict[str, Any]) -> Reader:
        return AnthropicReader(in_blocks=cites(request))

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
        # Both stand in one field: a schema for one call leaves the effort as it is.
        effort = {"effort": self.effort} if self.effort else {}
        if config := {**effort, **(request.get("output_config") or {})}:
            request["output_config"] = config
        self._ensure_room(request)
        if system := system_text(self.system, messages):
            request["system"] = system
        return request

    def _ensure_room(self, request: dict[str, Any]) -> None:
        if "interleaved" in str(request.get("extra_headers")):
            return  # between calls of tools it may think more than one answer has room for
        thinking, most = request.get("thinking") or {}, request["max_tokens"]
        budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
        if isinstance(budget, int) and isinstance(most, int) and budget >= most:
            raise InputError(
                f"thinking: a budget of {budget} tokens leaves no room for an answer, which counts "
                f"to max_tokens, {most}, too. Raise max_tokens, or lower budget_tokens."
            )

    def _held_to(self, tool: dict[str, Any]) -> dict[str, Any] | None:
        if not self.json_schema:
            return None
        # The SDK knows what the API refuses in a schema, and writes that into the descriptions.
        schema = self._package().transform_schema(tool["input_schema"])
        return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}

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
            Tools at Anthropic's end go as they are: ``{"type": "web_search_20250305", "name":
            "web_search"}``.
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
        given = listed(tools, "bind_tools", "tools")
        described = [one if is_theirs(one) else convert_to_tool(one) for one in given]
        if isinstance(tool_choice, str):
            names = [one["name"] for one in described if "name" in one]
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
