"""An event of the log as the call of a handler's method: LangChain's names, arguments, objects."""

from __future__ import annotations

import asyncio
import sys
import uuid
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from .._shown import attempt
from ..messages import AIMessageChunk, convert_to_messages
from ..messages._theirs import their_message, their_value

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..messages import BaseMessage
    from ._log import Log
    from ._types import Event, Run

__all__ = ["FALLBACK", "HOOKS", "NEVER", "Telling", "telling"]

FALLBACK = "on_llm_start"
"""What a handler has that knows no chat models."""

HOOKS = (
    "on_chain_start",
    "on_chain_end",
    "on_chain_error",
    "on_chat_model_start",
    "on_llm_new_token",
    "on_llm_end",
    "on_llm_error",
    "on_tool_start",
    "on_tool_end",
    "on_tool_error",
    "on_retriever_start",
    "on_retriever_end",
    "on_retriever_error",
    "on_custom_event",
)
NEVER = ("on_text", "on_retry", "on_agent_action", "on_agent_finish", "on_stream_event")
"""What LangChain's handlers can have besides, and nothing here tells."""

_NAMES = {"chat_model": "llm", "tool": "tool", "retriever": "retriever"}  # all else: chain
_IGNORED = {
    "llm": ("ignore_llm",),
    "tool": ("ignore_agent",),
    "retriever": ("ignore_retriever",),
    "chain": ("ignore_chain",),
}
_SPEAKERS = {"human": "Human", "ai": "AI", "system": "System", "tool": "Tool"}


class Telling(NamedTuple):
    """A call to make."""

    method: str
    args: tuple[Any, ...]
    named: dict[str, Any]
    ignored_by: tuple[str, ...]
    """Attributes of a handler that keep it from being called."""
    otherwise: Callable[[], Telling] | None = None
    """What to call where a handler does not have this method."""


def telling(log: Log, event: Event, handler: Any, above: Any) -> Telling | None:
    """Return what to call of a handler for an event; None: there is nothing to tell it.

    Parameters
    ----------
    log, event
        What happened, and where.
    handler
        Who is told. One of LangChain's gets LangChain's objects, any other one nbstream's.
    above
        The run of LangChain's that an outermost run lies in, or None.
    """
    run = event.run
    kind = _NAMES.get(run.run_type, "chain")
    ids = {"run_id": _uuid(run.id), "parent_run_id": _uuid(run.parent.id) if run.parent else above}
    known = {**ids, "tags": list(run.tags)}
    as_theirs = _is_langchains(handler)
    made = their_value if as_theirs else _as_it_is
    if event.kind == "start":
        known |= {"metadata": dict(run.metadata), "name": run.name}
        return _start(log, run, kind, known, as_theirs)
    if event.kind == "custom":
        name, data = event.data
        known = {"run_id": ids["run_id"], "tags": known["tags"], "metadata": dict(run.metadata)}
        return Telling("on_custom_event", (name, data), known, ("ignore_custom_event",))
    if event.kind == "chunk":
        if kind != "llm":
            return None
        known["chunk"] = _generation(event.data, as_theirs)
        token = known["chunk"].text
        return Telling("on_llm_new_token", (token,), known, _IGNORED[kind])
    if event.kind == "end":
        return _end(log, run, kind, known, made, as_theirs)
    error = event.data
    if event.kind == "cancelled":
        error = sys.exc_info()[1] or asyncio.CancelledError()
        if isinstance(error, GeneratorExit) and kind == "chain":
            return _end(log, run, kind, known, made, as_theirs)  # a stream that was left
    if kind == "llm":
        known["response"] = _result(log.output(run), as_theirs)
    return Telling(f"on_{kind}_error", (error,), known, _IGNORED[kind])


def _start(log: Log, run: Run, kind: str, known: dict[str, Any], as_theirs: bool) -> Telling:
    made = their_value if as_theirs else _as_it_is
    given = log.input(run)
    if kind == "llm":
        return _start_model(run, given, known, as_theirs)
    if kind == "tool":
        call = given if isinstance(given, dict) and given.get("type") == "tool_call" else {}
        args = call.get("args", given)
        known |= {"inputs": args if isinstance(args, dict) else None, "color": "green"}
        known["tool_call_id"] = call.get("id")
        return Telling("on_tool_start", (_called(run), str(args)), known, _IGNORED[kind])
    if kind == "retriever":
        return Telling("on_retriever_start", (None, given), known, _IGNORED[kind])
    known["run_type"] = run.run_type if run.run_type in ("prompt", "parser") else None
    is_known = run.streamed_input is None
    inputs = made(given) if is_known else {"input": ""}
    return Telling("on_chain_start", (None, inputs), known, _IGNORED[kind])


def _start_model(run: Run, given: Any, known: dict[str, Any], as_theirs: bool) -> Telling:
    messages: list[BaseMessage] = attempt(lambda: convert_to_messages(given), list)
    model = {} if run.model is None else {"ls_model_name": run.model}
    known["metadata"] = {"ls_model_type": "chat", **model, **known["metadata"]}
    known["invocation_params"] = {} if run.model is None else {"model": run.model}
    known |= {"options": {"stop": None}, "batch_size": 1}
    told = [their_message(one) for one in messages] if as_theirs else messages
    text = "\n".join(f"{_SPEAKERS.get(one.type, one.type)}: {one.text}" for one in messages)
    older = partial(Telling, FALLBACK, (_called(run), [text]), known, ("ignore_llm",))
    ignored = ("ignore_chat_model",)
    return Telling("on_chat_model_start", (_called(run), [told]), known, ignored, older)


def _end(
    log: Log, run: Run, kind: str, known: dict[str, Any], made: Any, as_theirs: bool
) -> Telling:
    output = log.output(run)
    if kind == "llm":
        return Telling("on_llm_end", (_result(output, as_theirs),), known, _IGNORED[kind])
    if kind == "tool":
        known |= {"color": "green", "name": run.name}
    elif kind == "chain" and run.streamed_input is not None:
        known["inputs"] = made(log.input(run))
    return Telling(f"on_{kind}_end", (made(output),), known, _IGNORED[kind])


def _called(run: Run) -> dict[str, Any]:
    """Return what LangChain has for an object that cannot be written down: its name."""
    return {"lc": 1, "type": "not_implemented", "id": ["nbstream", run.name], "name": run.name}


def _generation(message: Any, as_theirs: bool) -> Any:
    text = attempt(lambda: str(message.text), lambda: "")
    if not as_theirs:
        return SimpleNamespace(text=text, message=message, generation_info=None)
    from langchain_core.outputs import ChatGeneration, ChatGenerationChunk

    if isinstance(message, AIMessageChunk):
        return ChatGenerationChunk(message=their_message(message))  # type: ignore[arg-type]
    return ChatGeneration(message=their_message(message))


def _result(message: Any, as_theirs: bool) -> Any:
    said = [] if message is None else [_generation(message, as_theirs)]
    if not as_theirs:
        return SimpleNamespace(generations=[said], llm_output=None)
    from langchain_core.outputs import LLMResult

    return LLMResult(generations=[said])


def _is_langchains(handler: Any) -> bool:
    module = sys.modules.get("langchain_core.callbacks.base")
    return module is not None and isinstance(handler, module.BaseCallbackHandler)


def _as_it_is(value: Any) -> Any:
    return value


def _uuid(run_id: str) -> Any:
    try:
        return uuid.UUID(run_id)
    except ValueError:  # somebody's own
        return run_id
