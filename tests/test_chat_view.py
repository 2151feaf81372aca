"""The conversation, as Python and the page's messages see it."""

import base64
import json
import time

import pytest

from nbstream import (
    AIMessage,
    AIMessageChunk,
    BaseChatModel,
    ChatPromptTemplate,
    ChatView,
    HumanMessage,
    InputError,
    MessagesPlaceholder,
    RunnableLambda,
    ScriptedChat,
    StrOutputParser,
    Trace,
)
from nbstream.events._state import apply, initial

from .tasks import wait_until

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


class Echo(BaseChatModel):
    """Says how many messages it was given, and the last one's text."""

    def _stream_messages(self, messages, **_):
        yield AIMessageChunk(f"{len(messages)}: ")
        yield AIMessageChunk(messages[-1].text)


def talk(*texts, **options):
    chat = ChatView(Echo(), **options)
    for text in texts:
        chat.ask(text).result(5)
    return chat


def said(chat):
    return [message.text for message in chat.messages]


def page(chat, **message):
    chat._handle_custom_msg(message, [])
    if chat.turns:
        chat.turns[-1].result(5)


def test_each_turn_knows_those_before_it():
    chat = talk("a", "b", system="Be brief.")
    assert said(chat) == ["Be brief.", "a", "2: a", "b", "4: b"]
    assert [type(trace) for trace in chat.traces] == [Trace, Trace]
    assert [turn.status for turn in chat.turns] == ["done", "done"]


def test_it_begins_with_the_messages_it_is_given():
    messages = [("system", "Be kind."), ("human", "Hi"), ("ai", "Hello"), HumanMessage("And?")]
    chat = ChatView(Echo(), messages=messages)
    assert chat.system == "Be kind."
    assert said(chat) == ["Be kind.", "Hi", "Hello"]
    chat.ask("more").result(5)
    assert said(chat)[-2:] == ["more", "4: more"]
    assert json.dumps(chat.get_state()["_log"])


def test_another_answer_and_another_prompt_are_branches():
    chat = talk("a", "b")
    first = chat.turns[-1]
    chat.retry().result(5)
    assert said(chat) == ["a", "1: a", "b", "3: b"]
    assert chat.turns[-1] is not first
    chat.edit("c", chat.turns[0]).result(5)
    assert said(chat) == ["c", "1: c"]
    chat.switch(first)
    assert [turn.id for turn in chat.turns] == [0, 1]
    chat.switch(chat.turns[0])
    assert chat.turns[-1].id == 2  # the newest of its branch


def test_a_failed_turn_is_not_part_of_the_conversation():
    chat = ChatView(ScriptedChat([ValueError("boom")]))
    turn = chat.ask("a")
    with pytest.raises(ValueError, match="boom"):
        turn.result(5)
    assert chat.messages == []
    assert turn.status == "failed"
    chat.conversation.model = Echo()
    chat.ask("b").result(5)
    assert said(chat) == ["b", "1: b"]


def test_a_stopped_turn_keeps_what_had_come():
    chat = ChatView(ScriptedChat(["so "] * 1000, 0.01))
    turn = chat.ask("a")
    with pytest.raises(InputError, match="under way"):
        chat.ask("b")
    while turn.answer is None:
        time.sleep(0.01)
    chat.stop()
    assert turn.result(5).text.startswith("so ")
    assert turn.status == "stopped"
    assert [m.type for m in chat.messages] == ["human", "ai"]


def test_callbacks_hear_of_each_turn_until_they_leave():
    chat, heard = ChatView(Echo()), []
    leave = chat.on_turn(lambda turn: heard.append(turn.answer.text))
    chat.ask("a").result(5)
    chat.ask("b").result(5)
    time.sleep(0.1)
    leave()
    chat.ask("c").result(5)
    time.sleep(0.1)
    assert heard == ["1: a", "3: b"]


def test_a_chain_takes_messages_or_what_is_made_of_them():
    prompt = ChatPromptTemplate([("system", "Fish."), MessagesPlaceholder("history")])
    chain = prompt | Echo() | StrOutputParser()
    chat = ChatView(chain, input=lambda messages: {"history": messages})
    assert chat.ask("a").result(5) == AIMessage("2: a")
    assert ChatView(RunnableLambda(len) | str).ask("a").result(5).text == "1"


def test_models_go_by_their_names():
    assert ChatView("local")._model.startswith("SmolLM2")
    with pytest.raises(InputError, match="'nothing'"):
        ChatView("nothing")
    with pytest.raises(InputError, match="no model"):
        ChatView(42)
    with pytest.raises(InputError, match="ChatView has no option 'colour'"):
        ChatView(Echo(), colour="red")


def test_images_go_along(tmp_path):
    (tmp_path / "a.png").write_bytes(PNG)
    chat = ChatView(Echo())
    turn = chat.ask("What is it?", images=[tmp_path / "a.png", b"GIF89a"])
    blocks = turn.prompt.content
    assert [b.get("source", {}).get("media_type") for b in blocks] == [
        *("image/png", "image/gif", None),
    ]
    assert turn.prompt.text == "What is it?"
    turn.result(5)
    assert chat.edit("And now?").prompt.content[0] == blocks[0]
    with pytest.raises(InputError, match="no PNG, JPEG, GIF or WebP"):
        chat.ask("x", images=[b"<svg onload=alert(1)>"])
    with pytest.raises(InputError, match="cannot be read"):
        chat.ask("x", images=[tmp_path / "b.png"])


def test_the_page_asks_and_is_answered(wire):
    chat = ChatView(Echo())
    sent = wire(chat)
    page(chat, type="send", text="a", images=[URL])
    assert sent[0]["turn"] == {"id": 0, "parent": None, "text": "a", "images": [URL]}
    page(chat, type="retry", turn=0)
    page(chat, type="edit", turn=1, text="b")
    page(chat, type="switch", turn=0)
    assert [turn.id for turn in chat.turns] == [0]
    state = initial()
    frames = [m for m in sent if m["type"] == "frame" and m["turn"] == 2]
    assert all(apply(state, frame) for frame in frames)
    assert "".join(state["runs"][0]["texts"]) == "1: b"
    sent.clear()
    page(chat, type="resync", turn=0, seq=1)
    page(chat, type="export", turn=0)
    assert [(m["type"], m["turn"]) for m in sent] == [("frame", 0), ("export", 0)]
    page(chat, type="clear")
    assert (chat.turns, chat.messages) == ([], [])


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ({"type": "send", "text": " "}, "prompt is empty"),
        ({"type": "send", "text": "a", "images": ["data:image/png;base64,PHN2Zz4="]}, "no PNG"),
        ({"type": "send", "text": "a", "images": ["data:,%%%"]}, "Attach it again"),
    ],
)
def test_what_the_page_asks_in_vain_is_said_to_it(wire, message, said):
    chat = ChatView(Echo())
    sent = wire(chat)
    page(chat, **message)
    assert [m["type"] for m in sent] == ["problem"]
    assert said in sent[0]["text"]
    assert chat.turns == []


def test_other_messages_are_passed_over(wire):
    chat = talk("a")
    sent = wire(chat)
    for message in ({}, {"type": "x"}, {"type": "resync", "turn": 0, "seq": -1}):
        page(chat, **message)
    assert sent == []
    page(chat, type="retry", turn=9)
    assert sent == [
        {"type": "problem", "text": "There is no such turn in this conversation any more."}
    ]


def test_a_page_that_opens_late_gets_all_turns():
    chat = talk("a", "b")
    log = chat.get_state()["_log"]
    assert [turn["parent"] for turn in log["turns"]] == [None, 0]
    assert log["leaf"] == 1
    assert "_log" not in chat.get_state("delimiter")


def test_the_transcript_reads_well_and_is_only_text():
    chat = talk("<b>a</b>")
    data, _ = chat._repr_mimebundle_()
    assert "&lt;b&gt;a&lt;/b&gt;" in data["text/html"]
    assert "<b>a" not in data["text/html"]
    assert data["text/plain"] == "**You:** <b>a</b>\n\n1: <b>a</b>"
    empty = ChatView(Echo())._repr_mimebundle_()[0]
    assert "Nothing has been said yet." in empty["text/html"]


def test_an_export_has_the_form_its_name_says(tmp_path):
    chat = talk("a")
    assert chat.export(tmp_path / "c.md").read_text().startswith("**You:** a")
    assert "<!doctype html>" in chat.export(tmp_path / "c.html").read_text()
    roles = [m["role"] for m in json.loads(chat.export(tmp_path / "c.json").read_text())]
    assert roles == ["human", "ai"]
    assert [m.type for m in ChatView(Echo(), messages=chat.messages).messages] == roles
    with pytest.raises(InputError, match=r"'c\.pdf'"):
        chat.export(tmp_path / "c.pdf")


def test_the_embedded_model_converses(local):
    chat = ChatView(local, system="You are a fish.")
    turn = chat.ask("Say hello.")
    assert turn.result(60) is not None
    assert chat.usage["output"] > 0


def test_an_input_that_fails_is_said_to_the_page(wire, caplog):
    def fails(messages):
        raise RuntimeError("no input today")

    chat = ChatView(Echo(), input=fails)
    sent = wire(chat)
    page(chat, type="send", text="Hi")
    assert sent == [{"type": "problem", "text": "RuntimeError: no input today"}]
    assert chat.turns == []
    assert "no input today" in caplog.text


def test_two_views_of_one_conversation_stay_in_step(wire):
    chat = ChatView(Echo())
    other = ChatView(conversation=chat.conversation)
    sent = wire(other)
    chat.ask("a").result(30)
    wait_until(lambda: [m["type"] for m in sent][:1] == ["turn"] and len(sent) > 1)
    assert [turn.prompt.text for turn in other.turns] == ["a"]
    other.close()
    count = len(sent)
    chat.ask("b").result(30)
    assert len(sent) == count


def test_the_page_is_told_which_turns_there_are_now(wire):
    chat = talk("a", "b")
    sent = wire(chat)
    chat.conversation.undo()
    tree = next(m for m in sent if m["type"] == "tree")
    assert (tree["turns"], tree["leaf"]) == ([{"id": 0, "parent": None}], 0)


def test_where_no_page_is_it_says_how_to_ask():
    chat = ChatView(ScriptedChat(["Blub"]))
    assert 'chat.ask("…").result().text' in chat._repr_mimebundle_()[0]["text/plain"]
    assert str(chat) == "<ChatView: 0 turns>"
    assert chat.ask("Hi").result().text == "Blub"
    assert "Blub" in chat._repr_mimebundle_()[0]["text/plain"]
    assert str(chat) == "<ChatView: 1 turn>"
