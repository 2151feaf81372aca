import sys

import pytest

from nbstream import (
    AIMessageChunk,
    InputError,
    NbstreamError,
    ProviderError,
    ScriptedChat,
    SetupError,
)
from nbstream.batch import Batch, Line
from nbstream.batch._limits import Limits


class Clock:
    """A time that passes only where a test says so."""

    now = 100.0

    def __call__(self):
        return self.now


def limits(**given):
    clock = Clock()
    return clock, Limits(clock, **given)


def ended(limits, index=0, tokens=10, *, cost=None, status="done"):
    return limits.ended(Line(index, status, tokens=tokens, input_tokens=0, cost=cost))


def test_so_many_requests_begin_in_any_minute():
    clock, bounds = limits(requests_per_minute=3)
    begun = []
    while len(begun) < 9:
        if wait := bounds.ask(0):
            clock.now += wait
        else:
            bounds.begin(len(begun))
            begun.append(clock.now)
            clock.now += 1
    assert begun[:3] == [100, 101, 102]
    for at in begun:
        assert sum(at <= other < at + 60 for other in begun) <= 3
    assert begun[-1] < 100 + 2 * 63


def test_tokens_are_guessed_from_the_runs_before_and_corrected():
    clock, bounds = limits(tokens_per_minute=1_000)
    assert bounds.ask(0) == 0
    bounds.begin(0)  # nothing is known yet: it is taken to need all
    assert bounds.ask(1) > 50
    ended(bounds, 0, tokens=100)
    clock.now += 61
    begun = 0
    while not bounds.ask(begun):
        bounds.begin(begun)
        begun += 1
    assert begun == 10
    ended(bounds, 0, tokens=500)
    clock.now += 61
    begun = 0
    while not bounds.ask(begun):
        bounds.begin(begun)
        begun += 1
    assert begun == 3  # 300 each


def test_large_limits_take_no_more_memory():
    _, bounds = limits(tokens_per_minute=50_000_000)
    bounds.ask(0)
    bounds.begin(0)
    ended(bounds, 0, tokens=49_000_000)
    assert bounds._tokens._bucket.count() <= 10_000
    assert bounds.ask(0) > 50


def busy(status=429, retry_after=None):
    return ProviderError("busy", status=status, retry_after=retry_after)


def test_a_busy_provider_is_left_alone_by_all_as_long_as_it_asks():
    clock, bounds = limits()
    bounds.ask(7)
    assert bounds.failed(busy(retry_after=20), Line(0, started=100.0)) == 20
    assert bounds.ask(0) == 20
    assert "The provider is busy: the next run begins in 20 s." in bounds.note
    # Seven more that had begun before say so, too: that is no news
    for index in range(1, 8):
        bounds.failed(busy(retry_after=5), Line(index, started=100.0))
    assert bounds.ask(0) == 20
    assert bounds.room(16) == 4
    clock.now += 20
    assert bounds.ask(0) == 0
    assert bounds.note == ""
    for index in range(20):
        ended(bounds, index)
    assert 4 < bounds.room(16) < 16
    for index in range(200):
        ended(bounds, index)
    assert bounds.room(16) == 16


def test_where_it_does_not_say_how_long_the_wait_doubles():
    clock, bounds = limits()
    waits = []
    for _ in range(9):
        waits.append(bounds.failed(busy(529), Line(0, started=clock.now)))
        clock.now += waits[-1]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert bounds.room(16) == 1


def test_other_failures_hold_nobody_up():
    _, bounds = limits()
    assert bounds.failed(ValueError("no"), Line(0, started=100.0)) is None
    assert bounds.failed(busy(500), Line(0, started=100.0)) is None
    assert bounds.ask(0) == 0


def test_a_budget_stops_before_it_is_passed():
    _, bounds = limits(budget=1.0)
    assert bounds.ask(0) == 0
    assert bounds.ask(1) > 0  # the first one shows what they need
    ended(bounds, 0, cost=0.2)
    assert [bounds.ask(running) == 0 for running in range(5)] == [True] * 4 + [False]
    ended(bounds, 1, cost=0.3)
    assert bounds.ask(0) == 0
    assert bounds.ask(1) > 0
    ended(bounds, 2, cost=0.3)
    assert bounds.ask(0) is None
    assert bounds.note == "The budget of $1.00 allows no further run."


def scripted(tokens):
    usage = {"input_tokens": 0, "output_tokens": tokens, "total_tokens": tokens}
    return ScriptedChat(["Hi", AIMessageChunk("!", usage_metadata=usage)])


def test_a_batch_ends_where_its_budget_does():
    runs = Batch(scripted(100), ["x"] * 20, budget={"tokens": 450})
    with pytest.raises(NbstreamError, match="The budget of 450 tokens allows no further run"):
        runs.results()
    assert runs.metrics().output_tokens == 400
    assert runs.lines.counts["waiting"] == 16
    assert runs.status == "done"


def test_a_budget_in_money_needs_prices():
    runs = Batch(scripted(100), ["x"] * 20, budget=5)
    with pytest.raises(InputError, match=r"The budget of \$5.00 cannot be kept"):
        runs.results()
    assert runs.lines.counts["done"] == 1


def test_a_busy_provider_is_asked_again_and_no_run_is_lost(monkeypatch):
    from nbstream.batch import _limits

    monkeypatch.setattr(_limits, "LONGEST", 0.0)
    failures = [busy(429), busy(529), busy(503)]

    def ask(number):
        if number % 5 == 0 and failures:
            raise failures.pop()
        return number

    assert Batch(ask, range(40), retries=3).results() == [*range(40)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"requests_per_minute": 0}, "requests_per_minute must be a number from 1, not int 0"),
        ({"tokens_per_minute": "many"}, "tokens_per_minute must be a number from 1, not str"),
        ({"budget": -1}, "budget is a number of US dollars"),
        ({"budget": {"euro": 5}}, "budget is a number of US dollars"),
        ({"budget": True}, "budget is a number of US dollars"),
    ],
)
def test_what_is_no_limit_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        Batch(str, ["x"], **given)


def test_without_its_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyrate_limiter", None)
    with pytest.raises(SetupError, match=r'pip install "nbstream\[batch\]"'):
        Batch(str, ["x"], requests_per_minute=5)
    assert Batch(str, ["x"]).results() == ["x"]
