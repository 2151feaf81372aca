"""A real cluster of two processes."""

import os
import signal
import threading
import time

import pytest

from nbstream import (
    ChatPromptTemplate,
    InputError,
    NbstreamError,
    ProviderError,
    ScriptedChat,
    StrOutputParser,
    Trace,
)
from nbstream.batch import Batch, Line
from nbstream.batch._attempt import Attempt
from nbstream.batch.engines._dask import _Remote

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, dashboard_address=":0", processes=True
    ) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster) as client:
        yield client


def song(delay=0.0, count=2):
    prompt = ChatPromptTemplate.from_template("A song about {animal}.")
    return prompt | ScriptedChat(["La"] * count, delay=delay) | StrOutputParser()


INPUTS = [{"animal": f"fish {n}"} for n in range(30)]


def until(runs, look):
    seen = threading.Event()
    leave = runs.listen(seen.set)
    while not look():
        seen.wait()
        seen.clear()
        runs.changed_since(0)
    leave()


def busy(runs, tokens):
    """Return a line that has streamed more than so many tokens."""
    return next((line for line in runs.lines if (line.tokens or 0) > tokens), None)


@pytest.mark.parametrize("kind", ["client", "executor"])
def test_runs_on_the_workers_are_as_those_here(client, kind):
    def check(given):
        if given["animal"] == "fish 3":
            raise ProviderError("no fish", status=404)
        return given

    executor = client if kind == "client" else client.get_executor()
    runs = Batch(check | song(), INPUTS, executor=executor)
    outputs = runs.results(return_exceptions=True)
    assert outputs.pop(3).status == 404
    assert outputs == ["LaLa"] * 29
    line = runs.lines[5]
    assert (line.text, line.tokens, line.tries, line.status) == ("LaLa", 2, 1, "done")
    assert len({line.worker for line in runs.lines}) == 2
    assert [run.name for run in runs.trace(5).runs][-1] == "StrOutputParser"


def test_tokens_come_while_it_runs_and_a_stop_ends_it_there(client):
    runs = Batch(song(delay=0.02, count=3_000), INPUTS[:8], executor=client).start()
    until(runs, lambda: busy(runs, 20))
    line = busy(runs, 20)
    assert line.status == "running"
    assert runs.trace(line.index).events[-1].kind == "chunk"
    runs.stop()
    runs.wait()
    assert runs.lines.counts["stopped"] == 8
    # The workers are free again: their threads would go on for a minute
    assert Batch(str, range(8), executor=client).results() == [str(n) for n in range(8)]


def test_a_worker_that_dies_gives_its_runs_to_another_and_none_counts_twice(client, tmp_path):
    chain = song(delay=0.03, count=60)
    runs = Batch(chain, INPUTS[:4], executor=client, into=tmp_path / "runs.jsonl").start()
    until(runs, lambda: busy(runs, 3))
    line = busy(runs, 3)
    victim = line.worker
    ended = []
    runs.when_ended(lambda line: ended.append(line.index))
    os.kill(int(victim.rpartition(":")[2]), signal.SIGKILL)
    assert runs.results() == ["La" * 60] * 4
    assert line.worker != victim
    assert line.tries == 2
    assert line.tokens == 60
    assert sorted(ended) == [*range(4)]
    assert (tmp_path / "runs.jsonl").read_text().count("\n") == 5
    assert [event.kind for event in runs.trace(line.index).events].count("chunk") == 60


def test_what_a_dead_worker_still_said_does_not_count():
    class Work:
        def began(self, attempt, worker):
            begun.append(worker)

    begun = []
    attempt = Attempt(Line(0), "x", Trace())
    remote = _Remote(attempt)
    assert remote.belongs("first", "a", Work())
    first = attempt.trace
    assert remote.belongs("first", "a", Work())
    assert remote.belongs("second", "b", Work())
    assert attempt.trace is not first
    assert not remote.belongs("first", "a", Work())
    assert begun == ["a", "b"]


def test_what_cannot_be_sent_is_named_before_anything_runs(client):
    lock = threading.Lock()
    with pytest.raises(InputError, match=r"Step 4, RunnableLambda.* cannot be sent"):
        Batch(song() | (lambda x: lock), INPUTS, executor=client)


def test_a_client_that_is_closed_is_refused(cluster):
    client = distributed.Client(cluster)
    client.close()
    with pytest.raises(InputError, match=r"the cluster is gone\. Connect again"):
        Batch(str, [1], executor=client)


def test_a_cluster_that_goes_is_said_and_what_ended_is_kept(cluster):
    with distributed.Client(cluster) as client:
        runs = Batch(lambda n: time.sleep(0.05 * n), range(30), executor=client).start()
        until(runs, lambda: runs.lines.counts["done"] > 1)
    with pytest.raises(NbstreamError, match="The Dask cluster is gone"):
        runs.results()
    assert runs.lines[0].status == "done"
    assert runs.lines.counts["running"] == 0
