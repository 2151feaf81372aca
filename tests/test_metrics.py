"""One set of metrics: of the log, the view, its transcript and, by the fixtures, the page."""

from dataclasses import asdict

import pytest

from nbstream import (
    AIMessage,
    AIMessageChunk,
    ChatPromptTemplate,
    InputError,
    RunnableLambda,
    ScriptedChat,
    StreamView,
    StrOutputParser,
    Trace,
    stream_to,
)
from nbstream.events import Metrics
from nbstream.events._fold import Fold
from nbstream.events._state import metrics
from nbstream.messages import UsageMetadata
from nbstream.widget._static import headline

from .protocol_cases import CASES, log, run

TICK = 0.0001
NOTHING = Metrics(None, None, 0, None, None, None, None, None, None, None)


def test_the_figures_of_a_run():
    usage = {"input_tokens": 1000, "output_tokens": 11, "total_tokens": 1011}
    trace = Trace()
    model = trace.start("m", "chat_model", "hi")
    start = trace.events[0].time
    for i, chunk in enumerate(["", *"0123456789", AIMessageChunk("", usage_metadata=usage)]):
        message = AIMessageChunk(chunk) if i < 11 else chunk
        trace.log("chunk", model, message, time=start + 1 + i)
    trace.log("end", model, time=start + 20)
    figures = trace.metrics(price={"input": 3, "output": 10})
    assert figures.chunks == 10
    assert figures.first_token == pytest.approx(2)
    assert figures.duration == pytest.approx(20)
    assert figures.gap_p50 == figures.gap_p95 == figures.gap_max == pytest.approx(1)
    assert figures.tokens_per_second == pytest.approx(10 / 9)
    assert (figures.input_tokens, figures.output_tokens) == (1000, 11)
    assert figures.cost == pytest.approx(0.00311)


def test_figures_that_cannot_be_said_are_none():
    with Trace() as trace:
        list(ScriptedChat([]).stream("x"))
    figures = trace.metrics(price={"input": 1, "output": 1})
    assert figures.chunks == 0
    assert figures.first_token is figures.gap_p50 is figures.cost is figures.output_tokens is None


def assert_same(ours, theirs):
    for name, value in asdict(ours).items():
        other = getattr(theirs, name)
        if value is None or isinstance(value, int):
            assert other == value, name
        elif name == "tokens_per_second":
            assert other == pytest.approx(value, rel=0.01), name
        else:
            assert other == pytest.approx(value, abs=2 * TICK), name


@pytest.mark.promise("docs/architecture.md", "One set of metrics")
@pytest.mark.parametrize("name", [name for name in CASES if name != "empty"])
def test_the_log_and_the_view_state_have_the_same(name):
    trace, _ = CASES[name]
    assert_same(trace.metrics(), metrics(Fold(trace)()))
    assert StreamView(trace).metrics == trace.metrics()


@pytest.mark.promise(
    "nbstream.StreamView.metrics", "Before anything ran, there are 0 chunks, and all else is None"
)
def test_before_anything_ran_all_is_unknown():
    view = StreamView()
    assert view.metrics == metrics(Fold(view.trace)()) == NOTHING
    with pytest.raises(InputError, match="Nothing has run"):
        view.trace.metrics()


def test_a_view_knows_its_price():
    view = StreamView(price={"input": 1e6, "output": 2e6})
    usage = UsageMetadata(input_tokens=3, output_tokens=2, total_tokens=5)
    with stream_to(view):
        ScriptedChat([AIMessageChunk("x", usage_metadata=usage)]).invoke("x")
    assert view.metrics.cost == 7
    assert view.metrics == view.trace.metrics(price={"input": 1e6, "output": 2e6})


def test_a_run_with_one_value_has_one_text_at_its_end():
    trace = Trace()
    model = run(trace, "M", "chat_model")
    log(trace, (0, "start", model), (500, "end", model, AIMessage("whole")))
    figures = trace.metrics()
    assert (figures.chunks, figures.first_token, figures.duration) == (1, 0.5, 0.5)
    assert figures.tokens_per_second is figures.gap_p50 is None
    nothing = Trace()
    model = run(nothing, "M", "chat_model")
    log(nothing, (0, "start", model), (500, "end", model, AIMessage("")))
    assert (nothing.metrics().chunks, nothing.metrics().first_token) == (0, None)


@pytest.mark.promise("docs/architecture.md", "is measured by the chat models inside it")
def test_an_invoked_chain_has_the_metrics_of_the_model_in_it():
    chain = ChatPromptTemplate.from_template("{x}") | ScriptedChat(["a", "b"]) | StrOutputParser()
    outer = RunnableLambda(lambda x: chain.invoke({"x": x}))
    with Trace() as trace:
        outer.invoke("x")
    model = next(run for run in trace.runs if run.run_type == "chat_model")
    of_model, of_all = trace.metrics(model), trace.metrics()
    assert of_all.chunks == of_model.chunks == 2
    assert of_all.gap_p50 == of_model.gap_p50 is not None
    assert of_all.tokens_per_second == of_model.tokens_per_second
    assert of_model.first_token < of_all.first_token < of_all.duration
    assert metrics(Fold(trace)()).chunks == 2


def test_an_invoked_chain_has_them_in_its_headline():
    trace, _ = CASES["invoked"]
    figures = ["first token 10 ms", "11 tokens", "333 tokens/s"]
    assert headline(Fold(trace)()) == ["claude-test", *figures]
    assert trace.metrics().first_token == 0.01


def test_what_lies_beside_a_run_does_not_count_for_it_and_all_of_them_add_up():
    usage = UsageMetadata(input_tokens=3, output_tokens=2, total_tokens=5)
    model = ScriptedChat([AIMessageChunk("x", usage_metadata=usage)])
    with Trace() as trace:
        for _ in range(2):
            RunnableLambda(lambda x: model.invoke(x)).invoke("x")
    for figures in (trace.metrics(trace.runs[0]), trace.metrics(trace.runs[2])):
        assert (figures.input_tokens, figures.output_tokens, figures.chunks) == (3, 2, 1)
    for figures in (trace.metrics(), metrics(Fold(trace)())):
        assert (figures.input_tokens, figures.output_tokens, figures.chunks) == (6, 4, 2)


def test_several_runs_add_up():
    trace, _ = CASES["calls_in_a_loop"]
    for figures in (StreamView(trace).metrics, trace.metrics(), metrics(Fold(trace)())):
        assert (figures.duration, figures.first_token, figures.chunks) == (2.5, 0.1, 8)
        assert (figures.input_tokens, figures.output_tokens) == (42, 19)
        # 0.2 s of the first and 0.6 s of the two that overlap; not the pauses, nor what came whole.
        assert figures.tokens_per_second == pytest.approx((4 + 2 + 6) / 0.8)
        assert figures.gap_max == pytest.approx(0.4)
    priced = StreamView(trace, price={"input": 1, "output": 100}).metrics
    assert priced.cost == pytest.approx((42 + 1900) / 1e6)


def test_usage_in_pieces_adds_up_while_it_comes():
    first = UsageMetadata(input_tokens=9, output_tokens=1, total_tokens=10)
    more = UsageMetadata(input_tokens=0, output_tokens=6, total_tokens=6)
    trace = Trace()
    model = run(trace, "M", "chat_model")
    log(
        trace,
        (0, "start", model),
        (1, "chunk", model, AIMessageChunk("a", usage_metadata=first)),
        (2, "chunk", model, AIMessageChunk("b", usage_metadata=more)),
    )
    for figures in (trace.metrics(), metrics(Fold(trace)())):
        assert (figures.input_tokens, figures.output_tokens) == (9, 7)
    log(trace, (3, "cancelled", model))
    assert metrics(Fold(trace)()).output_tokens == trace.metrics().output_tokens == 7


@pytest.mark.parametrize("usage", [{"input_tokens": None}, {"x": 1}, 5, {"output_tokens": "2"}])
def test_odd_usage_is_none(usage):
    trace = Trace()
    model = run(trace, "M", "chat_model")
    log(trace, (0, "start", model), (1, "end", model, AIMessage("x", usage_metadata=usage)))
    for figures in (trace.metrics(), metrics(Fold(trace)())):
        assert figures.output_tokens in (None, 0)


@pytest.mark.parametrize(
    ("price", "said"),
    [
        ({"in": 1}, "this one has 'in'"),
        ({"input": 1}, "this one has 'input'"),
        ({"input": 1, "output": 2, "cached": 3}, "'cached'"),
        ({}, "no keys"),
        (5, "not int 5"),
        ({"input": "3", "output": 1}, "under 'input' is str '3'"),
        ({"input": True, "output": 1}, "under 'input' is bool True"),
    ],
)
def test_what_is_no_price_is_refused_and_the_keys_are_named(price, said):
    with Trace() as trace:
        ScriptedChat(["a"]).invoke("x")
    with pytest.raises(InputError, match=said) as info:
        trace.metrics(price=price)
    assert "{'input': …, 'output': …}" in str(info.value)


def test_a_view_refuses_it_as_well():
    with pytest.raises(InputError, match="this one has 'in'"):
        StreamView(price={"in": 1})
