"""Live streams of the embedded server, through the real SDKs, in all the dialects it speaks."""

import anthropic
import openai
import pytest

from nbstream.messages import merge_chunks
from nbstream.models._engine import LOCAL_MODEL, Setup, server_of
from nbstream.wire import READERS, read_all

from .record import BODIES


@pytest.fixture
def streams(local):
    """Return what opens a stream, by dialect."""
    server = server_of(Setup())
    closed = {"Connection": "close"}
    bodies = {dialect: {**body, "model": LOCAL_MODEL} for dialect, (_, body) in BODIES.items()}
    options = {"stream_options": bodies["openai_chat"].pop("stream_options")}
    theirs = anthropic.Anthropic(
        base_url=server.url, api_key=server.key.reveal(), default_headers=closed, max_retries=0
    )
    other = openai.OpenAI(
        base_url=f"{server.url}/v1",
        api_key=server.key.reveal(),
        default_headers=closed,
        max_retries=0,
    )
    with theirs, other:
        yield {
            "anthropic": lambda **o: theirs.messages.create(**bodies["anthropic"], **o),
            "openai_chat": lambda **o: other.chat.completions.create(
                **bodies["openai_chat"], **(options if o else {}), **o
            ),
            "openai_responses": lambda **o: other.responses.create(
                **bodies["openai_responses"], **o
            ),
        }


@pytest.mark.parametrize("dialect", BODIES)
def test_a_live_stream_is_read_whole(streams, dialect):
    reader = READERS[dialect]()
    with streams[dialect](stream=True) as events:
        chunks = list(read_all(reader, events))
    message = merge_chunks(chunks).to_message()
    assert message.text == message.content
    assert reader.is_whole
    assert reader.model == LOCAL_MODEL
    assert 0 < message.usage_metadata["output_tokens"] <= 12
    assert message.usage_metadata["input_tokens"] > 10
    if dialect == "openai_chat":
        texts = [chunk for chunk in chunks if chunk.text]
        odds = [chunk.response_metadata["logprobs"]["content"] for chunk in texts]
        assert all(len(one["top_logprobs"]) == 3 for [one] in odds)


@pytest.mark.parametrize("dialect", BODIES)
def test_a_live_stream_that_is_left_is_not_whole(streams, dialect):
    reader = READERS[dialect]()
    with streams[dialect](stream=True) as events:
        for event in events:
            if reader.read(event):
                break
    assert not reader.is_whole


@pytest.mark.parametrize("dialect", BODIES)
def test_a_live_whole_answer(streams, dialect):
    reader = READERS[dialect]()
    message = reader.read_whole(streams[dialect]()).to_message()
    assert reader.is_whole
    assert message.text == message.content
    assert message.usage_metadata["output_tokens"] <= 12
