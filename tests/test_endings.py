"""An answer that ended before its time says so, in words, at every door."""

import html

import pytest

from nbstream import AIMessage, AIMessageChunk, Conversation, ScriptedChat, show
from nbstream.messages._endings import ENDINGS
from nbstream.widget._static import to_html


@pytest.mark.parametrize("reason", ENDINGS)
def test_each_early_end_has_its_words_at_every_door(reason, capsys, tmp_path):
    words = ENDINGS[reason]
    last = AIMessageChunk("", response_metadata={"stop_reason": reason})
    view = show(ScriptedChat([AIMessageChunk("Well"), last]), "Hi")
    assert capsys.readouterr().out == f"Well\n{words}\n"
    assert view.result().ended_early == words
    assert words in html.unescape(to_html(view._job.state))
    view.export(tmp_path / "run.html")
    assert words in html.unescape((tmp_path / "run.html").read_text())
    talk = Conversation(ScriptedChat([AIMessageChunk("Well"), last]))
    assert talk.ask("Hi").result().ended_early == words


def test_an_end_in_its_time_has_none():
    for reason in ("end_turn", "tool_use", "stop_sequence", None, 3, "a new one"):
        message = AIMessage("x", response_metadata={"stop_reason": reason} if reason else {})
        assert message.ended_early is None
        assert AIMessageChunk("x", response_metadata=message.response_metadata).ended_early is None
