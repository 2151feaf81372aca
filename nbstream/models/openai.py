"""`ChatOpenAI`: OpenAI's models, and whatever else speaks Chat Completions or Responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .._exceptions import InputError
from .._shown import listed
from ..messages import AIMessage, SystemMessage
from ..tools import convert_to_tool
from ..wire._openai_request import cites, function_of
from ..wire.openai_chat import OpenAIChatReader, chat_messages
from ..wire.openai_responses import OpenAIResponsesReader, response_items
from ._continued import ensure_free
from ._providers import hosted
from ._schemas import closed, requires_all
from ._sdk import SdkChat, is_theirs, no_such_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..messages import BaseMessage
    from ..runnables import RunnableBinding
    from ..wire import Reader

__all__ = ["DEFAULT_MODEL", "ChatOpenAI"]

DEFAULT_MODEL = "gpt-5.5"
_ODDS = "message.output_text.logprobs"


class ChatOpenAI(SdkChat):
    """A model behind OpenAI's APIs, or a compatible one, through the official SDK.

    It needs the extra: ``pip install "nbstream[openai]"``.

    Parameters
    ----------
    model
        The model's name at the endpoint.
    max_tokens
        The longest answer, in tokens; by default the endpoint's own limit.
    system
        Standing instructions; system messages in the input are added after it.
    temperature, top_p
        How freely the model chooses; by default the endpoint's own.
    base_url
        Another endpoint that speaks this API: Ollama, vLLM, LM Studio, Groq, OpenRouter. By default
        ``OPENAI_BASE_URL``, else OpenAI's own.
    api_key
        By default taken from the environment. It is given to the SDK and never shown. An endpoint
        on this machine needs none.
    key_variable
        The environment variable to take it from; None: none is needed.
    timeout
        Seconds to wait for the endpoint; by default the SDK's.
    max_retries
        How often the SDK tries again; by default its own number.
    use_responses_api
        Ask by the Responses API, which has reasoning, instead of Chat Completions, which every
        compatible endpoint has.
    reasoning_effort
        How much a model that reasons may do so: ``"low"``, ``"medium"``, ``"high"``.
    reasoning
        More of the same, for the Responses API: ``{"effort": "low", "summary": "auto"}`` shows a
        summary of it.
    logprobs
        Whether each token comes with its log-probability.
    top_logprobs
        How many alternatives come with it.
    stream_usage
        Whether to ask for the usage. False for endpoints that refuse to be asked.
    json_schema
        Whether the endpoint can hold an answer to a JSON schema; else `with_structured_output`
        makes the model call a tool.
    thinking_as
        The field that takes thinking back, for endpoints that want it: ``"reasoning_content"``.
    extra_body
        Further fields of the request, for endpoints that know them (``{"top_k": 40}``).

    Raises
    ------
    SetupError
        When first called, if there is no key, or the SDK is not installed.
    ProviderError
        If the endpoint refuses, fails or is not reached.

    Examples
    --------
    >>> from nbstream import ChatOpenAI
    >>> ChatOpenAI("gpt-5.5", system="Be brief.")
    ChatOpenAI(model='gpt-5.5')
    >>> ChatOpenAI("qwen3:4b", base_url="http://localhost:11434/v1")  # Ollama, with no key
    ChatOpenAI(model='qwen3:4b')
    """

    sdk: ClassVar[str] = "openai"
    package: ClassVar[str] = "nbstream[openai]"
    clients: ClassVar[tuple[str, str]] = ("OpenAI", "AsyncOpenAI")
    home: ClassVar[str] = "https://api.openai.com/v1"
    address_variable: ClassVar[str] = "OPENAI_BASE_URL"

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        max_tokens: int | None = None,
        system: str | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        key_variable: str | None = "OPENAI_API_KEY",
        timeout: float | None = None,
        max_retries: int | None = None,
        use_responses_api: bool = False,
        reasoning_effort: str | None = None,
        reasoning: dict[str, Any] | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        stream_usage: bool = True,
        json_schema: bool = True,
        thinking_as: str | None = None,
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
        if reasoning is not None and not use_responses_api:
            raise InputError(
                "reasoning is a setting of the Responses API. Add use_responses_api=True, or use "
                "reasoning_effort."
            )
        self.temperature = temperature
        self.top_p = top_p
        self.key_variable = key_variable
        self.use_responses_api = use_responses_api
        self.reasoning_effort = reasoning_effort
        self.reasoning = reasoning
        self.logprobs = logprobs
        self.top_logprobs = top_logprobs
        self.stream_usage = stream_usage
        self.json_schema = json_schema
        self.thinking_as = thinking_as

    def _reader(self, request: dict[str, Any]) -> Reader:
        make = OpenAIResponsesReader if self.use_responses_api else OpenAIChatReader
        return make(in_blocks=cites(request))

    def _create(self, client: Any) -> Callable[..., Any]:
        api = client.responses if self.use_responses_api else client.chat.completions
        return api.create  # type: ignore[no-any-return]

    def _request(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> dict[str, Any]:
        if self.system:
            messages = [SystemMessage(self.system), *messages]
        settings = {"temperature": self.temperature, "top_p": self.top_p, **kwargs}
        # One name for both APIs, as everywhere else.
        limit = settings.pop("max_tokens", self.max_tokens)
        asked = self._responses if self.use_responses_api else self._chat
        request = {"model": self.model, "stream": True, **asked(messages, limit, settings)}
        return {name: value for name, value in request.items() if value is not None}

    def _chat(
        self, messages: list[BaseMessage], limit: int | None, settings: dict[str, Any]
    ) -> dict[str, Any]:
        # OpenAI's own models refuse the older name, which many others know alone.
        length = "max_completion_tokens" if self._is_openais() else "max_tokens"
        odds = self.logprobs or self.top_logprobs is not None or None
        return {
            "messages": chat_messages(messages, thinking_as=self.thinking_as),
            length: limit,
            "stream_options": {"include_usage": True} if self.stream_usage else None,
            "reasoning_effort": self.reasoning_effort,
            "logprobs": odds if self.logprobs is not False else None,
            "top_logprobs": self.top_logprobs,
            **settings,
        }

    def _begun_with(
        self, messages: list[BaseMessage], beginning: str, kwargs: dict[str, Any]
    ) -> tuple[list[BaseMessage], dict[str, Any]]:
        ensure_free(kwargs)
        if self.use_responses_api or not self._is_own_server():
            return super()._begun_with(messages, beginning, kwargs)
        if messages and isinstance(messages[-1], AIMessage):
            beginning, messages = messages[-1].text + beginning, messages[:-1]
        # vLLM and SGLang want to be told; llama.cpp takes it so, and passes these over.
        extra = {"add_generation_prompt": False, "continue_final_message": True}
        extra |= {**(self.extra_body or {}), **(kwargs.get("extra_body") or {})}
        return [*messages, AIMessage(beginning)], {**kwargs, "extra_body": extra}

    def _is_own_server(self) -> bool:
        """Tell whether this asks a server of somebody's own, and no provider that is known."""
        address = self._address() or self.home
        return not any(address.startswith(home) for home in hosted()) and not self._is_openais()

    def _is_openais(self) -> bool:
        is_azure = type(self._lent).__name__.endswith("AzureOpenAI")
        return is_azure or (self._address() or self.home).startswith(self.home)

    def _responses(
        self, messages: list[BaseMessage], limit: int | None, settings: dict[str, Any]
    ) -> dict[str, Any]:
        if settings.pop("stop", None):
            raise InputError(
                "stop: the Responses API has no stop sequences. Leave it out, or make the model "
                "without use_responses_api."
            )
        effort = {"effort": self.reasoning_effort} if self.reasoning_effort else {}
        return {
            "input": response_items(messages),
            "max_output_tokens": limit,
            "reasoning": {**effort, **(self.reasoning or {})} or None,
            "include": [_ODDS] if self.logprobs or self.top_logprobs is not None else None,
            "top_logprobs": self.top_logprobs,
            **settings,
        }

    def bind_tools(
        self,
        tools: Sequence[Any],
        *,
        tool_choice: Any = None,
        parallel_tool_calls: bool | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> RunnableBinding[Any, AIMessage]:
        """Return this model with tools it may call; the calls are in the message's `tool_calls`.

        Parameters
        ----------
        tools
            Functions, `Tool` objects, pydantic models or JSON schemas; see `convert_to_tool`.
            Tools at the provider's end go as they are: ``{"type": "web_search"}``.
        tool_choice
            ``"auto"`` (the default), ``"any"`` or ``"required"``: some tool has to be called,
            ``"none"``, a tool's name: that one has to, or a dict in the API's form.
        parallel_tool_calls
            False: at most one call an answer.
        strict
            True: the arguments are held to the schema, which has to require all its fields.
        **kwargs
            Further fields of the request.

        Raises
        ------
        InputError
            If something is no tool, or ``tool_choice`` names none of them.

        Examples
        --------
        >>> from nbstream import ChatOpenAI
        >>> def weather(city: str) -> str:
        ...     "Say what the weather is like."
        >>> model = ChatOpenAI().bind_tools([weather], tool_choice="any")
        >>> model.kwargs["tools"][0]["function"]["name"], model.kwargs["tool_choice"]
        ('weather', 'required')
        """
        given = listed(tools, "bind_tools", "tools")
        bound = [one if is_theirs(one) else self._tool(one, strict) for one in given]
        if isinstance(tool_choice, str):
            names = [name for one in bound if (name := one.get("function", one).get("name"))]
            tool_choice = "required" if tool_choice == "any" else tool_choice
            if tool_choice in names:
                chosen = {"name": tool_choice}
                tool_choice = {
                    "type": "function",
                    **(chosen if self.use_responses_api else {"function": chosen}),
                }
            elif tool_choice not in ("auto", "none", "required"):
                raise no_such_tool(tool_choice, names)
        chosen_so = {"tool_choice": tool_choice, "parallel_tool_calls": parallel_tool_calls}
        kwargs |= {name: value for name, value in chosen_so.items() if value is not None}
        return self.bind(tools=bound, **kwargs)

    def _tool(self, thing: Any, strict: bool | None) -> dict[str, Any]:
        function = function_of(convert_to_tool(thing))
        if self.use_responses_api:
            # Where nothing is said, this API is strict, and a field that may be left out is not.
            return {"type": "function", **function, "strict": bool(strict)}
        if strict is not None:
            function["strict"] = strict
        return {"type": "function", "function": function}

    def _json_mode(self) -> dict[str, Any]:
        if self.use_responses_api:
            return {"text": {"format": {"type": "json_object"}}}
        return {"response_format": {"type": "json_object"}}

    def _held_to(self, tool: dict[str, Any]) -> dict[str, Any] | None:
        if not self.json_schema:
            return None
        schema = tool["input_schema"]
        # Where a field may be left out, the strict mode would mean something else.
        strict = requires_all(schema)
        form = {"name": tool["name"], "schema": schema, "strict": strict}
        if strict:
            form["schema"] = closed(schema)
        if said := tool.get("description"):
            form["description"] = said
        if self.use_responses_api:
            return {"text": {"format": {"type": "json_schema", **form}}}
        return {"response_format": {"type": "json_schema", "json_schema": form}}
