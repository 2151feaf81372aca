"""LangChain and LangGraph: messages, events, and the stream modes of graphs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from ..messages import AIMessageChunk
from ..wire._base import stop_word
from ..wire._fields import get
from ._base import Adapter, call_piece, thought

if TYPE_CHECKING:
    from ..events import Run
    from ..events._log import Log
    from ._steps import Steps

__all__ = ["Events", "Graph", "Messages", "Protocol", "callback_handler", "chunk_of"]

_CALLS = ("tool_call", "tool_call_chunk", "invalid_tool_call")


def chunk_of(message: Any) -> AIMessageChunk:
    """Return LangChain's message, or chunk of one, as ours."""
    content = message.content
    if not isinstance(content, str) or message.additional_kwargs:
        # Each maker's own blocks, in LangChain's words.
        content = [block for one in message.content_blocks if (block := _block(one))]
        if all(block["type"] == "text" and len(block) == 2 for block in content):
            content = "".join(block["text"] for block in content)
    pieces = getattr(message, "tool_call_chunks", None)
    if pieces is None:
        pieces = [
            {"name": one["name"], "args": json.dumps(one["args"]), "id": one["id"], "index": at}
            for at, one in enumerate(getattr(message, "tool_calls", ()))
        ]
    known = message.response_metadata or {}
    said = {name: known[name] for name in ("model_name", "logprobs") if known.get(name)}
    for name in ("stop_reason", "finish_reason", "done_reason"):
        if reason := known.get(name):
            said["stop_reason"] = stop_word(str(reason))
            break
    usage = getattr(message, "usage_metadata", None)
    return AIMessageChunk(
        content,
        id=message.id,
        tool_call_chunks=[
            {"name": one["name"] or None, "args": one["args"] or "", "id": one["id"] or None}
            | {"index": one["index"]}
            for one in pieces
        ],
        response_metadata=said,
        usage_metadata=dict(usage) if usage else None,  # type: ignore[arg-type]
    )


def _block(block: dict[str, Any]) -> dict[str, Any] | None:
    kind = block.get("type")
    if kind in _CALLS:
        return None
    if kind == "text":
        return {"type": "text", "text": block.get("text") or ""}
    if kind == "reasoning":
        index = block.get("index", 0)
        return {"type": "thinking", "thinking": block.get("reasoning") or "", "index": index}
    return dict(block)


class Messages(Adapter):
    """What a chat model's or a chain's ``stream`` yields."""

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        steps.give(chunk_of(item) if hasattr(item, "content_blocks") else item)


class Events(Adapter):
    """``astream_events``, of both versions: each run under the one that started it.

    Parameters
    ----------
    log, root
        The log, and the stream's own run.
    is_inside
        Whether the events are those of callbacks: the first run is then the stream's own.
    """

    def __init__(self, log: Log, root: Run, *, is_inside: bool = False) -> None:
        self._is_inside = is_inside
        self._log = log
        self._root = root
        self._runs: dict[str, Run] = {}
        self._first = ""
        self._is_graph = False  # whose own chunks are its state's

    def read(self, item: Any, steps: Steps | None) -> None:
        """Put into the log what an item tells."""
        kind, _, what = str(item["event"]).removeprefix("on_").rpartition("_")
        run_id, data = item["run_id"], item.get("data") or {}
        if item["event"] == "on_custom_event":
            self._log.log("custom", self._runs.get(run_id, self._root), (item["name"], data))
        elif what == "start":
            self._begin(kind, run_id, item, data)
        elif (run := self._runs.get(run_id)) is None:
            return
        elif what == "stream":
            chunk = _text_chunk(data.get("chunk"))
            self._log.log("chunk", run, chunk)
            if steps is None:
                return
            if self._is_graph and run.run_type == "chat_model":
                steps.echo(chunk, run)
            elif not self._is_graph and run_id == self._first:
                steps.give(chunk)
        elif what == "error":
            error = data.get("error")
            if not isinstance(error, BaseException):
                error = RuntimeError(str(error))
            self._log.fail(run, error)
            del self._runs[run_id]
        elif what == "end":
            self._end(run, run_id, data.get("output"), steps)

    def _begin(self, kind: str, run_id: str, item: Any, data: dict[str, Any]) -> None:
        if self._is_inside and not self._runs and not self._first:
            self._first = run_id
            return
        # Version 1 does not say which run is inside which.
        around = reversed(item.get("parent_ids") or [self._first])
        parent = next((self._runs[one] for one in around if one in self._runs), self._root)
        known = item.get("metadata") or {}
        self._is_graph |= "langgraph_node" in known
        is_model = kind in ("chat_model", "llm")
        given = data.get("input")
        if is_model and isinstance(given, dict):
            given = [said for one in given.get("messages") or [] for said in _said(one)]
        names = {"llm": "chat_model", "chat_model": "chat_model", "tool": "tool"}
        names |= {one: one for one in ("prompt", "parser", "retriever")}
        self._first = self._first or run_id
        self._runs[run_id] = self._log.start(
            item["name"],
            names.get(kind, "chain"),  # type: ignore[arg-type]
            given,
            parent=parent,
            tags=item.get("tags") or (),
            model=known.get("ls_model_name") if is_model else None,
        )

    def _end(self, run: Run, run_id: str, output: Any, steps: Steps | None) -> None:
        if run.run_type == "chat_model":
            output = None  # it has said so in its chunks
        elif hasattr(output, "content_blocks"):
            output = output.content if output.type == "tool" else chunk_of(output).to_message()
        self._log.log("end", run, output)
        del self._runs[run_id]
        if run_id == self._first and steps is not None:
            steps.output = output

    def answered(self, run_id: str, response: Any) -> None:
        """Take a model's whole answer, which may not have been streamed."""
        run = self._runs.get(run_id)
        if run is None:
            return
        if self._log.output(run) is None:
            first = response.generations[0][0]
            self._log.log("chunk", run, _text_chunk(getattr(first, "message", first.text)))
        self.tell("on_llm_end", run_id)

    def tell(self, event: str, run_id: Any, **known: Any) -> None:
        """Take what a callback was told, as an event."""
        self.read({"event": event, "run_id": str(run_id), **known}, None)

    def finish(self, steps: Steps) -> None:  # noqa: ARG002
        """End what did not say that it ended."""
        for run in reversed(list(self._runs.values())):
            self._log.log("end", run)


def callback_handler(events: Events) -> Any:
    """Return a handler for LangChain's callbacks that tells these events."""
    base = sys.modules["langchain_core.callbacks"].BaseCallbackHandler

    class Handler(base):  # type: ignore[misc, valid-type]
        is_of_nbstream = True
        run_inline = True  # in order, also in async code

        def _start(
            self, kind: str, serialized: Any, given: Any, run_id: Any, options: dict[str, Any]
        ) -> None:
            name = options.get("name") or (serialized or {}).get("name") or kind
            known = {one: options.get(one) for one in ("tags", "metadata")}
            parent = options.get("parent_run_id")
            known["parent_ids"] = [str(parent)] if parent else []
            data = {"input": given}
            events.tell(f"on_{kind}_start", run_id, name=name, data=data, **known)

        def on_chain_start(self, serialized: Any, inputs: Any, *, run_id: Any, **more: Any) -> None:
            self._start(more.get("run_type") or "chain", serialized, inputs, run_id, more)

        def on_chat_model_start(
            self, serialized: Any, messages: Any, *, run_id: Any, **more: Any
        ) -> None:
            self._start("chat_model", serialized, {"messages": messages}, run_id, more)

        def on_llm_start(self, serialized: Any, prompts: Any, *, run_id: Any, **more: Any) -> None:
            self._start("llm", serialized, prompts, run_id, more)

        def on_tool_start(self, serialized: Any, text: Any, *, run_id: Any, **more: Any) -> None:
            self._start("tool", serialized, more.get("inputs") or text, run_id, more)

        def on_retriever_start(
            self, serialized: Any, query: Any, *, run_id: Any, **more: Any
        ) -> None:
            self._start("retriever", serialized, query, run_id, more)

        def on_llm_new_token(self, token: Any, *, run_id: Any, chunk: Any = None, **_: Any) -> None:
            said = getattr(chunk, "message", None) or token
            events.tell("on_llm_stream", run_id, data={"chunk": said})

        def on_llm_end(self, response: Any, *, run_id: Any, **_: Any) -> None:
            events.answered(str(run_id), response)

        def _end(self, output: Any, *, run_id: Any, **_: Any) -> None:
            events.tell("on_chain_end", run_id, data={"output": output})

        def _fail(self, error: BaseException, *, run_id: Any, **_: Any) -> None:
            events.tell("on_chain_error", run_id, data={"error": error})

        on_chain_end = on_tool_end = on_retriever_end = _end
        on_chain_error = on_tool_error = on_llm_error = on_retriever_error = _fail

    return Handler()


class Graph(Adapter):
    """What a LangGraph streams, in every mode and mixture of modes.

    A message that was streamed, and is in the state afterwards, is shown once.
    """

    def __init__(self) -> None:
        self._seen: set[Any] = set()

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        space: tuple[str, ...] = ()
        if isinstance(item, dict) and {"type", "ns", "data"} <= item.keys():
            return self._part(item["type"], item["data"], tuple(item["ns"]), steps)
        if isinstance(item, dict) and {"method", "params"} <= item.keys():
            inner = item["params"]
            return self._protocol(item["method"], inner, tuple(inner["namespace"]), steps)
        if isinstance(item, tuple) and item and isinstance(item[0], tuple):
            space, item = item[0], item[1:] if len(item) > 2 else item[1]
        if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):
            return self._part(item[0], item[1], space, steps)
        return self._part(_mode(item), item, space, steps)

    def _part(self, mode: str, data: Any, space: tuple[str, ...], steps: Steps) -> None:
        if mode == "messages":
            self._message(data[0], data[1], space, steps)
        elif mode == "updates" and isinstance(data, dict):
            for node, update in data.items():
                self._state(node, update, space, steps)
        elif mode == "values":
            self._state("state", data, space, steps)
        elif mode == "debug":
            self._task(data.get("payload") or {}, space, steps)
        elif mode == "tasks":
            self._task(data, space, steps)
        elif mode == "checkpoints":
            self._state("checkpoint", data.get("values"), space, steps)
        else:
            steps.note(mode, data)
            if mode == "custom" and isinstance(data, str):
                steps.give(data)

    def _message(self, message: Any, known: Any, space: tuple[str, ...], steps: Steps) -> None:
        if get(message, "type") == "tool":
            self._whole("tools", message, space, steps)
            return
        node = known.get("langgraph_node") or "model"
        model = known.get("ls_model_name")
        self._seen.add(message.id)
        steps.say(chunk_of(message), key=message.id, name=node, model=model, path=space)

    def _task(self, data: dict[str, Any], space: tuple[str, ...], steps: Steps) -> None:
        if "result" in data:
            self._state(data.get("name") or "task", data["result"], space, steps)
        elif "values" in data:
            self._state("checkpoint", data["values"], space, steps)

    def _state(self, node: str, state: Any, space: tuple[str, ...], steps: Steps) -> None:
        messages = state.get("messages") if isinstance(state, dict) else None
        if messages is None:
            if state:
                steps.note(node, state)
            return
        for message in messages if isinstance(messages, list) else [messages]:
            self._whole(node, message, space, steps)

    def _whole(self, node: str, message: Any, space: tuple[str, ...], steps: Steps) -> None:
        """Show a message of the state, and the tools that it calls."""
        if (key := get(message, "id")) is None or get(message, "type") not in ("ai", "tool"):
            return
        is_new = key not in self._seen
        self._seen.add(key)
        if message.type == "tool":
            if is_new:
                failed = message.status == "error"
                steps.result(message.tool_call_id, message.content, message.name, failed=failed)
            return
        if is_new:
            model = (message.response_metadata or {}).get("model_name")
            steps.say(chunk_of(message), key=key, name=node, model=model, path=space)
        for call in message.tool_calls:
            if call["id"] not in self._seen:
                self._seen.add(call["id"])
                steps.call(call["id"], call["name"], call["args"], path=space)

    def _protocol(self, method: str, params: Any, space: tuple[str, ...], steps: Steps) -> None:
        data = params["data"]
        if method == "messages":
            event, known = data if isinstance(data, (list, tuple)) else (data, {})
            if isinstance(event, dict) and "event" in event:
                name = known.get("langgraph_node") or "model"
                model = known.get("ls_model_name")
                if key := event.get("id"):
                    self._seen.add(key)
                steps.say(_protocol_chunk(event), key=space, name=name, model=model, path=space)
                if event["event"] == "message-finish":
                    steps.end_models()
        elif method == "tools":
            call_id, output = data.get("tool_call_id"), data.get("output")
            self._seen |= {call_id, get(output, "id")}
            if data.get("event") == "tool-started":
                steps.call(call_id, data.get("tool_name"), data.get("input"), path=space)
            elif data.get("event") == "tool-finished":
                steps.result(call_id, getattr(output, "content", output), data.get("tool_name"))
            elif data.get("event") == "tool-error":
                steps.result(call_id, data.get("error") or data.get("message"), failed=True)
        elif method != "values":  # which says again what the others did
            steps.note(method, data)


class Protocol(Adapter):
    """``stream_events(version="v3")`` of a chat model."""

    def read(self, item: Any, steps: Steps) -> None:
        """Put into the log what an item tells."""
        steps.give(_protocol_chunk(item))


def _protocol_chunk(event: dict[str, Any]) -> AIMessageChunk | None:
    """Return the chunk of an event of LangChain's streaming protocol."""
    kind, index = event["event"], event.get("index", 0)
    if kind == "content-block-start":
        block = event.get("content") or {}
        if block.get("type") == "tool_call_chunk":
            return call_piece(index, block.get("args"), name=block.get("name"), id=block.get("id"))
        return AIMessageChunk(text) if (text := block.get("text")) else None
    if kind == "content-block-delta":
        delta = event.get("delta") or {}
        fields = delta.get("fields") or delta
        if delta.get("type") == "text-delta":
            return AIMessageChunk(delta.get("text") or "")
        if delta.get("type") == "reasoning-delta":
            return thought(delta.get("reasoning") or "")
        return call_piece(index, fields["args"]) if fields.get("args") else None
    if kind == "message-finish":
        known = event.get("metadata") or {}
        reason = event.get("reason") or known.get("finish_reason") or known.get("stop_reason")
        said = {"stop_reason": stop_word(str(reason))} if reason else {}
        if model := known.get("model_name"):
            said["model_name"] = model
        usage = event.get("usage") or None
        return AIMessageChunk("", response_metadata=said, usage_metadata=usage)
    return None


def _mode(item: Any) -> str:
    """Return the mode that an item is of, where the graph does not say so."""
    if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], dict):
        return "messages"
    if not isinstance(item, dict):
        return "custom"
    if {"step", "payload"} <= item.keys():
        return "debug"
    if {"id", "name"} <= item.keys() and item.keys() & {"input", "result"}:
        return "tasks"
    if {"values", "config", "next"} <= item.keys():
        return "checkpoints"
    return "values" if "messages" in item else "updates"


def _text_chunk(chunk: Any) -> Any:
    return chunk_of(chunk) if hasattr(chunk, "content_blocks") else chunk


def _said(messages: Any) -> list[tuple[str, str]]:
    """Return messages as pairs, which every lens can read."""
    kinds = ("system", "human", "ai")
    return [
        (one.type if one.type in kinds else "human", str(one.text))
        for one in (messages if isinstance(messages, (list, tuple)) else [messages])
        if hasattr(one, "type")
    ]
