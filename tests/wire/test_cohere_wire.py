import pytest

from nbstream import ProviderError
from nbstream.messages import merge_chunks
from nbstream.wire.cohere import CohereReader

from .streams import events_of, read


def message_of(name):
    chunks, error = read(CohereReader(), events_of(f"cohere.{name}.sse"))
    assert error is None
    return merge_chunks(chunks).to_message()


def test_a_text_with_odds():
    chunks, _ = read(CohereReader(), events_of("cohere.text.sse"))
    assert [chunk.content for chunk in chunks] == ["Hello", " 🐟", ""]
    [odds] = chunks[0].response_metadata["logprobs"]["content"]
    assert (odds["token"], odds["logprob"]) == ("Hello", -0.25)
    assert chunks[-1].usage_metadata == {
        "input_tokens": 9,
        "output_tokens": 8,
        "total_tokens": 17,
        "input_token_details": {"cache_read": 4, "cache_creation": 0},
    }
    assert chunks[-1].response_metadata == {
        "stop_reason": "end_turn",
        "finish_reason": "COMPLETE",
    }


def test_a_plan_and_calls():
    message = message_of("tools")
    assert message.content == [{"type": "thinking", "thinking": "I will ask."}]
    [call] = message.tool_calls
    assert (call["id"], call["name"]) == ("weather_1", "weather")
    assert call["args"] == {"city": "Paris"}
    assert message.response_metadata["stop_reason"] == "tool_use"


def test_citations_after_their_text():
    message = message_of("citations")
    thought, text = message.content
    assert thought["thinking"] == "Hm, so."
    [cited] = text["citations"]
    assert message.text[cited["start_index"] : cited["end_index"]] == cited["cited_text"]
    assert cited["sources"][0]["document"]["title"] == "Weather"


def test_a_whole_answer_makes_the_message_that_its_stream_makes():
    reader = CohereReader()
    message = reader.read_whole(events_of("cohere.whole.json")[0]).to_message()
    assert message == message_of("citations")
    assert reader.is_whole


@pytest.mark.promise("docs/models.md", "Else ensure_whole() raises a ProviderError")
@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "x"}}, None),
        ({"type": "message-end", "delta": {"finish_reason": "TIMEOUT"}}, 504),
        ({"message": "invalid request"}, None),
    ],
)
def test_an_answer_that_failed_is_not_whole(event, status):
    reader = CohereReader()
    with pytest.raises(ProviderError) as caught:
        reader.read(event)
    assert caught.value.status == status
    assert not reader.is_whole
    with pytest.raises(ProviderError):
        CohereReader().read_whole({"message": "invalid request"})


def test_half_a_character_waits_for_the_other_half():
    def said(*texts):
        events = [
            {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}}
            for text in texts
        ]
        return merge_chunks(read(CohereReader(), events)[0]).text

    assert said("fish \ud83d", "\udc1f") == "fish 🐟"
    assert said("fish \ud83d") == "fish �"
