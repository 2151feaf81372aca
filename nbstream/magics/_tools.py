"""A model that may use tools, until it has its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, NbstreamError
from .._loops import aiter_in_thread
from ..messages import AIMessageChunk, BaseMessage, ToolMessage, convert_to_messages, merge_chunks
from ..runnables import Runnable
from ..tools import Tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

__all__ = ["MAX_ROUNDS", "ToolLoop", "named_tools"]

MAX_ROUNDS = 8
"""How often a model may ask for tools before it must answer."""


class ToolError(NbstreamError):
    """A tool raised an error."""


class ToolLoop(Runnable[Any, AIMessageChunk]):
    """Calls the tools a model asks for and tells it what they gave, until it asks for none.

    Streams the texts of all rounds as one message; the log has each call.

    Parameters
    ----------
    model
        A chat model that can call tools.
    tools
        What it may call.

    Raises
    ------
    ToolError
        If a tool raises. What a model got wrong (a tool that is not there, arguments that do not
        fit) is told to the model instead.
    InputError
        If it still asks for tools after `MAX_ROUNDS` rounds.
    """

    name = "tools"

    def __init__(self, model: Any, tools: Sequence[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._model = model.bind_tools(list(tools))

    def _stream(self, input: Any, **_: Any) -> Iterator[AIMessageChunk]:
        messages: list[BaseMessage] = convert_to_messages(input)
        between = ""  # what sets the next round's text apart
        for _round in range(MAX_ROUNDS):
            chunks: list[AIMessageChunk] = []
            has_text = False
            for chunk in self._model.stream(messages):
                chunks.append(chunk)
                # Blocks and calls of different rounds share their indexes: only texts add up.
                if text := chunk.text:
                    yield AIMessageChunk(text if has_text else between + text)
                    has_text = True
            between = "\n\n" if has_text else between
            message = merge_chunks(chunks).to_message()
            yield AIMessageChunk(
                "",
                usage_metadata=message.usage_metadata,
                response_metadata=message.response_metadata,
            )
            reason = message.response_metadata.get("stop_reason")
            if reason == "pause_turn":  # a long turn of tools at the provider's end: it goes on
                messages = [*messages, message]
                continue
            # A call that cannot be read is told to the model, too.
            if not (message.tool_calls or message.invalid_tool_calls):
                return
            if reason not in (None, "tool_use"):
                # What it had written of a call may not be all that it meant.
                raise InputError(
                    f"The model's answer ended ({reason}) before its calls of tools were done, so "
                    "none was called. Raise --max-tokens, or ask for less at a time."
                )
            messages = [*messages, message, *self._answers(message)]
        raise InputError(
            f"The model still asks for tools after {MAX_ROUNDS} rounds. "
            "Say in the prompt when it is to answer, or give it fewer tools."
        )

    def _answers(self, message: Any) -> Iterator[ToolMessage]:
        for call in message.tool_calls:
            yield self._answer(call)
        for call in message.invalid_tool_calls:
            said = "The arguments are no JSON object."
            yield ToolMessage(said, call["id"] or "", name=call["name"], status="error")

    def _answer(self, call: Any) -> ToolMessage:
        name, call_id = call["name"], call["id"] or ""
        if name not in self._tools:
            said = f"There is no tool {name!r}. There are: {', '.join(self._tools)}."
            return ToolMessage(said, call_id, name=name, status="error")
        tool = self._tools[name]
        try:
            tool._arguments(call)
        except InputError as error:
            return ToolMessage(str(error), call_id, name=name, status="error")
        try:
            answer: ToolMessage = tool.invoke({**call, "id": call_id})
        except Exception as error:
            raise ToolError(
                f"The tool {name!r} failed: {type(error).__name__}: {error}. Correct it, then run "
                "this cell again; --debug shows where it failed."
            ) from error
        return answer

    def _astream(self, input: Any, **_: Any) -> AsyncIterator[AIMessageChunk]:
        # Tools are plain functions for the most part: a thread keeps them off the loop.
        return aiter_in_thread(self._stream(input))

    def _invoke(self, input: Any, **_: Any) -> Any:
        return merge_chunks(self._stream(input)).to_message()


def named_tools(found: dict[str, Any]) -> list[Tool]:
    """Return variables as tools.

    Parameters
    ----------
    found
        `Tool` objects, or functions with a docstring, by name.

    Raises
    ------
    InputError
        If one is neither.
    """
    tools = []
    for name, value in found.items():
        if isinstance(value, Tool):
            tools.append(value)
        elif callable(value) and hasattr(value, "__name__"):
            tools.append(Tool(value))
        else:
            raise InputError(
                f"--tools: {name!r} is of type {type(value).__name__}, not a tool. "
                "Write a function with a docstring and typed arguments, under @tool."
            )
    return tools
