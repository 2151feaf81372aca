"""Agents' libraries: pydantic-ai, openai-agents, the Claude agent SDK."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..messages import AIMessageChunk
from ..wire import READERS
from ..wire._base import stop_word
from ..wire._fields import first, get, items
from ._base import Adapter, call_piece, thought

if TYPE_CHECKING:
    from ..messages import UsageMetadata
    from ._steps import Steps

__all__ = ["ClaudeAgent", "OpenAIAgents", "PydanticAI"]


class PydanticAI(Adapter):
    """Events of a run, its nodes, and responses that are whole each time."""

    def __init__(self) -> None:
        self._said: dict[int, str] = {}
        self._is_counted = False

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        kind = type(item).__name__
        if kind in ("PartStartEvent", "PartDeltaEvent"):
            if kind == "PartStartEvent" and item.index == 0:
                steps.end_models()  # the parts of an answer are counted anew
            steps.say(_part(item.index, get(item, "part") or item.delta))
        elif kind == "FunctionToolCallEvent":
            steps.call(item.part.tool_call_id, item.part.tool_name, item.part.args)
        elif kind == "FunctionToolResultEvent":
            self._result(first(item, "part", "result"), steps)
        elif kind in ("AgentRunResultEvent", "End"):
            steps.end_models()
            steps.output = item.result.output if hasattr(item, "result") else item.data.output
        elif kind == "ModelResponse":
            self._response(item, steps)
        elif kind == "CallToolsNode":
            response = item.model_response
            for index, part in enumerate(response.parts):
                steps.say(_part(index, part), model=response.model_name)
            steps.say(_ending(response))
            for part in response.parts:
                if part.part_kind == "tool-call":
                    steps.call(part.tool_call_id, part.tool_name, part.args)
        elif kind == "ModelRequestNode":
            for part in item.request.parts:
                self._result(part, steps)

    def _result(self, part: Any, steps: Steps) -> None:
        kind = get(part, "part_kind")
        if kind == "tool-return" or (kind == "retry-prompt" and get(part, "tool_name")):
            failed = kind == "retry-prompt"
            steps.result(part.tool_call_id, part.content, part.tool_name, failed=failed)

    def _response(self, response: Any, steps: Steps) -> None:
        """Give what is new in an answer that is whole each time."""
        for index, part in enumerate(response.parts):
            args = part.args_as_json_str() if hasattr(part, "args_as_json_str") else ""
            whole = get(part, "content") or args
            new = whole.removeprefix(self._said.get(index, ""))
            begins = index not in self._said
            self._said[index] = whole
            if part.part_kind == "text" and new:
                steps.say(AIMessageChunk(new))
            elif part.part_kind == "thinking":
                steps.say(thought(new))
            elif args and (new or begins):
                known = {"name": part.tool_name, "id": part.tool_call_id} if begins else {}
                steps.say(call_piece(index, new, **known))
        if response.finish_reason and response.usage.output_tokens and not self._is_counted:
            self._is_counted = True
            steps.say(_ending(response))


def _part(index: int, part: Any) -> AIMessageChunk | None:
    kind = first(part, "part_kind", "part_delta_kind")
    text = first(part, "content", "content_delta")
    if kind == "text":
        return AIMessageChunk(text) if text else None
    if kind == "thinking":
        return thought(text or "")
    if kind in ("tool-call", "tool_call", "builtin-tool-call"):
        args = first(part, "args", "args_delta")
        begins = hasattr(part, "part_kind")
        return call_piece(
            index,
            args if isinstance(args, str) or not args else json.dumps(args),
            name=first(part, "tool_name", "tool_name_delta"),
            id=part.tool_call_id if begins else None,
        )
    return None


def _ending(response: Any) -> AIMessageChunk:
    reason = response.finish_reason
    said = {"stop_reason": stop_word(reason)} if reason else {}
    if response.model_name:
        said["model_name"] = response.model_name
    usage = _usage(response.usage)
    return AIMessageChunk("", response_metadata=said, usage_metadata=usage)


def _usage(usage: Any) -> UsageMetadata | None:
    read, made = get(usage, "input_tokens") or 0, get(usage, "output_tokens") or 0
    if not read and not made:
        return None
    return {"input_tokens": read, "output_tokens": made, "total_tokens": read + made}


class OpenAIAgents(Adapter):
    """``Runner.run_streamed``: raw events of the Responses API, and what the runner did."""

    def __init__(self) -> None:
        self._reader = READERS["openai_responses"]()

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        if item.type == "agent_updated_stream_event":
            steps.agent(item.new_agent.name)
        elif item.type == "raw_response_event":
            steps.say(self._reader.read(item.data))
            if self._reader.is_whole:
                steps.say(self._reader.finish())
                steps.end_models()
                self._reader = READERS["openai_responses"]()
        elif item.name == "tool_called":
            call = item.item.raw_item
            name = first(call, "name", "type")
            steps.call(_call_id(call), name, first(call, "arguments", "input"))
        elif item.name == "tool_output":
            steps.result(_call_id(item.item.raw_item), item.item.output)
        elif item.name in ("handoff_requested", "handoff_occured", "handoff_occurred"):
            steps.note(item.name, get(item.item.raw_item, "name") or str(item.item.raw_item))


def _call_id(call: Any) -> Any:
    return first(call, "call_id", "id")


class ClaudeAgent(Adapter):
    """Messages of the Claude agent SDK, and its stream events where those were asked for."""

    def __init__(self) -> None:
        self._readers: dict[Any, Any] = {}
        self._streamed: set[Any] = set()

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        kind = type(item).__name__
        # What a subagent says comes with the id of the call that started it.
        key = get(item, "parent_tool_use_id")
        if kind == "StreamEvent":
            self._event(item.event, key, steps)
        elif kind == "AssistantMessage":
            self._message(item, key, steps)
        elif kind == "UserMessage":
            for block in items(item.content):
                if type(block).__name__ == "ToolResultBlock":
                    failed = bool(block.is_error)
                    steps.result(block.tool_use_id, block.content, failed=failed)
        elif kind == "ResultMessage":
            if not self._streamed:
                # Each message counts what was counted when it began.
                reason = get(item, "stop_reason")
                said = {"stop_reason": stop_word(reason)} if reason else {}
                usage = _usage(item.usage or {})
                steps.say(AIMessageChunk("", usage_metadata=usage, response_metadata=said))
            steps.end_models()
            if item.result is not None and item.is_error:
                steps.note("result", item.result)
        elif kind == "SystemMessage":
            steps.note(item.subtype, item.data)

    def _event(self, event: Any, key: Any, steps: Steps) -> None:
        if event.get("type") == "message_start":
            steps.end_models()
            self._readers[key] = READERS["anthropic"]()
            self._streamed.add(get(event.get("message"), "id"))
        if (reader := self._readers.get(key)) is not None:
            steps.say(reader.read(event), key=key, model=reader.model or None)

    def _message(self, message: Any, key: Any, steps: Steps) -> None:
        known = get(message, "message_id")
        was_streamed = bool(self._streamed) if known is None else known in self._streamed
        calls = []
        for at, block in enumerate(items(message.content)):
            kind = type(block).__name__
            if kind == "ToolUseBlock":
                calls.append(block)
            if was_streamed:
                continue
            chunk = None
            if kind == "TextBlock":
                chunk = AIMessageChunk(block.text)
            elif kind == "ThinkingBlock":
                chunk = thought(block.thinking)
            elif kind == "ToolUseBlock":
                chunk = call_piece(at, json.dumps(block.input), name=block.name, id=block.id)
            steps.say(chunk, key=key, model=message.model)
        for block in calls:
            steps.call(block.id, block.name, block.input)
