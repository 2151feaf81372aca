"""A value that cannot be looked at fails no run, no frame and no file: its type stands there."""

import asyncio
import contextlib
import json
import threading
import time
from dataclasses import dataclass, field

import pytest

from nbstream import (
    AIMessageChunk,
    HumanMessage,
    InputError,
    RunnableGenerator,
    RunnableLambda,
    ScriptedChat,
    StreamView,
    Trace,
    dispatch_custom_event,
    stream_to,
)
from nbstream._exceptions import Stopped
from nbstream._shown import brief, label, shown, type_name
from nbstream.events import _jsonl, _look
from nbstream.events._chunks import add_chunks
from nbstream.events._fold import Fold
from nbstream.events._frames import frame
from nbstream.events._jsonl import encode
from nbstream.events._load import Opaque, decode
from nbstream.events._plain import MAX_CHARS, MAX_DEPTH, MAX_NODES, has_text, plain, text_of
from nbstream.messages import convert_to_messages

from .hostile_values import VALUES


def sendable(form):
    text = json.dumps(form, ensure_ascii=False, allow_nan=False)
    text.encode()
    return json.loads(text)


@pytest.mark.parametrize("name", VALUES)
def test_any_value_has_a_form(name):
    value = VALUES[name]
    for one in (value, [value], {"k": value}, (1, [value]), HumanMessage([value])):
        sendable(plain(one))
        sendable(text_of(one))
        assert has_text(one) == (text_of(one) != "")
        json.dumps(encode(one), allow_nan=False)
        assert brief(one)


@dataclass
class Point:
    x: int
    y: object = None
    hidden: int = field(default=0, repr=False)


@pytest.mark.parametrize(
    "value", [Point(1), Point(2, [(Point(3),), {"k": Point(4, "z")}]), (1,), (), {}, [], "x", {1}]
)
def test_a_bounded_repr_is_the_usual_one(value):
    assert shown(value) == repr(value)


def test_a_dataclass_can_have_a_repr_of_its_own():
    @dataclass
    class Named:
        name: str

        def __repr__(self):
            return self.name

    assert shown(Named("me")) == "me"


def test_a_chunk_is_written_as_any_message():
    chunk = AIMessageChunk("x", id="i")
    assert encode(chunk) == _jsonl._Encoder(None)(chunk)
    assert list(encode(chunk)) == list(_jsonl._Encoder(None)(chunk))
    odd = AIMessageChunk("x", id=VALUES["repr"], name=VALUES["type with a metaclass"])
    assert encode(odd)["id"] == {"$": "repr", "value": "<Nobody>"}


def test_what_has_no_form_is_its_type():
    for name in ("repr", "repr that leaves", "repr of another kind", "properties"):
        assert plain(VALUES[name]) == "<Nobody>"
        assert encode(VALUES[name]) == {"$": "repr", "value": "<Nobody>"}
        assert "Nobody" in brief(VALUES[name])
    assert plain(VALUES["dict of methods"]) == plain(VALUES["list of methods"]) == "<Nobody>"
    assert plain([1, VALUES["type itself"], 2])[0::2] == [1, 2]
    assert plain(VALUES["text"]) == encode(VALUES["text"]) == text_of(VALUES["text"]) == "hello"
    assert plain(VALUES["number"]) == encode(VALUES["number"]) == 5
    assert plain(VALUES["fraction"]) == encode(VALUES["fraction"]) == 0.5
    assert plain(VALUES["exception"]) == {"type": "Failure", "message": "<Failure>"}
    assert plain(VALUES["dict of bad keys"])["<Key>"] == 1
    assert "Liar object" in plain(VALUES["class that is a property"])
    assert type_name(VALUES["type with a metaclass"]) == "Class"
    assert label(VALUES["repr"]) == "<Nobody>"


@pytest.mark.promise("docs/architecture.md", "Types are asked what they are, never instances")
def test_what_answers_to_every_name_is_not_asked():
    assert plain(VALUES["mock"]).startswith("<Mock id=")
    assert plain(VALUES["magic mock"]).startswith("<MagicMock id=")
    assert "Everything object at" in plain(VALUES["everything"])


def test_what_is_deep_is_shown_to_a_depth():
    shown = plain(VALUES["deep"])
    for _ in range(MAX_DEPTH):
        (shown,) = shown
    assert shown == "…"


def test_what_fails_in_a_part_leaves_the_rest():
    assert plain(VALUES["message with odd extras"])["content"] == "x"

    class Model:
        def model_dump(self, mode):
            raise ValueError

        def __repr__(self):
            return "a model"

    assert plain(Model()) == "a model"


def outcome(call):
    try:
        return call()
    except BaseException as error:
        return type(error)


def giving(*chunks):
    def give(items):
        yield from chunks

    return RunnableGenerator(give)


def programs(value):
    """Programs that have the value in every place of a log."""

    def tell(x):
        dispatch_custom_event("told", value)
        dispatch_custom_event(value, "told")
        return value

    def fail(x):
        raise value

    step = RunnableLambda(tell)
    nested = RunnableLambda(lambda x: step.invoke(x)) | RunnableLambda(lambda x: x)
    yield lambda: nested.invoke(value)
    yield lambda: list(nested.stream(value))
    yield lambda: list(giving(value, value).stream("x"))
    yield lambda: RunnableLambda(lambda x: ScriptedChat(["a"]).invoke(value)).invoke("x")
    said = giving(AIMessageChunk([value]), AIMessageChunk("b"))
    yield lambda: list(said.stream("x"))
    config = {"metadata": {"k": value}, "tags": [value], "run_name": value}
    yield lambda: step.invoke("x", config)
    if isinstance(type(value), type) and issubclass(type(value), BaseException):
        yield lambda: RunnableLambda(fail).invoke("x")


@pytest.mark.promise("docs/architecture.md", "what it raises is no business of the run's")
@pytest.mark.parametrize("name", VALUES)
def test_a_run_is_the_same_with_a_view_and_its_log_goes_on(name):
    value = VALUES[name]
    for watched, alone in zip(programs(value), programs(value), strict=True):
        view = StreamView()
        with stream_to(view):
            seen = outcome(watched)
        expected = outcome(alone)
        assert type(seen) is type(expected)
        assert seen is expected or not isinstance(seen, type)
        trace = view.trace
        if isinstance(seen, type) and not trace.events:
            continue  # its tags have no hash, which is an error with or without a view
        assert trace.events[-1].kind in ("end", "error")
        sendable(frame(trace))
        sendable(view.get_state()["_log"])
        assert view.status in ("done", "failed")
        assert view.text is not None
        assert view.metrics.duration is not None
        sendable(view._repr_mimebundle_()[0])
        back = Trace.from_jsonl(trace.to_jsonl())
        assert [(e.kind, e.run.index) for e in back.events] == [
            (e.kind, e.run.index) for e in trace.events
        ]
        sendable(frame(back))
        for run in trace.runs:
            trace.output(run)


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("name", VALUES)
def test_events_come_whatever_they_hold(name, version):
    async def last(step):
        with contextlib.suppress(BaseException):
            async for event in step.astream_events("x", version=version):
                seen.append(event["event"])

    for program in programs(VALUES[name]):
        seen = []
        step = RunnableLambda(lambda x, program=program: [program()] and "done")
        alone = outcome(lambda step=step: step.invoke("x"))
        if alone is SystemExit:
            continue  # the program itself leaves, and a loop lets it
        failed = isinstance(alone, type)
        asyncio.run(last(step))
        assert seen[0] == "on_chain_start"
        assert seen[-1] == ("on_chain_error" if failed else "on_chain_end")


def test_what_is_no_message_is_the_models_error_and_not_the_logs():
    trace = Trace()
    with trace, pytest.raises(InputError, match="cannot read int 5"):
        RunnableLambda(lambda x: ScriptedChat(["a"]).invoke(x)).invoke(5)
    assert frame(trace)["items"][1]["input"] == 5
    with pytest.raises(InputError, match="cannot read <Mock"):
        convert_to_messages(VALUES["mock"])


def test_an_interrupt_and_a_stop_pass_and_nothing_else_does():
    for passing in (KeyboardInterrupt, Stopped):
        for look in (plain, text_of, encode, brief):
            with pytest.raises(passing):
                look(interrupting(passing))
    for other in (SystemExit, GeneratorExit, asyncio.CancelledError, MemoryError):
        assert plain(interrupting(other)) == "<Asked>"


def interrupting(error):
    def ask(self):
        raise error

    return type("Asked", (), {"__repr__": ask})()


@pytest.mark.parametrize("error", [ValueError, InputError, SystemExit, RecursionError])
def test_a_sum_that_fails_is_the_last_chunk_in_the_log_only(error):
    class Sum:
        def __add__(self, other):
            raise error

    chunks = [Sum(), Sum()]
    trace = Trace()
    with trace:
        assert list(giving(*chunks).stream("x")) == chunks
    assert trace.output(trace.runs[0]) is chunks[-1]
    sendable(frame(trace))
    with pytest.raises(error):
        add_chunks(chunks)


# A value has a budget


@dataclass
class Person:
    knows: list["Person"] = field(default_factory=list)


def tangle():
    people = [Person() for _ in range(30)]
    for one in people:
        one.knows = people
    mesh = [Person() for _ in range(30)]
    for one in mesh:
        one.knows = [*mesh]
    ten = []
    ten += [ten] * 10
    ladder: list = ["rung"]
    for _ in range(40):
        ladder = [ladder, ladder, ladder]
    wide = [{"k": [*range(400)]} for _ in range(400)]
    return {"people": people, "mesh": mesh, "ten": ten, "ladder": ladder, "wide": wide}


@pytest.mark.promise("docs/architecture.md", "A value has one budget of nodes and characters")
@pytest.mark.parametrize("name", tangle())
def test_what_holds_itself_or_has_no_end_is_looked_at_once(name):
    value = tangle()[name]
    assert len(json.dumps(plain(value))) < 40 * MAX_NODES
    assert len(text_of([value])) < 40 * MAX_NODES
    assert brief(value)
    trace = Trace()
    with trace:
        RunnableLambda(lambda x: x).invoke(value)
    sendable(frame(trace))


def test_what_comes_again_is_the_same_and_inside_itself_it_is_named():
    message = HumanMessage("Hi")
    shown = {"type": "HumanMessage", "content": "Hi"}
    assert plain({"all": [message], "last": message}) == {"all": [shown], "last": shown}
    knot = {}
    knot["me"] = [knot]
    assert plain(knot) == {"me": ["<dict, as above>"]}
    assert encode(knot) == {"me": [{"$": "repr", "value": "<dict, as above>"}]}
    assert brief(knot) == "dict {'me': [...]}"
    # What is made for the look only is not taken for something else that had its place before.
    assert plain([[{"n": n}] for n in range(300)]) == [[{"n": n}] for n in range(300)]


def test_characters_have_a_budget_and_what_is_left_out_is_said():
    many = plain([str(n) + "x" * 10_000 for n in range(400)])
    assert MAX_CHARS <= len("".join(many)) < MAX_CHARS + 200
    assert many[-1] == f"… {400 - len(many) + 1} more"
    assert many[-2].endswith("more characters")
    long = plain(["x" * 10 * MAX_CHARS, "and on"])
    assert len(long[0]) < 30_000
    assert long[1] == "and on"
    nodes = plain([[*range(400)] for _ in range(400)])
    assert sum(map(len, nodes)) < MAX_NODES + 100
    assert nodes[-1].endswith(" more")


def test_what_comes_again_counts_again():
    large = [[*range(450)] for _ in range(30)]
    assert plain([large, large, 1]) == [large, "…", 1]


def test_a_file_keeps_all_that_a_page_leaves_out():
    value = {
        "texts": ["x" * 30_000] * 30,
        "numbers": [*range(30_000)],
        "deep": [[[[[[[[[["x"]]]]]]]]]],
    }
    for _ in range(40):
        value = {"k": value}
    value = [value, 10**5000, {1: (2, b"\x00")}]
    with Trace() as trace:
        RunnableLambda(lambda x: None).invoke(value)
    back = Trace.from_jsonl(trace.to_jsonl())
    assert back.input(back.runs[0]) == value


def test_a_file_says_what_it_leaves_out(monkeypatch):
    monkeypatch.setattr(_jsonl, "MAX_NODES", 10)
    assert decode(encode([*range(20)]))[-1] == Opaque("… 11 more")
    assert decode(encode({str(n): n for n in range(20)}))["…"] == Opaque("… 11 more")
    assert decode(encode({n: n for n in range(20)}))["…"] == Opaque("… 15 more")
    monkeypatch.setattr(_jsonl, "MAX_CHARS", 10)
    assert decode(encode(["x" * 20])) == ["x" * 10 + " … 10 more characters"]
    assert decode(encode(["x" * 10, 1])) == ["x" * 10, Opaque("… 1 more")]
    assert decode(encode([b"x" * 10, b"x"])) == [b"x" * 10, Opaque("… 1 more")]
    assert decode(encode([b"x" * 20, b"x"])) == [Opaque("<20 bytes>"), b"x"]
    monkeypatch.setattr(_jsonl, "MAX_DEPTH", 2)
    assert decode(encode([[[1]]])) == [[Opaque("…")]]


# A look that takes long is taken once


class Slow:
    """Takes longer than what is worth remembering."""

    looks = 0

    def __repr__(self):
        type(self).looks += 1
        time.sleep(_look.SLOW * 1.5)
        return "slow"


class SlowModel(Slow):
    def model_dump(self, mode):
        repr(self)
        return {"a": 1}


class SlowError(ValueError, Slow):
    __str__ = Slow.__repr__


@pytest.mark.promise(
    "docs/architecture.md", "what took longer than 10 ms to look at is not looked at again"
)
@pytest.mark.parametrize("kind", [Slow, SlowModel, SlowError])
def test_a_slow_look_is_taken_once_for_one_log(kind):
    kind.looks = 0
    value = kind("x") if kind is SlowError else kind()

    def end(x):
        if kind is SlowError:
            raise value
        return x

    step = RunnableLambda(lambda x: x)
    view, other = StreamView(), None
    with stream_to(view), contextlib.suppress(SlowError):
        (step | step | RunnableLambda(end)).invoke({"held": [value]})
    other = StreamView(view.trace)
    for _ in range(2):
        view.get_state()
        other.get_state()
        assert other.status == view.status
        frame(view.trace)
        Fold(view.trace)()
        view.trace.to_jsonl()
    assert "slow" in str(frame(view.trace)) or kind is SlowModel
    assert kind.looks == (2 if kind is SlowModel else 1)  # its dump for pages, its repr for files


def test_what_is_quick_is_looked_at_again_where_it_comes_again():
    trace, seen = Trace(), []
    with trace:
        for n in range(3):
            seen.append(n)
            RunnableLambda(len).invoke(seen)
            frame(trace)  # a page looks while it goes on
    inputs = [item["input"] for item in frame(trace)["items"] if item["kind"] == "start"]
    assert inputs == [[0], [0, 1], [0, 1, 2]]


def test_what_is_remembered_counts_as_well():
    class Large(Slow):
        def model_dump(self, mode):
            repr(self)
            return [[*range(400)] for _ in range(30)]

    memo, value = _look.Memo(), Large()
    form = plain(value, memo)
    assert plain([value, [value], 1], memo) == [form, ["…"], 1]


def test_patience_with_one_value_ends(monkeypatch):
    monkeypatch.setattr(_look, "PATIENCE", -1)
    Slow.looks = 0
    assert plain([Slow(), Slow(), Slow()]) == ["<Slow>", "<Slow>", "<Slow>"]
    assert Slow.looks == 0
    monkeypatch.setattr(_look, "PATIENCE", _look.SLOW)
    assert plain([Slow() for _ in range(9)])[2:] == ["<Slow>"] * 7


@pytest.mark.parametrize("look", [frame, "fold"])
def test_a_look_that_waits_for_another_thread_holds_up_no_one(look, monkeypatch):
    # A repr needs a lock, and who holds that looks at the same log.
    monkeypatch.setattr(_look, "PATIENCE", 0.05)
    lock, is_inside = threading.RLock(), threading.Event()
    trace = Trace()
    fold = Fold(trace)

    def see():
        return fold() if look == "fold" else frame(trace)

    class Guarded:
        def __repr__(self):
            is_inside.set()
            with lock:
                return "guarded"

    def hold():
        with lock:
            other.start()
            assert is_inside.wait(5)
            see()

    with trace:
        RunnableLambda(len).invoke([Guarded()])
    holder, other = (threading.Thread(target=one, daemon=True) for one in (hold, see))
    holder.start()
    holder.join(10)
    assert not holder.is_alive()
    other.join(10)
    assert not other.is_alive()


def test_what_two_threads_fold_counts_once():
    trace, rounds = Trace(), 200
    fold = Fold(trace)
    run = trace.start("r")

    def write():
        for _ in range(rounds):
            trace.log("chunk", run, "x")
            fold()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fold()["runs"][0]["texts"]) == 4 * rounds


def test_an_event_is_looked_at_once_however_quick_that_is():
    class Counted:
        looks = 0

        def __repr__(self):
            Counted.looks += 1
            return "counted"

    trace = Trace()
    with trace:
        RunnableLambda(len).invoke([Counted()])
    assert frame(trace) == frame(trace)
    Fold(trace)()
    assert Counted.looks == 1
