"""A small HTTP endpoint that answers as Anthropic's API can: well, badly, and for ever."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def sse(*events):
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events
    )


def start_event(**usage):
    message = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
    message |= {"model": "claude-test", "stop_reason": None, "stop_sequence": None}
    message["usage"] = {"input_tokens": 5, "output_tokens": 1, **usage}
    return {"type": "message_start", "message": message}


def text_event(text):
    delta = {"type": "text_delta", "text": text}
    return {"type": "content_block_delta", "index": 0, "delta": delta}


BEGIN = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
FINISH = [
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 2},
    },
    {"type": "message_stop"},
]


class Endpoint:
    """Answers each request by ``behaviour(handler, body)``; keeps the requests it saw."""

    def __init__(self, behaviour):
        self.requests = []
        self.broken_off = threading.Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.requests.append(body)
                try:
                    behaviour(self, body)
                except (BrokenPipeError, ConnectionResetError):
                    endpoint.broken_off.set()

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        # It looks that often whether it is to stop.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def says(*texts, **usage):
    """Stream these texts and finish."""

    def behaviour(handler, body):
        begin_stream(handler)
        events = [start_event(**usage), BEGIN, *map(text_event, texts), *FINISH]
        handler.wfile.write(sse(*events))

    return behaviour


def talks(*texts, **usage):
    """Say these texts, as a stream or as a whole, whichever it is asked for."""

    def behaviour(handler, body):
        if body.get("stream"):
            says(*texts, **usage)(handler, body)
            return
        message = start_event(output_tokens=2, **usage)["message"]
        message |= {"content": [{"type": "text", "text": "".join(texts)}]}
        answers_json(handler, 200, {**message, "stop_reason": "end_turn"})

    return behaviour


def answers_json(handler, status, value):
    data = json.dumps(value).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def block(index, start, *deltas):
    """Return the events of one content block."""
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text_block(index, *texts):
    deltas = ({"type": "text_delta", "text": text} for text in texts)
    return block(index, {"type": "text", "text": ""}, *deltas)


def thinking_block(index, *texts, signature):
    deltas = [{"type": "thinking_delta", "thinking": text} for text in texts]
    deltas.append({"type": "signature_delta", "signature": signature})
    return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *deltas)


def tool_block(index, id, name, *pieces, kind="tool_use"):
    deltas = ({"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces))
    return block(index, {"type": kind, "id": id, "name": name, "input": {}}, *deltas)


def finish(stop_reason, stop_sequence=None, **usage):
    delta = {"stop_reason": stop_reason, "stop_sequence": stop_sequence}
    usage = {"output_tokens": 2, **usage}
    return [{"type": "message_delta", "delta": delta, "usage": usage}, {"type": "message_stop"}]


def answers(*blocks, stop_reason="end_turn", **usage):
    """Stream these blocks and finish."""

    def behaviour(handler, body):
        begin_stream(handler)
        events = [start_event(**usage), *(e for b in blocks for e in b), *finish(stop_reason)]
        handler.wfile.write(sse(*events))

    return behaviour


def says_for_ever(handler, body):
    begin_stream(handler)
    handler.wfile.write(sse(start_event(), BEGIN))
    while True:
        handler.wfile.write(sse(text_event("x")))


def breaks_off(handler, body):
    """Promise more than is sent."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(sse(start_event(), BEGIN, text_event("partial")))


def refuses(status, kind, message):
    def behaviour(handler, body):
        error = {"type": kind, "message": message}
        answers_json(handler, status, {"type": "error", "error": error})

    return behaviour


def begin_stream(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
