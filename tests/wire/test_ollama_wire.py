import pytest

from nbstream import ProviderError
from nbstream.messages import merge_chunks
from nbstream.wire.ollama import OllamaReader

from .streams import events_of, read


def message_of(name):
    chunks, error = read(OllamaReader(), events_of(f"ollama.{name}.jsonl"))
    assert error is None
    return merge_chunks(chunks).to_message()


def test_a_text_with_odds():
    chunks, _ = read(OllamaReader(), events_of("ollama.text.jsonl"))
    assert [chunk.content for chunk in chunks] == ["Hello", " 🐟", ""]
    [odds] = chunks[0].response_metadata["logprobs"]["content"]
    assert odds["top_logprobs"] == [{"token": "Hi", "logprob": -2.5}]
    assert chunks[-1].usage_metadata == {
        "input_tokens": 9,
        "output_tokens": 7,
        "total_tokens": 16,
    }
    assert chunks[-1].response_metadata == {
        "model_name": "qwen3:4b",
        "stop_reason": "end_turn",
        "finish_reason": "stop",
    }


def test_thinking_and_calls():
    message = message_of("thinking_tools")
    assert message.content == [{"type": "thinking", "thinking": "Let me see."}]
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [
        ("weather", {"city": "Paris"}),
        ("now", {}),
    ]
    made, given = (call["id"] for call in message.tool_calls)
    assert made.endswith("_0")
    assert given == "call_x"
    # It ended with calls, and says "stop".
    assert message.response_metadata["stop_reason"] == "tool_use"


def test_other_ends_and_the_other_api():
    assert message_of("length").response_metadata["stop_reason"] == "max_tokens"
    assert message_of("generate").content == "Hi"


def test_an_error_in_the_middle():
    with pytest.raises(ProviderError, match="out of memory"):
        OllamaReader().read({"error": "out of memory"})


def test_a_whole_answer():
    reader = OllamaReader()
    message = reader.read_whole(events_of("ollama.whole.json")[0]).to_message()
    assert [block["type"] for block in message.content] == ["thinking", "text"]
    assert reader.is_whole


def test_half_a_character_waits_for_the_other_half():
    def said(field, *texts):
        lines = [{"message": {field: text}} for text in texts]
        [content] = [merge_chunks(read(OllamaReader(), lines)[0]).content]
        return content if isinstance(content, str) else content[0]["thinking"]

    for field in ("content", "thinking"):
        assert said(field, "fish \ud83d", "\udc1f") == "fish 🐟"
        assert said(field, "fish \ud83d") == "fish �"
