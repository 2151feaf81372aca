"""What the attributes of a span say: by the conventions for generative AI, and by those before.

Beside OpenTelemetry's own names (``gen_ai.…``) those of OpenInference and of Traceloop are read,
which instrumentations have used for longer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..wire._fields import get, items, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..events._types import RunType
    from ..messages import UsageMetadata

__all__ = [
    "gave_in",
    "given_in",
    "is_a_run",
    "kept",
    "kind_of",
    "model_of",
    "name_of",
    "said",
    "turns",
    "usage_in",
]

MAX_ATTRIBUTE = 200
"""Characters of an attribute that is kept as metadata: a longer one is content."""

_HOOKED = (
    "dspy",
    "langchain",
    "langgraph",
    "langsmith",
    "llama_index",
    "llamaindex",
    "nbstream",
    "openai_agents",
)
"""In the name of what makes spans: a hook of ours tells of that, or it is ours."""
_TAPPED = ("anthropic", "cohere", "genai", "groq", "mistral", "ollama", "openai")
"""The same: it asks models by HTTP, where the tap sees more of them than a span tells."""

_KINDS: dict[str, RunType] = {
    "chat": "chat_model",
    "completion": "chat_model",
    "text_completion": "chat_model",
    "generate_content": "chat_model",
    "execute_tool": "tool",
    "llm": "chat_model",
    "tool": "tool",
    "retriever": "retriever",
    "retrieval": "retriever",
}
_KIND_NAMES = (
    "gen_ai.operation.name",
    "openinference.span.kind",
    "llm.request.type",
    "traceloop.span.kind",
)
_MARKS = (*_KIND_NAMES, "gen_ai.provider.name", "gen_ai.system")
_GIVEN = (
    "gen_ai.input.messages",
    "gen_ai.tool.call.arguments",
    "tool_arguments",
    "gen_ai.prompt.0.content",
    "input.value",
    "traceloop.entity.input",
)
_GAVE = (
    "gen_ai.output.messages",
    "gen_ai.tool.call.result",
    "tool_response",
    "final_result",
    "gen_ai.completion.0.content",
    "llm.output_messages.0.message.content",
    "output.value",
    "traceloop.entity.output",
)
_ROLES = {"assistant": "ai", "ai": "ai", "system": "system", "developer": "system"}
_TEXTS = ("content", "text", "result", "arguments", "name")


def kind_of(known: Mapping[str, Any]) -> RunType:
    """Return what sort of run a span is."""
    said = (str(known[name]).lower() for name in _KIND_NAMES if name in known)
    return next((_KINDS[one] for one in said if one in _KINDS), "chain")


def is_a_run(scope: str, kind: RunType, known: Mapping[str, Any]) -> bool:
    """Tell whether a span is of a model, tool or agent, and nothing of ours tells of that already.

    Parameters
    ----------
    scope
        The name of what makes the span: ``opentelemetry.instrumentation.openai_v2``.
    kind
        What `kind_of` says.
    known
        The attributes it begins with.
    """
    if any(name in scope for name in _HOOKED):
        return False
    is_seen = kind == "chat_model" and any(name in scope for name in _TAPPED)
    return not is_seen and any(name in known for name in _MARKS)


def name_of(name: str, kind: RunType, known: Mapping[str, Any]) -> str:
    """Return the name of its run: the provider, the tool's or the agent's."""
    if kind == "chat_model":
        found = known.get("gen_ai.provider.name") or known.get("gen_ai.system")
    elif kind == "tool":
        found = known.get("gen_ai.tool.name") or known.get("tool.name")
    else:
        found = known.get("gen_ai.agent.name") or known.get("agent_name")
    return str(found or name)


def model_of(known: Mapping[str, Any]) -> str | None:
    """Return the model that is asked."""
    return known.get("gen_ai.request.model") or known.get("llm.model_name")


def kept(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that are kept: what is short, and neither given nor received."""
    content = {*_GIVEN, *_GAVE}
    return {
        key: value
        for key, value in known.items()
        if isinstance(value, (bool, int, float))
        or (isinstance(value, str) and len(value) < MAX_ATTRIBUTE and key not in content)
    }


def given_in(known: Mapping[str, Any]) -> Any:
    """Return what it was given; None where it does not say."""
    return _first(known, _GIVEN)


def gave_in(known: Mapping[str, Any]) -> Any:
    """Return what it gave; None where it does not say."""
    return _first(known, _GAVE)


def usage_in(known: Mapping[str, Any]) -> UsageMetadata | None:
    """Return the tokens that it used; None where it does not say."""
    counts = [
        next((known[name] for name in names if isinstance(known.get(name), int)), None)
        for names in _USAGE
    ]
    if counts == [None, None]:
        return None
    sent, came = (count or 0 for count in counts)
    return {"input_tokens": sent, "output_tokens": came, "total_tokens": sent + came}


_USAGE = (
    ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"),
    ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion"),
)


def turns(messages: Any) -> Any:
    """Return a model's input as messages, each with its role; as it is where it has no messages."""
    found = items(messages)
    if not all(isinstance(one, dict) for one in found):
        return messages
    return [
        (_ROLES.get(text_of(get(one, "role")), "human"), _text(one)) for one in found
    ] or messages


def said(output: Any) -> str:
    """Return the text of a model's output."""
    if isinstance(output, str):
        return output
    return "".join(one if isinstance(one, str) else _text(one) for one in items(output))


def _first(known: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        value = known.get(name)
        if isinstance(value, str) and value[:1] in ("{", "["):
            try:
                return json.loads(value)
            except ValueError:
                return value
        if value is not None:
            return value
    return None


def _text(message: Any) -> str:
    parts = items(get(message, "parts")) or items(get(message, "content"))
    if not parts:
        return text_of(get(message, "content"))
    texts = (
        next((text for name in _TEXTS if (text := text_of(get(part, name)))), "") for part in parts
    )
    return "".join(texts)
