import asyncio
import gc
import json
import re
import time
import weakref

import pytest
from ipywidgets.widgets.widget import _instances

from nbstream import (
    AIMessage,
    ChatPromptTemplate,
    InputError,
    ScriptedChat,
    StreamView,
    StrOutputParser,
    Trace,
    show,
    stream_to,
)
from nbstream.events._state import apply, initial
from nbstream.widget import _page, _show, _static
from nbstream.widget._pump import _PUMP

from .tasks import wait_until

SCRIPT = ["Here", " is", " a"]


async def texts():
    for text in SCRIPT:
        await asyncio.sleep(0)
        yield text


def words():
    yield from SCRIPT


class LangChainLike:
    """A message chunk of another library's."""

    def __init__(self, content):
        self.content = content


STREAMS = {
    "a model's stream": lambda: (ScriptedChat(SCRIPT).stream("x"),),
    "a model's async stream": lambda: (ScriptedChat(SCRIPT).astream("x"),),
    "a model and its input": lambda: (ScriptedChat(SCRIPT), "x"),
    "a chain and its input": lambda: (
        ChatPromptTemplate(["{x}"]) | ScriptedChat(SCRIPT) | StrOutputParser(),
        {"x": 1},
    ),
    "a generator": lambda: (words(),),
    "a list": lambda: (SCRIPT,),
    "an async generator": lambda: (texts(),),
    "another library's chunks": lambda: (map(LangChainLike, SCRIPT),),
    "another library's blocks": lambda: (
        LangChainLike([{"type": "text", "text": text}]) for text in SCRIPT
    ),
}


@pytest.mark.promise("README.md", "show also takes any iterator or async iterator")
@pytest.mark.promise("README.md", "In a terminal it prints")
@pytest.mark.parametrize("name", [n for n in STREAMS if "blocks" not in n])
def test_everything_that_streams_is_shown(name, capsys):
    view = show(*STREAMS[name]())
    assert view.text == "Here is a"
    assert view.status == "done"
    assert view.metrics.chunks == 3
    assert capsys.readouterr().out == "Here| is| a\n"


def test_content_blocks_are_shown(capsys):
    assert show(STREAMS["another library's blocks"]()).text == "Here is a"


def test_printed_it_says_status_and_text():
    view = show(ScriptedChat(["word " * 40]), "x")
    assert str(view).startswith("<StreamView: done, 'word word ")
    assert str(view).endswith("word…'>")
    assert len(str(view)) < 90
    assert str(StreamView()) == "<StreamView: waiting, ''>"


def test_a_models_own_stream_is_logged_once():
    view = show(ScriptedChat(SCRIPT).stream("x"))
    assert [run.name for run in view.trace.runs] == ["ScriptedChat"]
    assert view.value == AIMessage("Here is a", id=view.value.id)


def test_a_foreign_stream_is_a_run_around_what_it_calls():
    def loud():
        for chunk in ScriptedChat(SCRIPT).stream("x"):
            yield chunk.text.upper()

    view = show(loud())
    assert [run.name for run in view.trace.runs] == ["loud", "ScriptedChat"]
    assert view.trace.runs[1].parent is view.trace.runs[0]
    assert view.value == "HERE IS A"


def test_inside_a_running_loop_too():
    async def cell():
        return show(texts()).text, show(ScriptedChat(SCRIPT), "x").text

    assert asyncio.run(cell()) == ("Here is a", "Here is a")


def test_other_values_are_shown_as_json():
    assert show([{"a": 1}, {"a": "\u00fc"}], delimiter="").text == '{"a": 1}{"a": "\u00fc"}'


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("text",), "str 'text' cannot be streamed"),
        ((42,), "int 42 cannot be streamed"),
        (({"a": 1},), "cannot be streamed"),
        ((ScriptedChat(["a"]),), r"needs an input.*show\(chain, input\)"),
        ((words, "x"), "has no stream"),
    ],
)
def test_what_cannot_be_streamed_is_named(arguments, said):
    with pytest.raises(InputError, match=said):
        show(*arguments)


def test_an_error_keeps_the_partial_text(capsys, monkeypatch):
    view = StreamView()
    monkeypatch.setattr(_show, "StreamView", lambda **_: view)
    with pytest.raises(ValueError, match="boom"):
        show(ScriptedChat(["Here", ValueError("boom")]), "x")
    assert (view.text, view.status) == ("Here", "failed")
    assert capsys.readouterr().out == "Here\n"


# The widget's traits and messages


@pytest.mark.promise("docs/architecture.md", "Nothing is sent twice")
def test_a_page_that_opens_late_gets_the_whole_log_and_no_other_message_repeats_it(wire):
    view = StreamView()
    frames = wire(view)
    with view.trace:
        stream = ScriptedChat(["x"] * 500).stream("x")
        for _ in range(100):
            next(stream)
        late = initial()
        assert apply(late, view.get_state()["_log"])
        seen = len(frames)
        list(stream)
    view._settle()
    state = initial()
    assert all(apply(state, frame) for frame in frames)
    assert "".join(state["runs"][0]["texts"]) == "x" * 500
    assert all(apply(late, frame) for frame in frames[seen:])
    assert late == state
    assert len(json.dumps(frames)) < 500 * 20


@pytest.mark.promise("docs/architecture.md", "gets the whole log once: get_state puts it into")
def test_the_log_goes_out_only_when_asked_for():
    view = StreamView(_finished())
    assert view.get_state("delimiter") == {"delimiter": "|"}
    assert view.get_state(["delimiter", "_log"])["_log"]["items"]
    assert view.get_state("_log")["_log"]["items"]
    assert view.get_state()["_log"]["items"]
    assert view.get_state(drop_defaults=True)["_log"]["items"]


def test_a_page_that_missed_something_is_answered(wire):
    view = StreamView()
    frames = wire(view)
    with view.trace:
        list(ScriptedChat(SCRIPT).stream("x"))
    view._settle()
    frames.clear()
    view._handle_custom_msg({"type": "resync", "seq": 2}, [])
    assert frames[0]["seq"] == 2
    assert frames[0]["items"][0]["text"] == [" is", " a"]


@pytest.mark.parametrize(
    "message", [{}, {"type": "resync"}, {"type": "resync", "seq": -1}, {"type": "x"}]
)
def test_other_messages_are_passed_over(wire, message):
    view = StreamView()
    frames = wire(view)
    view._handle_custom_msg(message, [])
    assert frames == []


def _finished(*chunks):
    with Trace() as trace:
        list(ScriptedChat(chunks or SCRIPT).stream("x"))
    return trace


def test_a_view_of_a_finished_log():
    view = StreamView(_finished())
    assert (view.text, view.status) == ("Here is a", "done")
    assert StreamView().status == "waiting"
    assert StreamView().value is None


def test_the_output_reads_well_without_the_widget():
    data, _ = StreamView(_finished())._repr_mimebundle_()
    assert data["text/plain"] == data["text/markdown"] == "Here is a"
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "Done" in data["text/html"]
    assert "3 chunks" in data["text/html"]


# The transcript


def visible(html):
    return re.sub(r"<[^>]*>", "", html).replace("&#10;", "\n")


def html_of(*chunks, delimiter="|"):
    return StreamView(_finished(*chunks), delimiter=delimiter)._repr_mimebundle_()[0]["text/html"]


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</div></span><svg onload=alert(1)>",
    "&lt;b&gt;",
    "\"'><iframe src=javascript:alert(1)>",
]


@pytest.mark.promise(
    "docs/architecture.md", "it is escaped in the transcript and goes into text nodes on the page"
)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_a_model_says_is_text_in_the_transcript(hostile):
    tags = set(re.findall(r"<(\w+)", html_of("plain", "x")))
    html = html_of("a", hostile, *hostile)
    assert set(re.findall(r"<(\w+)", html)) == tags
    assert not re.search(r"<[^>]*\son\w+=", html)
    assert tags <= set(re.findall(r"<(\w+)", html_of("a", "b", delimiter=hostile)))


@pytest.mark.parametrize("hostile", [*HOSTILE, "--> <b>out</b>", "\n\n-->", "]]>", "-" * 300])
def test_a_transcript_begins_with_a_line_to_be_read(hostile):
    """JupyterLab shows the first line of an output that is folded."""
    html = html_of(f"Goldfish, {hostile}", " on the moon")
    first, _, rest = html.partition("\n")
    assert re.fullmatch(r"<!-- Goldfish, [\w .,:;!?'()…]* -->", first)
    assert len(first) < 120
    assert rest.startswith("<div data-nbstream=")
    assert html_of("-->").startswith("<!-- Model output -->\n")


def test_no_line_of_a_transcript_is_blank():
    """In Markdown, which notebooks are converted to, a blank line ends what is HTML."""
    html = html_of("one\n", "\n", "two\n \t\n\n\nthree", "\n\n")
    assert not re.search(r"\n[ \t]*\n", html)
    assert visible(html.partition("-->")[2]).count("\n") >= 8


@pytest.mark.promise("docs/errors.md", "The view shows its message")
def test_hostile_names_and_errors_are_text_too():
    chain = ScriptedChat([ValueError(HOSTILE[1])], name=HOSTILE[0]) | StrOutputParser()
    with Trace() as trace, pytest.raises(ValueError, match="onerror"):
        list(chain.stream("x"))
    html = StreamView(trace)._repr_mimebundle_()[0]["text/html"]
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;img" in html


def test_the_delimiter_is_between_chunks_and_cannot_be_selected():
    html = html_of()
    assert "Here| is| a" in visible(html)
    assert html.count("user-select:none") == 2
    assert "Here is a" in visible(html_of(delimiter=""))


@pytest.mark.promise("docs/architecture.md", "no script, bounded in size")
def test_the_transcript_is_bounded(monkeypatch):
    monkeypatch.setattr(_static, "MAX_MARKED", 3)
    assert "0|1|2345" in visible(html_of(*"012345"))
    monkeypatch.setattr(_static, "MAX_TEXT", 4)
    html = visible(html_of(*"012345"))
    assert "0|1|23\n\n… 2 more characters" in html
    assert "45" not in html
    long = visible(html_of("0123456789"))
    assert "0123\n\n… 6 more characters" in long


def test_a_chain_lists_its_steps():
    with Trace() as trace:
        list((ScriptedChat(SCRIPT) | StrOutputParser()).stream("x"))
    html = StreamView(trace)._repr_mimebundle_()[0]["text/html"]
    assert "<details" in html
    assert "Timeline · 3 steps" in html
    assert "<script" not in html


def test_steps_stand_under_their_callers_and_are_bounded(monkeypatch):
    trace = Trace()
    runs = [trace.start("all")]
    for parent, name in [(0, "a"), (0, "b"), (2, "b1"), (1, "a1")]:
        runs.append(trace.start(name, parent=runs[parent]))
    html = StreamView(trace)._repr_mimebundle_()[0]["text/html"]
    assert re.findall(r"pre-wrap\">(\w+)</td>", html) == ["all", "a", "a1", "b", "b1"]
    monkeypatch.setattr(_static, "MAX_STEPS", 3)
    html = StreamView(trace)._repr_mimebundle_()[0]["text/html"]
    assert html.count("<tr>") == 3
    assert "… and 2 more" in html


@pytest.mark.parametrize(
    ("chunks", "said"),
    [([""], "The model gave no text."), ([], "Waiting for the first token…")],
)
def test_no_text_is_said(chunks, said):
    trace = _finished("") if chunks else Trace()
    assert said in StreamView(trace)._repr_mimebundle_()[0]["text/html"]


# The notebook's outputs


class Display:
    """An output of a notebook."""

    def __init__(self, fails=False):
        self.updates = []
        self.fails = fails

    def update(self, data, **_):
        self.updates.append((time.monotonic(), data["text/plain"]))
        if self.fails:
            raise OSError("gone")


@pytest.mark.promise("docs/architecture.md", "at most two a second for each view")
def test_many_short_runs_are_written_into_an_output_at_most_twice_a_second():
    view, display = StreamView(), Display()
    view._displays.append(display)
    model, started = ScriptedChat(["a", "b"]), time.monotonic()
    with stream_to(view):
        while time.monotonic() < started + 1.2:
            model.invoke("x")
    wait_until(lambda: view._outputs.is_written)
    lasted = time.monotonic() - started
    assert len(view.trace.runs) > 100
    assert len(display.updates) <= lasted / 0.5 + 2


def test_an_output_that_cannot_be_written_keeps_neither_the_run_nor_the_others_from_it(caplog):
    view, bad, good = StreamView(), Display(fails=True), Display()
    view._displays += [bad, good]
    with stream_to(view):
        assert ScriptedChat(["a", "b"]).invoke("x").content == "ab"
    wait_until(lambda: good.updates)
    assert good.updates[-1][1] == "ab"
    assert "could not be updated" in caplog.text


def test_what_has_not_changed_is_not_written_again():
    view, display = StreamView(_finished()), Display()
    view._displays.append(display)
    view._settle()
    view._settle()
    assert len(display.updates) == 1


def displayed(view, monkeypatch):
    """Display a view as a notebook does, and return what its output is given."""
    given = []

    class Handle:
        def update(self, data, **_):
            given.append(data)

    def display(data, **_):
        given.append(data)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    view._display()
    return given


def run_in(view):
    with stream_to(view):
        ScriptedChat(["Hi", " there"]).invoke("x")


def test_the_transcript_is_sent_once(monkeypatch):
    # The first view: the page says that it takes places only after the run.
    monkeypatch.setattr(_page, "HELLO_BY", 1_000)
    first = StreamView()
    given = displayed(first, monkeypatch)
    run_in(first)
    wait_until(lambda: all(due > time.monotonic() for due in dict(_PUMP._waiting).values()))
    first._handle_custom_msg({"type": "hello"}, [])
    wait_until(lambda: len(given) > 1 and first._outputs.is_written)
    # From then on it is known, and a run may be over before the page has opened its view.
    second = StreamView()
    more = displayed(second, monkeypatch)
    run_in(second)
    second._settle()
    second._handle_custom_msg({"type": "hello"}, [])
    third = StreamView(second.trace)
    whole = displayed(third, monkeypatch)
    third._handle_custom_msg({"type": "hello"}, [])
    wait_until(lambda: second._outputs.is_written and third._outputs.is_written)
    wait_until(lambda: not {second._outputs, third._outputs} & set(_PUMP._waiting))
    for outputs in (given, more, whole):
        told = [data for data in outputs if "there" in data["text/html"]]
        assert len(told) == 1
        assert [mime for mime in told[0] if "widget" in mime] == []


def test_where_no_page_takes_places_the_transcript_stands_beside_the_widget(monkeypatch):
    view = StreamView()
    given = displayed(view, monkeypatch)
    run_in(view)
    wait_until(lambda: len(given) > 1)
    assert "there" in given[-1]["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in given[-1]


def test_the_saved_output_is_hardly_larger_than_its_text():
    words = ["word "] * 2_000
    html = html_of(*words)
    assert len(html.encode()) <= 2.5 * len("".join(words))
    assert html.count("user-select:none") > 100


@pytest.mark.promise(
    "docs/architecture.md", "the widget is closed; displayed once more, it opens again"
)
def test_a_widget_that_no_output_shows_is_closed_and_opens_again():
    view = StreamView()
    with stream_to(view):
        ScriptedChat(["a"]).invoke("x")
    view._handle_custom_msg({"type": "bye"}, [])
    assert view.comm is None
    assert view.text == "a"
    assert "application/vnd.jupyter.widget-view+json" not in view._repr_mimebundle_()[0]
    view.open()
    assert "application/vnd.jupyter.widget-view+json" in view._repr_mimebundle_()[0]


def test_a_widget_that_is_closed_leaves_nothing_open():
    before = set(_instances)
    view = StreamView()
    assert len(set(_instances) - before) == 2  # it and its layout
    view.close()
    assert set(_instances) == before
    view.open()
    assert view.layout.comm is not None
    assert set(_instances) - before == {view.model_id, view.layout.model_id}
    view.close()


def test_a_widget_is_not_closed_while_it_streams():
    view = StreamView()
    with view.trace:
        stream = ScriptedChat(["a", "b"]).stream("x")
        next(stream)
        view._handle_custom_msg({"type": "bye"}, [])
        assert view.comm is not None
        list(stream)


def test_a_view_that_is_let_go_leaves_nothing_behind():
    def once():
        view = show(ScriptedChat(["a"]), "x")
        view._handle_custom_msg({"type": "bye"}, [])
        return weakref.ref(view), weakref.ref(view.trace)

    refs = [ref for _ in range(5) for ref in once()]
    # The pump may still be at its round with the last one.
    wait_until(lambda: gc.collect() >= 0 and not [ref for ref in refs if ref() is not None])


def test_a_trace_does_not_hold_on_to_the_views_of_it_that_were_closed():
    trace = _finished()

    def once():
        view = StreamView(trace)
        view._handle_custom_msg({"type": "bye"}, [])
        return weakref.ref(view)

    refs = [once() for _ in range(3)]
    wait_until(lambda: gc.collect() >= 0 and not [ref for ref in refs if ref() is not None])


def test_a_view_that_opens_again_writes_its_outputs_again():
    view, display = StreamView(), Display()
    view.close()
    view.open()
    view._watch()
    view._displays.append(display)
    with stream_to(view):
        ScriptedChat(["a"]).invoke("x")
    wait_until(lambda: display.updates)


def test_a_page_that_is_gone_at_the_end_of_a_cell_is_no_failure(caplog):
    view = StreamView()

    def gone(*_, **__):
        raise OSError("gone")

    view.comm.publish_msg = gone
    with view.trace:
        ScriptedChat(["a"]).invoke("x")
    view._settle()
    assert "could not be fed" in caplog.text
