import copy
import json

import pytest

from nbstream import AIMessageChunk, Trace
from nbstream.events._frames import frame
from nbstream.events._state import apply, initial, metrics, status

from .protocol_cases import CASES, FOLDER, expected, frames, golden


def fixture(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


@pytest.mark.promise("docs/architecture.md", "One set of golden fixtures")
@pytest.mark.parametrize("name", CASES)
def test_the_log_goes_out_as_the_fixture_says(name):
    assert golden(CASES[name]) == fixture(name)


@pytest.mark.parametrize("name", CASES)
def test_frames_add_up_to_the_fixtures_state(name):
    said = fixture(name)
    del said["events"]
    wire = said.pop("frames")
    assert expected(wire) == said


def test_there_is_a_case_for_every_fixture():
    assert sorted(CASES) == sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.mark.parametrize("name", ["plain", "nested", "messages_of_a_chain", "thinking_and_tools"])
def test_however_the_log_is_cut_the_state_is_the_same(name):
    trace, _ = CASES[name]
    whole = initial()
    apply(whole, frame(trace))
    count = len(trace.events)
    for i in range(count + 1):
        for j in range(i, count + 1):
            state = initial()
            assert all(apply(state, one) for one in frames((trace, [i, j])))
            assert state == whole


@pytest.mark.promise("docs/architecture.md", "Frames that overlap with it are skipped by number")
def test_what_comes_twice_counts_once():
    trace, _ = CASES["plain"]
    state = initial()
    apply(state, frame(trace, 0, 4))
    apply(state, frame(trace, 1, 3))
    apply(state, frame(trace, 2))
    whole = initial()
    apply(whole, frame(trace))
    assert state == whole


def test_a_gap_is_told_and_changes_nothing():
    trace, _ = CASES["plain"]
    state = initial()
    apply(state, frame(trace, 0, 2))
    before = copy.deepcopy(state)
    assert apply(state, frame(trace, 3)) is False
    assert state == before


def test_a_kind_not_known_yet_is_passed_over():
    state = initial()
    item = {"kind": "new", "at": 1, "run": 0, "name": "x"}
    apply(state, {"type": "frame", "seq": 0, "items": [item]})
    assert state == {"next": 1, "runs": []}


def test_figures_before_anything_came():
    assert status(initial()) == "waiting"
    assert metrics(initial()).chunks == 0


def test_a_token_costs_few_bytes():
    trace = Trace()
    run = trace.start("M", "chat_model", "Hi")
    for i in range(1000):
        trace.log("chunk", run, AIMessageChunk(" word"), time=i / 100)
    size = len(json.dumps(frame(trace, 1), separators=(",", ":")))
    assert size / 1000 < 20


def test_a_frame_is_bounded_whatever_a_step_was_given():
    trace = Trace()
    run = trace.start("step", input={"long": "x" * 10**6, "many": list(range(10**5))})
    trace.log("end", run, ["y" * 10**6])
    assert len(json.dumps(frame(trace))) < 60_000
