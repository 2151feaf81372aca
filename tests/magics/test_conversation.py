"""The conversation: what is sent again, what a cell's second run replaces, what fits."""

import pytest

from nbstream import AIMessage, HumanMessage, ScriptedChat
from nbstream.conversation import Origin
from nbstream.conversation._cells import put
from nbstream.conversation._turn import answered


def answers(talk):
    return [turn.answer.text for turn in talk().turns]


def texts(asked):
    return [content for _, content in asked]


@pytest.mark.promise("README.md", "A notebook is one conversation")
def test_each_prompt_is_sent_with_what_was_said_before(run, recorder):
    run("%%chat -m bot\none", "a")
    run("%%chat -m bot\ntwo", "b")
    assert recorder.asked[1] == [("human", "one"), ("ai", "answer 1"), ("human", "two")]


def test_a_cell_that_runs_again_takes_its_own_turns_place(run, recorder, talk):
    for name in ("a", "b", "c"):
        run(f"%%chat -m bot\n{name}", name)
    run("%%chat -m bot\nb, changed", "b")
    assert answers(talk) == ["answer 1", "answer 4", "answer 3"]
    assert texts(recorder.asked[3]) == ["a", "answer 1", "b, changed"]  # nothing from after it


def test_no_history_neither_sends_nor_adds(run, recorder, talk):
    run("%%chat -m bot\none", "a")
    run("%%chat -m bot --no-history\ntwo", "b")
    assert texts(recorder.asked[1]) == ["two"]
    assert answers(talk) == ["answer 1"]


def test_history_can_be_switched_off_for_good(run, recorder, talk):
    run("%config ChatMagics.history = False")
    run("%%chat -m bot\none", "a")
    run("%%chat -m bot\ntwo", "b")
    assert texts(recorder.asked[1]) == ["two"]
    assert answers(talk) == []


def test_several_prompts_of_one_cell_have_a_turn_each(run, recorder, talk):
    code = "for n in (1, 2):\n    get_ipython().run_cell_magic('chat', '-m bot', f'{n}')"
    run(code, "a")
    run(code, "a")
    assert answers(talk) == ["answer 3", "answer 4"]


def test_in_a_terminal_the_same_text_twice_is_two_turns(run, recorder, talk):
    run("%%chat -m bot\nGo on.")
    run("%%chat -m bot\nGo on.")
    assert answers(talk) == ["answer 1", "answer 2"]


def test_a_front_end_without_cell_ids_is_taken_at_its_text(ip, run, recorder, talk, monkeypatch):
    from nbstream.magics import _session

    monkeypatch.setattr(_session, "is_kernel", lambda shell: True)
    session = ip.magics_manager.registry["ChatMagics"].session
    assert session.key_of("Hi") == session.key_of("Hi") != session.key_of("Ho")


def test_the_cell_id_is_found_for_the_cell_that_loaded_the_extension(ip, magics, monkeypatch):
    magics.session.cells._id = None
    parent = {"metadata": {"cellId": "first"}}
    monkeypatch.setattr(type(ip), "get_parent", lambda self: parent, raising=False)
    assert magics.session.cells.current_id == "first"


def test_edit_opens_a_turn_and_its_new_cell_takes_the_place(ip, run, recorder, talk):
    for name in ("a", "b", "c"):
        run(f"%%chat -m bot -d /\n{name} {{1 if bot else 0}}", name)
    run("%chat edit 2")
    assert ip.rl_next_input == "%%chat -m bot -d / --replace 2\nb {1 if bot else 0}"
    run(ip.rl_next_input, "new")
    assert answers(talk) == ["answer 1", "answer 4", "answer 3"]
    assert texts(recorder.asked[3]) == ["a 1", "answer 1", "b 1"]
    run(ip.rl_next_input, "new")  # the place is its own now
    assert answers(talk) == ["answer 1", "answer 5", "answer 3"]
    run("%chat edit 2")
    assert ip.rl_next_input.count("--replace") == 1


def test_undo_takes_back_the_last_turn(run, fails, recorder, talk):
    run("%%chat -m bot\none", "a")
    run("%%chat -m bot\ntwo", "b")
    assert "'two'" in run("%chat undo")
    assert answers(talk) == ["answer 1"]
    run("%chat undo")
    assert "no turn to take back" in fails("%chat undo")


def test_branches_begin_with_the_same_turns_and_go_their_own_ways(run, recorder, talk):
    run("%%chat -m bot\none", "a")
    assert "a new branch, with 1 turn" in run("%chat branch other")
    run("%%chat -m bot\ntwo", "b")
    run("%%chat -m bot\none, changed", "a")
    assert "there before" in run("%chat branch main")
    assert answers(talk) == ["answer 1"]
    run("%chat branch other")
    assert answers(talk) == ["answer 3", "answer 2"]
    shown = run("%chat branch")
    assert "main    1 turn" in shown
    assert "other   2 turns  here" in shown
    assert "(and 1 other)" in run("%chat")


def test_reset_forgets_this_branch(run, recorder, talk):
    run("%%chat -m bot\none", "a")
    run("%chat branch other")
    run("%chat reset")
    assert answers(talk) == []
    run("%chat branch main")
    assert answers(talk) == ["answer 1"]


def test_save_and_load(run, recorder, talk, tmp_path):
    path = tmp_path / "a talk.json"
    run("%%chat -m bot\none", "a")
    run("%chat branch other")
    run("%%chat -m bot\ntwo é", "b")
    assert "Saved 2 turns" in run(f"%chat save '{path}'")
    run("%chat reset")
    assert "has 2 turns now" in run(f"%chat load {path}")
    assert answers(talk) == ["answer 1", "answer 2"]
    assert talk().branch == "other"
    run("%%chat -m bot\ntwo, changed", "b")  # its cells are still its own
    assert answers(talk) == ["answer 1", "answer 3"]


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        "{}",
        '{"nbstream": "conversation", "version": 2}',
        '{"nbstream": "conversation", "version": 3}',
        '{"nbstream": "conversation", "version": 1, "branch": "x", "branches": {}}',
        '{"nbstream": "conversation", "version": 1, "branch": "x", "branches": {"x": [1]}}',
        '{"nbstream": "conversation", "version": 1, "branch": "x", "branches": {"x": [{}]}}',
    ],
)
def test_what_is_no_conversation_is_refused_and_changes_nothing(
    run, fails, recorder, talk, tmp_path, text
):
    path = tmp_path / "talk.json"
    path.write_text(text)
    run("%%chat -m bot\none", "a")
    assert "is no conversation that save() has written" in fails(f"%chat load {path}")
    assert answers(talk) == ["answer 1"]


def test_files_that_cannot_be_read_or_written(fails, tmp_path):
    assert "cannot be read" in fails(f"%chat load {tmp_path}/nothing.json")
    assert "cannot be written" in fails(f"%chat save {tmp_path}/nowhere/talk.json")


def test_history_is_a_table_that_escapes_what_was_said(ip, run, talk):
    from IPython.utils.capture import capture_output

    ip.user_ns["bot"] = ScriptedChat(["<script>alert(1)</script>"])
    assert "is empty" in run("%chat history")
    run("%%chat -m bot\n<b>Hi</b>", "a")
    with capture_output() as captured:
        ip.run_cell("%chat history")
    (output,) = captured.outputs
    assert "&lt;script&gt;" in output.data["text/html"]
    assert "<script>" not in output.data["text/html"]
    assert "<b>" not in output.data["text/html"]
    assert "<script>alert(1)</script>" in output.data["text/plain"]


def say(talk, key, prompt, answer):
    put(talk(), HumanMessage(prompt), answered(AIMessage(answer)), Origin(key))


def test_turns_that_do_not_fit_are_left_out_with_a_notice(run, magics, talk):
    say(talk, "old", "x" * 6000, "y" * 1500)
    say(talk, "new", "x" * 300, "y" * 300)
    assert (
        "1 earlier turn was left out: SmolLM2-135M-Instruct (embedded) has room for 2,048 tokens"
        in run("%%chat -m local -n 4\nHi")
    )
    sent = magics.session.last.trace.input(magics.session.last.trace.runs[0])
    assert [len(message.text) for message in sent] == [300, 300, 2]
    assert len(talk().turns) == 3


def test_nothing_is_left_out_where_the_room_is_not_known(run, recorder, talk):
    say(talk, "old", "x" * 900_000, "y")
    assert "left out" not in run("%%chat -m bot\nHi")
    assert len(recorder.asked[0]) == 3


def test_a_cell_that_runs_again_stops_what_it_still_has_streaming(ip, run, recorder, talk):
    ip.user_ns["slow"] = ScriptedChat(["old "] * 10_000, delay=0.01)
    run("%%chat -m slow --bg --as kept\none", "a")
    earlier = ip.magics_manager.registry["ChatMagics"].session.last.view
    run("%%chat -m bot --as kept\none", "a")
    earlier.result(30)
    assert earlier.status == "stopped"
    # What it had so far neither takes the newer answer's place nor the variable's.
    assert answers(talk) == ["answer 1"]
    assert ip.user_ns["kept"].text == "answer 1"
