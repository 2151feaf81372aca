"""What goes back to a provider is what that provider accepts."""

import functools
import json

import pytest

from nbstream import AIMessage, HumanMessage, InputError, SystemMessage, ToolMessage
from nbstream.messages import merge_chunks
from nbstream.wire.anthropic import AnthropicReader, system_text, turns
from nbstream.wire.openai_chat import OpenAIChatReader, chat_messages
from nbstream.wire.openai_responses import response_items

from .streams import events_of, read

NAN = float("nan")
CALL = {"name": "add", "args": {"a": 1}, "id": "1"}


def answer(*content, **fields):
    return AIMessage(list(content), **fields)


def text(said):
    return {"type": "text", "text": said}


def anthropic_answer(message, *after):
    """Return what the API is given of an answer that is followed by these."""
    said = [HumanMessage("Hi"), message, *after, HumanMessage("More")]
    sent = [turn for turn in turns(said) if turn["role"] == "assistant"]
    return sent[0]["content"] if sent else None


# Anthropic


@pytest.mark.parametrize(
    ("block", "kept"),
    [
        ({"type": "thinking", "thinking": "Hm, st"}, None),
        ({"type": "thinking", "thinking": "Hm", "signature": ""}, None),
        ({"type": "thinking", "signature": "s"}, {"thinking": "", "signature": "s"}),
        ({"type": "thinking", "thinking": "Hm", "signature": "s", "id": "rs_1"}, ...),
        ({"type": "redacted_thinking", "data": "x"}, {"data": "x"}),
        ({"type": "tool_use", "id": "1", "name": "f", "input": {}}, None),
        ({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, None),
        ({"type": "mcp_tool_use", "id": "s", "name": "x", "input": {}}, None),
        ({"type": "web_search_tool_result", "tool_use_id": "s", "content": []}, None),
        ({"type": "text", "text": " \n"}, None),
        ({"type": "text", "text": ""}, None),
        ({"type": "image", "base64": "iVBO", "mime_type": "image/png"}, None),
        ({"type": "web_search_call", "id": "ws_1"}, None),  # another provider's
        ({"no": "type"}, None),
    ],
)
def test_what_an_answer_that_was_stopped_leaves_behind(block, kept):
    [first, *more] = anthropic_answer(answer(text("x"), block))
    assert first == text("x")
    if kept is None:
        assert more == []
    elif kept is ...:
        assert more == [{"type": "thinking", "thinking": "Hm", "signature": "s"}]
    else:
        assert more == [{"type": block["type"], **kept}]


def test_an_answer_of_which_nothing_is_left_is_left_out():
    assert anthropic_answer(answer({"type": "thinking", "thinking": "Hm"})) is None
    assert anthropic_answer(answer({"type": "thinking", "thinking": "", "signature": "s"})) is None
    assert anthropic_answer(AIMessage("  ")) is None


def test_calls_with_and_without_a_result():
    other = {**CALL, "id": "2"}
    message = AIMessage("Wait", tool_calls=[CALL, other])
    sent = anthropic_answer(message, ToolMessage("3", "1"))
    assert sent == [text("Wait"), {"type": "tool_use", "id": "1", "name": "add", "input": {"a": 1}}]


def test_an_invalid_call_that_was_answered_goes_back_with_an_empty_input():
    broken = {"name": "add", "args": '{"a": ', "id": "1", "error": None}
    block = {"type": "tool_use", "id": "1", "name": "add", "input": None}
    for message in (
        AIMessage("", invalid_tool_calls=[broken]),
        answer(block, invalid_tool_calls=[broken]),
        answer(block),
    ):
        [sent] = anthropic_answer(message, ToolMessage("No JSON.", "1", status="error"))
        assert sent == {"type": "tool_use", "id": "1", "name": "add", "input": {}}


def test_a_server_tool_keeps_its_result_and_its_input_is_an_object():
    use = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": "x"}
    found = {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
    assert anthropic_answer(answer(use, found)) == [{**use, "input": {}}, found]


def test_a_pause_is_continued_from_where_it_is():
    chunks, _ = read(AnthropicReader(), events_of("anthropic.pause.sse"))
    paused = merge_chunks(chunks).to_message()
    [_, turn] = turns([HumanMessage("Hi"), paused])
    assert turn["content"][0]["input"] == {"query": "x"}
    assert anthropic_answer(paused) is None


def test_what_came_goes_back_as_it_came():
    for name in ("web_search", "thinking_tools"):
        chunks, _ = read(AnthropicReader(), events_of(f"anthropic.{name}.sse"))
        message = merge_chunks(chunks).to_message()
        results = [ToolMessage("x", call["id"]) for call in message.tool_calls]
        assert anthropic_answer(message, *results) == message.content


def test_citations_of_other_providers_and_fields_that_are_not_taken_back():
    place = {"type": "char_location", "cited_text": "x", "document_index": 0}
    cited = [{**place, "file_id": "f"}, {"type": "citation", "url": "u"}]
    [sent] = anthropic_answer(answer({**text("x"), "id": "msg_1", "citations": cited}))
    assert sent == {**text("x"), "citations": [place]}


def test_ids_and_names_of_other_providers():
    call = {"name": "a.b", "args": {}, "id": "call:1"}
    _, asked, told = turns(
        [HumanMessage("Hi"), AIMessage("", tool_calls=[call]), ToolMessage("x", "call:1")]
    )
    assert asked["content"][0]["id"] == told["content"][0]["tool_use_id"] == "call_1"
    assert asked["content"][0]["name"] == "a_b"


def test_an_answer_to_be_continued_has_no_white_space_at_its_end():
    assert turns([HumanMessage("Hi"), AIMessage("One, ")])[-1]["content"] == "One,"
    assert turns([HumanMessage("Hi"), answer(text("One, "))])[-1]["content"] == [text("One,")]


def test_a_conversation_with_nothing_to_say():
    with pytest.raises(InputError, match="empty"):
        turns([HumanMessage(" ")])
    with pytest.raises(InputError, match="only a system message"):
        turns([SystemMessage("x")])
    with pytest.raises(InputError, match="nothing to answer"):
        chat_messages([SystemMessage("x"), HumanMessage(" ")])
    assert system_text(" ", [SystemMessage("\n")]) == ""


# OpenAI


def chat_answer(message, *after, **options):
    said = chat_messages([HumanMessage("Hi"), message, *after, HumanMessage("More")], **options)
    sent = [one for one in said if one["role"] == "assistant"]
    return sent[0] if sent else None


def test_thinking_stays_here_unless_a_field_for_it_is_named():
    message = answer({"type": "thinking", "thinking": "Hm"}, text("x"))
    assert chat_answer(message) == {"role": "assistant", "content": "x"}
    named = chat_answer(message, thinking_as="reasoning_content")
    assert named["reasoning_content"] == "Hm"


def test_chat_calls_with_and_without_a_result():
    message = AIMessage("", tool_calls=[CALL, {**CALL, "id": "2"}])
    assert chat_answer(message, ToolMessage("3", "1")) == {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "1",
                "type": "function",
                "function": {"name": "add", "arguments": '{"a": 1}'},
            }
        ],
    }
    assert chat_answer(message) is None


def test_a_result_counts_only_right_after_its_call_and_with_it():
    call = AIMessage("", tool_calls=[CALL])
    late = [HumanMessage("Hi"), call, HumanMessage("More"), ToolMessage("3", "1")]
    for request_of in (chat_messages, response_items):
        assert request_of(late) == [
            {"role": "user", "content": "Hi"},
            {"role": "user", "content": "More"},
        ]
    assert [turn["role"] for turn in turns(late[:3])] == ["user", "user"]


def test_openrouters_secrets_go_back():
    chunks, _ = read(OpenAIChatReader(), events_of("openai_chat.openrouter.sse"))
    sent = chat_answer(merge_chunks(chunks).to_message())
    assert sent["content"] == "Here: "
    assert sent["reasoning_details"][0]["data"] == "CiQB"


IMAGE = {"type": "image", "base64": "iVBO", "mime_type": "image/png"}
DATA = "data:image/png;base64,iVBO"


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (IMAGE, {"type": "image_url", "image_url": {"url": DATA}}),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png"}}
            | {"source": {"media_type": "image/png", "data": "iVBO"}},
            {"type": "image_url", "image_url": {"url": DATA}},
        ),
        (
            {"type": "image_url", "image_url": "https://x.example/a.png"},
            {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
        ),
        (
            {"type": "file", "base64": "JVBE", "mime_type": "application/pdf"},
            {
                "type": "file",
                "file": {"filename": "file", "file_data": "data:application/pdf;base64,JVBE"},
            },
        ),
        ({"type": "file", "file_id": "f"}, {"type": "file", "file": {"file_id": "f"}}),
        ({"type": "input_audio", "input_audio": {}}, {"type": "input_audio", "input_audio": {}}),
        ({"type": "text-plain", "text": "x"}, text("x")),
    ],
)
def test_chat_images_and_files(block, part):
    [sent] = chat_messages([HumanMessage([block])])
    assert sent == {"role": "user", "content": [part]}


def test_an_image_with_nothing_in_it_is_named():
    with pytest.raises(InputError, match="has no content; it has type"):
        chat_messages([HumanMessage([{"type": "image"}])])


def test_images_of_a_tool_follow_in_a_message_of_the_user():
    said = chat_messages(
        [
            HumanMessage("Hi"),
            AIMessage("", tool_calls=[CALL, {**CALL, "id": "2"}]),
            ToolMessage([text("Here:"), IMAGE], "1"),
            ToolMessage("3", "2"),
        ]
    )
    assert [one["role"] for one in said] == ["user", "assistant", "tool", "tool", "user"]
    assert said[2]["content"] == "Here:"
    assert said[4]["content"] == [{"type": "image_url", "image_url": {"url": DATA}}]


# All of them


def results_in(sent):
    """Return what of a request is a tool's result, whichever API it is of."""
    blocks = [one for turn in sent for one in ([turn, *listed(turn.get("content"))])]
    return [
        (id_, one.get("content", one.get("output")))
        for one in blocks
        for id_ in [one.get("tool_use_id") or one.get("tool_call_id") or one.get("call_id")]
        if id_ and one.get("type") != "function_call"
    ]


def listed(content):
    return content if isinstance(content, list) else []


@pytest.mark.parametrize("request_of", [turns, chat_messages, response_items])
@pytest.mark.parametrize(
    ("before", "kept"),
    [
        ([ToolMessage("lost", "1")], []),
        ([AIMessage("No call."), ToolMessage("lost", "1")], []),
        ([AIMessage("x", tool_calls=[CALL]), ToolMessage("lost", "2")], []),
        ([AIMessage("x", tool_calls=[CALL]), HumanMessage("?"), ToolMessage("lost", "1")], []),
        ([AIMessage("x", tool_calls=[CALL]), ToolMessage("3", "1")], [("1", "3")]),
        (
            [AIMessage("x", tool_calls=[CALL]), ToolMessage("3", "1"), ToolMessage("4", "1")],
            [("1", "3")],
        ),
    ],
    ids=["first", "no call", "another call", "late", "right", "twice"],
)
def test_a_result_goes_back_with_its_call_and_once(request_of, before, kept):
    sent = request_of([HumanMessage("Hi"), *before, HumanMessage("More")])
    assert results_in(sent) == kept
    assert "lost" not in json.dumps(sent)
    assert ("add" in json.dumps(sent)) == bool(kept)  # nor does a call without its result


@pytest.mark.parametrize("request_of", [turns, chat_messages, response_items])
def test_what_json_and_utf8_cannot_hold_is_mended(request_of):
    call = {"name": "f", "args": {"a": NAN, "b\ud83d": ["\ud83d"]}, "id": "1"}
    said = [
        HumanMessage("fish \ud83d"),
        HumanMessage([text("fish \ud83d")]),
        AIMessage("fish \ud83d", tool_calls=[call, {**call, "id": "2"}]),
        ToolMessage("fish \ud83d", "1"),
        ToolMessage([text("fish \ud83d")], "2"),
    ]
    sent = json.dumps(request_of(said), ensure_ascii=False, allow_nan=False)
    sent.encode()
    assert sent.count("fish �") == 5
    assert "NaN" not in sent


@pytest.mark.parametrize("request_of", [turns, chat_messages, response_items])
def test_an_input_too_deep_for_json_goes_back_without_its_depths(request_of):
    deep = functools.reduce(lambda inside, _: [inside], range(900), "x")
    call = {"name": "f", "args": {"a": 1, "b": deep}, "id": "1"}
    sent = request_of([HumanMessage("Hi"), AIMessage("", tool_calls=[call]), ToolMessage("x", "1")])
    assert "1" in json.dumps(sent)


def test_instructions_are_encodable():
    system_text("\ud83d", [SystemMessage("\ud83d")]).encode()
    json.dumps(system_text(None, [SystemMessage([text("\ud83d")])]), ensure_ascii=False).encode()
    chat_messages([SystemMessage("\ud83d"), HumanMessage("x")])[0]["content"].encode()
