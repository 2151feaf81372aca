"""A run as a conversation: in the transcript and as Markdown."""

import json

import pytest

from nbstream import ScriptedChat, StreamView, ToolMessage, Trace, tool
from nbstream.events._entries import MAX_DEPTH, entries, is_conversation
from nbstream.events._frames import frame
from nbstream.widget import ChatView
from nbstream.widget._static import chat_to_text, to_html, to_text

from .agent_cases import ASKS, block, call, thought
from .hostile import HOSTILE
from .protocol_cases import CASES
from .test_hostile import assert_readable


def state_of(name):
    trace, _ = CASES[name]
    return StreamView(trace)._job.state


def test_an_agents_run_reads_in_order():
    assert to_text(state_of("agent_parallel_tools")).split("\n\n") == [
        "**You:** How warm is it in Paris and Oslo?",
        "**M:**",
        "> Two places.",
        "I look.",
        "**Calls** `weather` (failed · 10 ms)",
        '`{"city": "Paris"}`',
        "→ `ValueError: No <b>Paris</b>.`",
        "**Calls** `weather` (8 ms)",
        '`{"city": "Oslo"}`',
        "→ `12 °C`",
        "**M:** In Oslo it has 12 °C.",
    ]


def test_a_chain_that_ends_in_a_parser_keeps_what_its_models_thought_and_called():
    text = to_text(state_of("agent_ends_in_a_parser"))
    assert "> They want a sum.\n\nLet me add these.\n\n**Calls** `add`" in text
    # Behind a name it would be no heading.
    assert "**M:**\n\n# Result" in text


def test_what_a_tool_said_while_it_ran_is_kept():
    text = to_text(state_of("agent_running_tool"))
    assert '```\nprogress: {"done":1}\nnote: almost <there>\n```' in text
    assert "`count` (running)" in text


def test_an_agent_in_a_tool_is_inside_its_call():
    text = to_text(state_of("agent_sub_agent"))
    assert "> **Inner:** First, trains." in text
    assert text.index("> **Inner:** Take") < text.index("→ `Take") < text.index("**M:** Leave")


def test_sources_are_numbered_and_only_the_web_is_linked():
    text = to_text(state_of("agent_cited"))
    assert "It is so. [1] Indeed. [1] [2] The end." in text
    assert "1. [A <x>](<https://a.example/x>): “It is so.”\n2. The book: “So it is.”" in text
    shown = assert_readable(to_html(state_of("agent_cited"), ""))
    links = [attributes["href"] for tag, attributes in shown.elements if tag == "a"]
    assert set(links) == {"https://a.example/x", "https://b.example"}


def test_why_an_answer_ended_is_said_in_its_place():
    text = to_text(state_of("agent_by_hand"))
    assert text.endswith(
        "**You:** And now?\n\n**M:**\n\n*The model refused to answer, or to go on.*"
    )


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("agent")])
def test_the_saved_page_has_all_of_it_and_is_harmless(name):
    state = state_of(name)
    # One model alone, in a chain that has words of its own, is none.
    assert is_conversation(state["runs"]) is (name != "agent_says_more")
    shown = "".join(assert_readable(to_html(state, "")).texts)
    for run in state["runs"]:
        if run["type"] == "chat_model" and is_conversation(state["runs"]):
            assert all(text in shown for text in run["texts"])
            assert all("".join(aside["pieces"]) in shown for aside in run["asides"])


def test_an_image_is_kept_and_one_elsewhere_is_a_link():
    shown = assert_readable(to_html(state_of("agent_pictures"), ""))
    images = [attributes for tag, attributes in shown.elements if tag == "img"]
    assert len(images) == 3
    assert all(image["src"].startswith("data:image/png;base64,iVBO") for image in images)


def test_a_real_loop_reads_as_its_calls():
    @tool
    def add(a: int, b: int) -> int:
        "Add two numbers."
        return a + b

    model = ScriptedChat([thought("A sum."), call(1, '{"a": 1, "b": 2}', "add", "c1"), ASKS])
    with Trace() as trace:
        message = model.invoke("1 + 2?")
        (asked,) = message.tool_calls
        add.invoke({**asked, "type": "tool_call"})
    (prompt, turn) = entries(StreamView(trace)._job.state["runs"])
    assert (prompt["text"], [part["kind"] for part in turn["parts"]]) == (
        "1 + 2?",
        ["thinking", "call"],
    )
    assert turn["parts"][1]["tool"] == 1


def test_agents_in_agents_are_as_deep_as_can_be_read():
    with Trace() as trace:
        runs = [trace.start("agent", "tool", "x")]
        for _ in range(3000):
            runs.append(trace.start("agent", "tool", "x", parent=runs[-1]))
    found = entries(StreamView(trace)._job.state["runs"])
    depth = 0
    while found:
        depth += 1
        found = found[0]["inside"]
    assert depth == MAX_DEPTH + 1
    assert to_text(StreamView(trace)._job.state).count("**Calls**") == 3001


def test_a_conversation_does_not_say_twice_what_was_asked():
    state = state_of("agent_parallel_tools")
    text = chat_to_text([("How warm?", state)])
    assert text.count("**You:**") == 1
    assert "Paris and Oslo" not in text


def test_the_page_puts_it_on_top_until_somebody_chooses():
    assert StreamView()._auto
    assert not StreamView(view="tokens")._auto
    view = StreamView()
    view.view = "tokens"  # as it is
    assert not view._auto
    assert ChatView(ScriptedChat(["Hi"]))._auto


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_words_stay_words_wherever_a_conversation_has_some(text):
    source = {"type": text, "url": text, "title": text, "cited_text": text}
    uses = {"type": "server_tool_use", "name": text, "id": text, "input": {text: text}}
    found = {"type": "web_search_tool_result", "tool_use_id": text, "content": [source]}
    model = ScriptedChat(
        [
            block(0, type="text", text=text, citations=[source]),
            block(1, **uses),
            block(2, **found),
            block(3, type="image", url=text),
            block(4, type="image", mime_type=text, base64=text),
            block(5, type="image_url", image_url=f"data:image/png;base64,{text}"),
            call(6, text, text, text),
        ]
    )
    asked = [{"role": text, "content": [{"type": "image", "url": text}, text]}]
    with Trace() as trace:
        agent = trace.start(text, input=asked)
        tool = trace.start(text, "tool", {"name": text, "args": {}, "id": text})
        trace.log("error", tool, ValueError(text))
        trace.log("end", agent, text)
        model.invoke("Hi")
    state = StreamView(trace)._job.state
    shown = "".join(assert_readable(to_html(state, "")).texts)
    assert shown.count(text) > 5
    assert text in to_text(state)


def test_an_image_of_usual_size_is_whole_where_it_was_said():
    data = "iVBO" * 40_000
    image = {"type": "image", "mime_type": "image/png", "base64": data}
    model = ScriptedChat([block(0, **image), block(1, **{**image, "base64": data * 2})])
    with Trace() as trace:
        message = model.invoke([{"role": "user", "content": [image]}])
        trace.log("end", trace.start("draw", "tool", {}), ToolMessage([image], "c1"))
    assert len(message.content) == 2
    view = StreamView(trace)
    sent = json.dumps(frame(trace))
    assert sent.count(data) == 2  # by the model's chunk and by the tool, nowhere else
    found = entries(view._job.state["runs"])
    urls = [part["url"] for part in found[1]["parts"]] + found[2]["images"]
    assert [len(url) > 160_000 for url in urls] == [True, False, True]
