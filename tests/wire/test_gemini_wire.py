import re

import pytest

from nbstream import ProviderError
from nbstream.messages import merge_chunks
from nbstream.wire.gemini import GeminiReader

from .streams import NAMES, as_object, events_of, read


def message_of(name):
    chunks, error = read(GeminiReader(), events_of(f"gemini.{name}.sse"))
    assert error is None
    return merge_chunks(chunks).to_message()


def snake(value):
    """Return an event with its fields named as the SDK names them."""
    if isinstance(value, dict):
        return {
            re.sub("[A-Z]", lambda c: f"_{c[0].lower()}", key): snake(one)
            for key, one in value.items()
        }
    return [snake(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("gemini")])
def test_the_sdks_names_make_the_same_chunks(name):
    events = events_of(name)
    assert read(GeminiReader(), map(snake, events)) == read(GeminiReader(), events)
    assert read(GeminiReader(), map(as_object, map(snake, events))) == read(GeminiReader(), events)


@pytest.mark.promise("docs/models.md", "what a provider counts cumulatively is not added up")
def test_usage_that_grows_with_every_event_is_not_added_up():
    message = message_of("text")
    assert message.content == "Hello there 🐟."
    assert message.usage_metadata == {
        "input_tokens": 9,
        "output_tokens": 6,
        "total_tokens": 15,
        "input_token_details": {"cache_read": 4, "cache_creation": 0},
    }
    assert message.response_metadata == {
        "model_name": "gemini-3-pro",
        "stop_reason": "end_turn",
        "finish_reason": "STOP",
    }


def test_thoughts_and_calls():
    message = message_of("thinking_tools")
    thought, text, call, other = message.content
    assert thought == {"type": "thinking", "thinking": "Let me think."}
    assert text["text"] == message.text == "I'll ask."
    assert call["thought_signature"] == "CiQB/+A="
    assert [(c["id"], c["name"], c["args"]) for c in message.tool_calls] == [
        ("r1_0", "weather", {"city": "Paris", "days": None}),
        ("fc_2", "now", {}),
    ]
    assert other["id"] == "fc_2"
    assert message.response_metadata["stop_reason"] == "tool_use"
    assert message.usage_metadata["output_tokens"] == 31
    assert message.usage_metadata["output_token_details"] == {"reasoning": 9}


def test_an_input_in_pieces():
    [call] = message_of("partial_args").tool_calls
    assert call["args"] == {"city": "New York", "stops": [{"days": 2}, {"days": 3}], "fast": True}


def test_an_input_in_pieces_that_breaks_off_is_kept_and_not_wanted():
    reader = GeminiReader()
    chunks, error = read(reader, events_of("gemini.partial_args.sse")[:2])
    assert merge_chunks(chunks).tool_calls[0]["args"] == {"city": "New "}
    assert "broke off" in str(error)
    assert not reader.wants_calls


def test_an_answer_that_ends_in_the_middle_of_an_input_does_not_want_the_call():
    reader = GeminiReader()
    events = [*events_of("gemini.partial_args.sse")[:2], {"candidates": [{"finishReason": "STOP"}]}]
    read(reader, events)
    assert reader.is_whole
    assert not reader.wants_calls


def test_sources_after_their_text_are_counted_in_bytes():
    message = message_of("search")
    cited, other = message.additional_kwargs["citations"]
    assert message.content == "Der Fluß: It is sunny."
    assert message.text[cited["start_index"] : cited["end_index"]] == "It is sunny."
    assert cited["url"] == "https://weather.example/paris"
    assert other == {"type": "citation", "url": "https://other.example", "title": "Other"}


def test_code_images_and_odds():
    message = message_of("code_image")
    code, result, image, text = message.content
    assert (code["code"], result["output"]) == ("print(1)", "1\n")
    assert image == {"type": "image", "mime_type": "image/png", "base64": "iVBORw0KGgo="}
    assert text == {"type": "text", "text": "A fish.", "thought_signature": "CiQB"}
    first, _ = message.response_metadata["logprobs"]["content"]
    assert first["logprob"] == -0.1
    assert [one["token"] for one in first["top_logprobs"]] == ["A", "One"]


def test_a_signature_of_a_plain_text_leaves_it_plain():
    parts = [{"text": "Hi"}, {"text": "", "thoughtSignature": "CiQB"}]
    chunk = GeminiReader().read({"candidates": [{"content": {"parts": parts}}]})
    assert chunk.content == "Hi"
    assert chunk.additional_kwargs == {"thought_signature": "CiQB"}


def test_a_prompt_that_was_blocked():
    metadata = message_of("blocked").response_metadata
    assert metadata["stop_reason"] == "content_filter"
    assert metadata["finish_reason"] == "PROHIBITED_CONTENT"


def test_an_error_says_how_long_to_wait():
    retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
    error = {"code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED", "details": [retry]}
    with pytest.raises(ProviderError, match="Quota") as caught:
        GeminiReader().read({"error": error})
    assert caught.value.status == 429
    assert caught.value.kind == "RESOURCE_EXHAUSTED"
    assert caught.value.retry_after == 34.5


def test_a_whole_answer():
    reader = GeminiReader()
    message = reader.read_whole(events_of("gemini.whole.json")[0]).to_message()
    assert [block["type"] for block in message.content] == ["thinking", "text"]
    assert reader.is_whole


def test_half_a_character_waits_for_the_other_half():
    def said(*texts):
        parts = [{"candidates": [{"content": {"parts": [{"text": text}]}}]} for text in texts]
        return merge_chunks(read(GeminiReader(), parts)[0]).text

    assert said("fish \ud83d", "\udc1f") == "fish 🐟"
    assert said("fish \ud83d") == "fish �"
