"""Which adapter a stream needs: told by the module of its first item, or by its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..events._chunks import AddableDict
from ..messages import BaseMessage
from ..wire import READERS
from ..wire._fields import get, text_of
from ._agents import ClaudeAgent, OpenAIAgents, PydanticAI
from ._base import Adapter, Answer, top_module
from ._langchain import Events, Graph, Messages, Protocol
from ._others import Chatlas, Dspy, Generated, Growing, LlamaIndex, Llm

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import Run
    from ..events._log import Log
    from ._steps import Steps

__all__ = ["adapter_for", "dialect_of"]

_BY_MODULE: dict[str, Callable[[], Adapter]] = {
    "agents": OpenAIAgents,
    "chatlas": Chatlas,
    "claude_agent_sdk": ClaudeAgent,
    "langchain_core": Messages,
    "llama_index": LlamaIndex,
    "llm": Llm,
    "pydantic_ai": PydanticAI,
    "pydantic_graph": PydanticAI,
    "workflows": LlamaIndex,
}
_DIALECTS = {
    "anthropic": "anthropic",
    "cohere": "cohere",
    "google": "gemini",
    "ollama": "ollama",
}


class _Wrapped(Answer):
    """The helpers of OpenAI's SDK, which say each chunk again as an event of their own."""

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        if get(item, "type") == "chunk":
            super().read(item.chunk, steps)


class _RawDspy(Answer):
    """Raw chunks of dspy, and the prediction at their end."""

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        if type(item).__name__ == "Prediction":
            steps.output = item.toDict()
        else:
            super().read(item, steps)


class _Turns(Adapter):
    """Several answers of Anthropic's, one after the other, as its tool runner gives them."""

    def __init__(self) -> None:
        self._reader = READERS["anthropic"]()

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        if get(item, "type") == "message_start":
            steps.end_models()
            self._reader = READERS["anthropic"]()
        steps.say(self._reader.read(item), model=self._reader.model or None)

    def ensure_whole(self) -> None:
        """Raise if the last answer has begun and its end has not come."""
        if self._reader.has_begun:
            self._reader.ensure_whole()


def adapter_for(item: Any, source: Any, log: Log, root: Run) -> Adapter | None:
    """Return the adapter of a stream; None where its items are chunks as they are.

    Parameters
    ----------
    item
        The first thing that it yields and that is no text.
    source
        The stream.
    log, root
        The log, and the stream's own run.
    """
    if isinstance(item, (BaseMessage, AddableDict)):
        return None
    if isinstance(item, dict) and {"event", "run_id", "name"} <= item.keys():
        return Events(log, root)
    package, module = top_module(item), top_module(source)
    if module == "langgraph":
        return Graph()
    if isinstance(item, dict) and module == "langchain_core" and "event" in item:
        return Protocol()
    if package == "dspy":
        return Dspy() if get(item, "choices") is None else _RawDspy("openai_chat")
    if package in _BY_MODULE:
        return _BY_MODULE[package]()
    if get(item, "type") == "chunk" and get(get(item, "chunk"), "choices") is not None:
        return _Wrapped("openai_chat")
    if "ToolRunner" in type(source).__name__:
        return _Turns()
    if dialect := _DIALECTS.get(package) or dialect_of(item):
        return Answer(dialect)
    if package == "huggingface_hub" and get(item, "token") is not None:
        return Generated()
    if callable(getattr(type(item), "model_dump", None)) and module == "instructor":
        return Growing()
    return None


def dialect_of(item: Any) -> str | None:
    """Return the wire format that an event is in, told by its shape alone."""
    kind = text_of(get(item, "type"))
    if kind.startswith("response."):
        return "openai_responses"
    if kind in ("message_start", "content_block_start", "content_block_delta"):
        return "anthropic"
    if kind in ("message-start", "content-start", "content-delta"):
        return "cohere"
    if get(item, "choices") is not None or get(get(item, "data"), "choices") is not None:
        return "openai_chat"
    if get(item, "candidates") is not None:
        return "gemini"
    if get(item, "done") is not None and get(item, "message") is not None:
        return "ollama"
    return None
