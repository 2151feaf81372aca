"""Several runs in one log: the transcript has them one after the other."""

import pytest

from nbstream import ChatLocal, RunnableLambda, ScriptedChat, StreamView, Trace, stream_to
from nbstream.events._turns import turns
from nbstream.widget import _reading
from nbstream.widget._static import to_html, to_text

from .protocol_cases import CASES
from .test_hostile import assert_harmless


def state_of(name):
    trace, _ = CASES[name]
    return StreamView(trace)._job.state


def test_calls_in_one_view_are_turns_with_a_line_above_each():
    view = StreamView()
    with stream_to(view):
        for answer in ("One", "Two", "Three"):
            ScriptedChat([answer], name=f"model-{answer}").invoke("Hi")
    state = view._job.state
    assert to_text(state) == "\n\n".join(
        f"**You:** Hi\n\n**{run['name']}:** {text}"
        for run, text in zip(state["runs"], ("One", "Two", "Three"), strict=True)
    )
    html = to_html(state)
    assert "3 turns" in html
    assert [html.count(text) for text in ("One</div>", "Two</div>", "Three</div>")] == [1, 1, 1]


def test_the_text_of_several_calls_is_all_of_theirs():
    view = StreamView()
    with stream_to(view):
        for answer in ("One", "", "Three"):
            ScriptedChat([answer]).invoke("Hi")
    assert view.text == "One\n\nThree"


def test_an_agent_without_a_text_shows_the_models_in_it():
    def ask(text):
        ScriptedChat(["First."]).invoke(text)
        ScriptedChat(["Second."]).invoke(text)
        return {"messages": 2}

    with Trace() as trace:
        RunnableLambda(ask, name="agent").invoke("Hi")
    text = to_text(StreamView(trace)._job.state)
    assert text.index("First.") < text.index("Second.")
    assert "messages" not in text
    assert StreamView(trace).text == "First.\n\nSecond."


def test_one_run_reads_as_ever():
    with Trace() as trace:
        answer = ChatLocal(max_tokens=4).invoke("Hi")
    assert to_text(StreamView(trace)._job.state) == answer.content


def test_what_fails_behind_a_model_is_told_and_harmless():
    state = state_of("failed_behind_a_model")
    assert "ValueError: No <b>." in to_text(state)
    shown = assert_harmless(to_html(state, "")).texts
    assert "No <b>." in shown


def test_the_view_is_as_its_last_outermost_run():
    view = StreamView()
    first, second = view.trace.start("one"), None
    view.trace.log("error", first, ValueError("no"))
    assert view.status == "failed"
    second = view.trace.start("two")
    assert view.status == "waiting"
    view.trace.log("chunk", second, "text")
    assert view.status == "streaming"
    view.trace.log("end", second)
    assert view.status == "done"


def test_a_saved_page_of_many_turns_stays_small(monkeypatch):
    view = StreamView()
    with stream_to(view):
        for _ in range(5):
            ScriptedChat(["abcdef"]).invoke("Hi")
    monkeypatch.setattr(_reading, "MAX_TEXT", 10)
    html = to_html(view._job.state, "")
    assert html.count("abcdef") == 1
    assert "… 30 more characters" in html  # of five prompts and five answers
    monkeypatch.setattr(_reading, "MAX_STEPS", 3)
    assert "and 7 more" in to_html(view._job.state, "")
    assert len(turns(view._job.state["runs"])) == 5


@pytest.mark.parametrize("ending", [".md", ".txt"])
def test_an_export_has_all_turns(tmp_path, ending):
    view = StreamView()
    with stream_to(view):
        for answer in ("One", "Two"):
            ScriptedChat([answer]).invoke("Hi")
    text = view.export(tmp_path / f"both{ending}").read_text()
    assert "One" in text
    assert "Two" in text
