"""The embedded model by Chat Completions: log-probabilities, tools, answers of a schema.

llama.cpp's Messages endpoint has none of them, and the model's own template knows no tools. So a
call is an answer that is held to a schema: ``{"name": …, "arguments": …}``.
"""

from __future__ import annotations

import json
import re
import uuid
from functools import cache
from typing import TYPE_CHECKING, Any

from ..messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from ..messages._json import GrowingJson
from ..wire.openai_chat import OpenAIChatReader
from ._schemas import closed
from .openai import ChatOpenAI

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..messages import BaseMessage
    from ..wire import Reader

__all__ = ["LocalChat", "held_to", "needs_chat"]

_FIELDS = frozenset({"logprobs", "response_format", "tools", "top_logprobs"})
_CALL = "nbstream_call"


def needs_chat(messages: list[BaseMessage], fields: dict[str, Any]) -> bool:
    """Tell whether a request has what only this way has."""
    # The Messages endpoint would say an answer's given beginning once more.
    goes_on = bool(messages) and isinstance(messages[-1], AIMessage)
    return (
        goes_on
        or bool(_FIELDS & fields.keys())
        or any(
            isinstance(message, ToolMessage) or getattr(message, "tool_calls", None)
            for message in messages
        )
    )


def held_to(tool: dict[str, Any]) -> dict[str, Any]:
    """Return what holds an answer to a tool's schema, as fields of the request."""
    return _format(tool["name"], tool["input_schema"])


def _format(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    form = {"name": name, "schema": closed(schema), "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


class LocalChat(ChatOpenAI):
    """The embedded model, asked by Chat Completions.

    Parameters
    ----------
    model
        Its name.
    settings
        Returns what a client needs to reach its server.
    """

    def __init__(self, model: str, settings: Callable[[], dict[str, Any]]) -> None:
        super().__init__(model, key_variable=None)
        self._settings = settings

    def _client_settings(self) -> dict[str, Any]:
        settings = self._settings()
        return {**settings, "base_url": f"{settings['base_url']}/v1"}

    def _billed_at(self) -> None:
        return None

    def _request(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> dict[str, Any]:
        tools = kwargs.pop("tools", None) or []
        choice = kwargs.pop("tool_choice", None) or {"type": "auto"}
        if named := choice.get("name"):
            tools = [tool for tool in tools if tool["name"] == named]
        may_answer = choice["type"] == "auto"
        has_results = bool(messages) and isinstance(messages[-1], ToolMessage)
        messages = [_plain(message) for message in messages]
        # So small a model would call for ever: once it has a result it answers, unless it has to.
        if tools and choice["type"] != "none" and not (may_answer and has_results):
            kwargs |= _format(_CALL, _calls(tools, may_answer))
            messages = [SystemMessage(_told(tools)), *messages]
        form = (kwargs.get("response_format") or {}).get("json_schema")
        if form and _has_guidance():
            kwargs["grammar"] = _grammar(form)
            del kwargs["response_format"]
        return super()._request(messages, kwargs)

    def _reader(self, request: dict[str, Any]) -> Reader:
        form = (request.get("response_format") or {}).get("json_schema") or {}
        grammar = (request.get("extra_body") or {}).get("grammar") or ""
        is_call = form.get("name") == _CALL or f"start: {_CALL}\n" in grammar
        return _CallReader() if is_call else OpenAIChatReader()


@cache
def _has_guidance() -> bool:
    """Tell whether the engine is built with llguidance, which can do without white space."""
    import xllamacpp

    return str(xllamacpp.json_schema_to_grammar("{}")).startswith("%llguidance")


def _grammar(form: dict[str, Any]) -> str:
    """Return a schema as a grammar in which JSON has no white space.

    Between its parts a small model would write blanks until its tokens are used up.
    """
    rule = _CALL if form["name"] == _CALL else "answer"
    schema = {**form["schema"], "x-guidance": {"whitespace_flexible": False}}
    return f"%llguidance {{}}\nstart: {rule}\n{rule}: %json {json.dumps(schema)}\n"


def _plain(message: BaseMessage) -> BaseMessage:
    """Return a message in words that the model's template knows."""
    if isinstance(message, ToolMessage):
        return HumanMessage(f"The result of {message.name or 'the call'}: {message.text}")
    if isinstance(message, AIMessage) and message.tool_calls:
        calls = ({"name": c["name"], "arguments": c["args"]} for c in message.tool_calls)
        said = (json.dumps(call, ensure_ascii=False) for call in calls)
        return AIMessage("\n".join(filter(None, (message.text, *said))))
    return message


def _calls(tools: list[dict[str, Any]], may_answer: bool) -> dict[str, Any]:
    """Return the schema of one call of these, or of an answer."""
    shared: dict[str, Any] = {}
    forms: list[dict[str, Any]] = []
    for tool in tools:
        schema = dict(tool["input_schema"])
        shared |= schema.pop("$defs", {})  # what refers to them does so from the root
        fields = {"name": {"const": tool["name"]}, "arguments": schema}
        forms.append({"type": "object", "properties": fields, "required": ["name", "arguments"]})
    if may_answer:
        answer = {"answer": {"type": "string"}}
        forms.append({"type": "object", "properties": answer, "required": ["answer"]})
    return {"anyOf": forms, **({"$defs": shared} if shared else {})}


def _told(tools: list[dict[str, Any]]) -> str:
    lines = [
        f"{tool['name']}: {tool.get('description', '')} "
        + json.dumps(tool["input_schema"], ensure_ascii=False)
        for tool in tools
    ]
    head = "You have these tools. To call one, answer with its name and arguments as JSON."
    return "\n".join((head, *lines))


_HEAD = re.compile(r'\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*,\s*"arguments"\s*:\s*')
_TAIL = re.compile(r"[\s}]*\Z")


class _CallReader(OpenAIChatReader):
    """Reads an answer that is a call, or ``{"answer": …}``, as what it stands for."""

    def __init__(self) -> None:
        super().__init__()
        self._begun = ""  # the text, until it is known to be a call
        self._tail = ""  # its end so far, which may be the end of the object around the input
        self._growing = GrowingJson()
        self._said = ""

    def _text(self, text: str) -> AIMessageChunk | None:
        self._has_begun = True
        if self._call >= 0:
            return self._input(text)
        self._begun += text
        if head := _HEAD.match(self._begun):
            self._call = 0
            name, call_id = json.loads(head[1]), f"call_{uuid.uuid4().hex[:12]}"
            call = {"name": name, "args": "", "id": call_id, "index": 0}
            rest = self._input(self._begun[head.end() :])
            chunk = AIMessageChunk(tool_call_chunks=[call])
            return chunk + rest if rest else chunk
        return self._answer() if self._growing.add(text) else None

    def _answer(self) -> AIMessageChunk | None:
        value = self._growing.value
        said = value.get("answer") if isinstance(value, dict) else None
        if not isinstance(said, str):
            return None
        new, self._said = said[len(self._said) :], said
        return self._say(0, new)

    def _input(self, text: str) -> AIMessageChunk | None:
        text = self._tail + text
        tail = _TAIL.search(text)
        at = tail.start() if tail else len(text)
        self._tail = text[at:]
        return self._args(0, text[:at])

    def _held(self) -> Iterator[AIMessageChunk]:
        yield from super()._held()
        tail, self._tail = self._tail.rstrip(), ""
        if tail and (chunk := self._args(0, tail[:-1])):
            yield chunk
        if self._call < 0 and self._growing.finish() and (rest := self._answer()):
            yield rest
