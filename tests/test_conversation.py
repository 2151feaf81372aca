"""A conversation, in a script: no notebook, no widget."""

import json
import subprocess
import sys

import pytest

from nbstream import (
    AIMessage,
    AIMessageChunk,
    BaseChatModel,
    ChatLocal,
    Conversation,
    HumanMessage,
    InputError,
    RunnableLambda,
    ScriptedChat,
)
from nbstream.conversation import Origin, _cells
from nbstream.conversation._fitting import fitting
from nbstream.conversation._turn import answered

from .tasks import wait_until


class Echo(BaseChatModel):
    """Says how many messages it got, and the last one."""

    def _stream_messages(self, messages, **_):
        yield AIMessageChunk(f"{len(messages)}: {messages[-1].text}")


def talked(*prompts, **options):
    talk = Conversation(Echo(), **options)
    for prompt in prompts:
        talk.ask(prompt).result(30)
    return talk


def said(talk):
    return [turn.answer.text for turn in talk.turns]


def test_it_needs_neither_ipython_nor_a_widget():
    code = """
import sys
from nbstream import Conversation, ScriptedChat
assert Conversation(ScriptedChat(["Blub"])).ask("Hi").result().text == "Blub"
assert not {"IPython", "ipywidgets", "anywidget"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_each_prompt_goes_with_what_was_said_before():
    talk = talked("a", "b", system="Be brief.")
    assert said(talk) == ["2: a", "4: b"]
    assert [m.type for m in talk.messages] == ["system", "human", "ai", "human", "ai"]


@pytest.mark.promise("docs/architecture.md", '"Ask again" and "edit" make a sibling')
def test_asking_again_editing_and_going_back():
    talk = talked("a", "b")
    first, second = talk.turns
    talk.edit("c").result(30)
    assert said(talk) == ["1: a", "3: c"]
    talk.retry(first).result(30)
    assert said(talk) == ["1: a"]
    talk.switch(first)
    assert [turn.prompt.text for turn in talk.turns] == ["a", "c"]
    talk.switch(second)
    assert said(talk) == ["1: a", "3: b"]
    assert talk.undo() is second
    assert said(talk) == ["1: a"]
    with pytest.raises(InputError, match="no turn of this conversation"):
        talk.switch(second)


def test_branches_by_name():
    talk = talked("a")
    assert talk.use_branch("other")
    talk.ask("b").result(30)
    assert not talk.use_branch("main")
    assert said(talk) == ["1: a"]
    talk.use_branch("other")
    talk.reset()
    assert (said(talk), list(talk.leaves)) == ([], ["main", "other"])
    talk.use_branch("main")
    assert said(talk) == ["1: a"]
    talk.clear()
    assert (talk.all_turns, list(talk.leaves)) == ([], ["main"])


def test_an_answer_under_way_is_waited_for_or_stopped():
    talk = Conversation(ScriptedChat(["so "] * 10_000, delay=0.01))
    first = talk.ask("a")
    with pytest.raises(InputError, match="still under way"):
        talk.ask("b")
    talk.use_branch("other")  # also where it is out of sight: there are never two at a time
    with pytest.raises(InputError, match="still under way"):
        talk.ask("b")
    talk.stop()
    first.result(30)
    assert first.status == "stopped"


def test_an_input_that_fails_is_told_and_leaves_no_turn():
    def fails(messages):
        raise RuntimeError("no input")

    talk = Conversation(Echo(), input=fails)
    with pytest.raises(RuntimeError, match="no input"):
        talk.ask("a")
    assert talk.turns == []


def test_a_turn_has_been_taken_in_by_the_time_its_result_is_there():
    heard = []
    talk = Conversation(Echo())

    def hear(what, value):
        if what == "over":
            # Who hears of a turn may look at it, wait for it, and go on.
            heard.append(value.result().text)
            if len(heard) < 3:
                talk.ask("next")

    talk.watch(hear)
    talk.watch(lambda *_: 1 / 0)  # who fails keeps nobody from it
    talk.ask("first").result(30)
    while talk.is_running:
        talk.turns[-1].result(30)
    assert heard == ["1: first", "3: next", "5: next"]


def test_a_chain_that_gives_no_message_has_its_value_as_json():
    talk = Conversation(RunnableLambda(lambda messages: {"n": len(messages)}))
    assert talk.ask("a").result(30).text == '{"n": 1}'


@pytest.mark.promise(
    "docs/architecture.md", "It sends what fits into the model's context and says what it left out"
)
def test_what_does_not_fit_is_left_out_with_a_notice(local):
    heard = []
    begun = [("human", "x" * 6000), ("ai", "y" * 1500), ("human", "x" * 300), ("ai", "y" * 300)]
    talk = Conversation(ChatLocal(max_tokens=4), messages=begun)
    talk.watch(lambda what, value: heard.append((what, value)))
    turn = talk.ask("Hi")
    turn.result(60)
    said = (
        "1 earlier turn was left out: SmolLM2-135M-Instruct (embedded) has room for 2,048 tokens."
    )
    assert heard[0] == ("notice", said)
    assert [len(m.text) for m in turn.trace.input(turn.trace.runs[0])] == [300, 300, 2]
    assert len(talk.turns) == 3


def test_what_fits():
    talk = Conversation(messages=[("human", "x" * 350), ("ai", "y" * 350)] * 5)
    image = [{"type": "image"}, {"type": "text", "text": "Hi"}]
    assert fitting(talk.turns, "Hi", "", None, 10) == (talk.turns, 0)
    assert fitting(talk.turns, "Hi", "", 100, 10) == ([], 5)
    assert fitting(talk.turns, image, "", 2000, 100)[1] == 4
    assert fitting(talk.turns, image, "s" * 1000, 2000, 100)[1] == 5
    # A long answer takes no more than half of the room.
    assert fitting(talk.turns, "Hi", "", 1000, 100_000)[1] == 3


def test_turns_without_an_answer_are_not_sent():
    begun = [("human", "one"), ("ai", " "), ("human", "two"), ("ai", "yes"), ("human", "three")]
    assert [m.text for m in Conversation(messages=begun).messages] == ["two", "yes"]


def test_usage_and_cost():
    usage = {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}
    model = ScriptedChat([AIMessageChunk("x", usage_metadata=usage)])
    talk = Conversation(model)
    talk.ask("a").result(30)
    talk.retry().result(30)
    assert talk.usage == {"input": 20, "output": 4}
    assert talk.cost({"input": 1, "output": 5}) == pytest.approx(40 / 1_000_000)


# Turns that ran elsewhere, as those of a notebook's cells do


def put(talk, key, answer, **where):
    return _cells.put(talk, HumanMessage(key), answered(AIMessage(answer)), Origin(key), **where)


def test_a_cell_that_runs_again_takes_its_own_turns_place_and_the_old_one_is_let_go():
    talk = Conversation()
    for key in "abc":
        put(talk, key, key)
    for _ in range(50):
        put(talk, "b", "again")
    assert said(talk) == ["a", "again", "c"]
    assert len(talk.all_turns) == 3


def test_a_turn_that_another_branch_goes_through_stays_there():
    talk = Conversation()
    for key in "abc":
        put(talk, key, key)
    talk.use_branch("other")
    put(talk, "d", "d")
    put(talk, "b", "again")
    assert said(talk) == ["a", "again", "c", "d"]
    talk.use_branch("main")
    assert said(talk) == ["a", "b", "c"]


def test_a_turn_takes_the_place_that_it_names():
    talk = Conversation()
    for key in "abc":
        put(talk, key, key)
    assert _cells.place_of(talk, "new", 2) == 1
    put(talk, "new", "x", number=2)
    assert said(talk) == ["a", "x", "c"]
    with pytest.raises(InputError, match="no turn 4; there are: 1 to 3"):
        _cells.place_of(talk, "other", 4)


def test_a_background_turn_belongs_to_the_branch_it_began_in():
    talk = Conversation()
    talk.use_branch("other")
    put(talk, "a", "yes", branch="main")
    assert put(talk, "a", "yes", branch="gone") is None
    assert said(talk) == []
    talk.use_branch("main")
    assert said(talk) == ["yes"]


# Stored


def test_all_of_it_can_be_stored(tmp_path):
    call = {"name": "add", "args": '{"a": 1}', "id": "1", "index": 0}
    usage = {"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}
    chunks = [AIMessageChunk("é\ud83d", usage_metadata=usage)]
    chunks.append(AIMessageChunk(tool_call_chunks=[call]))
    talk = Conversation(ScriptedChat(chunks), system="Be brief.")
    talk.ask("a").result(30)
    talk.use_branch("other")
    talk.ask("b").result(30)
    put(talk, "cell", "c")
    (tmp_path / "talk.json").write_text(talk.to_json(), encoding="utf-8")
    again = Conversation.from_json((tmp_path / "talk.json").read_text(encoding="utf-8"))
    assert again.to_json() == talk.to_json()
    assert (again.branch, again.system, again.usage) == ("other", "Be brief.", talk.usage)
    assert [t.prompt.text for t in again.turns] == ["a", "b", "cell"]
    assert again.turns[0].answer.tool_calls[0]["args"] == {"a": 1}
    assert again.turns[2].origin == Origin("cell")


def test_a_conversation_of_the_first_form_is_read():
    turn = {"key": "a", "line": "-m bot", "cell": "Hi", "content": "Hi", "answer": "Hello"}
    turn |= {"model": "local", "stopped": True, "input_tokens": 3, "output_tokens": 4}
    other = {**turn, "key": "b", "answer": "More", "stopped": False}
    whole = {"nbstream": "conversation", "version": 1, "branch": "other"}
    whole["branches"] = {"main": [turn], "other": [turn, other]}
    talk = Conversation.from_json(json.dumps(whole))
    assert said(talk) == ["Hello", "More"]
    assert [t.status for t in talk.turns] == ["stopped", "done"]
    assert len(talk.all_turns) == 2
    assert talk.usage == {"input": 6, "output": 8}
    assert talk.turns[0].origin == Origin("a", "-m bot", "Hi")


def stored(**turn):
    talk = Conversation()
    put(talk, "a", "Hello")
    whole = json.loads(talk.to_json())
    whole["turns"][0] |= turn
    return json.dumps(whole)


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no json", "Expecting value"),
        ("[]", "another form"),
        (DEEP, "nested too deeply"),
        ('{"nbstream": "conversation", "version": 9}', "version is 9"),
        ('{"nbstream": "conversation", "version": 2, "turns": []}', "no 'branches'"),
        (stored(answer=1), "neither text nor"),
        (stored(prompt=[1]), "neither text nor"),
        (stored(prompt=[{"a": json.loads("[" * 50 + "]" * 50)}]), "nested too deeply"),
        (stored(model=None), "None is no text"),
        (stored(parent=7), "no 7"),
        (stored(id="x"), "no number of a turn"),
        (stored(key=3), "3 is no text"),
        (stored(tool_calls=[3]), "."),
        (stored(usage={"input": 1}), "no 'output'"),
        (stored().replace('"branch": "main"', '"branch": "x"'), "lacks its branch"),
    ],
)
def test_what_would_fail_later_is_refused(text, why):
    with pytest.raises(InputError, match=r"talk\.json") as refused:
        Conversation.from_json(text, "talk.json")
    assert why in str(refused.value)


def test_what_broke_off_is_not_whole_when_it_is_read_again():
    talk = Conversation(ScriptedChat(["Here", ValueError("too dry")]))
    talk.ask("a")._job.wait()
    again = Conversation.from_json(talk.to_json())
    assert [(t.status, t.answer.text) for t in again.turns] == [("failed", "Here")]
    assert again.messages == talk.messages == []
    assert again.turns[0]._job.state["runs"][0]["error"]["message"] == "too dry"


def test_what_was_under_way_when_it_was_stored_was_stopped_there():
    talk = Conversation(ScriptedChat(["so "] * 10_000, delay=0.01))
    turn = talk.ask("a")
    wait_until(lambda: turn.status == "streaming")
    stored = talk.to_json()
    talk.stop()
    assert Conversation.from_json(stored).turns[0].status == "stopped"


def test_a_price_of_another_form_is_refused():
    with pytest.raises(InputError, match="input"):
        Conversation().cost({"in": 1})


def test_a_stored_conversation_has_no_key_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "an-environments-key")
    talk = talked("it is an-environments-key")
    assert "environments" not in talk.save(tmp_path / "talk.json").read_text(encoding="utf-8")
