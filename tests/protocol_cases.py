"""The logs behind the golden fixtures, with their times fixed.

Each case is a list of stretches: each stretch goes over the wire as a frame. After a change that is
meant to change the protocol, write the fixtures anew and read their diff:

    python -m tests.protocol_cases
"""

import json
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

from nbstream import AIMessage, AIMessageChunk, ProviderError, Trace
from nbstream.events._entries import entries, is_conversation
from nbstream.events._frames import frame
from nbstream.events._lens import _Lens
from nbstream.events._odds import alternatives_of, odds_of
from nbstream.events._plain import plain
from nbstream.events._state import apply, initial, metrics, status, status_of
from nbstream.events._turns import text_of_turns, turns
from nbstream.messages import UsageMetadata, merge_chunks
from nbstream.widget._html import figures
from nbstream.widget._reading import reading_text
from nbstream.widget._static import cut_off as note
from nbstream.widget._static import headline
from nbstream.wire import read_all

from . import agent_cases
from .logs import USAGE, log, run
from .wire.streams import events_of, reader_of

FOLDER = Path(__file__).parent / "fixtures" / "protocol"
LAST = AIMessageChunk("", response_metadata={"stop_reason": "end_turn"}, usage_metadata=USAGE)
ODDS = ("perplexity", "entropy")
CUT = AIMessageChunk("", response_metadata={"stop_reason": "max_tokens"})


def plain_case():
    trace = Trace()
    model = run(
        trace,
        "ChatLocal",
        "chat_model",
        model="SmolLM2-135M-Instruct (embedded)",
        tags=["a tag"],
        metadata={"lesson": 1},
        input="Hi",
    )
    return log(
        trace,
        (0, "start", model),
        (41.26, "chunk", model, AIMessageChunk("Here")),
        (50, "chunk", model, AIMessageChunk("\u2019s")),
        (60.1, "chunk", model, AIMessageChunk("")),
        (61.3, "chunk", model, AIMessageChunk(" a <b>&")),
        (70, "chunk", model, LAST),
        (70.5, "end", model),
    )


def nested():
    trace = Trace()
    chain = run(trace, "RunnableSequence", model="claude-test", input={"x": 1})
    prompt = run(trace, "ChatPromptTemplate", "prompt", chain, input={"x": 1})
    claude = run(trace, "ChatAnthropic", "chat_model", chain, "claude-test", input="the prompt")
    parser = run(trace, "StrOutputParser", "parser", chain, streamed_input=["One", " two"])
    return log(
        trace,
        (0, "start", chain),
        (0.1, "start", prompt),
        (0.2, "end", prompt, "the prompt"),
        (0.3, "start", claude),
        (1200, "chunk", claude, AIMessageChunk("One")),
        (1200.2, "start", parser),
        (1200.3, "chunk", parser, "One"),
        (1200.4, "chunk", chain, "One"),
        (1250, "custom", claude, ("halfway", {"done": 0.5})),
        (1300, "chunk", claude, AIMessageChunk(" two")),
        (1300.1, "chunk", parser, " two"),
        (1300.2, "chunk", chain, " two"),
        (1310, "chunk", claude, LAST),
        (1310.1, "chunk", parser, ""),
        (1310.2, "chunk", chain, ""),
        (1311, "end", claude),
        (1311.1, "end", parser),
        (1311.2, "end", chain),
    )


def failed():
    trace = Trace()
    model = run(trace, "ChatAnthropic", "chat_model", input="Hi")
    return log(
        trace,
        (0, "start", model),
        (10, "chunk", model, AIMessageChunk("partial")),
        (20, "error", model, ProviderError("claude answered 529: <script>", status=529)),
    )


def stopped():
    trace = Trace()
    words = run(trace, "words")
    return log(
        trace,
        (0, "start", words),
        (0, "chunk", words, "a"),
        (0, "chunk", words, {"k": "\u00fc"}),
        (1000, "cancelled", words),
    )


def cut_off():
    trace = Trace()
    model = run(trace, "M", "chat_model")
    trace._inputs[0] = []
    return log(
        trace,
        (0, "start", model),
        (1, "chunk", model, AIMessageChunk("x")),
        (2, "chunk", model, CUT),
        (3, "end", model),
    )


def not_streamed():
    trace = Trace()
    words = run(trace, "words")
    model = run(trace, "ScriptedChat", "chat_model", words, "ScriptedChat", input="Hi")
    return log(
        trace,
        (0, "start", words),
        (1, "start", model),
        (5, "end", model, AIMessage("whole", usage_metadata=USAGE)),
        (6, "chunk", words, "whole"),
        (7, "end", words),
    )


def messages_of_a_chain():
    """A chain that ends in a model: its chunks are messages, too, until one is a text."""
    trace = Trace()
    chain = run(trace, "RunnableSequence", input="Hi")
    model = run(trace, "M", "chat_model", chain, input="Hi")
    return log(
        trace,
        (0, "start", chain),
        (1, "start", model),
        (2, "chunk", model, AIMessageChunk("a")),
        (2, "chunk", chain, AIMessageChunk("a")),
        (3, "chunk", model, AIMessageChunk("b")),
        (3, "chunk", chain, AIMessageChunk("b")),
        (4, "end", model),
        (5, "chunk", chain, AIMessageChunk("c")),
        (6, "end", chain),
    )


def thinking_and_tools():
    def thought(text):
        return AIMessageChunk([{"type": "thinking", "thinking": text, "index": 0}])

    def call(index, args, name=None, id=None):
        piece = {"name": name, "args": args, "id": id, "index": index}
        return AIMessageChunk(tool_call_chunks=[piece])

    trace = Trace()
    agent = run(trace, "agent", input="12 + 30?")
    model = run(trace, "ChatAnthropic", "chat_model", agent, "claude-test", input="12 + 30?")
    tool = run(trace, "add", "tool", agent, input={"a": 12, "b": 30})
    done = {"name": "add", "args": {"a": 1, "b": "\u00fc"}, "id": "call_2"}
    return log(
        trace,
        (0, "start", agent),
        (0, "start", model),
        (1, "chunk", model, thought("Let me")),
        (2, "chunk", model, thought(" add.")),
        (3, "chunk", model, AIMessageChunk([{"type": "text", "text": "I add. ", "index": 1}])),
        (4, "chunk", model, call(2, "", "add", "call_1")),
        (5, "chunk", model, call(3, "", "add", "call_3")),
        (6, "chunk", model, call(2, '{"a": 12,')),
        (7, "chunk", model, call(3, '{"a": 0')),
        (8, "chunk", model, call(2, ' "b": 30}')),
        (9, "chunk", model, thought("Hm.")),
        (10, "chunk", model, LAST),
        (11, "end", model),
        (12, "start", tool),
        (13, "end", tool, 42),
        (14, "chunk", agent, AIMessage("42", tool_calls=[done])),
        (15, "end", agent),
    )


def invoked():
    """A chain that was invoked: its metrics are those of the models inside, which streamed."""
    first = UsageMetadata(input_tokens=9, output_tokens=1, total_tokens=10)
    rest = UsageMetadata(input_tokens=0, output_tokens=6, total_tokens=6)
    trace = Trace()
    chain = run(trace, "RunnableSequence", input="Hi")
    model = run(trace, "ChatAnthropic", "chat_model", chain, "claude-test", input="Hi")
    other = run(trace, "M", "chat_model", chain, input="Hi")
    whole = run(trace, "Whole", "chat_model", chain, input="Hi")
    return log(
        trace,
        (0, "start", chain),
        (1, "start", model),
        (2, "start", other),
        (3, "chunk", model, AIMessageChunk("", usage_metadata=first)),
        (10, "chunk", model, AIMessageChunk("a")),
        (12.5, "chunk", other, AIMessageChunk("x")),
        (20, "chunk", model, AIMessageChunk("b")),
        (21, "chunk", other, AIMessageChunk("y")),
        (40, "chunk", model, AIMessageChunk("c", usage_metadata=rest)),
        (41, "end", model),
        (42, "end", other),
        (42, "start", whole),
        (60, "end", whole, AIMessage("at once", usage_metadata=USAGE)),
        (61, "end", chain, "abc"),
    )


def odd_chunks():
    """Dicts that look like messages, and are none."""
    odd = {
        "content": [5, {"thinking": 5}, {"thinking": "hm"}],
        "tool_call_chunks": ["x", None, {"index": [1], "name": 5, "args": {"a": 1}}],
        "tool_calls": {"name": "f"},
        "usage_metadata": {"input_tokens": "many", "output_tokens": 2},
        "response_metadata": {"stop_reason": 5, "logprobs": {"content": [None]}},
    }
    trace = Trace()
    words = run(trace, "words")
    return log(
        trace,
        (0, "start", words),
        (1, "chunk", words, odd),
        (2, "chunk", words, {"response_metadata": "x", "usage_metadata": 3, "tool_calls": "y"}),
        (3, "chunk", words, {"usage_metadata": {"input_tokens": 3, "output_tokens": 4}}),
        (4, "end", words, {"usage_metadata": [], "response_metadata": []}),
    )


def log_probabilities():
    def likely(text, *values, **others):
        content = [{"token": text, "logprob": value} for value in values]
        if others:
            content[0]["top_logprobs"] = [
                {"token": token, "logprob": value} for token, value in others.items()
            ]
        said = {"logprobs": {"content": content}}
        return AIMessageChunk(text, response_metadata=said)

    trace = Trace()
    model = run(trace, "M", "chat_model", input="Hi")
    return log(
        trace,
        (0, "start", model),
        (1, "chunk", model, likely("One", -0.25)),
        (2, "chunk", model, AIMessageChunk(" two")),
        (3, "chunk", model, likely(" three four", -1.5, -0.5)),
        (4, "chunk", model, likely("", -0.125)),  # a part of the character that comes next
        (5, "chunk", model, likely(" five", -1.0, six=-0.5, five=-1.0)),
        (6, "chunk", model, merge_chunks([likely("!", -0.75, ja=-0.25), LAST])),
        (7, "end", model),
    )


def several_roots():
    """Three calls in one log: the second fails, the third is an agent that gives no text."""
    trace = Trace()
    first = run(trace, "M", "chat_model", model="m", input="Hi")
    second = run(trace, "M", "chat_model", model="m", input="Hi")
    agent = run(trace, "agent", input="Hi")
    asks = run(trace, "M", "chat_model", agent, "m", input="Hi")
    inner = run(trace, "request", "chat_model", asks, "m", input="Hi")
    tool = run(trace, "add", "tool", agent, input={"a": 1})
    says = run(trace, "M", "chat_model", agent, "m", input="Hi")
    return log(
        trace,
        (0, "start", first),
        (10, "chunk", first, AIMessageChunk("One", usage_metadata=USAGE)),
        (20, "end", first),
        (30, "start", second),
        (40, "error", second, ProviderError("m answered 529.", status=529)),
        (50, "start", agent),
        (51, "start", asks),
        (52, "start", inner),
        (60, "chunk", inner, AIMessageChunk("Two")),
        (60, "chunk", asks, AIMessageChunk("Two")),
        (70, "end", inner),
        (71, "end", asks),
        (72, "start", tool),
        (80, "end", tool, 42),
        (81, "start", says),
        (90, "chunk", says, AIMessageChunk("Three")),
        (95, "chunk", says, AIMessageChunk(" four")),
        (99, "end", says),
        (100, "end", agent, {"messages": ["Three four"]}),
    )


def calls_in_a_loop():
    """Two calls one after the other, a third beside the second, and one that is given whole."""
    trace = Trace()
    calls = [run(trace, "M", "chat_model", model="m", input=str(at)) for at in range(4)]

    def said(text, tokens=None):
        usage = tokens and UsageMetadata(input_tokens=10, output_tokens=tokens, total_tokens=0)
        return AIMessageChunk(text, usage_metadata=usage)

    return log(
        trace,
        (0, "start", calls[0]),
        (100, "chunk", calls[0], said("One")),
        (200, "chunk", calls[0], said(" and")),
        (300, "chunk", calls[0], said(" a half", 5)),
        (301, "end", calls[0]),
        (1000, "start", calls[1]),
        (1100, "chunk", calls[1], said("Two")),
        (1100, "start", calls[2]),
        (1300, "chunk", calls[2], said("Three")),
        (1500, "chunk", calls[1], said("!", 3)),
        (1501, "end", calls[1]),
        (1700, "chunk", calls[2], said("!", 7)),
        (1701, "end", calls[2]),
        (2000, "start", calls[3]),
        (2500, "end", calls[3], AIMessage("Four", usage_metadata=USAGE)),
    )


def changed_at_the_end():
    """A chain that was invoked, and gives another text than the model in it."""
    trace = Trace()
    chain = run(trace, "chain", input="Hi")
    model = run(trace, "M", "chat_model", chain, "m", input="Hi")
    return log(
        trace,
        (0, "start", chain),
        (1, "start", model),
        (10, "chunk", model, AIMessageChunk("one")),
        (20, "end", model),
        (30, "end", chain, "ONE"),
    )


def failed_behind_a_model():
    """A chain that fails after its model has spoken."""
    trace = Trace()
    chain = run(trace, "chain", input="Hi")
    model = run(trace, "M", "chat_model", chain, "m", input="Hi")
    return log(
        trace,
        (0, "start", chain),
        (1, "start", model),
        (10, "chunk", model, AIMessageChunk("one")),
        (20, "end", model),
        (30, "error", chain, ValueError("No <b>.")),
    )


# Each with the numbers of the events where a new frame begins.
def priced_case():
    """Costs that models noted add up; a later one of the same answer stands for all of it."""
    trace = Trace()
    whole = run(trace, "chain")
    runs = [run(trace, name, "chat_model", whole, "m") for name in ("one", "two")]
    others = [run(trace, f"other {at}", "chat_model", model="m") for at in range(4)]

    def metadata(amount, currency="USD"):
        cost = {"amount": amount, "currency": currency, "price_list": "a list of 2026"}
        return {"usage_metadata": USAGE, "response_metadata": {"cost": cost}}

    odd = [metadata(True), metadata(1.0, "EUR"), {**metadata(1), "response_metadata": {"cost": 3}}]
    return log(
        trace,
        (0, "start", whole),
        *((at + 1, "start", one) for at, one in enumerate(runs)),
        (10, "chunk", runs[0], AIMessageChunk("a", **metadata(0.001))),
        (12, "chunk", runs[0], AIMessageChunk("b", **metadata(0.0032))),
        (20, "end", runs[0]),
        (21, "chunk", runs[1], AIMessageChunk("c", **metadata(1.5))),
        (30, "cancelled", runs[1]),
        (31, "end", whole, "Hi"),
        *((40 + at, "start", one) for at, one in enumerate(others)),
        *((50 + at, "end", others[at], AIMessage("x", **said)) for at, said in enumerate(odd)),
        (60, "end", others[3], AIMessage("x", usage_metadata=USAGE)),
    )


def ended(*reasons):
    """Answers that ended for these reasons, one after the other."""
    trace = Trace()
    for at, reason in enumerate(reasons):
        model = run(trace, f"M{at}", "chat_model", model="m", input="Hi")
        last = AIMessageChunk("x", response_metadata={"stop_reason": reason} if reason else {})
        at *= 10
        log(trace, (at, "start", model), (at + 1, "chunk", model, last), (at + 2, "end", model))
    return trace


def recorded(name):
    """A provider's recorded stream, as its reader gives it."""
    trace = Trace()
    model = run(trace, "Model", "chat_model", model=name.partition(".")[0], input="Hi")
    log(trace, (0, "start", model))
    chunks = [*read_all(reader_of(name), events_of(name))]
    log(trace, *((10 + at, "chunk", model, chunk) for at, chunk in enumerate(chunks)))
    return log(trace, (10 + len(chunks), "end", model))


RECORDED = [
    "anthropic.thinking_tools.sse",
    "anthropic.web_search.sse",
    "cohere.citations.sse",
    "gemini.code_image.sse",
    "ollama.thinking_tools.jsonl",
    "openai_chat.embedded.sse",
    "openai_chat.openrouter.sse",
    "openai_responses.server_tools.sse",
]
CASES = {
    **agent_cases.CASES,
    "calls_in_a_loop": (calls_in_a_loop(), [4, 10]),
    "changed_at_the_end": (changed_at_the_end(), []),
    "cut_off": (cut_off(), []),
    "ended_by_context": (ended("model_context_window_exceeded", "max_tokens"), []),
    "ended_by_filter": (ended("end_turn", "content_filter"), []),
    "ended_by_pause": (ended("end_turn", "pause_turn", None), []),
    "ended_by_refusal": (ended("max_tokens", "refusal"), []),
    "ended_in_order": (ended("pause_turn", "tool_use", "end_turn"), []),
    "empty": (Trace(), []),
    "failed": (failed(), []),
    "failed_behind_a_model": (failed_behind_a_model(), []),
    "in_frames": (plain_case(), [2, 3]),
    "invoked": (invoked(), [6, 12]),
    "log_probabilities": (log_probabilities(), []),
    "messages_of_a_chain": (messages_of_a_chain(), [4]),
    "nested": (nested(), [9]),
    "not_streamed": (not_streamed(), []),
    "odd_chunks": (odd_chunks(), []),
    "plain": (plain_case(), []),
    "priced": (priced_case(), [7]),
    "several_roots": (several_roots(), [5, 9]),
    "stopped": (stopped(), []),
    "thinking_and_tools": (thinking_and_tools(), [3, 7]),
    **{f"recorded_{name.rpartition('.')[0]}": (recorded(name), [4]) for name in RECORDED},
}


def frames(case):
    trace, cuts = case
    ends = [0, *cuts, len(trace.events)]
    return [frame(trace, a, b) for a, b in pairwise(ends)]


def expected(frames):
    """What the fixture says of these frames, by the Python reducer."""
    state = initial()
    for one in frames:
        apply(state, one)
    return {
        "state": state,
        "status": status(state),
        "metrics": {
            k: v for k, v in asdict(metrics(state)).items() if k not in ODDS or v is not None
        },
        "headline": headline(state),
        "text": text_of_turns(state["runs"]),
        "note": note(state),
        "is_conversation": is_conversation(state["runs"]),
        "entries": entries(state["runs"]),
        "markdown": reading_text(state["runs"], is_asked=False),
        "turns": [
            [place, status_of(state["runs"][place]), figures(state, place)]
            for place in turns(state["runs"])
        ],
    }


def events(case, version):
    """The log as `astream_events` gives it."""
    trace, _ = case
    if not trace.runs:
        return []
    nothing = (None, None, None)
    roots = [one for one in trace.runs if one.parent is None]
    lenses = {root: _Lens(trace, root.id, version, (nothing, nothing)) for root in roots}

    def root_of(one):
        return one if one.parent is None else root_of(one.parent)

    dicts = [lenses[root_of(event.run)](event) for event in trace.events]
    return [as_sent(plain(shown)) for shown in dicts if shown is not None]


def as_sent(value):
    """A value whose log-probabilities are as exact as the page has them."""
    if isinstance(value, list):
        return [as_sent(one) for one in value]
    if not isinstance(value, dict):
        return value
    value = {name: as_sent(one) for name, one in value.items()}
    if odds := odds_of(value):
        content = [
            {
                "token": one[0],
                "logprob": one[1],
                "top_logprobs": [
                    {"token": text, "logprob": logprob} for text, logprob in alternatives_of(one)
                ],
            }
            for one in odds
        ]
        value["logprobs"] = {**value["logprobs"], "content": content}
    return value


def golden(case):
    """All that the fixture of a case says."""
    wire = frames(case)
    dicts = {version: events(case, version) for version in ("v1", "v2")}
    return {"frames": wire, **expected(wire), "events": dicts}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        text = json.dumps(golden(case), indent=1, ensure_ascii=False)
        (FOLDER / f"{name}.json").write_text(text + "\n")
