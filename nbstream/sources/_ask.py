"""Asking another library's model, chain, graph or agent, as our own are asked.

A library is found by the modules of an object's type. Its own modules are there then.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .._exceptions import InputError
from ..events._scope import current_scope
from ..messages import AIMessage, BaseMessage, SystemMessage, ToolMessage
from ..wire._openai_request import chat_messages
from ._langchain import Events, callback_handler, chunk_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..events import RunType

__all__ = ["Asked", "asked", "can_be_asked", "family_of", "label_of"]


class Asked(NamedTuple):
    """What was asked: how to stream it, and what its run is called."""

    stream: Callable[[], Any]
    name: str
    run_type: RunType
    input: Any
    model: str | None = None
    is_async: bool = False


_FAMILIES = {
    "langgraph.pregel": ("graph", "stream"),
    "langchain_core.language_models.chat_models": ("model", "bind_tools"),
    "langchain_core.runnables": ("chain", "stream"),
    "pydantic_ai.agent": ("pydantic_ai", "run_stream_events"),
    "agents.agent": ("openai_agents", "handoffs"),
}
"""By the beginning of a module's name: the family, and what its objects have."""


def family_of(source: Any) -> str | None:
    """Return which kind of another library's object this is; None where it is of no known one."""
    if isinstance(source, type):
        return None
    modules = [kind.__module__ for kind in type(source).__mro__]
    for beginning, (family, sign) in _FAMILIES.items():
        if any(f"{one}.".startswith(f"{beginning}.") for one in modules) and hasattr(source, sign):
            return family
    return None


def can_be_asked(source: Any) -> bool:
    """Tell whether this is a model, a chain or an agent: ours, or another library's."""
    return not isinstance(source, type) and (
        hasattr(source, "stream") or family_of(source) is not None
    )


def label_of(model: Any) -> str:
    """Return what a model, ours or another library's, is called in front of people."""
    for name in ("model_label", "model_name", "model", "name"):
        if isinstance(label := getattr(model, name, None), str) and label:
            return label
    return str(model.get_name()) if hasattr(model, "get_name") else type(model).__name__


def asked(source: Any, input: Any) -> Asked | None:
    """Return how another library's object is asked; None where it is asked as ours are."""
    family = family_of(source)
    if family is None:
        return None
    name = str(getattr(source, "name", None) or type(source).__name__)
    if family == "pydantic_ai":
        prompt, history = _pydantic_ai(input)

        def events() -> Any:
            return source.run_stream_events(prompt, message_history=history)

        return Asked(events, name, "chain", input, is_async=True)
    if family == "openai_agents":
        items = chat_messages(_messages(input)) if _is_messages(input) else input
        runner = sys.modules["agents"].Runner

        def run() -> Any:
            return runner.run_streamed(source, items)

        return Asked(run, name, "chain", input, is_async=True)
    given = chat_messages(_messages(input)) if _is_messages(input) else input
    if family == "graph":
        if not isinstance(given, Mapping) and isinstance(given, (str, list)):
            said = {"role": "user", "content": given} if isinstance(given, str) else given
            given = {"messages": said if isinstance(said, list) else [said]}
        modes = ["updates", "messages", "custom"]
        return Asked(
            lambda: source.stream(given, stream_mode=modes, subgraphs=True), name, "chain", input
        )
    if family == "model":
        label = label_of(source)
        return Asked(lambda: _model(source, given), name, "chat_model", input, label)
    return Asked(lambda: _chain(source, given), name, "chain", input)


def _model(model: Any, given: Any) -> Iterator[Any]:
    for chunk in model.stream(given):
        yield chunk_of(chunk) if hasattr(chunk, "content_blocks") else chunk


def _chain(chain: Any, given: Any) -> Iterator[Any]:
    """Stream a chain; what its steps tell its callbacks goes into the log."""
    scope = current_scope()
    config = {}
    if scope is not None and scope.trace is not None and scope.run is not None:
        events = Events(scope.trace, scope.run, is_inside=True)
        config = {"callbacks": [callback_handler(events)]}
    for chunk in chain.stream(given, config=config):
        yield chunk_of(chunk) if hasattr(chunk, "content_blocks") else chunk


def _is_messages(input: Any) -> bool:
    if isinstance(input, BaseMessage):
        return True
    return isinstance(input, list) and any(isinstance(one, BaseMessage) for one in input)


def _messages(input: Any) -> list[BaseMessage]:
    return [input] if isinstance(input, BaseMessage) else input


def _pydantic_ai(input: Any) -> tuple[Any, list[Any] | None]:
    """Return the prompt, and what was said before it, as pydantic-ai takes them."""
    if not _is_messages(input):
        return input, None
    theirs = sys.modules["pydantic_ai.messages"]
    *before, last = _messages(input)
    if isinstance(last, (AIMessage, ToolMessage)):
        raise InputError("The agent has nothing to answer: the last message is not the user's.")
    history = []
    for one in before:
        if isinstance(one, AIMessage):
            history.append(theirs.ModelResponse(parts=[theirs.TextPart(one.text)]))
        elif not isinstance(one, ToolMessage):
            part = "SystemPromptPart" if isinstance(one, SystemMessage) else "UserPromptPart"
            history.append(theirs.ModelRequest(parts=[getattr(theirs, part)(one.text)]))
    return last.text, history or None
