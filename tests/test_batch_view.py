"""Many runs in a view, as Python and the page's messages see it."""

import asyncio
import json
import threading

import pytest

from nbstream import BatchView, InputError, ProviderError, RunnableLambda, ScriptedChat, show_batch
from nbstream.batch import Batch
from nbstream.widget import _batch_frames, _batch_static
from nbstream.widget._batch_static import batch_to_html, batch_to_text
from nbstream.widget._pump import _PUMP

from . import batch_cases
from .tasks import wait_until

HOSTILE = '<img src=x onerror="hacked()">|**b** [x](javascript:alert(1))'


def pick(text):
    """Fail for some inputs, each in its own way."""
    if text.startswith("bad"):
        raise ValueError(f"no {text}")
    return text


MODEL = ScriptedChat(["Blub", ". ", HOSTILE])


def view_of(*inputs, **options):
    return BatchView(Batch(RunnableLambda(pick) | MODEL, inputs or ["a", "bad", "c"], **options))


def page(view, **message):
    view._handle_custom_msg(message, [])


def flushed(view):
    _PUMP.flush(view._feed)


def rows(frames, name):
    """What frames say of each line in the end, of one column."""
    known = {}
    for frame in frames:
        column = frame["status"] if name == "status" else frame["columns"][name]
        known.update(zip(frame["index"], column, strict=True))
    return known


def batch_frames(frames):
    return [frame for frame in frames if frame["type"] == "batch"]


class Held:
    """A chain whose runs wait until they may go on."""

    def __init__(self):
        self.go = threading.Event()
        self.began = threading.Event()

    def __call__(self, value):
        self.began.set()
        assert self.go.wait(10)
        return value


def held_view(count=3):
    held = Held()
    view = BatchView(Batch(RunnableLambda(held) | MODEL, ["a"] * count, max_concurrency=1))
    return held, view


def test_the_frames_are_those_of_the_fixture_which_the_page_reads_too():
    assert json.loads(batch_cases.FIXTURE.read_text()) == batch_cases.golden()


@pytest.mark.promise("docs/batch.md", "A run that fails takes nothing from the others")
def test_it_has_what_a_batch_has():
    view = show_batch(RunnableLambda(pick) | MODEL, ["a", "bad"], max_concurrency=1, view="events")
    assert (view.status, view.view) == ("done", "events")
    assert [type(one).__name__ for one in view.results(return_exceptions=True)] == [
        "AIMessage",
        "ValueError",
    ]
    assert [line.status for line in view.as_completed()] == ["done", "failed"]
    assert repr(view).startswith("<BatchView: done, 2 of 2 runs · 1 failed")
    # All but what a view itself asks.
    assert {name for name in dir(view.batch) if name[0] != "_" and not hasattr(view, name)} == {
        "chain",
        "changed_since",
        "listen",
    }
    assert (view.total, view.note, view.is_paused) == (2, "", False)


def test_it_is_awaited():
    async def wait():
        return await show_batch(MODEL, ["a", "b"], block=False)

    assert len(asyncio.run(wait())) == 2


def test_an_option_that_nobody_has_is_named():
    with pytest.raises(InputError, match="no option 'colour'"):
        show_batch(MODEL, ["a"], colour="red")
    with pytest.raises(InputError, match="shows a Batch, not list"):
        BatchView(["a"])


def test_only_what_changed_goes_out_and_a_text_is_not_sent_again(wire):
    held, view = held_view()
    frames = wire(view)
    view.start()
    assert held.began.wait(10)
    flushed(view)
    held.go.set()
    view.wait()
    flushed(view)
    sent = batch_frames(frames)
    assert [frame["since"] for frame in sent] == [*range(len(sent))]
    assert [frame["version"] for frame in sent] == [*range(1, len(sent) + 1)]
    assert rows(sent, "status") == {0: 2, 1: 2, 2: 2}
    assert sorted(i for frame in sent for i in frame["inputs"]["index"]) == [0, 1, 2]
    texts = {0: [], 1: [], 2: []}
    for frame in sent:
        columns = frame["texts"]
        for index, at, to, text in zip(*columns.values(), strict=True):
            assert to - at == len(text)
            texts[index].append((at, text))
    for index, parts in texts.items():
        assert [at for at, _ in parts] == [
            sum(len(text) for _, text in parts[:place]) for place in range(len(parts))
        ]
        assert "".join(text for _, text in parts) == view.lines[index].text
    count = len(frames)
    flushed(view)
    assert len(frames) == count  # nothing new, nothing sent


def test_of_very_many_lines_a_frame_has_some(wire, monkeypatch):
    monkeypatch.setattr(_batch_frames, "MAX_LINES", 4)
    view = view_of(*"abcdefghij")
    frames = wire(view)
    view.start()
    view.wait()
    wait_until(lambda: len(rows(batch_frames(frames), "status")) == 10)
    assert max(len(frame["index"]) for frame in batch_frames(frames)) == 4
    wait_until(lambda: set(rows(batch_frames(frames), "status").values()) == {2})


def test_a_page_that_opens_late_gets_all_of_it_and_one_that_missed_some_that(wire):
    view = view_of()
    view.start()
    view.wait()
    flushed(view)
    saved = view.get_state("_log")["_log"]
    assert saved["type"] == "batch"
    whole = saved["frame"]
    assert (whole["since"], whole["index"], whole["status"]) == (0, [0, 1, 2], [2, 3, 2])
    assert whole["errors"] == {"index": [1], "kind": ["ValueError"], "message": ["no bad"]}
    frames = wire(view)
    view.retry_failed()
    view.wait()
    flushed(view)
    page(view, type="since", version=whole["version"])
    answer = batch_frames(frames)[-1]
    assert (answer["since"], answer["index"]) == (whole["version"], [1])
    for bad in (-1, None, "1", 10**9):
        page(view, type="since", version=bad)


def test_displayed_once_more_it_goes_on_with_what_its_new_page_has(wire):
    view = view_of()
    view.start()
    for _ in range(5):
        view.wait()
        flushed(view)
        view.retry_failed()
    view.wait()
    view.close()
    view.open()
    version = view.get_state("_log")["_log"]["frame"]["version"]
    view._watch()
    frames = wire(view)
    view.retry_failed()
    view.wait()
    flushed(view)
    sent = batch_frames(frames)
    assert sent[0]["since"] <= version < sent[-1]["version"]
    assert rows(sent, "status")[1] == 3


def test_a_line_that_is_opened_brings_its_log(wire):
    view = view_of()
    view.start()
    view.wait()
    frames = wire(view)
    page(view, type="watch", line=0)
    said, log = [frame for frame in frames if frame.get("line") == 0]
    assert (said["type"], said["hasLog"], said["error"]) == ("line", True, "")
    assert said["output"] == "Blub. " + HOSTILE
    assert (log["type"], log["seq"]) == ("frame", 0)
    assert {item["kind"] for item in log["items"]} == {"start", "chunks", "end"}
    page(view, type="export", line=0)
    assert frames[-1]["text"] == view.trace(0).to_jsonl()
    page(view, type="resync", line=0, seq=2)
    assert (frames[-1]["line"], frames[-1]["seq"]) == (0, 2)
    page(view, type="leave", line=0)
    count = len(frames)
    page(view, type="resync", line=0, seq=2)
    assert len(frames) == count
    page(view, type="watch", line=1)
    assert [frame["error"] for frame in frames if frame["type"] == "line"][-1] == (
        "ValueError: no bad"
    )


@pytest.mark.promise("docs/batch.md", "of an older one there is its answer")
def test_a_line_whose_log_is_gone_says_what_came_of_it(wire, monkeypatch):
    view = view_of()
    view.start()
    view.wait()
    monkeypatch.setattr(Batch, "trace", lambda *_: None)
    frames = wire(view)
    page(view, type="watch", line=0)
    assert [frame["type"] for frame in frames] == ["line"]
    assert (frames[0]["hasLog"], frames[0]["output"]) == (False, "Blub. " + HOSTILE)


def test_lines_that_are_left_open_are_few():
    view = view_of(*"abcdefghijkl")
    view.start()
    view.wait()
    for index in range(12):
        page(view, type="watch", line=index)
    assert [*view._opened] == [*range(4, 12)]
    view.close()
    assert not view._opened


@pytest.mark.parametrize("line", [-1, 99, "0", True, 1.0, [0]])
def test_a_line_that_is_none_is_refused(wire, line):
    view = view_of()
    frames = wire(view)
    page(view, type="watch", line=line)
    assert frames[-1] == {"type": "problem", "text": "There is no such run in this batch."}


@pytest.mark.promise("docs/batch.md", "lets no further run begin")
def test_the_page_pauses_goes_on_stops_and_runs_again():
    held, view = held_view()
    view.start()
    assert held.began.wait(10)
    page(view, type="pause")
    assert view.status == "paused"
    page(view, type="resume")
    assert view.status == "running"
    page(view, type="stop", line=2)
    assert view.lines[2].status == "stopped"
    page(view, type="stop")
    held.go.set()
    wait_until(lambda: view.status == "stopped")
    stopped = [line.index for line in view.lines if line.status == "stopped"]
    assert stopped
    page(view, type="retry", line=2)
    view.wait()
    assert view.lines[2].status == "done"
    page(view, type="retry")
    view.wait()
    assert {line.status for line in view.lines} == {"done"}


def test_the_output_holds_the_widget_until_all_is_over_then_the_table():
    view = view_of()
    assert "application/vnd.jupyter.widget-view+json" in view._repr_mimebundle_()[0]
    view.start()
    view.wait()
    page(view, type="hello")
    data, _ = view._repr_mimebundle_()
    assert set(data) == {"text/html", "text/markdown", "text/plain"}
    assert data["text/plain"] == data["text/markdown"] == batch_to_text(view.batch)


@pytest.mark.promise("docs/batch.md", "at most 200 lines, failures first")
def test_the_table_has_failures_first_and_is_bounded(monkeypatch):
    monkeypatch.setattr(_batch_static, "MAX_LINES", 3)
    view = view_of("a", "b", "c", "bad", "d")
    view.start()
    view.wait()
    text = batch_to_text(view.batch)
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    assert [line.split(" | ")[0] for line in lines] == ["| 3", "| 0", "| 1"]
    assert text.startswith("**Done:** 5 of 5 runs · 1 failed")
    assert "Failures: ValueError 1" in text
    assert text.endswith("… and 2 more runs; to_frame() has them all.")
    html = batch_to_html(view.batch)
    assert html.count("<tr>") == 4
    assert "… and 2 more runs" in html


def test_what_models_say_is_text_in_the_table():
    view = view_of("<script>")
    view.start()
    view.wait()
    html, text = view._transcript()
    assert "<img" not in html
    assert "<script>" not in html
    assert "&lt;img src=x" in html
    # One cell stays one cell, and no link.
    row = text.splitlines()[-1]
    assert row.count(" | ") == 5
    assert "\\[x\\](javascript" in row
    assert "\\<script\\>" in row


def test_no_key_goes_out(monkeypatch, wire):
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-that-nobody-may-see")

    def fail(_):
        raise ProviderError("refused: a-key-that-nobody-may-see", status=401)

    view = BatchView(
        Batch(RunnableLambda(fail), ["a-key-that-nobody-may-see", "sk-0123456789abcdef0123"])
    )
    monkeypatch.setattr(Batch, "trace", lambda *_: None)
    frames = wire(view)
    view.start()
    view.wait()
    flushed(view)
    view.lines[1].output, view.lines[1].error = "It is sk-0123456789abcdef0123.", None
    for line in (0, 1):
        page(view, type="watch", line=line)
    shown = [json.dumps(frames), json.dumps(view.get_state("_log")), *view._transcript()]
    for one in shown:
        assert "nobody-may-see" not in one
        assert "sk-0123" not in one


@pytest.mark.promise("docs/batch.md", "writes it, and .md")
def test_it_is_written_to_a_file(tmp_path):
    view = view_of()
    view.start()
    view.wait()
    assert "| 1 | failed |" in view.export(tmp_path / "runs.md").read_text()
    assert "ValueError: no bad" in view.export(tmp_path / "runs.html").read_text()
    with pytest.raises(InputError, match=r"end with one of: \.md"):
        view.export(tmp_path / "runs.csv")


def test_a_file_of_runs_opens_with_the_log_of_each(wire, tmp_path):
    path = tmp_path / "runs.jsonl"
    show_batch(MODEL, ["a", "b"], into=path).wait()
    view = BatchView.from_file(path, view="timeline")
    assert (view.view, [line.status for line in view.lines]) == ("timeline", ["kept", "kept"])
    frames = wire(view)
    page(view, type="watch", line=1)
    # The pump may have sent its first frame of the lines, too.
    (said,) = [one for one in frames if one["type"] == "line"]
    (log,) = [one for one in frames if one["type"] == "frame"]
    assert (said["hasLog"], log["items"][0]["kind"]) == (True, "start")
    assert batch_to_text(view.batch).count("| kept |") == 2


def test_what_a_page_does_not_hear_costs_no_frames(monkeypatch):
    view = view_of()
    view.close()
    made = []
    view._watch()  # as where a program executes the notebook
    monkeypatch.setattr(view._feed, "_frame", lambda *_: made.append("one"))
    view.start()
    view.wait()
    flushed(view)
    assert not made
