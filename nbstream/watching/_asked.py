"""Requests to models, known by their path and body."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from ..wire._fields import first, get, items, text_of

__all__ = ["Asked", "asked", "may_ask", "turns", "unwrapped"]

_TAILS = (
    "/chat/completions",
    "/completions",
    "/responses",
    "/messages",
    "enerateContent",
    "awPredict",
    "/api/chat",
    "/api/generate",
    "/v1/chat",
    "/v2/chat",
)
_PROVIDERS = {
    "anthropic.com": "Anthropic",
    "azure.com": "Azure OpenAI",
    "cohere.ai": "Cohere",
    "cohere.com": "Cohere",
    "deepseek.com": "DeepSeek",
    "googleapis.com": "Google",
    "groq.com": "Groq",
    "huggingface.co": "Hugging Face",
    "mistral.ai": "Mistral",
    "openai.com": "OpenAI",
    "openrouter.ai": "OpenRouter",
    "together.xyz": "Together",
    "x.ai": "xAI",
}
_ROLES = {"assistant": "ai", "model": "ai", "system": "system", "developer": "system"}


class Asked(NamedTuple):
    """What a request asks of a model. No key, header or query string is in it."""

    dialect: str
    provider: str
    model: str
    messages: list[tuple[str, str]]
    """The input, each message with its role."""
    url: str


def may_ask(method: str, path: str) -> bool:
    """Tell whether a request's body is worth a look."""
    return method == "POST" and path.endswith(_TAILS)


def asked(scheme: str, host: str, path: str, body: Any) -> Asked | None:
    """Return what a request asks of a model; None for all other requests.

    Parameters
    ----------
    scheme, host, path
        Of its URL.
    body
        Its bytes or text, or the object they are the JSON of.

    Examples
    --------
    >>> asked("https", "api.openai.com", "/v1/responses", b'{"model": "m", "input": "Hi"}')[:4]
    ('openai_responses', 'OpenAI', 'm', [('human', 'Hi')])
    """
    if isinstance(body, (bytes, bytearray, str)):
        try:
            body = json.loads(body)
        except ValueError:
            return None
    dialect = _dialect(path, body) if isinstance(body, dict) else None
    if dialect is None:
        return None
    model = text_of(get(body, "model")) or path.rpartition("/")[2].partition(":")[0]
    url = f"{scheme}://{host}{path}"
    return Asked(dialect, _provider(host, dialect), model, turns(body), url)


def _dialect(path: str, body: dict[str, Any]) -> str | None:
    has = body.keys().__contains__
    if path.endswith("/chat/completions"):
        return "openai_chat" if has("messages") else None
    if path.endswith("/completions"):
        return "openai_chat" if has("prompt") else None
    if path.endswith("/responses"):
        return "openai_responses" if has("input") or has("prompt") else None
    if path.endswith(("/messages", "awPredict")):
        return "anthropic" if has("messages") and has("max_tokens") else None
    if path.endswith("enerateContent"):
        return "gemini" if has("contents") else None
    if path.endswith("/api/chat"):
        return "ollama" if has("messages") else None
    if path.endswith("/api/generate"):
        return "ollama" if has("prompt") else None
    return "cohere" if path.endswith("/chat") and has("messages") else None


def _provider(host: str, dialect: str) -> str:
    name = host.partition(":")[0]
    for end, provider in _PROVIDERS.items():
        if name == end or name.endswith(f".{end}"):
            return provider
    kind = {"anthropic": "Anthropic", "gemini": "Gemini", "ollama": "Ollama", "cohere": "Cohere"}
    return kind.get(dialect, "OpenAI") + ("" if dialect == "ollama" else "-compatible")


def turns(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the messages of a request's body, each with its role."""
    system = first(body, "system", "instructions", "systemInstruction", "system_instruction")
    said = [("system", text)] if (text := _text(system)) else []
    turns = first(body, "messages", "contents", "input", "prompt")
    for turn in items(turns) or ([turns] if isinstance(turns, str) else []):
        role = _ROLES.get(text_of(get(turn, "role")), "human")
        said.append((role, _text(turn) or json.dumps(turn, ensure_ascii=False)))
    return said


def _text(value: Any) -> str:
    """Return the text of a message, or of what a message can hold."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_text, value))
    if not isinstance(value, dict):
        return ""
    if text := text_of(get(value, "text")):
        return text
    if inner := first(value, "content", "parts"):
        return _text(inner)
    kind = text_of(get(value, "type"))
    if kind in ("image", "image_url", "input_image", "document", "file", "input_audio"):
        return f"<{kind}>"  # it may hold megabytes
    return "" if kind in ("", "text") or "role" in value else json.dumps(value, ensure_ascii=False)


def unwrapped(arguments: Any) -> Any:
    """Return what a function was given, without its ``args`` and ``kwargs`` around it."""
    if not isinstance(arguments, dict):
        return arguments
    given = dict(arguments)
    named, others = given.pop("kwargs", None) or {}, given.pop("args", None) or ()
    return {**({"args": list(others)} if others else {}), **given, **named}
