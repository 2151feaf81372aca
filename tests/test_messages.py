import pytest

from nbstream import AIMessage, AIMessageChunk, HumanMessage, InputError, SystemMessage
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
    ],
)
def test_what_a_model_accepts(value):
    assert convert_to_messages(value) == [HumanMessage("Hi")]


def test_roles():
    pairs = [("system", "a"), ("ai", "b"), ("assistant", "c")]
    assert convert_to_messages(pairs) == [SystemMessage("a"), AIMessage("b"), AIMessage("c")]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "no messages"),
        (42, "int 42"),
        ([None], "NoneType None"),
        ([("robot", "Hi")], "role 'robot'"),
    ],
)
def test_what_is_no_message_is_named(value, said):
    with pytest.raises(InputError, match=said):
        convert_to_messages(value)
