"""The cell magic on the embedded model: what streams, what is stored, how it fails."""

import threading

import pytest

from nbstream import (
    AIMessage,
    AIMessageChunk,
    InputError,
    RunnableGenerator,
    ScriptedChat,
    Trace,
    chain,
)
from nbstream.magics._errors import CellError, CellStopped

from ..endpoint import Endpoint, refuses, says
from ..tasks import wait_until


@pytest.mark.promise("README.md", "the variable song holds the message")
def test_a_cell_streams_and_stores_the_message(ip, capsys):
    ip.run_cell_magic("chat", "--model local --max-tokens 12 --as answer", "Say hello.")
    answer = ip.user_ns["answer"]
    assert isinstance(answer, AIMessage)
    assert answer.usage_metadata["output_tokens"] <= 12
    said = capsys.readouterr().out.replace("|", "").strip()
    ended = answer.ended_early or ""
    assert said.endswith(ended)
    assert said.removesuffix(ended).strip() == answer.text.replace("|", "").strip()


def test_short_options_and_another_delimiter(ip, capsys):
    ip.user_ns["bot"] = ScriptedChat(["one", "two"])
    ip.run_cell_magic("chat", "-m bot -s 'You are brief.' -d ' / '", "Count to ten.")
    assert capsys.readouterr().out == "one / two\n"


def test_what_a_shell_takes_for_a_comment_is_none(ip, capsys):
    ip.user_ns["bot"] = ScriptedChat(["one", "two"])
    ip.run_cell_magic("chat", "-d # --model bot", "Count to ten.")
    assert capsys.readouterr().out == "one#two\n"


def test_the_delimiter_can_be_switched_off(ip, capsys):
    ip.user_ns["bot"] = ScriptedChat(["one", "two"])
    ip.run_cell_magic("chat", "-m bot -d ''", "Count to ten.")
    assert capsys.readouterr().out == "onetwo\n"


@pytest.mark.parametrize(
    "line",
    [
        "-m local -n 4 --temperature 0",
        "-m local -n 4 -t 1.2 --view markdown",
        "-m local -n 4 --events",
        "-m local -n 4 --raw --no-history",
        "-m local -n 4 --system 'Be brief.' --debug",
        "-m local -n 4 -N -r -e -D",
    ],
)
def test_options_on_the_embedded_model(ip, magics, line):
    ip.run_cell_magic("chat", line, "Hi")
    assert magics.session.last.view.status == "done"


def test_view_options_reach_the_view(run, magics, recorder):
    view = lambda: magics.session.last.view  # noqa: E731
    run("%%chat -m bot\nHi")
    assert (view().view, view().delimiter) == ("tokens", "|")
    run("%%chat -m bot --events -d /\nHi")
    assert (view().view, view().delimiter) == ("timeline", "/")
    run("%%chat -m bot --view markdown\nHi")
    assert view().view == "markdown"


def test_system_comes_first_and_can_be_switched_off(run, magics, recorder):
    magics.system = "Be brief."
    run("%%chat -m bot -N\nHi")
    run("%%chat -m bot -N -s 'Be long.'\nHi")
    run("%%chat -m bot -N -s ''\nHi")
    hi = ("human", "Hi")
    assert recorder.asked == [[("system", "Be brief."), hi], [("system", "Be long."), hi], [hi]]


@pytest.mark.parametrize("rules", ["Be brief.", 'Don\'t say "no".', "a -n 3 {b} $c", ""])
@pytest.mark.parametrize("written", ["'{rules}'", "{rules}", '{ held["the rules"] }'])
def test_values_of_options_can_be_expressions(ip, run, recorder, rules, written):
    ip.user_ns.update(rules=rules, held={"the rules": rules})
    run(f"%%chat -m bot -N --system {written}\nHi")
    assert recorder.asked == [[*([("system", rules)] if rules else []), ("human", "Hi")]]


def test_braces_and_dollars_in_an_option_are_what_was_written(ip, run, recorder):
    ip.user_ns["c"] = "wrong"
    run("%%chat -m bot --system 'Answer as {{}}, for $c.'\nHi")
    assert recorder.asked[0][0] == ("system", "Answer as {}, for $c.")


def test_an_edited_turn_keeps_the_expression_not_its_value(ip, run, recorder, talk):
    ip.user_ns["rules"] = "Be brief."
    run("%%chat -m bot --system {rules}\nHi")
    assert talk().turns[0].origin.line == "-m bot --system {rules}"


def test_raw_sends_braces_as_they_are(run, recorder):
    run('%%chat -m bot --raw\n{"a": {x}}')
    assert recorder.asked == [[("human", '{"a": {x}}')]]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%%chat\n  \n ", "The cell is empty"),
        ("%%chat -m lokal\nHi", "Unknown model 'lokal'. Did you mean 'local'?"),
        ("%%chat -m anthropic:claude-x\nHi", "ANTHROPIC_API_KEY"),
        ("%%chat -m anthropic:claude-x\nHi", "%chat key"),
        ("%%chat --as 1x\nHi", "--as needs a variable's name, not '1x'"),
        ("%%chat --as if\nHi", "'if'"),
        ("%%chat -n 0\nHi", "--max-tokens needs a whole number"),
        ("%%chat -n few\nHi", "'few'"),
        ("%%chat -t hot\nHi", "--temperature needs a number"),
        ("%%chat --view tokns\nHi", "Did you mean 'tokens'?"),
        ("%%chat --to makrdown\nHi", "Did you mean 'markdown'?"),
        ("%%chat --modle local\nHi", "no option --modle. Did you mean '--model'?"),
        ("%%chat --bogus\nHi", "%%chat? lists them"),
        ("%%chat -m\nHi", "--model expected one argument"),
        ("%%chat local\nHi", "as in --model local"),
        ("%%chat -s Don't\nHi", "A quote is not closed"),
        ("%%chat -m local\nHi {nobody}", "no variable 'nobody'"),
        ("%%chat -m local --system {nobody}\nHi", "no variable 'nobody'"),
        ("%%chat -m local --system {rules\nHi", "a { that is not closed"),
        ("%%chat -m anthropic:\nHi", "lacks the model's name"),
        ("%%chat -m local\n" + "moon " * 4000, "Shorten the prompt"),
        ("%%chat -m local --bg --to text\nHi", "Leave one of them out"),
        ("%%chat -m local --image nothing.png\nHi", "is no variable, and"),
        ("%%chat --chain nothing\nHi", "no variable 'nothing'"),
        ("%%chat -m local --tools nothing\nHi", "no variable 'nothing'"),
        ("%%chat -m local --schema nothing\nHi", "no variable 'nothing'"),
        ("%%chat -m local --replace 3\nHi", "no turn 3"),
    ],
)
def test_bad_input_ends_the_cell_with_one_line(fails, talk, code, said):
    assert said in fails(code)
    assert talk().turns == []


def test_a_cell_without_a_second_line_is_said_to_be_empty(ip, capsys):
    assert not ip.run_cell("%%chat -m local").success
    assert "the cell body is empty" in capsys.readouterr().err


def test_an_endpoint_that_is_down_is_said_in_one_line(ip, fails, talk):
    from nbstream import ChatAnthropic

    settings = {"base_url": "http://127.0.0.1:9", "api_key": "k" * 20, "max_retries": 0}
    ip.user_ns["gone"] = ChatAnthropic("gone", **settings)
    said = fails("%%chat -m gone --as nothing\nHi")
    assert "could not be reached" in said
    assert "run this again" in said
    assert "nothing" not in ip.user_ns
    assert talk().turns == []


def endpoint_model(endpoint):
    from nbstream import ChatAnthropic

    return ChatAnthropic("remote", base_url=endpoint.url, api_key="k" * 20, max_retries=0)


def test_temperature_and_max_tokens_reach_a_variables_endpoint_and_leave_it_as_it_was(ip, run):
    with Endpoint(says("Hello")) as endpoint:
        model = ip.user_ns["remote"] = endpoint_model(endpoint)
        run("%%chat -m remote -t 0.5 -n 7\nHi")
    (request,) = endpoint.requests
    assert (request["temperature"], request["max_tokens"]) == (0.5, 7)
    assert (model.extra_body, model.max_tokens) == (None, 1024)


def test_an_endpoint_without_temperature_says_what_to_leave_out(ip, fails):
    said = "temperature: Extra inputs are not permitted"
    with Endpoint(refuses(400, "invalid_request_error", said)) as endpoint:
        ip.user_ns["remote"] = endpoint_model(endpoint)
        assert "leave out --temperature" in fails("%%chat -m remote -t 0.5\nHi")


def test_a_model_that_takes_no_setting_says_so(fails, recorder):
    assert "--temperature: the model in 'bot' (Recorder) takes none" in fails(
        "%%chat -m bot -t 1\nHi"
    )


def test_what_is_too_long_for_a_claude_says_so(ip, fails):
    said = "prompt is too long: 210000 tokens > 200000 maximum"
    with Endpoint(refuses(400, "invalid_request_error", said)) as endpoint:
        ip.user_ns["remote"] = endpoint_model(endpoint)
        assert "Shorten the prompt" in fails("%%chat -m remote\nHi")


@pytest.mark.promise("README.md", "--chain sends it through a chain")
def test_a_chain_gets_the_text_and_its_answer_is_a_turn(ip, run, talk):
    @chain
    def shout(text):
        return text.upper() + "!"

    ip.user_ns["shout"] = shout
    assert (
        run("%%chat --chain shout --as said\nhello {1 + len('a') if shout else 0}") == "HELLO 2!\n"
    )
    assert ip.user_ns["said"] == "HELLO 2!"
    (turn,) = talk().turns
    assert (turn.answer.text, turn.model) == ("HELLO 2!", "shout")


def test_a_chain_of_another_library_is_logged_too(ip, run, magics):
    class Foreign:
        def stream(self, text):
            yield from ("Hel", "lo")

    ip.user_ns["foreign"] = Foreign()
    assert run("%%chat --chain foreign\nHi") == "Hel|lo\n"
    assert magics.session.last.text == "Hello"


@pytest.mark.parametrize("option", ["-m local", "-s Be", "-n 3", "-t 1", "-T x", "-S x"])
def test_what_a_chain_brings_itself_is_refused(ip, fails, option):
    ip.user_ns["said"] = ScriptedChat(["x"])
    assert "does not go with --chain" in fails(f"%%chat --chain said {option}\nHi")


def test_what_is_no_chain_is_refused(ip, fails):
    ip.user_ns["number"] = 1
    assert "'number' is of type int, which cannot stream" in fails("%%chat --chain number\nHi")


@pytest.mark.promise(
    "docs/errors.md", "A %%chat cell ends with one line; --debug shows the traceback"
)
def test_an_error_of_the_users_own_chain_is_one_line_and_debug_shows_it_all(ip, fails, capsys):
    @chain
    def broken(text):
        return {}["lost"]

    ip.user_ns["broken"] = broken
    said = fails("%%chat --chain broken\nHi")
    assert said.startswith("KeyError: 'lost'. Add --debug")
    assert isinstance(ip.run_cell("%%chat --chain broken --debug\nHi").error_in_exec, KeyError)
    assert "Traceback" in capsys.readouterr().out


def test_an_interrupt_ends_the_cell_with_one_line_and_keeps_the_text(ip, capsys, talk):
    def half(chunks):
        yield "half an"
        raise KeyboardInterrupt

    ip.user_ns["half"] = RunnableGenerator(half)
    error = ip.run_cell("%%chat --chain half\nHi").error_in_exec
    assert isinstance(error, CellStopped)
    assert isinstance(error, KeyboardInterrupt)
    assert "kept" in error._render_traceback_()[0]
    (turn,) = talk().turns
    assert (turn.answer.text, turn.status) == ("half an", "stopped")


def test_stopped_before_any_text_came_there_is_no_turn(ip, capsys, talk):
    def nothing(chunks):
        raise KeyboardInterrupt
        yield

    ip.user_ns["nothing"] = RunnableGenerator(nothing)
    assert isinstance(ip.run_cell("%%chat --chain nothing\nHi").error_in_exec, CellStopped)
    assert talk().turns == []


@pytest.mark.promise("docs/errors.md", "Stopped is no error")
def test_stop_from_the_page_is_no_error(ip, run, magics, talk):
    def endless(chunks):
        yield "on and"
        magics.session.stop()
        while True:
            yield " on"

    ip.user_ns["endless"] = RunnableGenerator(endless)
    run("%%chat --chain endless\nHi")
    assert magics.session.last.view.status == "stopped"
    assert talk().turns[0].status == "stopped"


def test_a_failed_turn_changes_nothing(ip, run, fails, talk):
    ip.user_ns["bot"] = ScriptedChat(["fine"])
    run("%%chat -m bot\nHi", cell_id="a")
    ip.user_ns["bot"] = ScriptedChat(["half", ValueError("no more")])
    fails("%%chat -m bot\nHi", cell_id="a")
    fails("%%chat -m bot\nHi", cell_id="b")
    assert [turn.answer.text for turn in talk().turns] == ["fine"]


def test_in_the_background_the_cell_is_done_at_once(ip, run, magics, talk):
    go_on = threading.Event()

    def slow(chunks):
        yield "first"
        go_on.wait(20)
        yield " last"

    ip.user_ns["slow"] = RunnableGenerator(slow)
    run("%%chat --chain slow --bg --as later\nHi")
    assert "later" not in ip.user_ns
    assert run("print(6 * 7)") == "42\n"  # other cells run meanwhile
    assert "1 answer" in run("%chat")
    go_on.set()
    last = magics.session.last
    last.view.result(20)
    wait_until(lambda: "later" in ip.user_ns)
    assert ip.user_ns["later"] == "first last"
    assert talk().turns[0].answer.text == "first last"
    assert magics.session.live == {}


def test_a_background_answer_can_be_stopped(ip, run, magics, talk):
    came = threading.Event()

    def endless(chunks):
        while True:
            yield "x"
            came.set()

    ip.user_ns["endless"] = RunnableGenerator(endless)
    run("%%chat --chain endless --bg\nHi")
    assert came.wait(20)
    assert "Stopped 1 answer" in run("%chat stop")
    wait_until(lambda: magics.session.live == {})
    assert magics.session.last.view.status == "stopped"
    assert talk().turns[0].status == "stopped"
    assert "Nothing streams" in run("%chat stop")


def test_the_embedded_model_in_the_background(run, magics):
    run("%%chat -m local -n 8 --bg\nHi")
    assert magics.session.last.view.result(60) is not None


def test_a_background_failure_leaves_the_shell_alone(ip, run, magics, talk):
    ip.user_ns["bot"] = ScriptedChat([ValueError("no")])
    run("%%chat -m bot --bg\nHi")
    wait_until(lambda: magics.session.live == {})
    assert magics.session.last.view.status == "failed"
    assert talk().turns == []


def test_last_has_view_trace_and_message(ip, run, recorder):
    run("%%chat -m bot\nHi")
    run("answer = %chat last")
    answer = ip.user_ns["answer"]
    assert isinstance(answer.trace, Trace)
    assert answer.message.text == answer.view.text == "answer 1"
    assert repr(answer) == "<Answer of Recorder: done, 'answer 1'>"


def test_tokens_and_cost_add_up(ip, run, magics):
    usage = {"input_tokens": 1000, "output_tokens": 10, "total_tokens": 1010}
    ip.user_ns["bot"] = ScriptedChat([AIMessageChunk("x", usage_metadata=usage)])
    run("%%chat -m bot\nHi")
    run("%%chat -m bot --no-history\nHi")
    assert "2,000 in, 20 out" in run("%chat")
    assert "no price known" in run("%chat")
    run("%config ChatMagics.price = {'input': 3, 'output': 50}")
    assert "0.007" in run("%chat")


def test_a_known_cost_adds_up_with_no_price_typed(ip, run, magics):
    usage = {"input_tokens": 1000, "output_tokens": 10, "total_tokens": 1010}
    cost = {"amount": 0.0012, "currency": "USD", "price_list": "a list of 2026"}
    said = AIMessageChunk("x", usage_metadata=usage, response_metadata={"cost": cost})
    ip.user_ns["bot"] = ScriptedChat([said])
    assert "nothing yet" in run("%chat")
    run("%%chat -m bot\nHi")
    run("%%chat -m bot\nHi again")
    assert "$0.002400 (a list of 2026)" in run("%chat")
    assert magics.session.cost == pytest.approx(0.0024)
    assert magics.session.conversation.cost() == pytest.approx(0.0024)


@pytest.mark.promise("README.md", "All: %%chat?")
def test_the_help_names_every_option(ip):
    text = ip.find_cell_magic("chat").__doc__
    for action in ip.find_cell_magic("chat").__func__.parser._actions:
        assert all(option in text for option in action.option_strings)
        assert action.help
    assert text.startswith("::\n\n  %%chat [-m MODEL] [-s SYSTEM] [-a NAME] [-n N] [-b]")
    common = text.partition("used most:")[2].partition("`{animal}`")[0]
    for option in ("--model", "--system", "--as", "--max-tokens", "--bg"):
        assert option in common


@pytest.mark.promise("README.md", "run %load_ext nbstream")
def test_unloading_takes_it_away(ip, magics):
    matchers = list(ip.Completer.custom_matchers)
    ip.run_line_magic("unload_ext", "nbstream")
    assert ip.find_cell_magic("chat") is None
    assert ip.find_line_magic("chat") is None
    assert magics not in ip.configurables
    assert len(ip.Completer.custom_matchers) == len(matchers) - 1
    assert ip.events.callbacks["post_run_cell"].count(magics.session.cells._after) == 0
    ip.run_line_magic("load_ext", "nbstream")
    assert ip.find_cell_magic("chat")


def test_errors_are_raised_so_that_programs_notice(ip):
    with pytest.raises(CellError, match="Unknown model"):
        ip.run_cell_magic("chat", "-m nothing", "Hi")


def test_an_answer_that_could_not_begin_is_not_the_last_one(ip, run, recorder, magics, monkeypatch):
    run("%%chat -m bot\nHi", "a")
    last = magics.session.last

    def fails(self, source, input, **_):
        raise InputError("no stream today")

    monkeypatch.setattr("nbstream.jobs.Job.open", fails)
    assert not ip.run_cell("%%chat -m bot\nHo", cell_id="b").success
    assert magics.session.last is last
    assert magics.session.live == {}


def test_a_conversation_that_was_left_is_not_counted_any_more(run, recorder, magics, tmp_path):
    run("%%chat -m bot\nHi", "a")
    run(f"%chat save {tmp_path}/talk.json")
    before = magics.session.conversation
    run(f"%chat load {tmp_path}/talk.json")
    assert before._watchers == []
    assert len(magics.session.conversation._watchers) == 1
