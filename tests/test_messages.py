import copy
import json
import pickle

import pytest

from nbstream import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    InputError,
    ScriptedChat,
    SystemMessage,
    ToolMessage,
    Trace,
)
from nbstream.events._frames import frame
from nbstream.messages import UsageMetadata, convert_to_messages, merge_chunks


def usage(n):
    return UsageMetadata(input_tokens=n, output_tokens=2 * n, total_tokens=3 * n)


CHUNKS = [
    AIMessageChunk("Here", id="run-1"),
    AIMessageChunk([{"type": "text", "text": " is"}], id="run-2"),
    AIMessageChunk([{"type": "image", "url": "x"}], response_metadata={"a": 1}),
    AIMessageChunk("", usage_metadata=usage(1)),
    AIMessageChunk(" a", response_metadata={"a": 2, "b": 3}, usage_metadata=usage(10)),
]


def test_chunks_add_up_whichever_pair_is_added_first():
    for i in range(1, len(CHUNKS)):
        left, right = merge_chunks(CHUNKS[:i]), merge_chunks(CHUNKS[i:])
        assert left + right == merge_chunks(CHUNKS)


def test_a_sum_keeps_the_first_id_the_last_metadata_and_all_usage():
    total = merge_chunks(CHUNKS)
    assert total.text == "Here is a"
    assert total.content[1] == {"type": "image", "url": "x"}
    assert total.id == "run-1"
    assert total.response_metadata == {"a": 2, "b": 3}
    assert total.usage_metadata == usage(11)


def test_adding_texts_gives_a_text():
    assert (AIMessageChunk("a") + AIMessageChunk("b")).content == "ab"
    assert sum([AIMessageChunk("b")], AIMessageChunk("a")).content == "ab"


def test_adding_leaves_the_parts_alone():
    left = AIMessageChunk("a", response_metadata={"x": 1})
    left + AIMessageChunk("b", response_metadata={"y": 2})
    assert left == AIMessageChunk("a", response_metadata={"x": 1})


def test_adding_keeps_the_parts_blocks_alone():
    block = {"type": "text", "text": "a", "index": 0, "citations": [{"n": 1}]}
    more = {"type": "text", "text": "b", "index": 0, "citations": [{"n": 2}]}
    left, right = AIMessageChunk([block]), AIMessageChunk([more])
    total = left + right
    assert total.content == [
        {"type": "text", "text": "ab", "index": 0, "citations": [{"n": 1}, {"n": 2}]}
    ]
    assert block["citations"] == [{"n": 1}]


def test_blocks_with_one_index_are_one_block_wherever_they_stand():
    parts = [
        [{"type": "thinking", "thinking": "Hm", "index": 0}],
        [{"type": "text", "text": "a", "index": 1}],
        [{"type": "thinking", "thinking": ", so", "signature": "s", "index": 0}],
        "b",
        "",
        [{"type": "text", "text": "c", "index": 1}],
        ["d", {"type": "text", "text": "e"}],
    ]
    assert merge_chunks(map(AIMessageChunk, parts)).content == [
        {"type": "thinking", "thinking": "Hm, so", "signature": "s", "index": 0},
        {"type": "text", "text": "ac", "index": 1},
        {"type": "text", "text": "bde"},
    ]


def test_pieces_of_a_block_that_contradict_each_other_are_named():
    left = AIMessageChunk([{"type": "x", "value": "a", "index": 0}])
    with pytest.raises(InputError, match=r"disagree on 'value': 'a' and 1 do not add up"):
        left + AIMessageChunk([{"value": 1, "index": 0}])


def call(args, index=0, id=None, name=None):
    piece = {"name": name, "args": args, "id": id, "index": index}
    return AIMessageChunk(tool_call_chunks=[piece])


def test_tool_calls_are_read_as_far_as_they_have_come():
    first = call('{"a": 1, "b": "x', id="1", name="f")
    assert first.tool_calls == [
        {"name": "f", "args": {"a": 1, "b": "x"}, "id": "1", "type": "tool_call"}
    ]
    total = first + call("", 1, "2", "g") + call('y"}') + call('{"c"', 1)
    assert [c["args"] for c in total.tool_calls] == [{"a": 1, "b": "xy"}, {}]
    assert total.tool_call_chunks[0] == {
        "name": "f",
        "args": '{"a": 1, "b": "xy"}',
        "id": "1",
        "index": 0,
        "type": "tool_call_chunk",
    }


def test_calls_with_one_index_and_several_ids_are_several():
    total = merge_chunks([call("{}", id="1"), call('{"a"', id="2"), call(": 1}"), call("{}", None)])
    assert [c["args"] for c in total.tool_calls] == [{}, {"a": 1}, {}]


def test_no_value_of_a_call_that_grows_is_lost_again():
    args = '{"a": 3.5e-1, "b": [-12.25, "7."], "c": {"d": 1E+2}, "e": true}'
    seen = {}
    for end in range(1, len(args) + 1):
        [found] = call(args[:end], name="f").tool_calls
        assert seen.keys() <= found["args"].keys()
        assert len(seen.get("b", [])) <= len(found["args"].get("b", []))
        assert seen.get("c", {}).keys() <= found["args"].get("c", {}).keys()
        seen = found["args"]
    assert seen == json.loads(args)


def test_a_call_that_is_wrong_in_its_middle_is_invalid_before_its_end():
    growing = call('{"a": 1 "b"')
    assert not growing.tool_calls
    assert growing.invalid_tool_calls[0]["args"] == '{"a": 1 "b"'


def test_half_a_character_in_an_escape_of_a_call():
    args = r'{"a\ud83d": ["\ud83d\udc1f", "x\ud83d", "\udc1f", "\\ud83d", "\ud83d\n\uD83D\uDC1F"]}'
    whole = {"a\ufffd": ["\U0001f41f", "x\ufffd", "\ufffd", "\\ud83d", "\ufffd\n\U0001f41f"]}
    [found] = call(args, name="f").to_message().tool_calls
    assert found["args"] == whole
    for end in range(1, len(args)):
        # As it grows, a first half waits: it is never drawn as one and then as another.
        [found] = call(args[:end], name="f").tool_calls
        assert found["args"].get("a\ufffd", [])[:1] in ([], [""], ["\U0001f41f"])


def test_a_call_that_broke_off_is_not_to_be_acted_on():
    chunk = call('{"path": "/home', id="1", name="delete")
    assert chunk.tool_calls[0]["args"] == {"path": "/home"}
    assert chunk.to_message().tool_calls == []
    assert chunk.to_message().invalid_tool_calls[0]["args"] == '{"path": "/home'


@pytest.mark.parametrize(
    ("reason", "is_made"),
    [
        (None, True),
        ("tool_use", True),
        ("end_turn", True),  # some say no more than that the answer ended
        ("max_tokens", False),
        ("refusal", False),
        ("content_filter", False),
        ("model_context_window_exceeded", False),
    ],
)
def test_whole_calls_of_an_answer_that_ended_early_are_not_to_be_acted_on(reason, is_made):
    end = AIMessageChunk("", response_metadata={"stop_reason": reason})
    total = call('{"path": "/"}', id="1", name="delete") + end
    for message in (total, total.to_message(), ScriptedChat([total]).invoke("x")):
        assert [one["name"] for one in message.tool_calls] == ["delete"] * is_made
        assert [one["name"] for one in message.invalid_tool_calls] == ["delete"] * (not is_made)
        for one in message.invalid_tool_calls:
            assert one["error"] == total.ended_early


@pytest.mark.parametrize("args", ["[1]", "nonsense", '"text"'])
def test_arguments_that_are_no_object_are_set_apart(args):
    message = call(args, id="1", name="f").to_message()
    assert message.tool_calls == []
    assert message.invalid_tool_calls == [
        {"name": "f", "args": args, "id": "1", "error": None, "type": "invalid_tool_call"}
    ]


def test_a_chunk_can_be_made_of_whole_calls():
    whole = {"name": "f", "args": {"a": 1}, "id": "1"}
    chunk = AIMessageChunk(tool_calls=[whole])
    assert chunk.tool_calls == AIMessage(tool_calls=[whole]).tool_calls
    assert chunk.to_message() == AIMessage(tool_calls=[whole])


def test_details_of_usage_add_up():
    def counted(n, **details):
        return AIMessageChunk(usage_metadata=usage(n) | {"input_token_details": details})

    total = counted(1, cache_read=1) + counted(2, cache_read=2, cache_creation=5)
    total = AIMessageChunk(usage_metadata=usage(1)) + total
    assert total.usage_metadata == usage(4) | {
        "input_token_details": {"cache_read": 3, "cache_creation": 5}
    }


def test_other_fields_add_up():
    left = AIMessageChunk("a", name="n", additional_kwargs={"x": "a", "y": {"z": [1]}})
    total = left + AIMessageChunk("b", additional_kwargs={"x": "b", "y": {"z": [2]}})
    assert total == AIMessageChunk(
        "ab", name="n", additional_kwargs={"x": "ab", "y": {"z": [1, 2]}}
    )


def test_a_finished_message_shows_no_seams():
    use = {"type": "tool_use", "id": "1", "name": "f", "input": {}, "index": 1}
    chunks = [
        AIMessageChunk([{"type": "text", "text": "a", "index": 0}, use]),
        AIMessageChunk([{"type": "input_json_delta", "partial_json": '{"a": 1}', "index": 1}]),
    ]
    assert merge_chunks(chunks).to_message().content == [
        {"type": "text", "text": "a"},
        {"type": "tool_use", "id": "1", "name": "f", "input": {"a": 1}},
    ]


def test_messages_are_equal_field_by_field():
    assert HumanMessage("a") == HumanMessage("a")
    assert HumanMessage("a") != SystemMessage("a")
    assert AIMessage("a") != AIMessageChunk("a")
    assert ToolMessage("a", "1") != ToolMessage("a", "2")
    assert HumanMessage("a") != "a"


@pytest.mark.parametrize(
    "message",
    [
        HumanMessage("a", name="me", id="1"),
        AIMessage([{"type": "text", "text": "a"}], usage_metadata=usage(1)),
        AIMessage(tool_calls=[{"name": "f", "args": {}, "id": "1"}]),
        call('{"a"', id="1", name="f"),
        ToolMessage("a", "1", artifact=[1], status="error"),
    ],
)
def test_messages_can_be_copied_and_pickled(message):
    assert message.model_copy() == message
    assert message.model_copy(update={"id": "2"}).id == "2"
    assert copy.deepcopy(message) == message
    assert pickle.loads(pickle.dumps(message)) == message


def test_a_message_can_be_read_by_people(capsys):
    wanted = [{"name": "f", "args": {"a": 1}, "id": "1"}]
    AIMessage("Hm", name="me", tool_calls=wanted).pretty_print()
    assert capsys.readouterr().out == (
        "================================== Ai Message ==================================\n"
        "Name: me\n\nHm\nTool Calls:\n  f (1)\n Call ID: 1\n  Args:\n    a: 1\n"
    )


def test_a_chunk_adds_to_nothing_else():
    with pytest.raises(TypeError):
        AIMessageChunk("a") + "b"


def test_a_printed_chunk_shows_what_is_set():
    assert repr(AIMessageChunk("Here", id="run-1")) == "AIMessageChunk(content='Here', id='run-1')"


@pytest.mark.parametrize(
    "value",
    [
        "Hi",
        HumanMessage("Hi"),
        ["Hi"],
        [HumanMessage("Hi")],
        ("human", "Hi"),
        [("user", "Hi")],
        [{"role": "user", "content": "Hi"}],
        {"type": "human", "content": "Hi"},
    ],
)
def test_what_a_model_accepts(value):
    assert convert_to_messages(value) == [HumanMessage("Hi")]


def test_roles():
    pairs = [("system", "a"), ("ai", "b"), ("assistant", "c")]
    assert convert_to_messages(pairs) == [SystemMessage("a"), AIMessage("b"), AIMessage("c")]


def test_dicts_with_tool_calls():
    wanted = {"name": "f", "args": {"a": 1}, "id": "1", "type": "tool_call"}
    openai = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    assert convert_to_messages(
        [
            {"role": "assistant", "content": None, "tool_calls": [openai], "id": "m"},
            {"role": "ai", "content": "", "tool_calls": [wanted]},
            {"role": "tool", "content": "x", "tool_call_id": "1", "status": "error"},
            {"role": "developer", "content": "x"},
        ]
    ) == [
        AIMessage(tool_calls=[wanted], id="m"),
        AIMessage(tool_calls=[wanted]),
        ToolMessage("x", "1", status="error"),
        SystemMessage("x"),
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([("tool", "x")], "needs the id of its call"),
        (
            {
                "role": "ai",
                "content": "",
                "tool_calls": [{"function": {"name": "f", "arguments": "{"}}],
            },
            "arguments of the tool call 'f' are no JSON",
        ),
        ([], "no messages"),
        (42, "int 42"),
        ([None], "cannot read None"),
        ([("robot", "Hi")], "role 'robot'"),
    ],
)
def test_what_is_no_message_is_named(value, said):
    with pytest.raises(InputError, match=said):
        convert_to_messages(value)


def likely(*tokens, **more):
    content = [{"token": one, "logprob": -1.0, "top_logprobs": []} for one in tokens]
    said = {"logprobs": {"content": content, **more}}
    return AIMessageChunk("".join(tokens), response_metadata=said)


@pytest.mark.promise("docs/models.md", "a message has its whole answer's")
def test_log_probabilities_of_chunks_add_up_whichever_are_added_first():
    end = AIMessageChunk("", response_metadata={"stop_reason": "end_turn"})
    chunks = [likely("a", "b"), AIMessageChunk("c"), likely("d", refusal=None), likely("e"), end]
    first = chunks[0].response_metadata["logprobs"]["content"]
    sums = [
        merge_chunks(chunks),
        chunks[0] + chunks[1] + chunks[2] + chunks[3] + chunks[4],
        chunks[0] + (chunks[1] + (chunks[2] + (chunks[3] + chunks[4]))),
        merge_chunks(chunks[:2]) + merge_chunks(chunks[2:]),
    ]
    for total in sums:
        metadata = total.to_message().response_metadata
        assert [one["token"] for one in metadata["logprobs"]["content"]] == ["a", "b", "d", "e"]
        assert metadata["stop_reason"] == "end_turn"
    assert len(first) == 2  # what was added up is as it was


@pytest.mark.parametrize("odd", [None, 3, "x", [], {"content": None}, {"content": "x"}])
def test_odd_log_probabilities_are_no_error(odd):
    chunks = [likely("a"), AIMessageChunk("b", response_metadata={"logprobs": odd})]
    assert merge_chunks(chunks).content == merge_chunks(chunks[::-1]).content[::-1] == "ab"


def test_log_probabilities_go_to_the_page_once():
    with Trace() as trace:
        ScriptedChat([likely(one) for one in "abc"]).invoke("Hi")
    assert json.dumps(frame(trace)).count("-1.0") == 3
    end = trace.output(trace.runs[0])
    assert len(end.response_metadata["logprobs"]["content"]) == 3
