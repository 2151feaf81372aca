"""What holds for all messages, however they are cut into chunks and added up."""

import json
from itertools import accumulate, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream import AIMessage, AIMessageChunk, JsonOutputParser
from nbstream.messages import merge_chunks

settings.register_profile("nbstream", max_examples=100, deadline=None)
settings.load_profile("nbstream")

texts = st.text(max_size=12)
indexes = st.integers(0, 2)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)


def block(kind, **fields):
    return st.fixed_dictionaries({"type": st.just(kind), "index": indexes, **fields})


blocks = st.one_of(
    texts,
    st.fixed_dictionaries({"type": st.just("text"), "text": texts}),
    st.fixed_dictionaries({"type": st.just("image"), "url": texts}),
    block("text", text=texts),
    block(
        "text", text=texts, citations=st.lists(st.fixed_dictionaries({"n": indexes}), max_size=2)
    ),
    block("thinking", thinking=texts),
    block("thinking", signature=texts),
    block("tool_use", id=st.sampled_from(["a", "b"]), input=st.just({})),
    block("input_json_delta", partial_json=texts),
    block("nested", inner=st.lists(block("text", text=texts), max_size=2)),
)
call_chunks = st.fixed_dictionaries(
    {
        "name": st.none() | st.just("f"),
        "args": st.none() | texts,
        "id": st.sampled_from([None, "1", "2"]),
        "index": st.none() | indexes,
    }
)
counts = st.integers(0, 9)
usages = st.fixed_dictionaries(
    {"input_tokens": counts, "output_tokens": counts, "total_tokens": counts},
    optional={"input_token_details": st.dictionaries(st.sampled_from(["cache_read", "x"]), counts)},
)
chunks = st.builds(
    AIMessageChunk,
    texts | st.lists(blocks, max_size=3),
    tool_call_chunks=st.lists(call_chunks, max_size=2),
    usage_metadata=st.none() | usages,
    id=st.none() | st.sampled_from(["r1", "r2"]),
    name=st.none() | st.just("n"),
    response_metadata=st.dictionaries(st.sampled_from(["a", "b"]), counts),
    additional_kwargs=st.fixed_dictionaries({}, optional={"x": texts, "y": st.lists(counts)}),
)


@st.composite
def groupings(draw, items):
    """Add neighbours up in any order until one is left."""
    items = list(items)
    while len(items) > 1:
        at = draw(st.integers(0, len(items) - 2))
        items[at : at + 2] = [items[at] + items[at + 1]]
    return items[0]


@st.composite
def cuts(draw, text):
    """Cut a text into pieces."""
    ends = draw(st.lists(st.integers(0, len(text)), max_size=6).map(sorted))
    return [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]


@given(st.data(), st.lists(chunks, min_size=1, max_size=6))
def test_it_does_not_matter_which_chunks_are_added_first(data, parts):
    total = merge_chunks(parts)
    if len(parts) > 1:
        assert data.draw(groupings(parts)) == total
    # Nor how many are added at a time.
    at = data.draw(st.integers(0, len(parts)))
    assert merge_chunks([merge_chunks(parts[:at]), merge_chunks(parts[at:])]) == total
    assert merge_chunks([total]) == total


@given(st.data(), st.lists(chunks, min_size=1, max_size=4))
def test_adding_changes_no_part(data, parts):
    before = [repr(part) for part in parts]
    merge_chunks(parts)
    assert [repr(part) for part in parts] == before


@given(st.data(), st.text())
def test_a_text_survives_any_cuts(data, text):
    pieces = [AIMessageChunk(piece) for piece in data.draw(cuts(text))]
    assert data.draw(groupings(pieces)).to_message() == AIMessage(text)


@given(st.data(), st.text(min_size=1), st.text(min_size=1))
def test_thinking_survives_any_cuts(data, thought, text):
    pieces = [
        *([{"type": "thinking", "thinking": t, "index": 0}] for t in data.draw(cuts(thought))),
        [{"type": "thinking", "signature": "sig", "index": 0}],
        *([{"type": "text", "text": t, "index": 1}] for t in data.draw(cuts(text))),
    ]
    total = data.draw(groupings(map(AIMessageChunk, pieces)))
    assert total.to_message().content == [
        {"type": "thinking", "thinking": thought, "signature": "sig"},
        {"type": "text", "text": text},
    ]


@given(
    st.data(), st.lists(st.dictionaries(st.text(max_size=4), json_values), min_size=1, max_size=3)
)
def test_tool_calls_survive_any_cuts(data, arguments):
    pieces = []
    for index, args in enumerate(arguments):
        first, *rest = data.draw(cuts(json.dumps(args)))
        begin = {"name": "f", "args": first, "id": str(index), "index": index}
        pieces += [begin, *({"args": piece, "index": index} for piece in rest)]
    total = data.draw(groupings(AIMessageChunk(tool_call_chunks=[piece]) for piece in pieces))
    assert [call["args"] for call in total.tool_calls] == arguments
    assert [call["id"] for call in total.tool_calls] == [str(i) for i in range(len(arguments))]
    assert total.invalid_tool_calls == []


@given(st.data(), json_values, st.booleans(), st.sampled_from(["", "```json\n", "Look:\n```\n"]))
def test_json_survives_any_cuts(data, value, spaced, before):
    text = (
        before
        + json.dumps(value, indent=2 if spaced else None)
        + ("\n```\nDone." if before else "")
    )
    values = list(JsonOutputParser().transform(iter(data.draw(cuts(text)))))
    assert values[-1] == value
    assert type(values[-1]) is type(value)
    assert JsonOutputParser().invoke(text) == value


@given(st.dictionaries(st.text(max_size=4), json_values, max_size=4))
def test_json_grows_and_never_repeats_itself(value):
    text = json.dumps(value)
    values = list(JsonOutputParser().transform(iter(text)))
    assert all(a != b for a, b in pairwise(values))
    assert all(len(a) <= len(b) for a, b in pairwise(values))


@given(st.text(alphabet='{}[]",:\\\n\t ab1-.`', max_size=40))
def test_any_text_streams_as_it_is_read_at_once(text):
    # Cut into characters or not, line breaks inside strings or not: one result.
    def last(stream):
        try:
            return list(stream)[-1]
        except ValueError:
            return "no JSON"

    parser = JsonOutputParser()
    whole = last(parser.transform(iter([text])))
    assert last(parser.transform(iter(text))) == whole
    halves = [text[: len(text) // 2], text[len(text) // 2 :]]
    assert last(parser.transform(iter(halves))) == whole


@given(st.lists(chunks, max_size=6))
def test_usage_is_the_sum(parts):
    total = merge_chunks(parts)
    used = [part.usage_metadata["total_tokens"] for part in parts if part.usage_metadata]
    assert (total.usage_metadata or {"total_tokens": 0})["total_tokens"] == sum(used)


@given(st.lists(texts, min_size=1, max_size=8))
def test_a_stream_adds_up_step_by_step(parts):
    sums = list(accumulate(map(AIMessageChunk, parts)))
    assert [s.text for s in sums] == list(accumulate(parts))
