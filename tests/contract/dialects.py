"""The three dialects, as an endpoint speaks them: the same answer in each."""

import json
from dataclasses import dataclass
from typing import Any

from nbstream import ChatAnthropic, ChatOpenAI

from .. import endpoint as api

KEY = "sk-very-secret-0123456789"


def lines(*events):
    """Return events as OpenAI sends them; one that is bytes goes as it is."""
    return b"".join(
        event if isinstance(event, bytes) else b"data: " + json.dumps(event).encode() + b"\n\n"
        for event in events
    )


def streams(*parts):
    """Answer with these bytes, and end the response in order."""

    def behaviour(handler, body):
        api.begin_stream(handler)
        for part in parts:
            handler.wfile.write(part)

    return behaviour


def for_ever(begin, part):
    """Answer without end."""

    def behaviour(handler, body):
        api.begin_stream(handler)
        handler.wfile.write(begin)
        while True:
            handler.wfile.write(part)

    return behaviour


def cut(*parts):
    """Promise more than is sent."""

    def behaviour(handler, body):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for part in parts:
            handler.wfile.write(part)

    return behaviour


def chat_event(delta, reason=None, **more):
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m-1"}
    return {**base, "choices": [choice], **more}


def chat_says(*texts, reason="stop"):
    """Return the events of an answer of Chat Completions."""
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    return lines(
        chat_event({"role": "assistant", "content": ""}),
        *(chat_event({"content": text}) for text in texts),
        chat_event({}, reason),
        {**chat_event({}), "choices": [], "usage": usage},
        b"data: [DONE]\n\n",
    )


def chat_calls(*pieces, name="weather"):
    """Return the events of an answer that calls a tool."""
    call = {"index": 0, "id": "call_1", "type": "function"}
    first = {**call, "function": {"name": name, "arguments": ""}}
    rest = [{"index": 0, "function": {"arguments": piece}} for piece in pieces]
    return lines(
        *(chat_event({"tool_calls": [one]}) for one in (first, *rest)),
        chat_event({}, "tool_calls"),
    )


def response_event(kind, **fields):
    return {"type": f"response.{kind}", **fields}


def response_text(text):
    return response_event("output_text.delta", output_index=0, content_index=0, delta=text)


RESPONSE = {"id": "resp_1", "object": "response", "model": "m-1", "output": []}
CREATED = response_event("created", response={**RESPONSE, "status": "in_progress"})
USAGE = {"input_tokens": 5, "output_tokens": 2, "total_tokens": 7}


def response_ends():
    return response_event("completed", response={**RESPONSE, "status": "completed", "usage": USAGE})


def response_says(*texts):
    """Return the events of an answer of the Responses API."""
    return lines(CREATED, *map(response_text, texts), response_ends())


def response_calls(*pieces, name="weather"):
    """Return the events of an answer that calls a tool."""
    item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": name}
    deltas = (
        response_event("function_call_arguments.delta", output_index=0, item_id="fc_1", delta=piece)
        for piece in pieces
    )
    return lines(
        CREATED,
        response_event("output_item.added", output_index=0, item={**item, "arguments": ""}),
        *deltas,
        response_event(
            "output_item.done", output_index=0, item={**item, "arguments": "".join(pieces)}
        ),
        response_ends(),
    )


@dataclass(frozen=True)
class Dialect:
    """One dialect: the model that speaks it, and what an endpoint sends in it."""

    make: Any
    address: str  # what follows the server's address
    key_variable: str
    says: Any
    calls: Any
    begin: bytes
    text: Any
    error: bytes

    def model(self, url, model="m-1", **options):
        options = {"api_key": KEY, "max_retries": 0, **options}
        return self.make(model, base_url=url + self.address, **options)


def responses(*args, **options):
    return ChatOpenAI(*args, use_responses_api=True, **options)


OVERLOADED = {"type": "server_error", "message": "Out of breath.", "code": None}
DIALECTS = {
    "anthropic": Dialect(
        ChatAnthropic,
        "",
        "ANTHROPIC_API_KEY",
        lambda *texts: api.sse(
            api.start_event(), api.BEGIN, *map(api.text_event, texts), *api.FINISH
        ),
        lambda *pieces, name="weather": api.sse(
            api.start_event(),
            *api.tool_block(0, "call_1", name, *pieces),
            *api.finish("tool_use"),
        ),
        api.sse(api.start_event(), api.BEGIN),
        lambda text: api.sse(api.text_event(text)),
        api.sse({"type": "error", "error": {"type": "api_error", "message": "Out of breath."}}),
    ),
    "openai_chat": Dialect(
        ChatOpenAI,
        "/v1",
        "OPENAI_API_KEY",
        chat_says,
        chat_calls,
        lines(chat_event({"role": "assistant", "content": ""})),
        lambda text: lines(chat_event({"content": text})),
        lines({"error": OVERLOADED}),
    ),
    "openai_responses": Dialect(
        responses,
        "/v1",
        "OPENAI_API_KEY",
        response_says,
        response_calls,
        lines(CREATED),
        lambda text: lines(response_text(text)),
        lines(
            response_event("failed", response={**RESPONSE, "status": "failed", "error": OVERLOADED})
        ),
    ),
}
