"""`show` and `stream_to`, wherever they are called from."""

import asyncio
import json
import threading
import time

import pytest

from nbstream import (
    AIMessageChunk,
    InputError,
    RunnableLambda,
    ScriptedChat,
    StreamView,
    StrOutputParser,
    show,
    stream_to,
)

from .tasks import wait_until

WORDS = ["so ", "it ", "goes "]
FOREVER = WORDS * 10_000


async def texts(words=WORDS, delay=0.0):
    for text in words:
        await asyncio.sleep(delay)
        yield text


def wait_for_text(view):
    deadline = time.monotonic() + 10
    while len(view.text) < 12:
        assert time.monotonic() < deadline, view.status
        time.sleep(0.01)


SOURCES = {
    "a model": lambda words: (ScriptedChat(words, 0.01), "x"),
    "a chain": lambda words: (ScriptedChat(words, 0.01) | StrOutputParser(), "x"),
    "a stream": lambda words: (ScriptedChat(words, 0.01).stream("x"),),
    "an async stream": lambda words: (ScriptedChat(words, 0.01).astream("x"),),
    "an async generator": lambda words: (texts(words, 0.01),),
}


@pytest.mark.parametrize("name", SOURCES)
def test_it_returns_at_once_and_the_result_can_be_waited_for(name):
    view = show(*SOURCES[name](WORDS * 100), block=False)
    assert view.text != "".join(WORDS * 100)  # which takes three seconds
    value = view.result(30)
    assert getattr(value, "text", value) == "".join(WORDS * 100)
    assert view.status == "done"


@pytest.mark.parametrize("name", SOURCES)
def test_what_runs_elsewhere_can_be_stopped(name):
    view = show(*SOURCES[name](FOREVER), block=False)
    wait_for_text(view)
    view.stop()
    value = view.result(5)
    assert getattr(value, "text", value).startswith("so it goes")
    assert view.status == "stopped"
    over = {e.run.index for e in view.trace.events if e.kind == "cancelled"}
    assert over >= {run.index for run in view.trace.runs if run.run_type != "parser"}


def test_a_chain_that_waits_is_left_at_once():
    view = show(RunnableLambda(lambda x: time.sleep(5)), "x", block=False)
    time.sleep(0.1)
    view.stop()
    view.result(4)  # a TimeoutError, if the step were waited for
    assert view.status == "stopped"


def test_inside_a_running_loop():
    async def cell():
        views = [show(*make(WORDS * 5), block=False) for make in SOURCES.values()]
        first = views[0].result(10)  # blocks the cell, not what it waits for
        assert first.text == "".join(WORDS * 5)
        values = await asyncio.gather(*views)
        assert [getattr(v, "text", v) for v in values] == ["".join(WORDS * 5)] * len(views)
        late = show(texts(FOREVER, 0.01), block=False)
        with pytest.raises(TimeoutError, match="goes on"):
            late.result(0.1)
        late.stop()
        await late
        assert late.status == "stopped"

    asyncio.run(cell())


@pytest.mark.promise("docs/errors.md", "show returns at once in a notebook")
def test_an_error_is_raised_where_it_is_waited_for():
    view = show(ScriptedChat(["Here", ValueError("boom")]), "x", block=False)
    with pytest.raises(ValueError, match="boom"):
        view.result(5)
    assert (view.text, view.status) == ("Here", "failed")


def test_a_timeout_of_the_runs_own_is_not_taken_for_ours():
    view = show(ScriptedChat([TimeoutError("theirs")]), "x", block=False)
    time.sleep(0.2)
    with pytest.raises(TimeoutError, match="theirs"):
        view.result(5)


def test_options_are_the_views_own(capsys):
    view = show(WORDS, view="markdown", borders="bands", delimiter="/")
    assert (view.view, view.borders) == ("markdown", "bands")
    assert capsys.readouterr().out == "so /it /goes \n"
    with pytest.raises(InputError, match=r"no option 'colour'.*heat"):
        show(WORDS, colour="red")
    with pytest.raises(InputError, match="'sideways'"):
        show(WORDS, view="sideways")


@pytest.mark.promise("README.md", "with stream_to(view): shows whatever runs in the block")
def test_any_code_can_stream_to_a_view():
    view = StreamView()
    with stream_to(view):
        ScriptedChat(WORDS).invoke("x")
        list(ScriptedChat(["again"]).stream("x"))
    ScriptedChat(["elsewhere"]).invoke("x")
    assert [run.run_type for run in view.trace.runs] == ["chat_model", "chat_model"]
    assert view.text == "so it goes \n\nagain"
    assert view.result().text == "again"


def test_threads_and_tasks_stream_to_views_of_their_own():
    views = [StreamView() for _ in range(4)]

    def in_thread(view, word):
        with stream_to(view):
            list(ScriptedChat([word] * 20, 0.001).stream("x"))

    async def in_task(view, word):
        with stream_to(view):
            async for _ in ScriptedChat([word] * 20, 0.001).astream("x"):
                pass

    async def tasks():
        await asyncio.gather(in_task(views[2], "c"), in_task(views[3], "d"))

    threads = [
        threading.Thread(target=in_thread, args=(view, word))
        for view, word in zip(views, "ab", strict=False)
    ]
    for thread in threads:
        thread.start()
    asyncio.run(tasks())
    for thread in threads:
        thread.join()
    assert [view.text for view in views] == [word * 20 for word in "abcd"]


def test_what_streams_to_a_view_can_be_stopped_from_it():
    view = StreamView()

    def stop_soon():
        wait_for_text(view)
        view.stop()

    threading.Thread(target=stop_soon, daemon=True).start()
    with stream_to(view):
        ScriptedChat(FOREVER, 0.01).invoke("x")
        raise AssertionError("not reached")
    assert view.status == "stopped"
    assert view.text.startswith("so it goes")


def test_a_view_is_live_without_being_told(wire):
    view = StreamView()
    frames = wire(view)
    with view.trace:
        ScriptedChat(WORDS).invoke("x")
    wait_until(lambda: "so " in str(frames))


def test_an_export_has_the_form_its_name_says(tmp_path):
    view = show(["**a**", "<b>"])
    assert view.export(tmp_path / "a.md").read_text() == "**a**<b>"
    assert view.export(str(tmp_path / "a.txt")).read_text() == "**a**<b>"
    html = view.export(tmp_path / "a.html").read_text()
    assert "&lt;b&gt;" in html
    assert html.startswith("<!doctype html>")
    again = StreamView.from_jsonl(view.export(tmp_path / "a.jsonl"))
    assert again.text == "**a**<b>"
    with pytest.raises(InputError, match=r"'a.pdf'.*\.jsonl"):
        view.export(tmp_path / "a.pdf")


def test_half_a_character_from_a_broken_endpoint_does_no_harm(tmp_path, capsys):
    view = show(["fish ", "\ud83d"])
    assert view.text == "fish ?"
    assert capsys.readouterr().out == "fish |?\n"
    for suffix in ("jsonl", "md", "html"):
        view.export(tmp_path / f"a.{suffix}").read_text()
    assert StreamView.from_jsonl(tmp_path / "a.jsonl").value == "fish \ud83d"
    model = ScriptedChat(["\ud83d"], name="\ud83d")
    view = show(model, "\ud83d")
    json.dumps(view.get_state()["_log"], ensure_ascii=False).encode()


def test_the_page_gets_code_and_exports_when_it_asks(wire):
    view = StreamView()
    sent = wire(view)
    with stream_to(view):
        ScriptedChat(["Hi"]).invoke("x")
    view._settle()
    sent.clear()
    view._handle_custom_msg({"type": "export"}, [])
    assert StreamView.from_jsonl(sent[0]["text"]).text == "Hi"
    view._handle_custom_msg({"type": "module", "name": "markdown"}, [])
    assert "createMarkdown" in sent[1]["source"]
    view._handle_custom_msg({"type": "module", "name": "../widget"}, [])
    view._handle_custom_msg({"type": "module", "name": None}, [])
    assert len(sent) == 2


def test_thinking_and_tool_calls_stand_in_the_transcript():
    def piece(name, args):
        chunk = {"name": name, "args": args, "id": None, "index": 1}
        return AIMessageChunk(tool_call_chunks=[chunk])

    thought = AIMessageChunk([{"type": "thinking", "thinking": "<Hm.>", "index": 0}])
    view = show(ScriptedChat([thought, "I add.", piece("add<b>", ""), piece(None, "{}")]), "x")
    html = view._repr_mimebundle_()[0]["text/html"].partition("-->")[2]
    first, second = html.index("Thinking"), html.index("Calls add&lt;b&gt;")
    assert first < html.index("I add.") < second
    assert "&lt;Hm.&gt;" in html
    assert view.status == "done"


def test_what_cannot_be_read_of_a_librarys_stream_is_shown_as_it_is(monkeypatch, caplog):
    def read(*_):
        raise TypeError("a form of next year")

    monkeypatch.setattr("nbstream.sources._base.Answer.read", read)
    items = [{"choices": [{"delta": {"content": text}}]} for text in ("one", "two")]
    view = show(iter(items), block=True)
    assert view.status == "done"
    assert [text in view.text for text in ("one", "two")] == [True, True]
    assert "cannot be read" in caplog.text
