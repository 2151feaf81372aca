import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from nbstream import AIMessage, ChatPromptTemplate, InputError, ScriptedChat, StrOutputParser
from nbstream.batch import Batch, _batch
from nbstream.batch._fingerprint import steps_in


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.jsonl"


def records(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]


class Asked(list):
    def __call__(self, number):
        self.append(number)
        return number * 2


def test_what_the_file_has_does_not_run_again(path):
    asked = []

    def double(number):
        asked.append(number)
        return number * 2

    assert Batch(double, range(5), into=path).results() == [0, 2, 4, 6, 8]
    again = Batch(double, range(8), into=path)
    assert again.results() == [0, 2, 4, 6, 8, 10, 12, 14]
    assert sorted(asked) == [*range(8)]
    assert [line.status for line in again.lines] == ["kept"] * 5 + ["done"] * 3
    assert sorted(record["index"] for record in records(path)) == [*range(8)]


def test_failed_runs_are_run_again_and_messages_come_back_as_they_were(path):
    is_broken = [True]

    def ask(text):
        if text == "b" and is_broken:
            raise ValueError("no answer")
        return AIMessage(f"{text}!")

    Batch(ask, ["a", "b"], into=path).wait()
    assert [record["status"] for record in records(path)].count("failed") == 1
    is_broken.clear()
    again = Batch(ask, ["a", "b"], into=path)
    assert again.results() == [AIMessage("a!"), AIMessage("b!")]
    assert [line.status for line in again.lines] == ["kept", "done"]
    assert {line.status for line in Batch(ask, ["a", "b"], into=path).start().lines} == {"kept"}


def test_equal_inputs_are_told_apart(path):
    asked = Asked()
    Batch(asked.__call__, [1, 1, 1], into=path).wait()
    Batch(asked.__call__, [1, 1, 1, 1], into=path).wait()
    assert len(asked) == 4


def test_a_damaged_last_line_is_run_again_and_the_rest_kept(path):
    Batch(str, range(4), into=path, max_concurrency=1).wait()
    whole = path.read_bytes()
    last = whole[: whole.rstrip(b"\n").rindex(b"\n") + 1]
    for cut in (len(last) + 1, len(last) + 30, len(whole) - 1):
        path.write_bytes(whole[:cut])
        runs = Batch(str, range(4), into=path)
        assert runs.results() == ["0", "1", "2", "3"]
        assert [line.status for line in runs.lines] == ["kept"] * 3 + ["done"]
        assert "One run in runs.jsonl cannot be read" in runs.note
        assert sorted(record["index"] for record in records(path)) == [0, 1, 2, 3]


def test_a_first_line_that_broke_off_begins_again(path):
    Batch(str, [1], into=path).wait()
    header = path.read_bytes().partition(b"\n")[0]
    for cut in (1, 10, 40, len(header)):
        path.write_bytes(header[:cut])
        assert Batch(str, [1], into=path).results() == ["1"]
        assert len(records(path)) == 1


def song(said="La", text="A song about {x}."):
    return ChatPromptTemplate.from_template(text) | ScriptedChat([said]) | StrOutputParser()


def test_the_file_of_another_chain_is_refused_and_the_step_named(path):
    Batch(song(), [{"x": 1}], into=path).wait()
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"another chain: its step 2, ScriptedChat.* has changed"):
        Batch(song("Lo"), [{"x": 1}], into=path)
    with pytest.raises(InputError, match="another chain: its step 1"):
        Batch(song(text="No {x}."), [{"x": 1}], into=path)
    with pytest.raises(InputError, match="it had 3 steps, and this one has 4"):
        Batch(song() | str.upper, [{"x": 1}], into=path)
    assert path.read_bytes() == before
    assert Batch(song(), [{"x": 1}], into=path).start().lines[0].status == "kept"


def test_a_changed_input_is_named(path):
    Batch(str, ["a", "b", "c"], into=path).wait()
    runs = Batch(str, ["a", "B", "c"], into=path)
    with pytest.warns(UserWarning, match="Input 1 has changed .* it was 'b', and is 'B' now"):
        runs.wait()
    assert [line.status for line in runs.lines] == ["kept", "done", "kept"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a": 1}\n', "is no file of a batch's runs: its first line is"),
        (b"Dear diary,\nhello", "is no file of a batch's runs"),
        (b"Dear", "is no file of a batch's runs"),
        (b'{"nbstream": 1, "started_at": 5}\n', "is no file of a batch's runs"),
    ],
)
def test_a_file_that_is_something_else_is_left_alone(path, content, said):
    path.write_bytes(content)
    with pytest.raises(InputError, match=said):
        Batch(str, [1], into=path)
    assert path.read_bytes() == content


def test_a_folder_or_no_path_is_refused(tmp_path):
    with pytest.raises(InputError, match="is no regular file"):
        Batch(str, [1], into=tmp_path)
    with pytest.raises(InputError, match="make its folder"):
        Batch(str, [1], into=tmp_path / "none" / "runs.jsonl")
    with pytest.raises(InputError, match="into= is the path of a file, not int 5"):
        Batch(str, [1], into=5)


def test_logs_are_read_from_the_file(path):
    Batch(song(), [{"x": n} for n in range(100)], into=path, max_concurrency=1).wait()
    for runs in (Batch(song(), [{"x": 0}], into=path).start(), Batch.from_file(path)):
        trace = runs.trace(0)
        assert [run.name for run in trace.runs][-1] == "StrOutputParser"
        assert trace.output(trace.runs[0]) == "La"


def test_a_file_can_be_looked_at_without_its_chain(path):
    Batch(lambda n: 1 // n, [0, 1, 2], into=path).wait()
    before = path.read_bytes()
    runs = Batch.from_file(path)
    assert [line.status for line in runs.lines] == ["failed", "kept", "kept"]
    assert runs.metrics().failures == {"ZeroDivisionError": 1}
    assert runs.status == "done"
    runs.retry_failed()
    runs.wait()
    assert "to be looked at" in str(runs.lines[0].error)
    assert path.read_bytes() == before
    with pytest.raises(InputError, match="There is no file"):
        Batch.from_file(path.with_name("other.jsonl"))


def test_a_key_is_in_no_file(path, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a-key-to-hide-well")
    Batch(lambda x: f"{x} a-key-to-hide-well", ["say a-key-to-hide-well"], into=path).wait()
    assert "a-key-to-hide" not in path.read_text()


def test_a_full_disk_stops_it_and_is_raised():
    runs = Batch(str, range(50), max_concurrency=1)

    class Full:
        damaged = 0

        def prepare(self, line, item):
            pass

        def write(self, *_):
            raise OSError(28, "No space left on device")

    runs._desk.file = Full()
    with pytest.raises(OSError, match="No space left"):
        runs.results()
    assert runs.lines.counts["done"] < 5


def test_an_interrupt_stops_the_runs_and_the_same_call_goes_on(path, monkeypatch):
    is_slow, is_waiting = [True], threading.Event()
    real = _batch.wait

    def wait(*args):
        is_waiting.set()
        return real(*args)

    def interrupt(line):
        if line.index == 4:
            is_waiting.wait()
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    def work(number):
        while number == 5 and is_slow:
            time.sleep(0.01)
        return number

    monkeypatch.setattr(_batch, "wait", wait)
    runs = Batch(work, range(10), into=path, max_concurrency=1)
    runs.when_ended(interrupt)
    # What a shell starts in the background does not hear an interrupt.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            runs.results()
    finally:
        signal.signal(signal.SIGINT, before)
    runs.wait()
    assert runs.status == "stopped"
    assert [record["index"] for record in records(path)] == [0, 1, 2, 3, 4]
    is_slow.clear()
    assert Batch(work, range(10), into=path).results() == [*range(10)]
    assert sorted(record["index"] for record in records(path)) == [*range(10)]


SCRIPT = """
    import os, sys, time
    from nbstream import ChatPromptTemplate, ScriptedChat
    from nbstream.batch import Batch, _batch

    def slow(message):
        time.sleep(0.01)
        return message.text

    chain = ChatPromptTemplate.from_template("A {x}") | ScriptedChat(["La", " la"]) | slow

    def inputs():
        for n in range(300):
            while n == 200 and "GO_ON" not in os.environ:
                time.sleep(0.01)  # it is killed before it can end
            yield {"x": n}

    runs = Batch(chain, inputs(), into=sys.argv[1], max_concurrency=4)
    print(len(runs.results()), runs.lines.counts["kept"])
"""


@pytest.mark.promise("README.md", "the same call after a crash runs only what is missing")
def test_killed_at_half_and_run_again_every_input_is_there_once(path):
    call = [sys.executable, "-c", textwrap.dedent(SCRIPT), str(path)]
    with subprocess.Popen(call) as process:
        while not path.exists() or path.read_bytes().count(b"\n") < 150:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    written = len(records(path)) if path.read_bytes().endswith(b"\n") else -1
    env = os.environ | {"GO_ON": "1"}
    said = subprocess.run(call, check=True, capture_output=True, text=True, env=env).stdout.split()
    assert said[0] == "300"
    assert 140 <= int(said[1]) <= 200
    assert written in (-1, int(said[1]))
    assert sorted(record["index"] for record in records(path)) == [*range(300)]
    assert {record["status"] for record in records(path)} == {"done"}


def test_a_chain_is_known_again_and_what_changes_it_is_noticed():
    lead = "fish"

    def make(word):
        return lambda text: f"{text} {word}"

    assert steps_in(song()) == steps_in(song())
    assert steps_in(make("a")) == steps_in(make("a"))
    assert steps_in(make("a"))[0][1] != steps_in(make("b"))[0][1]
    parallel = {"a": song(), "b": lambda x: lead}
    assert steps_in(parallel) == steps_in({"a": song(), "b": parallel["b"]})
