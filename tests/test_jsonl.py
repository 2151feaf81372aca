import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbstream import (
    AIMessage,
    AIMessageChunk,
    ChatPromptTemplate,
    HumanMessage,
    InputError,
    RunnableLambda,
    ScriptedChat,
    StrOutputParser,
    ToolMessage,
    Trace,
    dispatch_custom_event,
)
from nbstream.events._jsonl import encode
from nbstream.events._load import Opaque, decode


def described(trace):
    return (
        trace.started_at,
        [
            (e.seq, e.time, e.kind, e.run.index, type(e.data).__name__, repr(e.data))
            for e in trace.events
        ],
        [
            (r.id, r.name, r.run_type, r.parent_ids, r.tags, r.metadata, r.model, trace.input(r))
            for r in trace.runs
        ],
    )


def a_log():
    def work(text):
        dispatch_custom_event("progress", {"done": 0.5, "odd": (1, {2})})
        return text.upper()

    usage = {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}
    said = ["a line\u2028 sep", "\n", AIMessageChunk("", usage_metadata=usage)]
    prompt = ChatPromptTemplate([("system", "S"), ("human", "{x}")])
    chain = prompt | ScriptedChat(said) | StrOutputParser() | RunnableLambda(work)
    with Trace() as trace:
        list(chain.stream({"x": "hi"}, {"tags": ["t"], "metadata": {"k": [1, None]}}))
        with pytest.raises(ValueError, match="boom"):
            list(ScriptedChat(["a", ValueError("boom")]).stream("x"))
        stream = ScriptedChat(["a", "b"]).stream("x")
        next(stream)
        stream.close()
    return trace


def test_a_log_comes_back_as_it_was(tmp_path):
    trace = a_log()
    text = trace.to_jsonl()
    assert trace.to_jsonl(str(tmp_path / "log.jsonl")) == tmp_path / "log.jsonl"
    for source in (text, tmp_path / "log.jsonl", str(tmp_path / "log.jsonl")):
        back = Trace.from_jsonl(source)
        assert described(back) == described(trace)
        assert [back.output(r) for r in back.runs] == [trace.output(r) for r in trace.runs]
        assert back.to_jsonl() == text


def test_a_loaded_log_goes_on():
    back = Trace.from_jsonl(a_log().to_jsonl())
    known = len(back.events)
    with back:
        ScriptedChat(["more"]).invoke("x")
    assert [e.seq for e in back.events[known:]] == [known, known + 1, known + 2]


@pytest.mark.parametrize(
    "value",
    [
        math.inf,
        (1, ("a", [b"\x00\xff"])),
        {1: "one", ("a",): None},
        {"$": "a key of the format's own", "items": [1]},
        {1, 2},
        HumanMessage([{"type": "text", "text": "hi"}], id="1"),
        AIMessage("", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "t"}]),
        AIMessageChunk(tool_call_chunks=[{"name": "f", "args": '{"a', "id": "t", "index": 0}]),
        ToolMessage("3", tool_call_id="t", status="error", artifact={"x": 1}),
        ChatPromptTemplate(["{x}"]).invoke("hi"),
    ],
)
def test_values_survive(value):
    back = decode(encode(value))
    assert type(back) is type(value)
    assert back == value


def test_nothing_else_is_made_than_what_the_format_knows():
    assert repr(decode(encode(object))) == repr(object)
    assert isinstance(decode({"$": "Popen", "value": "x"}), Opaque)
    for name in ("SystemExit", "type", "Strange"):
        error = decode({"$": "error", "type": name, "message": "m"})
        assert isinstance(error, Exception)
        assert (type(error).__name__, str(error)) == (name, "m")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.just("$"), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_whatever_json_knows_survives(value):
    with Trace() as trace:
        RunnableLambda(lambda x: x, name="same").invoke(value)
    back = Trace.from_jsonl(trace.to_jsonl())
    assert back.input(back.runs[0]) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"nbstream": 99}', "does not begin with version 1"),
        ("{}", "does not begin"),
        ('{"nbstream": 1, "started_at": 0}\n{"kind": "end"}', "Line 2"),
        ('{"nbstream": 1, "started_at": 0}\n{"time": 0, "kind": "end", "run": 3, "data": 1}', "2"),
        ('{"nbstream": 1, "started_at": 0}\n{oh', "Line 2"),
    ],
)
def test_what_is_no_log_is_named(text, said):
    with pytest.raises(InputError, match=said):
        Trace.from_jsonl(text)
