"""An endpoint that speaks six dialects, and says the same in each.

It says `WORDS`; where tools are offered and none has answered yet, it calls the first one; where
thinking is asked for, it thinks `THOUGHTS` before.
"""

import gzip
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["THOUGHTS", "WORDS", "Endpoint"]

WORDS = ["It", " is", " sunny", " in", " Paris", " today", "."]
THOUGHTS = ["Let me", " think."]
RESULTS = ("tool_result", '"role": "tool"', "function_call_output", "functionResponse")
OPENAI_USAGE = {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16}
USAGE = {"input_tokens": 9, "output_tokens": 7}


class Endpoint:
    """A server in a thread; it keeps the requests it saw, as pairs of path and body.

    `broken_off` is set once a client has gone before the end of its answer. With `is_endless`, an
    answer goes on until that happens.
    """

    def __init__(self, *, is_endless=False):
        self.requests = []
        self.broken_off = threading.Event()
        self.has_spoken = threading.Event()
        self.is_endless = is_endless
        handler = type("Handler", (_Handler,), {"endpoint": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def words(self):
        asked = json.dumps(self.requests[-1][1])
        if "[[ ##" in asked:  # dspy's way to ask for fields
            return ["[[ ## answer ## ]]\n", *WORDS, "\n\n[[ ## completed ## ]]"]
        return _for_ever() if self.is_endless else WORDS


def _for_ever():
    while True:
        yield " again"
        time.sleep(0.001)  # the client is to have a turn


def _wanted(body):
    """Return the call to make, as name and arguments, if there is one."""
    said = body.get("messages") or body.get("input") or body.get("contents") or []
    last = json.dumps(said[-1]) if isinstance(said, list) and said else ""
    tools = body.get("tools")
    if not tools or any(sign in last for sign in RESULTS) or body.get("tool_choice") == "none":
        return None
    tool = tools[0].get("functionDeclarations", tools)[0]
    tool = tool.get("function", tool)
    known = {"city": "Paris", "answer": "It is sunny"}
    shape = json.dumps(tool)
    return tool["name"], {name: value for name, value in known.items() if f'"{name}"' in shape}


def _pieces(arguments):
    text = json.dumps(arguments)
    return [text[at : at + 6] for at in range(0, len(text), 6)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    endpoint = None

    def log_message(self, *args):
        pass

    def do_GET(self):
        self._whole({"data": [], "models": []})

    def do_POST(self):
        body = self._body()
        path = self.path.partition("?")[0]
        self.endpoint.requests.append((path, body))
        answer = next((answer for end, answer in _ANSWERS.items() if end in path), None)
        try:
            if answer is None:
                self._whole({"error": f"no {path}"}, 404)
            else:
                answer(self, body)
        except (BrokenPipeError, ConnectionResetError):
            self.endpoint.broken_off.set()
            self.close_connection = True

    def _body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            raw = b""
            while size := int(self.rfile.readline(), 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        return json.loads(raw or b"{}")

    def _whole(self, answer, status=200):
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")  # some clients keep one from a loop that is closed
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, parts, kind="text/event-stream"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for part in parts:
            data = part.encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.endpoint.has_spoken.set()
        self.wfile.write(b"0\r\n\r\n")

    def _events(self, events):
        self._stream(
            (f"event: {one['type']}\n" if "type" in one else "") + f"data: {json.dumps(one)}\n\n"
            for one in events
        )

    # OpenAI: Chat Completions

    def openai_chat(self, body):
        call = _wanted(body)
        base = {"id": "chatcmpl-1", "created": 1, "model": body.get("model")}
        reason = "tool_calls" if call else "stop"
        if not body.get("stream"):
            said = {"role": "assistant", "content": None if call else "".join(WORDS)}
            if call:
                said["tool_calls"] = [_openai_call(call[0], json.dumps(call[1]))]
            choice = {"index": 0, "message": said, "finish_reason": reason}
            answer = {**base, "object": "chat.completion", "choices": [choice]}
            return self._whole({**answer, "usage": OPENAI_USAGE})

        def events():
            for delta, more in self._openai_deltas(body, call):
                choice = {"index": 0, "delta": delta, "finish_reason": None, **more}
                yield {**base, "object": "chat.completion.chunk", "choices": [choice]}
            choice = {"index": 0, "delta": {}, "finish_reason": reason}
            yield {**base, "object": "chat.completion.chunk", "choices": [choice]}
            if (body.get("stream_options") or {}).get("include_usage"):
                last = {**base, "object": "chat.completion.chunk", "choices": []}
                yield {**last, "usage": OPENAI_USAGE}

        def lines():
            for one in events():
                yield f"data: {json.dumps(one)}\n\n"
            yield "data: [DONE]\n\n"

        return self._stream(lines())

    def _openai_deltas(self, body, call):
        yield {"role": "assistant", "content": ""}, {}
        if call:
            yield {"tool_calls": [{"index": 0, **_openai_call(call[0], "")}]}, {}
            for piece in _pieces(call[1]):
                yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}, {}
            return
        if "think" in str(body.get("model")):
            for thought in THOUGHTS:
                yield {"reasoning_content": thought}, {}
        for word in self.endpoint.words():
            odds = {"token": word, "logprob": -0.1, "bytes": None, "top_logprobs": []}
            more = {"logprobs": {"content": [odds]}} if body.get("logprobs") else {}
            yield {"content": word}, more

    def openai_completions(self, body):
        base = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": body["model"]}
        if not body.get("stream"):
            choice = {"index": 0, "text": "".join(WORDS), "finish_reason": "stop", "logprobs": None}
            return self._whole({**base, "choices": [choice], "usage": OPENAI_USAGE})

        def lines():
            for word in [*WORDS, ""]:
                choice = {"index": 0, "text": word, "logprobs": None}
                choice["finish_reason"] = None if word else "stop"
                yield f"data: {json.dumps({**base, 'choices': [choice]})}\n\n"
            yield "data: [DONE]\n\n"

        return self._stream(lines())

    # OpenAI: Responses

    def openai_responses(self, body):
        call = _wanted(body)
        items = []
        if body.get("reasoning"):
            summary = [{"type": "summary_text", "text": "".join(THOUGHTS)}]
            items.append({"id": "rs_1", "type": "reasoning", "summary": summary})
        if call:
            item = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": call[0]}
            items.append({**item, "arguments": json.dumps(call[1]), "status": "completed"})
        else:
            part = {"type": "output_text", "text": "".join(WORDS), "annotations": []}
            item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
            items.append({**item, "content": [part]})
        if not body.get("stream"):
            return self._whole(_response(body, "completed", items))
        events = self._response_events(body, items)
        return self._events({**one, "sequence_number": n} for n, one in enumerate(events))

    def _response_events(self, body, items):
        yield {"type": "response.created", "response": _response(body, "in_progress", [])}
        for at, item in enumerate(items):
            empty = {"content": [], "arguments": "", "summary": []}
            begun = {key: empty.get(key, value) for key, value in item.items()}
            where = {"output_index": at, "item_id": item["id"]}
            yield {"type": "response.output_item.added", "output_index": at, "item": begun}
            yield from self._item_events(item, where)
            yield {"type": "response.output_item.done", "output_index": at, "item": item}
        yield {"type": "response.completed", "response": _response(body, "completed", items)}

    def _item_events(self, item, where):
        if item["type"] == "function_call":
            kind = "response.function_call_arguments"
            for piece in _pieces(json.loads(item["arguments"])):
                yield {"type": f"{kind}.delta", **where, "delta": piece}
            said = {"arguments": item["arguments"], "name": item["name"]}
            yield {"type": f"{kind}.done", **where, **said}
        elif item["type"] == "reasoning":
            where = {**where, "summary_index": 0}
            kind, part = "response.reasoning_summary", item["summary"][0]
            yield {"type": f"{kind}_part.added", **where, "part": {**part, "text": ""}}
            for thought in THOUGHTS:
                yield {"type": f"{kind}_text.delta", **where, "delta": thought}
            yield {"type": f"{kind}_text.done", **where, "text": part["text"]}
            yield {"type": f"{kind}_part.done", **where, "part": part}
        else:
            where = {**where, "content_index": 0}
            kind, part = "response.output_text", item["content"][0]
            yield {"type": "response.content_part.added", **where, "part": {**part, "text": ""}}
            for word in self.endpoint.words():
                yield {"type": f"{kind}.delta", **where, "delta": word, "logprobs": []}
            yield {"type": f"{kind}.done", **where, "text": part["text"], "logprobs": []}
            yield {"type": "response.content_part.done", **where, "part": part}

    # Anthropic

    def anthropic(self, body):
        call = _wanted(body)
        reason = "tool_use" if call else "end_turn"
        base = {"id": "msg_1", "type": "message", "role": "assistant", "model": body.get("model")}
        if not body.get("stream"):
            block = {"type": "text", "text": "".join(WORDS)}
            if call:
                block = {"type": "tool_use", "id": "toolu_1", "name": call[0], "input": call[1]}
            end = {"stop_reason": reason, "stop_sequence": None, "usage": USAGE}
            return self._whole({**base, "content": [block], **end})
        return self._events(self._message_events(body, base, call, reason))

    def _message_events(self, body, base, call, reason):
        begun = {**base, "content": [], "stop_reason": None, "stop_sequence": None}
        yield {
            "type": "message_start",
            "message": {**begun, "usage": {**USAGE, "output_tokens": 1}},
        }
        blocks = []
        if (body.get("thinking") or {}).get("type") in ("enabled", "adaptive"):
            deltas = [{"type": "thinking_delta", "thinking": thought} for thought in THOUGHTS]
            deltas.append({"type": "signature_delta", "signature": "signed"})
            blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, deltas))
        if call:
            pieces = _pieces(call[1])
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
            start = {"type": "tool_use", "id": "toolu_1", "name": call[0], "input": {}}
            blocks.append((start, deltas))
        else:
            words = self.endpoint.words()
            deltas = ({"type": "text_delta", "text": word} for word in words)
            blocks.append(({"type": "text", "text": ""}, deltas))
        for at, (start, deltas) in enumerate(blocks):
            yield {"type": "content_block_start", "index": at, "content_block": start}
            for delta in deltas:
                yield {"type": "content_block_delta", "index": at, "delta": delta}
            yield {"type": "content_block_stop", "index": at}
        delta = {"stop_reason": reason, "stop_sequence": None}
        yield {"type": "message_delta", "delta": delta, "usage": USAGE}
        yield {"type": "message_stop"}

    # Gemini, Ollama, Cohere

    def gemini(self, body):
        call = _wanted(body)
        usage = {"promptTokenCount": 9, "candidatesTokenCount": 7, "totalTokenCount": 16}

        def answer(parts, *, is_last=False):
            said = {"content": {"role": "model", "parts": parts}, "index": 0}
            said |= {"finishReason": "STOP"} if is_last else {}
            return {"candidates": [said], "usageMetadata": usage, "modelVersion": "gemini-x"}

        calls = [{"functionCall": {"name": call[0], "args": call[1]}}] if call else []
        if "stream" not in self.path:
            return self._whole(answer(calls or [{"text": "".join(WORDS)}], is_last=True))

        def events():
            if calls:
                yield answer(calls, is_last=True)
                return
            yield answer([{"text": "".join(THOUGHTS), "thought": True}])
            for word in self.endpoint.words():
                yield answer([{"text": word}], is_last=word == WORDS[-1])

        return self._events(events())

    def ollama(self, body):
        call = _wanted(body)
        base = {"model": body.get("model"), "created_at": "2026-01-01T00:00:00Z", "done": False}
        last = {"done": True, "done_reason": "stop", "prompt_eval_count": 9, "eval_count": 7}

        def part(content="", **more):
            return {**base, "message": {"role": "assistant", "content": content, **more}}

        calls = [{"function": {"name": call[0], "arguments": call[1]}}] if call else []
        if body.get("stream") is False:
            whole = part(tool_calls=calls) if calls else part("".join(WORDS))
            return self._whole({**whole, **last})

        def events():
            if calls:
                yield part(tool_calls=calls)
            else:
                if body.get("think"):
                    yield part(thinking="".join(THOUGHTS))
                for word in self.endpoint.words():
                    yield part(word)
            yield {**part(), **last}

        return self._stream((json.dumps(one) + "\n" for one in events()), "application/x-ndjson")

    def cohere(self, body):
        usage = {"billed_units": USAGE, "tokens": USAGE}

        def events():
            said = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": []}
            yield {"type": "message-start", "id": "m1", "delta": {"message": said}}
            begun = {"content": {"type": "text", "text": ""}}
            yield {"type": "content-start", "index": 0, "delta": {"message": begun}}
            for word in self.endpoint.words():
                delta = {"message": {"content": {"text": word}}}
                yield {"type": "content-delta", "index": 0, "delta": delta}
            yield {"type": "content-end", "index": 0}
            yield {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}}

        return self._events(events())


def _openai_call(name, arguments):
    function = {"name": name, "arguments": arguments}
    return {"id": "call_1", "type": "function", "function": function}


def _response(body, status, output):
    usage = {
        **USAGE,
        "total_tokens": 16,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": body.get("model"),
        "status": status,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": usage if status == "completed" else None,
    }


_ANSWERS = {
    "/chat/completions": _Handler.openai_chat,
    "/completions": _Handler.openai_completions,
    "/responses": _Handler.openai_responses,
    "/messages": _Handler.anthropic,
    "enerateContent": _Handler.gemini,
    "/api/chat": _Handler.ollama,
    "/v2/chat": _Handler.cohere,
}
