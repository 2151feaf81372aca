"""``%%chat -m A -m B``: answers side by side, one of them the conversation's turn."""

import threading

import pytest

from nbstream import InputError, RunnableLambda, ScriptedChat

from ..tasks import wait_until
from .conftest import Recorder


@pytest.fixture
def both(ip):
    ip.user_ns["one"] = Recorder("one {}")
    ip.user_ns["two"] = Recorder("two {}")
    return ip.user_ns["one"], ip.user_ns["two"]


def said(talk):
    return [(turn.prompt.text, turn.answer.text, turn.model) for turn in talk().turns]


def test_the_first_is_the_turn_until_another_is_taken(run, talk, both, magics):
    printed = run("%%chat -m one -m two\nHi", "cell-1")
    assert "one: done\none 1\n\ntwo: done\ntwo 1\n" in printed
    assert "The conversation goes on with one." in printed
    assert said(talk) == [("Hi", "one 1", "Recorder")]
    answer = magics.session.last
    assert (answer.text, answer.run.status) == ("one 1", "done")
    answer.view.take("two")
    assert said(talk) == [("Hi", "two 1", "Recorder")]
    assert magics.session.last.text == "two 1"
    run("%%chat -m one\nAnd?", "cell-2")
    sent = [("human", "Hi"), ("ai", "two 1"), ("human", "And?")]
    assert both[0].asked[-1] == sent
    answer.view.take("one")  # the turns after it stay
    assert said(talk) == [("Hi", "one 1", "Recorder"), ("And?", "one 2", "Recorder")]


def test_a_cell_that_runs_again_takes_its_turns_place(run, talk, both):
    run("%%chat -m one -m two\nHi", "cell-1")
    run("%%chat -m two -m one\nHi", "cell-1")
    assert said(talk) == [("Hi", "two 2", "Recorder")]


def test_each_gets_the_conversation_and_the_name_has_the_answer(run, ip, both):
    run("%%chat -m one\nHi", "cell-1")
    run("%%chat -m one -m two --as answer -s Brief.\nAnd?", "cell-2")
    sent = [("system", "Brief."), ("human", "Hi"), ("ai", "one 1"), ("human", "And?")]
    assert [model.asked[-1] for model in both] == [sent, sent]
    assert ip.user_ns["answer"].text == "one 2"


def test_where_the_first_fails_the_turn_is_the_next_ones(run, talk, ip, both, fails):
    class Broken(Recorder):
        def _stream_messages(self, messages, **_):
            raise ValueError("The endpoint broke off.")
            yield

    ip.user_ns["bad"] = Broken()
    printed = run("%%chat -m bad -m two\nHi", "cell-1")
    assert "bad: failed" in printed
    assert "The conversation goes on with two." in printed
    assert said(talk) == [("Hi", "two 1", "Recorder")]
    assert "broke off" in fails("%%chat -m bad -m bad\nHi", "cell-2")
    assert len(talk().turns) == 1


def test_without_history_there_is_nothing_to_take(run, talk, both, magics):
    printed = run("%%chat -N -m one -m two\nHi")
    assert "goes on" not in printed
    assert talk().turns == []
    with pytest.raises(InputError, match="no conversation"):
        magics.session.last.view.take("two")


def test_what_does_not_go_with_it_says_so(run, fails, ip, both):
    ip.user_ns["c"] = RunnableLambda(lambda x: x)
    assert "6 at most" in fails("%%chat " + "-m one " * 7 + "\nHi")
    assert "does not go with --chain" in fails("%%chat -m one -m two -c c\nHi")
    assert "Unknown model 'thre'" in fails("%%chat -m one -m thre\nHi")
    assert both[0].asked == []


def test_a_model_that_is_asked_twice_is_two_columns(run, ip):
    ip.user_ns["bot"] = ScriptedChat(["Blub"])
    assert "bot (2): done\nBlub" in run("%%chat -m bot -m bot\nHi")


def test_stop_ends_all_and_the_turn_is_what_came(run, talk, ip, magics):
    ip.user_ns["slow"] = ScriptedChat(["so "] * 100_000, 0.001)

    def stop_it():
        wait_until(lambda: magics.session.live and all(magics.session.last.view.texts.values()))
        magics.session.stop()

    thread = threading.Thread(target=stop_it)
    thread.start()
    run("%%chat -m slow -m slow\nHi")
    thread.join()
    (turn,) = talk().turns
    assert turn.answer.text.startswith("so ")
    assert magics.session.live == {}
