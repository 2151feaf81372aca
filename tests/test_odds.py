"""Log-probabilities: on their way to the page, as a table, in figures, and as branches."""

import importlib.util
import json
import math

import pytest

from nbstream import (
    AIMessage,
    AIMessageChunk,
    ChatLocal,
    ChatOpenAI,
    HumanMessage,
    InputError,
    ScriptedChat,
    StreamView,
    StrOutputParser,
    Trace,
    show,
)
from nbstream.events._frames import frame
from nbstream.events._odds import MAX_ALTERNATIVES, MAX_TEXT, MAX_TOKENS, odds_of
from nbstream.events._state import apply, initial, metrics

NAN, INF = math.nan, math.inf


def told(token, logprob, **others):
    top = [{"token": text, "logprob": value} for text, value in others.items()]
    return {"token": token, "logprob": logprob, "top_logprobs": top}


def said(*entries, text=None):
    text = "".join(one["token"] for one in entries) if text is None else text
    return AIMessageChunk(text, response_metadata={"logprobs": {"content": [*entries]}})


def run_of(*chunks):
    with Trace() as trace:
        ScriptedChat([*chunks]).invoke("Hi")
    return trace


FISH = (
    said(told("A", -0.25, A=-0.25, The=-1.5)),
    said(told(" fish", -2.0, **{" cat": -0.5, " fish": -2.0})),
    AIMessageChunk("."),
)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        [],
        {"logprobs": None},
        {"logprobs": []},
        {"logprobs": {"content": {"token": "a"}}},
        {"logprobs": {"content": [None, "a", [], {"token": "a"}, {"token": 3, "logprob": -1}]}},
        {"logprobs": {"content": [{"token": "a", "logprob": True}]}},
    ],
)
def test_what_is_no_odds_gives_none(metadata):
    assert odds_of(metadata) == []


def test_what_an_endpoint_sends_is_bounded_and_fit_for_json():
    top = [{"token": "b" * 10_000, "logprob": -INF}, {"token": "c", "logprob": NAN}] * 1_000
    content = [{"token": "a" * 10_000, "logprob": -0.0, "top_logprobs": top}] * 5_000
    odds = odds_of({"logprobs": {"content": content}})
    assert len(odds) == MAX_TOKENS
    assert len(odds[0]) == 2 + 2 * MAX_ALTERNATIVES
    assert max(len(text) for text in odds[0][::2]) == MAX_TEXT
    assert {*odds[0][1::2]} == {0.0, -9999.0}
    assert "-0.0" not in json.dumps(odds)
    json.dumps(odds, allow_nan=False)


def test_a_token_with_five_alternatives_costs_few_bytes():
    trace = Trace()
    run = trace.start("M", "chat_model", "Hi")
    others = {f" word{at}": -1.2345678901234567 - at for at in range(5)}
    for at in range(1000):
        trace.log("chunk", run, said(told(" word0", -1.2345678901234567, **others)), time=at / 100)
    size = len(json.dumps(frame(trace, 1), separators=(",", ":")))
    assert size / 1000 < 180  # and some 190 for what carries it, at 100 tokens a second


def test_a_chunk_that_is_more_has_its_odds_in_the_column_alone():
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    chunk = said(told("a", -1.0))
    chunk.usage_metadata = usage
    chunk.response_metadata["stop_reason"] = "end_turn"
    [item] = [one for one in frame(run_of(chunk))["items"] if one["kind"] == "chunks"]
    assert item["odds"] == [[["a", -1.0]]]
    assert item["more"]["0"]["response_metadata"] == {"stop_reason": "end_turn"}
    assert item["more"]["0"]["usage_metadata"] == usage


def test_figures_are_the_same_in_the_log_and_on_the_page():
    trace = run_of(*FISH)
    state = initial()
    apply(state, frame(trace))
    ours, pages = trace.metrics(), metrics(state)
    assert ours.perplexity == pytest.approx(math.exp((0.25 + 2.0) / 2))
    assert pages.perplexity == pytest.approx(ours.perplexity)
    assert pages.entropy == pytest.approx(ours.entropy)
    assert 0 < ours.entropy < 2
    assert run_of(AIMessageChunk("a")).metrics().perplexity is None


def test_the_table_says_when_and_how_likely():
    trace = run_of(*FISH)
    table = trace.tokens()
    assert list(table.columns) == [
        *("token", "time", "gap", "logprob", "rank", "entropy", "alternatives")
    ]
    assert list(table["token"]) == ["A", " fish", "."]
    assert list(table["logprob"])[:2] == [-0.25, -2.0]
    assert [*table["rank"].fillna(0)] == [1, 2, 0]
    assert list(table["alternatives"]) == [
        {"A": -0.25, "The": -1.5},
        {" cat": -0.5, " fish": -2.0},
        {},
    ]
    assert list(table["gap"].cumsum()) == pytest.approx(list(table["time"]))
    assert table["logprob"].isna().tolist() == [False, False, True]
    assert Trace.from_jsonl(trace.to_jsonl()).tokens().equals(table)


def test_without_pandas_it_is_a_list_of_dicts(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "pandas" else found(name)
    )
    first, second, last = run_of(*FISH).tokens()
    assert (first["token"], first["rank"], first["logprob"]) == ("A", 1, -0.25)
    assert second["alternatives"] == {" cat": -0.5, " fish": -2.0}
    assert (last["logprob"], last["rank"], last["entropy"]) == (None, None, None)


def test_tokens_of_one_chunk_have_a_row_each_and_parts_of_a_character_wait():
    half = said(told("\ufffd", -0.5), text="")
    trace = run_of(
        said(told("a", -1.0), told("b", -2.0)), half, said(told("\ufffd", -0.1), text="🐟")
    )
    table = trace.tokens()
    assert list(table["token"]) == ["a", "b", "\ufffd", "\ufffd"]
    assert list(table["logprob"]) == [-1.0, -2.0, -0.5, -0.1]


def test_a_chain_that_ends_in_a_parser_has_its_models_odds():
    with Trace() as trace:
        list((ScriptedChat([*FISH]) | StrOutputParser()).stream("Hi"))
    assert list(trace.tokens()["logprob"])[:2] == [-0.25, -2.0]


def test_tokens_of_nothing_or_of_another_trace_are_an_error():
    with pytest.raises(InputError, match="Nothing has run in this trace yet"):
        Trace().tokens()
    with pytest.raises(InputError, match=r"The run 'ScriptedChat' is not in this trace\. Take"):
        run_of(*FISH).tokens(run_of(*FISH).runs[0])


# Branches: on the embedded model


@pytest.fixture(scope="module")
def asked():
    """A view of an answer of the embedded model; its branches are added to it."""
    return show(ChatLocal(top_logprobs=5, max_tokens=8), "Tell me about fish.", block=True)


def other_than(view, index):
    table = view.tokens()
    return next(one for one in table["alternatives"][index] if one != table["token"][index])


def test_a_branch_has_the_shared_beginning_and_the_chosen_token(asked):
    table = asked.tokens()
    token = other_than(asked, 2)
    branch = asked.branch(2, token, block=True)
    assert branch.text.startswith("".join(table["token"][:2]) + token)
    own = branch.tokens()
    assert list(own["token"][:2]) == list(table["token"][:2])
    assert list(own["logprob"][:2]) == list(table["logprob"][:2])
    assert own["logprob"][2] == table["alternatives"][2][token]
    assert len(own) > 3  # the model went on
    assert branch.result().text == branch.text
    # The first view shows it, too, and says what it is a branch of.
    run = asked.trace.runs[-1]
    assert run.metadata["branch"] == {"of": asked.trace.runs[0].id, "at": 2, "token": token}
    assert run.parent is None
    assert "".join(asked.tokens(run)["token"]) == branch.text


def test_any_branch_can_be_begun_again_from_and_the_first_view_has_them_all(asked):
    before = len(asked.trace.runs)
    first = asked.branch(1, " swim", block=True)
    second = first.branch(2, " in", block=True)
    assert second.text.startswith(asked.tokens()["token"][0] + " swim in")
    assert [run.name for run in asked.trace.runs[before:]] == ["ChatLocal", "ChatLocal"]
    assert asked.trace.runs[-1].metadata["branch"]["of"] == asked.trace.runs[-2].id


def test_the_page_has_its_branches(asked, wire):
    told = wire(asked)
    run = asked.trace.runs[0]
    count = len(asked.trace.runs)
    asked._handle_custom_msg({"type": "branches", "run": run.id}, [])
    place = {"run": run.id, "place": 1, "part": 0, "token": " have"}
    asked._handle_custom_msg({"type": "branch", **place}, [])
    asked._branches[-1].result()
    assert {"type": "branches", "run": run.id, "why": ""} in told
    texts = asked.tokens(asked.trace.runs[count])["token"]
    assert "".join(texts).startswith(asked.tokens()["token"][0] + " have")
    for wrong in ({"run": "x"}, {"place": 99}, {"part": 7}, {"token": 3}, {"token": None}):
        asked._handle_custom_msg({"type": "branch", **place, **wrong}, [])
        assert told[-1]["type"] == "problem"


def test_a_branch_is_stopped_with_its_view():
    view = show(ChatLocal(top_logprobs=2, max_tokens=3), "Hi", block=True)
    branch = view.branch(1, " there", block=False, model=ChatLocal(max_tokens=2000))
    view.stop()
    branch.result()
    assert branch.status == "stopped"


def test_a_model_that_was_given_a_beginning_goes_on_from_both():
    model = ChatLocal(prefill="Three fish", top_logprobs=2)
    messages, _ = model._begun_with([HumanMessage("Hi")], " are", {})
    assert messages[-1] == AIMessage("Three fish are")
    asked = [HumanMessage("Hi"), AIMessage("Two")]
    assert model._begun_with(asked, " are", {})[0] == [asked[0], AIMessage("Two are")]


def test_a_server_of_ones_own_goes_on_by_chat_completions():
    here = ChatLocal().endpoint
    own = {"base_url": here.base_url, "api_key": here.api_key, "max_tokens": 6}
    view = show(ChatOpenAI(here.model, top_logprobs=3, **own), "Tell me about fish.", block=True)
    branch = view.branch(1, " whales", block=True)
    assert branch.text.startswith(view.tokens()["token"][0] + " whales")
    assert len(branch.tokens()) > 2


def nothing():
    StreamView().branch(0, "a")


def too_far():
    StreamView(run_of(*FISH)).branch(9, "a")


def no_text():
    StreamView(run_of(*FISH)).branch(0, None)


def begins_anew():
    StreamView(run_of(*FISH)).branch(0, "a")


def at_openai():
    model = ChatOpenAI(api_key="a-key-to-try-with")
    StreamView(run_of(*FISH)).branch(0, "a", model=model)


def loaded():
    StreamView.from_jsonl(run_of(*FISH).to_jsonl()).branch(0, "a")


def no_model():
    StreamView(run_of(*FISH)).branch(0, "a", model="local")


def held():
    def fish(name: str) -> str:
        """Name a fish."""

    model = ChatLocal(max_tokens=3)
    tools = model.bind_tools([fish]).kwargs
    trace = Trace()
    run = trace.start("M", "chat_model", "Hi", again=(model, tools))
    trace.log("chunk", run, FISH[0])
    StreamView(trace).branch(0, "a", run=run)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (nothing, "Nothing has run in this trace yet"),
        (too_far, "A token's number is from 0 to 2 in this answer, not int 9"),
        (no_text, "The token to go on with is a text, not None"),
        (begins_anew, "ScriptedChat cannot go on from an answer's beginning: it starts each"),
        (at_openai, "ChatOpenAI cannot go on from an answer's beginning"),
        (loaded, r"The model of 'ScriptedChat' is not at hand: this log was loaded.*model="),
        (no_model, r"model is a chat model, such as ChatLocal\(\), not str 'local'"),
        (held, "An answer that is held to tools or to a schema has no branches"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_where_there_can_be_no_branch_it_says_why(ask, words):
    with pytest.raises(InputError, match=words):
        ask()
