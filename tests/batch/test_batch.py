import asyncio
import threading

import pytest

from nbstream import (
    AIMessageChunk,
    ChatPromptTemplate,
    InputError,
    NbstreamError,
    ProviderError,
    ScriptedChat,
    StrOutputParser,
    Trace,
    _threads,
)
from nbstream.batch import Batch


def song():
    prompt = ChatPromptTemplate.from_template("A song about {animal}.")
    return prompt | ScriptedChat(["La", " la"]) | StrOutputParser()


@pytest.mark.parametrize("executor", ["threads", "loop"])
def test_outputs_come_in_the_order_of_the_inputs(executor):
    runs = Batch(song(), [{"animal": f"fish {n}"} for n in range(30)], executor=executor)
    assert runs.results() == ["La la"] * 30
    assert [line.index for line in runs.lines] == [*range(30)]
    assert {line.status for line in runs.lines} == {"done"}
    line = runs.lines[7]
    assert (line.input, line.text, line.tokens, line.tries) == ("fish 7", "La la", 2, 1)
    assert line.started <= line.first <= line.ended
    assert runs.status == "done"
    assert runs.metrics().counts["done"] == 30
    assert runs.metrics().output_tokens == 60


def test_a_generator_is_asked_only_for_what_can_run():
    drawn, hold = [], threading.Event()

    def inputs():
        for number in range(20):
            drawn.append(number)
            yield number

    def wait(number):
        hold.wait()
        return number

    runs = Batch(wait, inputs(), max_concurrency=3)
    assert runs.total is None
    runs.start()
    begun = threading.Event()
    runs.listen(begun.set)
    while runs.lines.counts["running"] < 3:
        begun.wait()
        begun.clear()
        runs.changed_since(0)
    assert drawn == [0, 1, 2]
    hold.set()
    assert runs.results() == [*range(20)]
    assert runs.total == 20


@pytest.mark.parametrize("executor", ["threads", "loop"])
def test_what_a_generator_of_inputs_raises_is_raised_and_what_ran_is_kept(executor):
    def inputs():
        yield 1
        raise OSError("the disk is gone")

    runs = Batch(str, inputs(), executor=executor)
    with pytest.raises(OSError, match="the disk is gone"):
        runs.results()
    assert runs.lines[0].output == "1"


def test_what_a_list_of_somebodys_own_raises_is_raised_too():
    class Rows:
        def __len__(self):
            return 5

        def __iter__(self):
            yield from [1, 2]
            raise OSError("the disk is gone")

    runs = Batch(str, Rows())
    with pytest.raises(OSError, match="the disk is gone"):
        runs.results()
    assert [line.output for line in runs.lines] == ["1", "2"]


def test_a_failed_run_is_named_and_stops_no_other():
    runs = Batch(lambda number: 1 / number, [1, 0, 2])
    with pytest.raises(NbstreamError, match=r"1 of 3 runs gave nothing: 1 \('0'\)"):
        runs.results()
    outputs = runs.results(return_exceptions=True)
    assert outputs[0::2] == [1, 0.5]
    assert type(outputs[1]) is ZeroDivisionError
    assert runs.metrics().failures == {"ZeroDivisionError": 1}


def test_what_has_failed_is_run_again_on_demand():
    broken = True

    def work(number):
        if broken and number % 2:
            raise ValueError("broken")
        return number

    runs = Batch(work, range(6))
    runs.wait()
    assert runs.lines.counts["failed"] == 3
    broken = False
    assert runs.retry_failed() == 3
    assert runs.results() == [*range(6)]
    assert runs.retry_failed() == 0


def test_an_error_that_may_pass_is_tried_again(monkeypatch):
    from nbstream.batch import _limits

    monkeypatch.setattr(_limits, "LONGEST", 0.0)
    tries = []

    def ask(_):
        tries.append(1)
        if len(tries) < 3:
            raise ProviderError("busy", status=529)
        return "here"

    runs = Batch(ask, ["x"])
    assert runs.results() == ["here"]
    assert runs.lines[0].tries == 3
    tries.clear()
    runs = Batch(ask, ["x"], retries=1)
    runs.wait()
    assert (runs.lines[0].status, runs.lines[0].tries) == ("failed", 2)
    assert runs.metrics().failures == {"ProviderError 529": 1}


@pytest.mark.parametrize("executor", ["threads", "loop"])
def test_stop_ends_what_runs_and_what_waits_and_keeps_the_text(executor):
    model = ScriptedChat(["go"] * 2_000, delay=0.02)
    runs = Batch(model, ["x"] * 10, executor=executor, max_concurrency=2).start()
    seen = threading.Event()
    runs.listen(seen.set)
    while not (len(runs.lines) and runs.lines[0].text and runs.lines[1].text):
        seen.wait()
        seen.clear()
        runs.changed_since(0)
    runs.stop(0)
    runs.stop(9)
    runs.stop()
    runs.wait()
    assert runs.status == "stopped"
    assert runs.lines.counts["stopped"] == 10
    assert runs.lines[0].text.startswith("go")
    with pytest.raises(NbstreamError, match="10 of 10 runs gave nothing"):
        runs.results()


def test_a_run_that_nobody_can_break_off_is_let_go():
    hold = threading.Event()

    def work(number):
        if number == 0:
            hold.wait()
        return number

    ended = []
    runs = Batch(work, [0, 1, 2], max_concurrency=1)
    runs.when_ended(lambda line: ended.append(line.index))
    runs.start()
    while not runs.lines.counts["running"]:
        pass
    thread = {one.name: one for one in threading.enumerate()}[runs.lines[0].worker]
    runs.stop(0)
    assert runs.results(return_exceptions=True)[1:] == [1, 2]
    hold.set()
    thread.join()
    assert runs.lines[0].status == "stopped"
    assert ended == [0, 1, 2]  # what came late did not count
    assert runs.trace(0).events[-1].kind == "cancelled"


def test_paused_nothing_begins():
    runs = Batch(str, range(5))
    runs.pause()
    runs.start()
    assert (runs.status, runs.is_paused) == ("paused", True)
    runs.resume()
    assert runs.results() == ["0", "1", "2", "3", "4"]


def test_lines_come_as_their_runs_end():
    first = threading.Event()

    def work(number):
        if number == 0:
            first.wait()
        return number

    lines = Batch(work, [0, 1], max_concurrency=2).as_completed()
    assert next(lines).index == 1
    first.set()
    assert [line.output for line in lines] == [0]


def test_it_can_be_awaited_and_iterated_in_async_code():
    async def double(number):
        await asyncio.sleep(0)
        return 2 * number

    async def main():
        runs = Batch(double, range(5))
        assert runs.lines[0:] == []
        lines = [line.index async for line in runs.as_completed()]
        assert sorted(lines) == [*range(5)]
        return await runs

    assert asyncio.run(main()) == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("executor", ["threads", "loop"])
def test_where_there_can_be_no_threads_it_runs_all_the_same(executor, monkeypatch):
    monkeypatch.setattr(_threads, "_CAN_START", False)
    assert Batch(str, range(3), executor=executor).results() == ["0", "1", "2"]

    async def main():
        return await Batch(str, range(3), executor=executor)

    assert asyncio.run(main()) == ["0", "1", "2"]


def test_a_chain_of_langchain_runs_and_is_logged():
    core = pytest.importorskip("langchain_core.runnables")
    models = pytest.importorskip("langchain_core.language_models")
    chain = core.RunnableLambda(str.upper) | models.FakeListChatModel(responses=["Blub"])
    for executor in ("threads", "loop"):
        runs = Batch(chain, ["a", "b"], executor=executor)
        assert [message.content for message in runs.results()] == ["Blub", "Blub"]
        assert runs.lines[1].text == "Blub"
        assert runs.lines[1].tokens == 4  # it says a letter at a time


def test_it_tells_which_lines_have_changed():
    runs = Batch(str, range(3))
    woken = []
    leave = runs.listen(lambda: woken.append(1))
    runs.wait()
    assert woken  # and not once for each change
    assert len(woken) == 1
    version, changed = runs.changed_since(0)
    assert changed == {0, 1, 2}
    assert runs.changed_since(version)[1] == set()
    leave()


def test_each_run_has_a_log_and_whoever_watches_around_sees_it_too():
    with Trace() as around:
        runs = Batch(song(), [{"animal": "fish"}])
        runs.wait()
    assert [run.name for run in runs.trace(0).runs] == [run.name for run in around.runs]
    assert runs.trace(0).output(runs.trace(0).runs[0]) == "La la"


def test_only_the_last_logs_are_kept_and_those_that_somebody_holds():
    runs = Batch(str, range(200), max_concurrency=1)
    held = {}
    runs.when_ended(lambda line: line.index or held.update(first=runs.trace(0)))
    runs.wait()
    assert runs.trace(0) is held["first"] is not None
    held.clear()
    assert runs.trace(0) is None
    assert runs.trace(199) is not None


def test_usage_cost_and_odds_are_in_the_line_and_the_frame():
    end = AIMessageChunk(
        "!",
        usage_metadata={"input_tokens": 3, "output_tokens": 7, "total_tokens": 10},
        response_metadata={
            "cost": {"amount": 0.5, "currency": "USD", "price_list": "x"},
            "logprobs": {"content": [{"token": "!", "logprob": -0.25, "top_logprobs": []}]},
        },
    )
    runs = Batch(ScriptedChat(["Hi", end]), ["a", "b"])
    assert len(runs.to_frame()) == 0
    runs.wait()
    row = runs.to_frame().iloc[1]
    assert (row["input_tokens"], row["output_tokens"], row["cost"], row["odds"]) == (
        3,
        7,
        0.5,
        -0.25,
    )
    assert runs.metrics().cost == 1.0


def test_rows_of_a_frame_are_dicts():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"animal": ["fish", "cats"], "output": [1, 2]})
    runs = Batch(song(), frame)
    assert runs.results() == ["La la", "La la"]
    assert [*runs.to_frame().columns][:5] == ["index", "animal", "output", "run_output", "status"]


def test_a_frame_without_the_columns_of_the_prompt_is_refused_and_they_are_named():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"animals": ["fish"], "n": [1]})
    with pytest.raises(InputError, match=r"needs 'animal', .* has 'animals', 'n'. Did you mean"):
        Batch(song(), frame)
    with pytest.raises(InputError, match="The DataFrame has no rows"):
        Batch(str, frame[:0])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inputs": []}, "There are no inputs"),
        ({"inputs": "one"}, r"not str 'one'. For a single one: Batch\(chain, \[input\]\)"),
        ({"inputs": {"a": 1}}, "needs a list, a generator or a DataFrame"),
        ({"chain": 5}, "A batch cannot run 5"),
        ({"inputs": ["a", {"x": 1}]}, "mixed forms: 0 is str 'a', and 1 is dict {'x': 1}"),
        ({"inputs": [{"x": 1}, "a"]}, "mixed forms"),
        ({"max_concurrency": 0}, "max_concurrency must be a whole number from 1, not int 0"),
        ({"retries": -1}, "retries must be a whole number from 0"),
        ({"executor": "cluster"}, "executor is"),
    ],
)
def test_what_cannot_be_used_is_refused(change, said):
    with pytest.raises(InputError, match=said):
        Batch(**{"chain": str, "inputs": ["x"], **change})
