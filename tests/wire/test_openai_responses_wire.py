import json

import pytest

from nbstream import AIMessage, HumanMessage, ProviderError, ToolMessage
from nbstream.messages import merge_chunks
from nbstream.wire.openai_responses import OpenAIResponsesReader, response_items

from .streams import FOLDER, events_of, read


def chunks_of(name, **options):
    chunks, error = read(
        OpenAIResponsesReader(**options), events_of(f"openai_responses.{name}.sse")
    )
    assert error is None
    return chunks


def message_of(name, **options):
    return merge_chunks(chunks_of(name, **options)).to_message()


def test_a_text_with_odds():
    chunks = chunks_of("text")
    assert [chunk.content for chunk in chunks] == ["Hello", " 🐟", ""]
    [odds] = chunks[1].response_metadata["logprobs"]["content"]
    assert [one["token"] for one in odds["top_logprobs"]] == [" 🐟", "Hi"]
    assert chunks[-1].response_metadata == {
        "model_name": "gpt-6",
        "stop_reason": "end_turn",
        "finish_reason": "completed",
        "id": "resp_1",
    }
    assert chunks[-1].usage_metadata == {
        "input_tokens": 75,
        "output_tokens": 125,
        "total_tokens": 200,
        "input_token_details": {"cache_read": 32, "cache_creation": 0},
        "output_token_details": {"reasoning": 64},
    }


def test_reasoning_and_calls():
    message = message_of("tools")
    assert message.content[0] == {
        "type": "thinking",
        "thinking": "The user asks.\n\nI call a tool.",
        "id": "rs_1",
        "encrypted_content": "gAAAA==",
    }
    assert [(c["id"], c["name"], c["args"]) for c in message.tool_calls] == [
        ("call_1", "weather", {"city": "Paris"}),
        ("call_2", "sql", {"input": 'SELECT "a"'}),
    ]
    assert message.response_metadata["stop_reason"] == "tool_use"


def test_server_tools_and_what_they_made():
    message = message_of("server_tools")
    search, code, mcp, call, image, text = message.content
    assert search["action"]["query"] == "weather Paris"
    assert (code["code"], code["outputs"][0]["logs"]) == ("print(1)", "1\n")
    assert (mcp["arguments"], mcp["output"], mcp["status"]) == ('{"d": 6}', "4", "completed")
    assert "result" not in call
    assert image == {"type": "image", "mime_type": "image/png", "base64": "iVBORw0KGgo="}
    assert text["text"] == message.text == "It is sunny in Paris."
    assert [cited.get("url") or cited["file_id"] for cited in text["citations"]] == [
        "https://weather.example/paris",
        "file_1",
    ]
    assert message.tool_calls == []


def test_a_citation_of_a_plain_text():
    events = events_of("openai_responses.server_tools.sse")
    events = [e for e in events if e.get("output_index") in (None, 4)]
    chunks, _ = read(OpenAIResponsesReader(), events)
    message = merge_chunks(chunks).to_message()
    cited, other = message.additional_kwargs["citations"]
    assert message.content[cited["start_index"] : cited["end_index"]] == "It is sunny"
    assert other["file_id"] == "file_1"


def test_why_an_answer_ended():
    assert message_of("incomplete").response_metadata["stop_reason"] == "max_tokens"
    refused = message_of("refusal")
    assert refused.text == "I'm sorry, I can't."
    assert refused.response_metadata["stop_reason"] == "refusal"


@pytest.mark.parametrize("name", ["text", "tools", "server_tools"])
def test_a_whole_answer_makes_the_message_that_its_stream_makes(name):
    answer = json.loads((FOLDER / f"openai_responses.{name}.json").read_text())
    reader = OpenAIResponsesReader()
    chunk = reader.read_whole(answer)
    chunk.response_metadata.pop("logprobs", None)
    streamed = message_of(name)
    streamed.response_metadata.pop("logprobs", None)
    assert chunk.to_message() == streamed
    assert reader.is_whole


def test_the_embedded_servers_events_have_no_index():
    message = message_of("embedded")
    assert message.content.startswith("Yes!")
    whole = json.loads((FOLDER / "openai_responses.embedded.json").read_text())
    assert OpenAIResponsesReader().read_whole(whole).text.startswith("I'm here")


def test_items_with_no_index_do_not_mix():
    events = events_of("openai_responses.tools.sse")
    bare = [{k: v for k, v in event.items() if k != "output_index"} for event in events]
    assert read(OpenAIResponsesReader(), bare) == read(OpenAIResponsesReader(), events)


@pytest.mark.parametrize(
    ("event", "status", "kind"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "x"}, 429, None),
        ({"type": "error", "code": None, "message": "x", "param": None}, None, None),
        (
            {
                "type": "response.failed",
                "response": {"error": {"code": "server_error", "message": "x"}},
            },
            500,
            None,
        ),
        ({"type": "response.cancelled", "response": {}}, None, None),
        ({"type": "response.failed"}, None, None),
    ],
)
def test_an_answer_that_failed_is_not_whole(event, status, kind):
    reader = OpenAIResponsesReader()
    with pytest.raises(ProviderError) as caught:
        reader.read(event)
    assert caught.value.status == status
    assert not reader.is_whole


def test_a_whole_answer_that_failed():
    answer = {"status": "failed", "output": [], "error": {"code": "server_error", "message": "x"}}
    with pytest.raises(ProviderError, match="500"):
        OpenAIResponsesReader().read_whole(answer)


def test_reasoning_goes_back_before_the_call_it_led_to():
    message = message_of("tools")
    results = [ToolMessage("Sunny", "call_1"), ToolMessage("1", "call_2")]
    sent = response_items([HumanMessage("Hi"), message, *results])
    assert [item.get("type") or item["role"] for item in sent] == [
        "user",
        "reasoning",
        "function_call",
        "function_call",
        "function_call_output",
        "function_call_output",
    ]
    assert sent[1]["encrypted_content"] == "gAAAA=="
    assert sent[2]["arguments"] == '{"city": "Paris"}'
    # A call that no tool has answered is left out, and so is the reasoning that led to it.
    assert response_items([HumanMessage("Hi"), message, HumanMessage("x")]) == [
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": "x"},
    ]


def test_server_tools_go_back_and_other_providers_blocks_do_not():
    message = message_of("server_tools")
    message.content.append({"type": "thinking", "thinking": "Hm", "signature": "anthropic's"})
    sent = response_items([HumanMessage("Hi"), message])
    assert [item.get("type") or item["role"] for item in sent[1:]] == [
        "web_search_call",
        "code_interpreter_call",
        "mcp_call",
        "image_generation_call",
        "message",
    ]


def test_images_and_files():
    image = {"type": "image", "base64": "iVBO", "mime_type": "image/png"}
    file = {"type": "file", "file_id": "f"}
    [sent] = response_items([HumanMessage([{"type": "text", "text": "x"}, image, file])])
    assert sent["content"] == [
        {"type": "input_text", "text": "x"},
        {"type": "input_image", "image_url": "data:image/png;base64,iVBO", "detail": "auto"},
        {"type": "input_file", "file_id": "f"},
    ]
    [told] = [
        item
        for item in response_items(
            [
                HumanMessage("x"),
                AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "1"}]),
                ToolMessage([image], "1"),
            ]
        )
        if item.get("type") == "function_call_output"
    ]
    assert told["output"][0]["type"] == "input_image"


def test_half_a_character_waits_for_the_other_half():
    def deltas(kind, *pieces):
        return [{"type": kind, "output_index": 0, "delta": piece} for piece in pieces]

    for kind in ("response.output_text.delta", "response.code_interpreter_call_code.delta"):
        for pieces, said in ((("fish \ud83d", "\udc1f"), "fish 🐟"), (("fish \ud83d",), "fish �")):
            chunks, _ = read(OpenAIResponsesReader(), deltas(kind, *pieces))
            content = merge_chunks(chunks).content
            assert said in (content, content[0]["code"] if isinstance(content, list) else None)
