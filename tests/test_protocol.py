import copy
import json

import pytest

from nbstream.widget._protocol import frame
from nbstream.widget._state import apply, initial, metrics, status

from .protocol_cases import CASES, FOLDER, NESTED, PLAIN, expected, frames


def fixture(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


@pytest.mark.parametrize("name", CASES)
def test_the_log_goes_out_as_the_fixture_says(name):
    assert frames(CASES[name]) == fixture(name)["frames"]


@pytest.mark.parametrize("name", CASES)
def test_frames_add_up_to_the_fixtures_state(name):
    golden = fixture(name)
    wire = golden.pop("frames")
    assert expected(wire) == golden


def test_there_is_a_case_for_every_fixture():
    assert sorted(CASES) == sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.mark.parametrize("events", [PLAIN, NESTED])
def test_however_the_log_is_cut_the_state_is_the_same(events):
    whole = initial()
    apply(whole, frame(events))
    for i in range(len(events) + 1):
        for j in range(i, len(events) + 1):
            state = initial()
            for part in (events[:i], events[i:j], events[j:]):
                assert apply(state, frame(part, part[0].seq if part else state["next"]))
            assert state == whole


def test_what_comes_twice_counts_once():
    state = initial()
    apply(state, frame(PLAIN[:4]))
    apply(state, frame(PLAIN[1:3], 1))
    apply(state, frame(PLAIN[2:], 2))
    whole = initial()
    apply(whole, frame(PLAIN))
    assert state == whole


def test_a_gap_is_told_and_changes_nothing():
    state = initial()
    apply(state, frame(PLAIN[:2]))
    before = copy.deepcopy(state)
    assert apply(state, frame(PLAIN[3:], 3)) is False
    assert state == before


def test_a_kind_not_known_yet_is_passed_over():
    state = initial()
    item = {"kind": "custom", "at": 1, "run": 0, "name": "x"}
    apply(state, {"type": "frame", "seq": 0, "items": [item]})
    assert state == {"next": 1, "runs": []}


def test_figures_before_anything_came():
    assert status(initial()) == "waiting"
    assert metrics(initial())["chunks"] == 0


def test_a_token_costs_few_bytes():
    run = PLAIN[0].run
    events = [PLAIN[1]._replace(seq=i, time=i / 100, run=run) for i in range(1000)]
    size = len(json.dumps(frame(events), separators=(",", ":")))
    assert size / 1000 < 20
