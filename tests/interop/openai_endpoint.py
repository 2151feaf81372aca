"""An endpoint that speaks Chat Completions: it calls the tool it is given, and then says a text."""

import json

from ..endpoint import answers_json, begin_stream

TEXTS = ("A gold", "fish.")
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": "fish"}'}}


def chunks(delta, reason):
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "fish"}

    def event(choices, **more):
        return b"data: " + json.dumps({**head, "choices": choices, **more}).encode() + b"\n\n"

    for one in delta:
        yield event([{"index": 0, "delta": one, "finish_reason": None}])
    yield event([{"index": 0, "delta": {}, "finish_reason": reason}])
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    yield event([], usage=usage)
    yield b"data: [DONE]\n\n"


def wants_a_call(body):
    return bool(body.get("tools")) and not any(m["role"] == "tool" for m in body["messages"])


def agent(handler, body):
    """Call the tool, then answer; streamed or not."""
    calls = wants_a_call(body)
    reason = "tool_calls" if calls else "stop"
    if body.get("stream"):
        begin_stream(handler)
        if calls:
            delta = [{"role": "assistant", "tool_calls": [{"index": 0, **CALL}]}]
        else:
            delta = [{"role": "assistant", "content": text} for text in TEXTS]
        for event in chunks(delta, reason):
            handler.wfile.write(event)
        return
    message = {"role": "assistant", "content": None if calls else "".join(TEXTS)}
    if calls:
        message["tool_calls"] = [CALL]
    answers_message(handler, message, reason)


def answers_message(handler, message, reason="stop"):
    """Answer as a whole."""
    answers_json(
        handler,
        200,
        {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": "fish",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
        },
    )


def refuses_chat(handler, body):
    error = {"type": "invalid_request_error", "message": "No fish."}
    answers_json(handler, 400, {"error": error})


def says_for_ever(handler, body):
    begin_stream(handler)
    event = next(chunks([{"role": "assistant", "content": "x"}], "stop"))
    while True:
        handler.wfile.write(event)
