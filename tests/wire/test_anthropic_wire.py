import json

import anthropic
import pytest
from pydantic import TypeAdapter

from nbstream import ProviderError
from nbstream.messages import merge_chunks
from nbstream.wire.anthropic import AnthropicReader

from .streams import FOLDER, events_of, read

EVENT = TypeAdapter(anthropic.types.RawMessageStreamEvent)


def message_of(name, **options):
    chunks, error = read(AnthropicReader(**options), events_of(f"anthropic.{name}.sse"))
    assert error is None
    return merge_chunks(chunks).to_message()


def block_events(index, start, *deltas):
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def end(reason="end_turn", **usage):
    delta = {"stop_reason": reason, "stop_sequence": None}
    return [{"type": "message_delta", "delta": delta, "usage": usage}, {"type": "message_stop"}]


def test_a_text_is_plain():
    chunks, _ = read(AnthropicReader(), events_of("anthropic.text.sse"))
    assert [chunk.content for chunk in chunks] == ["Hello", " there 🐟", ""]
    assert chunks[-1].response_metadata == {
        "model_name": "claude-sonnet-5-5",
        "stop_reason": "end_turn",
    }
    assert chunks[-1].usage_metadata == {
        "input_tokens": 25,
        "output_tokens": 15,
        "total_tokens": 40,
    }


def test_thinking_and_calls():
    message = message_of("thinking_tools")
    assert [block["type"] for block in message.content] == [
        "thinking",
        "redacted_thinking",
        "text",
        "tool_use",
        "tool_use",
        "tool_use",
    ]
    assert message.content[0]["signature"] == "EqQB=="
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [
        ("weather", {"city": "Paris", "days": 2}),
        ("now", {}),
        # An input that stood whole in the block's start, null and all.
        ("add", {"a": 1, "b": None}),
    ]
    assert message.content[5]["input"] == {"a": 1, "b": None}
    assert message.usage_metadata == {
        "input_tokens": 132,
        "output_tokens": 89,
        "total_tokens": 221,
        "input_token_details": {"cache_read": 100, "cache_creation": 7},
        "output_token_details": {"reasoning": 12},
    }


def test_an_input_in_the_start_gives_way_to_one_that_streams():
    events = [
        *block_events(
            0,
            {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
            {"type": "input_json_delta", "partial_json": '{"a": 1, "b": 2}'},
        ),
        *end("tool_use"),
    ]
    message = merge_chunks(read(AnthropicReader(), events)[0]).to_message()
    assert message.tool_calls[0]["args"] == message.content[0]["input"] == {"a": 1, "b": 2}


def test_an_input_in_the_start_that_is_a_text():
    start = {"type": "tool_use", "id": "1", "name": "f", "input": '{"a": 1}'}
    message = merge_chunks(read(AnthropicReader(), block_events(0, start))[0]).to_message()
    assert message.tool_calls[0]["args"] == {"a": 1}
    assert message.content[0]["input"] == {}


def test_a_block_that_begins_with_no_text_takes_the_deltas():
    start = {"type": "thinking", "thinking": 5, "signature": ["x"]}
    delta = {"type": "thinking_delta", "thinking": "Hm"}
    [block] = merge_chunks(read(AnthropicReader(), block_events(0, start, delta))[0]).content
    assert block["thinking"] == "Hm"


def test_a_text_that_is_going_to_be_cited_is_a_block_from_its_start():
    cited = {"type": "citations_delta", "citation": {"type": "char_location", "index": 0}}
    events = block_events(
        0,
        {"type": "text", "text": "", "citations": []},
        {"type": "text_delta", "text": "blue"},
        cited,
        cited,
    )
    [block] = merge_chunks(read(AnthropicReader(), events)[0]).content
    assert block["text"] == "blue"
    # An index of its own does not make two citations one.
    assert block["citations"] == [{"type": "char_location"}] * 2


def test_server_tools_keep_the_apis_form_and_are_nobodys_to_call():
    message = message_of("web_search")
    assert message.tool_calls == message.invalid_tool_calls == []
    search, found = message.content[1:3]
    assert search["input"] == {"query": "weather Paris"}
    assert found["content"][0]["url"] == "https://weather.example/paris"
    assert message.content[3]["text"] == "It is sunny in Paris."
    assert message.content[3]["citations"][0]["cited_text"] == "Sunny."
    assert message.content[4]["input"] == {"code": "print(1)"}
    assert message.content[5]["content"]["stdout"] == "1\n"
    assert message.content[7]["content"] == [{"type": "text", "text": "1"}]
    assert message.response_metadata["server_tool_use"] == {"web_search_requests": 1}
    # A 0 in the last event is not the real count.
    assert message.usage_metadata["input_tokens"] == 10682


@pytest.mark.promise("docs/models.md", "a 0 in a later event does not replace a count")
def test_a_usage_of_0_does_not_replace_the_real_one():
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 25}}}
    chunks, _ = read(AnthropicReader(), [start, *end(input_tokens=0, output_tokens=3)])
    assert chunks[-1].usage_metadata["input_tokens"] == 25


@pytest.mark.promise("docs/models.md", "Where the text was a plain string, it is in")
def test_a_citation_after_its_text_knows_what_it_covers():
    message = message_of("cited_after")
    assert message.text == "As the facts say, it is blue."
    [cited] = message.additional_kwargs["citations"]
    assert message.text[cited["start_index"] : cited["end_index"]] == "it is blue"
    assert cited["cited_text"] == "The sky is blue."


@pytest.mark.promise("docs/models.md", "A citation is in the citations of its text's block")
def test_a_citation_after_its_text_lands_on_it_where_texts_are_blocks():
    message = message_of("cited_after", in_blocks=True)
    assert message.text == "As the facts say, it is blue."
    [cited] = [block for block in message.content if block.get("citations")]
    assert cited["text"] == "it is blue"


@pytest.mark.promise(
    "docs/models.md", "words that none of these stands for go through in lower case"
)
def test_why_an_answer_ended():
    refused = message_of("refusal").response_metadata
    assert refused["stop_reason"] == "refusal"
    assert refused["stop_details"]["category"] == "cyber"
    assert message_of("pause").response_metadata["stop_reason"] == "pause_turn"


@pytest.mark.promise("docs/models.md", "Calls are complete (wants_calls) only if")
@pytest.mark.parametrize(
    ("reason", "closed", "wants"),
    [
        ("tool_use", True, True),
        ("end_turn", True, True),  # what some endpoints say after calls
        ("end_turn", False, False),
        ("max_tokens", False, False),
        ("refusal", True, False),
    ],
)
def test_calls_are_complete_if_the_answer_ended_with_the_wish(reason, closed, wants):
    call = block_events(0, {"type": "tool_use", "id": "1", "name": "f", "input": {}})
    reader = AnthropicReader()
    read(reader, [*call[: None if closed else 1], *end(reason)])
    assert reader.wants_calls is wants
    if reason == "end_turn" and closed:
        assert reader.stop_reason == "tool_use"


@pytest.mark.promise(
    "docs/models.md", "An error event raises a ProviderError with status, kind and retry_after"
)
def test_an_error_in_the_middle_says_what_it_means():
    reader = AnthropicReader()
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    with pytest.raises(ProviderError, match=r"overloaded_error \(529\): Overloaded\.") as caught:
        reader.read(error)
    assert caught.value.status == 529
    assert caught.value.kind == "overloaded_error"


@pytest.mark.promise("docs/models.md", "Half a character waits for its other half")
@pytest.mark.parametrize(
    ("start", "kind", "field"),
    [
        ({"type": "text", "text": ""}, "text_delta", "text"),
        ({"type": "thinking", "thinking": ""}, "thinking_delta", "thinking"),
        ({"type": "tool_use", "id": "1", "name": "f"}, "input_json_delta", "partial_json"),
    ],
)
def test_half_a_character_waits_for_the_other_half(start, kind, field):
    def said(*pieces):
        events = block_events(0, start, *({"type": kind, field: piece} for piece in pieces))
        chunks, _ = read(AnthropicReader(), [*events, *end()])
        message = merge_chunks(chunks)
        if field == "partial_json":
            return message.tool_call_chunks[0]["args"]
        return message.text if field == "text" else message.content[0]["thinking"]

    assert said('"fish \ud83d', '\udc1f"') == '"fish 🐟"'
    assert said('"fish \ud83d', ' x"') == '"fish � x"'
    assert said('"\udc1f"') == '"�"'
    assert said('"fish \ud83d') == '"fish �'


@pytest.mark.promise("docs/models.md", "as the SDK's own objects, and gives AIMessageChunks back")
def test_the_sdks_own_events_make_the_same_chunks():
    for path in FOLDER.glob("anthropic.*.sse"):
        if "mcp_tool_use" in path.read_text():
            continue  # in the SDK's other set of types
        events = events_of(path.name)
        ours = [event for event in events if event["type"] != "ping"]
        objects = [EVENT.validate_python(event) for event in ours]
        assert read(AnthropicReader(), objects) == read(AnthropicReader(), events)


def test_a_whole_answer_makes_the_message_that_its_stream_makes():
    answer = json.loads((FOLDER / "anthropic.embedded.json").read_text())
    reader = AnthropicReader()
    message = reader.read_whole(answer).to_message()
    assert reader.is_whole
    assert message.content == answer["content"][0]["text"]
    assert message.response_metadata["stop_reason"] == "max_tokens"
    assert message.usage_metadata["output_tokens"] == 12
    parsed = anthropic.types.Message.model_validate(answer)
    assert AnthropicReader().read_whole(parsed).to_message() == message


def test_a_whole_answer_with_calls():
    content = [
        {"type": "thinking", "thinking": "Hm", "signature": "s"},
        {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
    ]
    reader = AnthropicReader()
    chunk = reader.read_whole({"content": content, "stop_reason": "tool_use", "usage": {}})
    assert chunk.to_message().content == content
    assert chunk.to_message().tool_calls[0]["args"] == {"a": 1}
    assert reader.wants_calls


def test_a_whole_answer_that_is_an_error_or_none():
    with pytest.raises(ProviderError, match="429"):
        AnthropicReader().read_whole({"type": "error", "error": {"type": "rate_limit_error"}})
    reader = AnthropicReader()
    reader.read_whole("<html>")
    with pytest.raises(ProviderError, match="empty"):
        reader.ensure_whole()
