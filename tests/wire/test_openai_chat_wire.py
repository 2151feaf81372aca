import json

import pytest

from nbstream import ProviderError, Trace
from nbstream.events._frames import frame
from nbstream.events._state import apply, initial
from nbstream.messages import merge_chunks
from nbstream.wire.openai_chat import OpenAIChatReader

from .streams import FOLDER, events_of, read


def chunks_of(name):
    chunks, error = read(OpenAIChatReader(), events_of(f"openai_chat.{name}.sse"))
    assert error is None
    return chunks


def message_of(name):
    return merge_chunks(chunks_of(name)).to_message()


def event(finish=None, **delta):
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


@pytest.mark.promise("docs/models.md", "on the chunk whose text they are of")
def test_a_text_with_odds():
    chunks = chunks_of("text")
    assert [chunk.content for chunk in chunks] == ["Hello", " 🐟", "", ""]
    [odds] = chunks[1].response_metadata["logprobs"]["content"]
    assert (odds["token"], odds["logprob"]) == (" 🐟", -1.5)
    assert [one["token"] for one in odds["top_logprobs"]] == [" 🐟", "!"]
    assert merge_chunks(chunks).usage_metadata == {
        "input_tokens": 19,
        "output_tokens": 10,
        "total_tokens": 29,
        "input_token_details": {"cache_read": 8, "cache_creation": 0},
        "output_token_details": {"reasoning": 4},
    }
    assert merge_chunks(chunks).response_metadata["finish_reason"] == "stop"


def test_the_view_reads_the_odds():
    trace = Trace()
    run = trace.start("m", "chat_model")
    [chunk] = [c for c in chunks_of("text") if c.text == "Hello"]
    trace.log("chunk", run, chunk)
    state = initial()
    apply(state, frame(trace))
    [[odds]] = state["runs"][0]["logprobs"].values()
    assert odds[:2] == ["Hello", -0.1]


def test_calls():
    message = message_of("tools")
    assert [(c["id"], c["name"], c["args"]) for c in message.tool_calls] == [
        ("call_1", "weather", {"city": "Paris"}),
        ("call_2", "now", {}),
    ]
    assert message.response_metadata["stop_reason"] == "tool_use"


def test_a_refusal_is_shown_and_named():
    message = message_of("refusal")
    assert message.text == "I'm sorry, I can't."
    assert message.response_metadata["stop_reason"] == "refusal"


def test_citations_after_their_text():
    message = message_of("search")
    [cited] = message.additional_kwargs["citations"]
    assert message.content == "It is sunny in Paris."
    assert message.text[cited["start_index"] : cited["end_index"]] == "It is sunny"
    assert cited["url"] == "https://weather.example/paris"


def test_reasoning_of_other_makers():
    message = message_of("deepseek")
    assert message.content == [
        {"type": "thinking", "thinking": "Let me think."},
        {"type": "text", "text": "It is 4."},
    ]
    assert message.usage_metadata["input_token_details"]["cache_read"] == 2
    assert message.usage_metadata["output_token_details"] == {"reasoning": 3}


def test_openrouters_secrets_and_images():
    thought, text, image = message_of("openrouter").content
    assert thought["thinking"] == "A fish"
    assert thought["reasoning_details"][0]["data"] == "CiQB"
    assert text == {"type": "text", "text": "Here: "}
    assert image == {"type": "image", "mime_type": "image/png", "base64": "iVBORw0KGgo="}


def test_mistrals_blocks():
    message = message_of("mistral")
    assert message.content[0]["thinking"] == "Let me see."
    assert message.text == "Paris"
    assert message.additional_kwargs["citations"] == [{"type": "reference", "ids": [1, 2]}]
    assert message.tool_calls[0]["args"] == {"city": "Paris"}


def test_sources_and_usage_that_every_event_repeats():
    message = message_of("perplexity")
    assert message.text == "Sunny today[1]."
    [source] = message.additional_kwargs["citations"]
    assert source["url"] == "https://a.example/1"
    assert message.usage_metadata["total_tokens"] == 9


def test_a_recording_of_the_embedded_server():
    chunks = chunks_of("embedded")
    texts = [chunk for chunk in chunks if chunk.content]
    odds = [chunk.response_metadata["logprobs"]["content"][0] for chunk in texts]
    assert [one["token"] for one in odds] == [chunk.text for chunk in texts]
    assert all(len(one["top_logprobs"]) == 3 for one in odds)
    assert merge_chunks(chunks).response_metadata["stop_reason"] == "max_tokens"
    assert merge_chunks(chunks).usage_metadata["output_tokens"] == 12


def test_a_whole_answer():
    answer = json.loads((FOLDER / "openai_chat.embedded.json").read_text())
    reader = OpenAIChatReader()
    chunk = reader.read_whole(answer)
    assert reader.is_whole
    assert chunk.content == answer["choices"][0]["message"]["content"]
    assert chunk.usage_metadata["output_tokens"] == 12
    assert len(chunk.response_metadata["logprobs"]["content"]) == 12


def test_a_whole_answer_with_calls_that_have_no_index():
    calls = [
        {"id": one, "type": "function", "function": {"name": "f", "arguments": f'{{"a": {one}}}'}}
        for one in "12"
    ]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    reader = OpenAIChatReader()
    # A forced call ends with "stop".
    whole = reader.read_whole({"choices": [{"message": message, "finish_reason": "stop"}]})
    assert [call["args"] for call in whole.to_message().tool_calls] == [{"a": 1}, {"a": 2}]
    assert reader.wants_calls
    cut = OpenAIChatReader()
    cut.read_whole({"choices": [{"message": message, "finish_reason": "length"}]})
    assert cut.is_whole
    assert not cut.wants_calls


def test_calls_that_have_neither_index_nor_id():
    calls = [{"function": {"name": name, "arguments": "{}"}} for name in "fg"]
    events = [event(tool_calls=calls), event("tool_calls")]
    message = merge_chunks(read(OpenAIChatReader(), events)[0]).to_message()
    assert [call["name"] for call in message.tool_calls] == ["f", "g"]


def test_a_call_whose_input_is_a_text():
    call = {"index": 0, "id": "1", "type": "custom", "custom": {"name": "sql", "input": "SEL"}}
    more = {"index": 0, "custom": {"input": 'ECT "a"'}}
    events = [event(tool_calls=[call]), event(tool_calls=[more]), event("tool_calls")]
    message = merge_chunks(read(OpenAIChatReader(), events)[0]).to_message()
    assert message.tool_calls[0]["args"] == {"input": 'SELECT "a"'}


@pytest.mark.promise("docs/models.md", "of a spoken answer there is its transcript, as text")
def test_of_a_spoken_answer_the_transcript_is_read():
    events = [event(audio={"id": "a", "transcript": "He"}), event(audio={"data": "UklG"})]
    events += [event(audio={"transcript": "llo"}), event("stop")]
    message = merge_chunks(read(OpenAIChatReader(), events)[0]).to_message()
    assert message.text == message.content == "Hello"
    assert "UklG" not in repr(message)


@pytest.mark.promise("docs/models.md", "the first is read, the others are passed over")
def test_of_several_answers_the_first_is_read():
    other = {"index": 1, "delta": {"content": "B"}, "finish_reason": "stop"}
    events = [event(content="A"), {"choices": [other]}, event("stop")]
    assert merge_chunks(read(OpenAIChatReader(), events)[0]).text == "A"


def test_the_older_api():
    odds = {"tokens": ["Hi"], "token_logprobs": [-0.5], "top_logprobs": [{"Hi": -0.5, "Ho": -1.0}]}
    chunk = OpenAIChatReader().read({"choices": [{"index": 0, "text": "Hi", "logprobs": odds}]})
    assert chunk.text == "Hi"
    top = [{"token": "Hi", "logprob": -0.5}, {"token": "Ho", "logprob": -1.0}]
    told = {"token": "Hi", "logprob": -0.5, "top_logprobs": top}
    assert chunk.response_metadata["logprobs"] == {"content": [told]}


@pytest.mark.parametrize(
    ("said", "status", "kind", "wait"),
    [
        ({"error": {"message": "Busy", "code": 502}}, 502, None, None),
        (
            {"error": {"message": "x", "type": "server_error", "code": None}},
            500,
            "server_error",
            None,
        ),
        ({"error": "no memory"}, None, None, None),
        (
            {
                "error": {
                    "message": "Limit reached. Please try again in 1.5s.",
                    "type": "tokens",
                    "code": "rate_limit_exceeded",
                }
            },
            429,
            "rate_limit_exceeded",
            1.5,
        ),
    ],
)
def test_an_error_in_the_middle(said, status, kind, wait):
    with pytest.raises(ProviderError) as caught:
        OpenAIChatReader().read(said)
    error = caught.value
    assert (error.status, error.kind, error.retry_after) == (status, kind, wait)


def test_a_call_alone_is_a_beginning():
    call = {"index": 0, "id": "1", "function": {"name": "f", "arguments": "{}"}}
    _, error = read(OpenAIChatReader(), [event(tool_calls=[call])])
    assert "broke off" in str(error)


def test_a_finish_that_is_an_error():
    reader = OpenAIChatReader()
    with pytest.raises(ProviderError, match="failed while it answered"):
        reader.read(event("error"))
    assert not reader.is_whole


@pytest.mark.parametrize("field", ["content", "reasoning_content", "refusal"])
def test_half_a_character_waits_for_the_other_half(field):
    events = [event(**{field: "fish \ud83d"}), event(**{field: "\udc1f"}), event("stop")]
    content = merge_chunks(read(OpenAIChatReader(), events)[0]).content
    assert content == "fish 🐟" or content[0]["thinking"] == "fish 🐟"
