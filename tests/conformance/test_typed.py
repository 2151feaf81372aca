"""Typed streams: models beside langchain-core; `tests/test_typed.py` has the chains."""

import pytest

from .sides import langchain, ours, same

PARTS = [
    {"content": [{"type": "reasoning", "reasoning": "hm", "index": 0}]},
    {"content": [{"type": "reasoning", "reasoning": " ok", "index": 0}]},
    {"content": [{"type": "text", "text": "Sum", "index": 1}]},
    {"content": [{"type": "text", "text": " is", "index": 1}]},
    {"tool_call_chunks": [{"name": "add", "args": '{"a"', "id": "c1", "index": 2}]},
    {"tool_call_chunks": [{"name": None, "args": ":1}", "id": None, "index": 2}]},
    {
        "usage_metadata": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
        "response_metadata": {"stop_reason": "tool_use"},
    },
]


def model(side, parts=PARTS):
    chunks = []
    for part in parts:
        calls = [{"type": "tool_call_chunk", **call} for call in part.get("tool_call_chunks", ())]
        chunks.append(side.AIMessageChunk(**{"content": "", **part, "tool_call_chunks": calls}))
    return side.chat(*chunks)


def plain(stream, output):
    """What is read of a message, without what names the run."""
    return {
        "text": [list(stream.text), str(stream.text), stream.text.get()],
        "reasoning": [list(stream.reasoning), str(stream.reasoning)],
        "calls": [list(stream.tool_calls), [dict(one) for one in stream.tool_calls.get()]],
        "usage": dict(output.usage_metadata or {}),
        "told": output.text,
    }


@same
async def test_a_message_is_read_in_parts(side):
    stream = model(side).stream_events("Hi", version="v3")
    return plain(stream, stream.output)


@same
async def test_readers_do_not_hinder_each_other(side):
    stream = model(side).stream_events("Hi", version="v3")
    text, again = iter(stream.text), iter(stream.text)
    first = next(text)
    calls = list(stream.tool_calls)
    return first, calls, list(text), list(again), list(stream.reasoning)


@same
async def test_a_message_is_read_in_a_loop(side):
    stream = await model(side).astream_events("Hi", version="v3")
    pieces = [piece async for piece in stream.text]
    calls = [dict(one) async for one in stream.tool_calls]
    output = await stream.output
    whole = await stream.text, await stream.reasoning, [*map(dict, await stream.tool_calls)]
    return pieces, calls, whole, output.text, (await stream).text


@same
async def test_a_message_is_told_in_the_events_of_the_protocol(side):
    def known(event):
        event = {**event}
        content = event.get("content")
        if isinstance(content, dict):
            # langchain-core marks the blocks of some providers with their own index.
            event["content"] = {k: v for k, v in content.items() if k not in ("index", "type")}
        return {key: value for key, value in event.items() if key != "id"}

    return [known(event) for event in model(side).stream_events("Hi", version="v3")]


@same
async def test_what_a_model_fails_with_comes_behind_what_it_said(side):
    stream = side.chat("Hel", "lo", ValueError("broken")).stream_events("Hi", version="v3")
    said = []
    for read in (lambda: stream.text, lambda: [stream.output]):
        try:
            said.extend(read())
        except ValueError as error:
            said.append(str(error))
    return said


@same
async def test_a_model_with_arguments_is_a_model(side):
    stream = side.chat("Hello", " there").bind(stop=["x"]).stream_events("Hi", version="v3")
    return list(stream.text)


@same
async def test_an_unknown_version_is_refused(side):
    try:
        side.chat("Hello").stream_events("Hi", version="v4")
    except Exception:
        return "refused"
    return None


@pytest.mark.parametrize("side", [langchain, ours], ids=["langchain", "ours"])
def test_the_message_has_the_id_that_its_start_told(side):
    stream = side().chat("Hello").stream_events("Hi", version="v3")
    start = next(iter(stream))
    assert (start["event"], start["role"]) == ("message-start", "ai")
    assert stream.output.id == start["id"] == stream.message_id
