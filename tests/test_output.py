"""What an output says where no widget is drawn and nothing is updated (jupyter-server-nbmodel)."""

from nbstream import ChatView, ScriptedChat, StreamView, stream_to


def output(view):
    return view._repr_mimebundle_()[0]["text/html"]


def test_an_output_that_waits_says_how_to_see_more():
    view = StreamView()
    assert "On a page that draws none" in output(view)
    with stream_to(view):
        ScriptedChat(["Hello"]).invoke("Hi")
    assert "On a page" not in output(view)  # all of it is there


def test_a_conversation_without_turns_says_how_to_begin_it():
    chat = ChatView(ScriptedChat(["Blub"]))
    assert "On a page that draws none" in output(chat)
    chat.ask("Hi").result()
    assert "On a page" not in output(chat)
