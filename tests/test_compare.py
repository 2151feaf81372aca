"""`compare`: runs side by side, each with its own log, its own stop and its own errors."""

import threading
from contextlib import suppress

import pytest

from nbstream import (
    AIMessageChunk,
    BaseChatModel,
    ChatLocal,
    ChatPromptTemplate,
    CompareView,
    HumanMessage,
    InputError,
    RunnableLambda,
    ScriptedChat,
    StreamView,
    Trace,
    compare,
    show,
    stream_to,
)
from nbstream.widget._again import caller_of, retold

from .tasks import wait_until

FISH = ScriptedChat(["Blub", " blub"])


class Gate:
    """A chain that yields its words one at a time, each when it is let through."""

    def __init__(self, *words):
        self.words = words
        self.open = threading.Semaphore(0)
        self.came = threading.Semaphore(0)

    def chain(self):
        def stream(_):
            for word in self.words:
                self.came.release()
                self.open.acquire(timeout=20)
                yield word

        return RunnableLambda(stream)


def failing(_):
    yield "The answer is"
    raise ValueError("The endpoint broke off.")


def trace_of(*words):
    with Trace() as trace:
        ScriptedChat(list(words)).invoke("Say something.")
    return trace


def test_all_columns_run_at_the_same_time():
    gates = {"a": Gate("one", "two"), "b": Gate("three", "four")}
    view = compare({name: gate.chain() for name, gate in gates.items()}, "x", block=False)
    # Both have begun, and neither has ended: one behind the other, this would wait for ever.
    assert all(gate.came.acquire(timeout=20) for gate in gates.values())
    for gate in gates.values():
        gate.open.release(2)
    assert view.results(20) == {"a": "onetwo", "b": "threefour"}
    assert {name: trace.runs[0].name for name, trace in view.traces.items()} == {
        "a": "stream",
        "b": "stream",
    }


def test_a_model_can_be_asked_several_times():
    view = compare(FISH, "Hi", n=3, block=False)
    assert [message.text for message in view.results().values()] == ["Blub blub"] * 3
    assert list(view.columns) == ["run 1", "run 2", "run 3"]


def test_the_input_can_be_named():
    assert compare(FISH, input="Hi", n=2).texts == {"run 1": "Blub blub", "run 2": "Blub blub"}


def test_what_has_run_can_be_compared():
    seen = StreamView()
    with stream_to(seen):
        ScriptedChat(["Glug"]).invoke("x")
    view = compare(trace_of("Blub"), seen, trace_of("Plop"))
    assert view.texts == {"run 1": "Blub", "run 2": "Glug", "run 3": "Plop"}
    named = compare({"before": trace_of("Blub"), "after": trace_of("Glug")})
    assert named.texts == {"before": "Blub", "after": "Glug"}


def test_one_that_fails_leaves_the_others_alone(capsys):
    view = compare({"good": FISH, "bad": RunnableLambda(failing), "late": FISH}, "x", block=True)
    assert {name: column.status for name, column in view.columns.items()} == {
        "good": "done",
        "bad": "failed",
        "late": "done",
    }
    with pytest.raises(ValueError, match="broke off"):
        view.results()
    results = view.results(return_exceptions=True)
    assert isinstance(results["bad"], ValueError)
    assert results["late"].text == "Blub blub"
    printed = capsys.readouterr().out
    assert "bad: failed\nThe answer is\n\nValueError: The endpoint broke off." in printed
    assert "late: done\nBlub blub" in printed


def test_one_or_all_can_be_stopped():
    words = ["so "] * 100_000
    view = compare(ScriptedChat(words, 0.001), "x", n=3, block=False)
    wait_until(lambda: all(view.texts.values()))
    view.stop("run 2")
    assert view.columns["run 2"].result(20).text.startswith("so so")
    assert view.columns["run 2"].status == "stopped"
    assert view.columns["run 1"]._job.is_running
    view.stop()
    view.results(20)
    assert {column.status for column in view.columns.values()} == {"stopped"}


def test_a_wait_for_results_has_an_end():
    gate = Gate("one")
    view = compare({"a": gate.chain(), "b": FISH}, "x", block=False)
    with pytest.raises(TimeoutError):
        view.results(0.01)
    gate.open.release()
    assert view.results(20)["a"] == "one"


BAD = {
    "one column": (lambda: compare({"a": FISH}, "x"), "2 to 6 columns, not 1"),
    "none": (lambda: compare({}, "x"), "2 to 6 columns, not 0"),
    "seven": (lambda: compare({str(i): FISH for i in range(7)}, "x"), "2 to 6 columns, not 7"),
    "seven times": (lambda: compare(FISH, "x", n=7), "2 to 6 columns, not 7"),
    "very many times": (lambda: compare(FISH, "x", n=10**12), "not 1000000000000"),
    "no times": (lambda: compare(FISH, "x", n=0), "2 to 6 columns, not 0"),
    "fewer than none": (lambda: compare(FISH, "x", n=-1), "2 to 6 columns, not -1"),
    "n that is no number": (lambda: compare(FISH, "x", n="3"), "a whole number, not str '3'"),
    "n that is a bool": (lambda: compare(FISH, "x", n=True), "a whole number, not bool True"),
    "a single model": (lambda: compare(FISH, "x"), "not 1"),
    "a single trace": (lambda: compare(trace_of("x")), "not 1"),
    "seven traces": (lambda: compare(*[trace_of("x")] * 7), "not 7"),
    "a trace, n times": (lambda: compare(trace_of("x"), n=2), "takes no n"),
    "named, n times": (lambda: compare({"a": FISH, "b": FISH}, "x", n=2), "no n"),
    "a name": (lambda: compare({"a": FISH, "b": "gpt"}, "x"), "init_chat_model"),
    "a number": (lambda: compare({"a": FISH, "b": 3}, "x"), "'b' is int 3, which cannot be asked"),
    "a class": (lambda: compare(ChatLocal, "x", n=2), "cannot be asked"),
    "mixed": (lambda: compare({"a": FISH, "b": trace_of("x")}, "x"), "'b' has run and 'a' is"),
    "a trace and a model": (lambda: compare(trace_of("x"), FISH), "one or the other"),
    "no input": (lambda: compare({"a": FISH, "b": FISH}), "need an input"),
    "an input for traces": (lambda: compare(trace_of("x"), trace_of("y"), input="x"), "no input"),
    "too much": (lambda: compare({"a": FISH, "b": FISH}, "x", "y"), "'y' is one value too many"),
    "a name that is no text": (lambda: compare({1: FISH, "b": FISH}, "x"), "name is a text"),
    "an empty name": (lambda: compare({" ": FISH, "b": FISH}, "x"), "name is a text"),
    "an option": (lambda: compare(FISH, "x", n=2, delimeter="/"), "delimiter"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_error(name):
    make, said = BAD[name]
    with pytest.raises(InputError, match=said.replace("(", r"\(")) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_nothing_has_begun_where_a_column_cannot():
    asked = []
    with pytest.raises(InputError):
        compare({"a": RunnableLambda(asked.append), "b": 3}, "x")
    assert asked == []


def test_stop_names_the_columns_there_are():
    view = compare({"small": FISH, "large": FISH}, "x")
    with pytest.raises(InputError, match=r"'smal'.*small.*There are: small, large"):
        view.stop("smal")


@pytest.fixture
def shown():
    hostile = {"a": ScriptedChat(["<b>x</b>"]), "<i>b</i>": RunnableLambda(failing)}
    return compare(hostile, "x", block=True)


def test_what_is_saved_has_all_columns(shown, tmp_path):
    html = shown.export(tmp_path / "run.html").read_text()
    assert "&lt;b&gt;x&lt;/b&gt;" in html
    assert "&lt;i&gt;b&lt;/i&gt;" in html
    assert "<b>x</b>" not in html
    assert "<i>b</i>" not in html
    assert "The endpoint broke off." in html
    text = shown.export(tmp_path / "run.md").read_text()
    assert text.startswith("**a** (done)\n\n<b>x</b>\n\n---\n\n")
    assert "ValueError: The endpoint broke off." in text
    with pytest.raises(InputError, match=r"\.html"):
        shown.export(tmp_path / "run.doc")


def test_a_page_gets_all_columns_and_can_stop_one(shown):
    saved = shown._saved_log()
    assert [column["name"] for column in saved["columns"]] == ["a", "<i>b</i>"]
    assert [column["frames"][0]["seq"] for column in saved["columns"]] == [0, 0]
    html, text = shown._transcript()
    assert "display:flex" in html
    assert text.count("---") == 1
    for column in (2, -1, True, None, "a"):
        with pytest.raises(InputError, match="no such column"):
            shown._on_export({"column": column})


def test_a_call_that_waits_in_a_column_is_answered_there(shown):
    assert all(trace.readers for trace in shown.traces.values())
    with pytest.raises(InputError, match="does not wait"):
        shown._on_approve({"column": 1, "run": "x", "verdict": "allow"})
    shown.close()
    assert not any(trace.readers for trace in shown.traces.values())


def test_a_view_is_made_of_columns():
    view = compare({"small": FISH, "large": FISH}, "x")
    assert isinstance(view, CompareView)
    assert repr(view) == "<CompareView: 'small' done, 'large' done>"
    assert repr(view.columns["small"]) == "<Column 'small': done>"


def test_a_call_can_be_made_again_and_stands_beside_the_old_one():
    asked = []

    class Model(BaseChatModel):
        def _stream_messages(self, messages, **settings):
            asked.append(([m.content for m in messages], settings))
            yield AIMessageChunk("Blub")

    prompt = ChatPromptTemplate.from_messages([("system", "Brief."), "{x}"])
    chain = prompt | Model().bind(stop=["."])
    view = show(chain, {"x": "Hi"}, block=True)
    beside = view.run_again()
    assert list(beside.columns) == ["before", "again"]
    assert [run.name for run in beside.traces["before"].runs] == ["Model"]
    assert asked == [(["Brief.", "Hi"], {"stop": ["."]})] * 2
    view.run_again(2, "Something else.")
    assert asked[-1] == (["Something else."], {"stop": ["."]})
    other = view.run_again(model=ScriptedChat(["Glug"]))
    assert other.texts == {"before": "Blub", "again": "Glug"}


def test_a_call_that_a_trace_around_it_saw_can_be_made_again():
    with Trace() as around:
        show(FISH, "Hi", block=True)
    assert StreamView(around).run_again().texts == {"before": "Blub blub", "again": "Blub blub"}


def test_a_call_that_goes_on_cannot_be_made_again():
    gate = Gate("one")

    class Model(BaseChatModel):
        def _stream_messages(self, messages, **_):
            gate.came.release()
            assert gate.open.acquire(timeout=20)
            yield AIMessageChunk("Blub")

    view = show(Model(), "Hi", block=False)
    assert gate.came.acquire(timeout=20)
    with pytest.raises(InputError, match="has not ended yet"):
        view.run_again()
    gate.open.release()
    assert view.result(20).text == "Blub"


def test_what_cannot_be_called_again_says_why():
    view = show(RunnableLambda(lambda x: x), "x", block=True)
    with pytest.raises(InputError, match="No model was called"):
        view.run_again()
    with pytest.raises(InputError, match="only a model's call"):
        view.run_again(view.trace.runs[0])
    with pytest.raises(InputError, match="no run of this view"):
        view.run_again(7)
    read = StreamView(Trace.from_jsonl(trace_of("Blub").to_jsonl()))
    with pytest.raises(InputError, match=r"not at hand\. Pass one"):
        read.run_again()
    assert read.run_again(model=FISH).texts == {"before": "Blub", "again": "Blub blub"}
    with pytest.raises(InputError, match="takes no max_tokens"):
        read.run_again(model=FISH, max_tokens=3)


URLS = {
    "https://api.anthropic.com/v1/messages": "ChatAnthropic",
    "https://api.openai.com/v1/chat/completions": "ChatOpenAI",
    "https://api.openai.com/v1/responses": "ChatOpenAI",
    "http://localhost:1234/v1/chat/completions": "ChatOpenAI",
    "https://api.groq.com/openai/v1/chat/completions": "ChatOpenAI",
}


def watched_at(url):
    trace = Trace()
    return trace.start("M", "chat_model", [("human", "Hi")], model="m", metadata={"url": url})


@pytest.mark.parametrize("url", URLS)
def test_a_watched_call_is_made_again_at_its_own_address(url):
    model, _ = caller_of(watched_at(url))
    assert (type(model).__name__, model.model) == (URLS[url], "m")
    host = url.split("/")[2]
    assert model.base_url is None or host in model.base_url
    # A key goes only to the provider it is of.
    if model.key_variable == "OPENAI_API_KEY":
        assert host == "api.openai.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1/chat/completions",
        "https://api.openai.com.evil.example/v1/chat/completions",
        "https://api.anthropic.com@evil.example/v1/messages",
        "http://localhost:1/v1/messages",
        "ftp:/chat/completions",
        7,
        None,
    ],
)
def test_no_key_is_sent_to_an_address_that_is_not_known(url):
    with pytest.raises(InputError, match=r"view\.run_again"):
        caller_of(watched_at(url))


def test_edited_messages_keep_what_is_no_text():
    image = {"type": "image", "source": {"type": "base64", "data": "x"}}
    messages = [HumanMessage([image, {"type": "text", "text": "What?"}]), HumanMessage("Hi")]
    told = retold(messages, {"0": "Who?", "1": "Hi", "7": "x"})
    assert told[0].content == [image, {"type": "text", "text": "Who?"}]
    assert told[1] is messages[1]
    assert messages[0].text == "What?"


def test_the_page_writes_a_call_anew():
    asked = []

    class Model(BaseChatModel):
        def _stream_messages(self, messages, **_):
            asked.append([m.content for m in messages])
            yield AIMessageChunk("Blub")

    view = show(Model(), [("system", "Brief."), "Hi sk-none-of-your-business-12345"], block=True)
    told = []
    view._tell = told.append
    view._on_asked({"run": 0})
    assert told[0]["settings"] is None
    assert [message["role"] for message in told[0]["messages"]] == ["system", "human"]
    view._on_again({"run": 0, "texts": {"1": "Ho"}, "settings": {}})
    (beside,) = view._agains
    beside.results(20)
    assert asked[-1] == ["Brief.", "Ho"]
    html, text = view._transcript()
    assert html.count("Blub") >= 3
    assert "**again** (done)\n\nBlub" in text
    for settings in ({"max_tokens": 0}, {"max_tokens": True}, {"temperature": "x"}):
        with pytest.raises(InputError, match=r"is a (whole )?number"):
            view._on_again({"run": 0, "settings": settings})
    for run in (7, -1, "0", None, True):
        with suppress(InputError):
            view._on_asked({"run": run})
    assert len(view._agains) == 1
    view.close()
