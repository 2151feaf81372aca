import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import pytest

from nbstream import (
    ChatPromptTemplate,
    InputError,
    NbstreamError,
    ProviderError,
    ScriptedChat,
    StrOutputParser,
)
from nbstream.batch import Batch


def song(last=StrOutputParser):
    prompt = ChatPromptTemplate.from_template("A song about {animal}.")
    return prompt | ScriptedChat(["La", " la"]) | last()


INPUTS = [{"animal": f"fish {n}"} for n in range(20)]


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


def test_in_the_threads_of_a_pool():
    with ThreadPoolExecutor(3) as pool:
        runs = Batch(song(), INPUTS, executor=pool)
        assert runs.results() == ["La la"] * 20
        assert {line.worker[:18] for line in runs.lines} == {"ThreadPoolExecutor"}


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_a_stop_waits_for_no_run_that_cannot_be_broken_off(kind, processes, tmp_path):
    begun, hold = tmp_path / "begun", tmp_path / "hold"

    def wait(number):
        from time import sleep

        begun.touch()
        while not hold.exists():
            sleep(0.01)
        return number

    with ThreadPoolExecutor(1) as threads:
        runs = Batch(wait, range(4), executor=threads if kind == "threads" else processes).start()
        while not begun.exists():
            pass
        runs.stop()
        runs.wait()
        hold.touch()
    assert runs.lines.counts["stopped"] == 4


def test_in_processes_with_logs_and_errors(processes):
    def check(text):
        if text["animal"] == "fish 3":
            raise ProviderError("no fish", status=404)
        return text

    runs = Batch(check | song(), INPUTS, executor=processes)
    outputs = runs.results(return_exceptions=True)
    assert outputs.pop(3).status == 404
    assert outputs == ["La la"] * 19
    line = runs.lines[5]
    assert (line.text, line.tokens, line.tries) == ("La la", 2, 1)
    assert line.worker.partition(":")[2].isdigit()
    assert [run.name for run in runs.trace(5).runs][-1] == "StrOutputParser"
    assert runs.trace(3).events[-1].kind == "error"


def test_a_step_that_cannot_be_sent_is_named(processes):
    lock = threading.Lock()

    def guarded(value):
        with lock:
            return value

    with pytest.raises(InputError, match=r"Step 3, RunnableLambda\(guarded\), cannot be sent"):
        Batch(song(lambda: guarded), INPUTS, executor=processes)
    inside = {"a": lambda x: x, "b": song(lambda: guarded)}
    with pytest.raises(InputError, match=r"Step 2, RunnableLambda\(guarded\), cannot be sent"):
        Batch(inside, INPUTS, executor=processes)


def test_an_output_that_cannot_be_sent_fails_its_run_only(processes):
    runs = Batch(
        lambda n: (lambda: n) if n == 1 else __import__("threading").Lock(),
        [1, 2],
        executor=processes,
    )
    outputs = runs.results(return_exceptions=True)
    assert outputs[0]() == 1
    assert "The output cannot be sent from its process" in str(outputs[1])


def test_an_error_that_cannot_be_sent_comes_as_its_words(processes):
    class OddError(Exception):
        def __init__(self, said, code):
            super().__init__(said)

    def work(number):
        if number == 1:
            raise OddError("too dry", 5)
        if number == 2:
            raise SystemExit("left")
        return number

    runs = Batch(work, range(4), executor=processes)
    outputs = runs.results(return_exceptions=True)
    assert [str(one) for one in outputs] == ["0", "OddError: too dry", "SystemExit: left", "3"]


def test_a_pool_whose_process_dies_says_so():
    def leave(number):
        if number == 2:
            __import__("os")._exit(1)
        return number

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        runs = Batch(leave, range(50), executor=pool)
        with pytest.raises(NbstreamError, match="The executor takes no more runs: BrokenProcess"):
            runs.results()
    with pytest.raises(NbstreamError, match="Make a new one and call again"):
        Batch(str, range(5), executor=pool).results()
