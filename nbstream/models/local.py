"""`ChatLocal`: the embedded model, which needs no key and no network."""

from __future__ import annotations

from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._iterate import aclosing, close
from .._shown import brief
from ..messages import AIMessage, SystemMessage
from ..messages._merge import add_usage
from ._continued import ensure_free
from ._engine import LOCAL_MODEL, Endpoint, Setup, server_of
from ._local_chat import LocalChat, held_to, needs_chat
from .anthropic import ChatAnthropic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ..messages import AIMessageChunk, BaseMessage

__all__ = ["LOCAL_MODEL", "ChatLocal"]


class ChatLocal(ChatAnthropic):
    """A small language model that runs in this process: SmolLM2-135M-Instruct, on the CPU.

    It writes fluent nonsense: good for trying things, not for asking them. It reads text only.
    llama.cpp's server holds it, on a loopback port with a key of its own; it speaks Anthropic's
    API, so this is `ChatAnthropic` pointed there, and the code that runs is the code that talks to
    Claude. It loads on first use, once for the process.

    Log-probabilities, tools and answers of a schema it has by Chat Completions, which the server
    speaks, too: the model is held to the schema, token by token. So a tool's arguments and a typed
    answer always have the right form; what they say is nonsense all the same. Once it has a tool's
    result it answers in words, unless ``tool_choice`` makes it call again.

    Parameters
    ----------
    model
        Another model: the path of a GGUF file, with its own name and its own chat template.
    max_tokens
        The longest answer, in tokens; question and answer together have room for ``n_ctx``.
    system
        Standing instructions.
    temperature, top_p
        How freely the model chooses; a temperature of 0.6 for the small one.
    extra_body
        Further sampling settings that llama.cpp takes here: ``top_k``, ``seed``.
    logprobs
        Whether each token comes with its log-probability.
    top_logprobs
        How many alternatives come with it.
    prefill
        How the answer is to begin: the model goes on from there, and its answer is what follows. A
        last message of the model's own does the same, and counts more.
    n_ctx
        How many tokens question and answer may have together; by default as many as the file says,
        or as memory has room for. For the small model that is 2048.
    threads
        Threads to compute with; by default one less than there are cores, at most four.
    gpu_layers
        How many layers of the model go to a GPU, where the engine is built for one; by default its
        own choice.

    Raises
    ------
    InputError
        If there is no such file, or a number is none.
    SetupError
        When first called, if the engine or the weights are not installed; it gives the command. Or
        if the file is none that the engine can load.

    Examples
    --------
    >>> from nbstream import ChatLocal
    >>> message = ChatLocal(max_tokens=8).invoke("Say hello.")
    >>> message.usage_metadata["output_tokens"] <= 8  # it may have said all before
    True
    """

    def __init__(
        self,
        model: str | Path = LOCAL_MODEL,
        *,
        max_tokens: int = 256,
        system: str | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        extra_body: dict[str, Any] | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        prefill: str | None = None,
        n_ctx: int | None = None,
        threads: int | None = None,
        gpu_layers: int | None = None,
        name: str | None = None,
    ) -> None:
        for what, value, least in (
            ("n_ctx", n_ctx, 1),
            ("threads", threads, 1),
            ("gpu_layers", gpu_layers, 0),
        ):
            if value is not None and (type(value) is not int or value < least):
                raise InputError(f"{what} must be a whole number from {least}, not {value!r}.")
        if prefill is not None and not isinstance(prefill, str):
            raise InputError(f"prefill is the text an answer begins with, not {brief(prefill)}.")
        file = None if model == LOCAL_MODEL else _file(model)
        self._setup = Setup(file, n_ctx, threads, gpu_layers)
        self.prefill = prefill
        super().__init__(
            self._setup.name,
            max_tokens=max_tokens,
            system=system,
            temperature=temperature,
            top_p=top_p,
            extra_body=extra_body,
            name=name,
        )
        self.logprobs = logprobs
        self.top_logprobs = top_logprobs

    def _stream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        if (asked := self._by_chat(messages, kwargs)) is not None:
            return self._chat()._stream_messages(asked[0], **asked[1])
        return self._begun(messages, super()._stream_messages(messages, **kwargs))

    def _astream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        if (asked := self._by_chat(messages, kwargs)) is not None:
            return self._chat()._astream_messages(asked[0], **asked[1])
        return self._abegun(messages, super()._astream_messages(messages, **kwargs))

    # The server leaves out an answer's beginning, which has its model and the size of the input,
    # where the first token is a part of a character, as many smileys begin.

    def _begun(
        self, messages: list[BaseMessage], chunks: Iterator[AIMessageChunk]
    ) -> Iterator[AIMessageChunk]:
        try:
            for chunk in chunks:
                if _lacks_input(chunk):
                    with suppress(self._package().APIError):
                        asked = self._client.messages.count_tokens(**self._counted(messages))
                        chunk = self._with_input(chunk, asked.input_tokens)
                yield chunk
        finally:
            close(chunks)

    async def _abegun(
        self, messages: list[BaseMessage], chunks: AsyncIterator[AIMessageChunk]
    ) -> AsyncIterator[AIMessageChunk]:
        async with aclosing(chunks) as stream:
            async for chunk in stream:
                if _lacks_input(chunk):
                    client = await self._async_client()
                    with suppress(self._package().APIError):
                        asked = await client.messages.count_tokens(**self._counted(messages))
                        chunk = self._with_input(chunk, asked.input_tokens)
                yield chunk

    def _counted(self, messages: list[BaseMessage]) -> dict[str, Any]:
        request = self._request(messages, {})
        return {k: v for k, v in request.items() if k in ("messages", "model", "system")}

    def _with_input(self, chunk: AIMessageChunk, tokens: int) -> AIMessageChunk:
        chunk = chunk.copy()
        chunk.usage_metadata = add_usage(
            chunk.usage_metadata,
            {"input_tokens": tokens, "output_tokens": 0, "total_tokens": tokens},
        )
        chunk.response_metadata = {"model_name": self.model, **chunk.response_metadata}
        return chunk

    def _held_to(self, tool: dict[str, Any]) -> dict[str, Any] | None:
        return held_to(tool)

    def _by_chat(
        self, messages: list[BaseMessage], kwargs: dict[str, Any]
    ) -> tuple[list[BaseMessage], dict[str, Any]] | None:
        """Return what Chat Completions are asked; None where the Messages API will do."""
        prefill = kwargs.pop("prefill", self.prefill)
        if prefill and not (messages and isinstance(messages[-1], AIMessage)):
            messages = [*messages, AIMessage(prefill)]
        if self.logprobs or self.top_logprobs is not None:
            kwargs = {"logprobs": True, "top_logprobs": self.top_logprobs, **kwargs}
        if not needs_chat(messages, kwargs):
            return None
        if self.system:
            messages = [SystemMessage(self.system), *messages]
        # What one call says counts more than what the model was made with.
        sampling = {"temperature": self.temperature, "top_p": self.top_p}
        ours = {**sampling, **(self.extra_body or {})}
        extra = {k: v for k, v in ours.items() if k not in kwargs and v is not None}
        extra |= kwargs.get("extra_body") or {}
        return messages, {"max_tokens": self.max_tokens, **kwargs, "extra_body": extra}

    def _begun_with(
        self, messages: list[BaseMessage], beginning: str, kwargs: dict[str, Any]
    ) -> tuple[list[BaseMessage], dict[str, Any]]:
        ensure_free(kwargs)
        given = kwargs.get("prefill", self.prefill) or ""
        if messages and isinstance(messages[-1], AIMessage):
            given, messages = messages[-1].text, messages[:-1]
        return [*messages, AIMessage(given + beginning)], kwargs

    def _request(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> dict[str, Any]:
        if any(isinstance(one, dict) and one.get("type") in _UNREAD for one in _blocks(messages)):
            raise InputError(
                "The embedded model reads text only, and the prompt has an image or a document. "
                "Leave that out, or use ChatAnthropic."
            )
        return super()._request(messages, kwargs)

    @property
    def model_label(self) -> str | None:
        """The model's name, and that it is the embedded one."""
        return f"{self.model} (embedded)"

    @property
    def n_ctx(self) -> int:
        """How many tokens question and answer may have together.

        For a file, where no number was given, this loads the model.
        """
        return self._setup.context or server_of(self._setup).n_ctx

    @property
    def endpoint(self) -> Endpoint:
        """Where any other library reaches this model: ``base_url``, ``url``, ``api_key``.

        The server runs in this process, and as long as it; its repr hides the key.

        Examples
        --------
        >>> import openai
        >>> here = ChatLocal().endpoint
        >>> client = openai.OpenAI(base_url=here.base_url, api_key=here.api_key)
        >>> client.models.list().data[0].id
        'SmolLM2-135M-Instruct'
        """
        server = server_of(self._setup)
        return Endpoint(server.url, server.key, self.model)

    def _chat(self) -> LocalChat:
        return _chat(self._setup)

    def _client_settings(self) -> dict[str, Any]:
        return _client_settings(self._setup)

    def _billed_at(self) -> None:
        return None

    def ensure_key(self) -> None:
        """Look for none: it makes its own."""

    def _api_key(self) -> str:
        return server_of(self._setup).key.reveal()


def _lacks_input(chunk: AIMessageChunk) -> bool:
    usage = chunk.usage_metadata
    return usage is not None and not usage["input_tokens"]


def _file(model: str | Path) -> Path:
    path = Path(model).expanduser()
    if not path.is_file():
        raise InputError(
            f"There is no file {str(model)!r}. Give the path of a GGUF file, or leave it out for "
            f"{LOCAL_MODEL}."
        )
    return path.absolute()


def _client_settings(setup: Setup) -> dict[str, Any]:
    server = server_of(setup)
    return {
        "base_url": server.url,
        "api_key": server.key.reveal(),
        # The server drops kept connections without notice, which would cost a failed try.
        "default_headers": {"Connection": "close"},
    }


@cache
def _chat(setup: Setup) -> LocalChat:
    """Return what asks a server by Chat Completions: one for each, as the server is."""
    return LocalChat(setup.name, partial(_client_settings, setup))


_UNREAD = ("image", "image_url", "input_image", "document", "file", "audio", "input_audio")


def _blocks(messages: list[BaseMessage]) -> Iterator[Any]:
    for message in messages:
        if isinstance(message.content, list):
            yield from message.content
