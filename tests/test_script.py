"""What each widget sends to a page, and what comes once."""

import json
import subprocess
import sys
from pathlib import Path

import comm
import pytest
from ipywidgets.embed import embed_data

from nbstream import ChatView, ScriptedChat, StreamView
from nbstream.widget import _script
from nbstream.widget._page import Page


@pytest.fixture
def opened(monkeypatch):
    """The states that widgets open with, in a process that has sent nothing yet."""
    states = []

    def publish(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        if msg_type == "comm_open" and "_esm" in data["state"]:
            states.append(data["state"])

    monkeypatch.setattr(comm.DummyComm, "publish_msg", publish)
    monkeypatch.setattr(Page, "_sent", set())
    return states


def test_the_first_widget_of_a_kind_brings_its_script_and_each_further_one_five_kilobytes(opened):
    StreamView()
    StreamView()
    ChatView(ScriptedChat(["Hi"]))
    ChatView(ScriptedChat(["Hi"]))
    first, *others = opened
    first_chat = others.pop(1)
    for state, name in ((first, "widget"), (first_chat, "chat")):
        ((key, source),) = state["_modules"].items()
        assert key == f"{_script.build()}/{name}"
        assert source == _script.source_of(name)
    assert [state["_kind"] for state in others] == ["run", "chat"]
    for state in others:
        assert "_modules" not in state
        assert len(state["_esm"]) + len(state["_css"]) <= 5_000
        assert len(json.dumps(state)) <= 6_000  # with all its other state


def test_what_comes_once_is_bounded():
    assert len(_script.source_of("widget")) <= 98_000
    assert len(_script.source_of("chat")) <= 15_000
    assert len(_script.source_of("markdown")) <= 230_000
    assert len(_script.source_of("odds")) <= 20_000
    assert len(_script.source_of("math")) <= 220_000
    assert len(_script.source_of("turns")) <= 5_000
    assert len(_script.source_of("transcript")) <= 35_000
    assert len(_script.text_of(_script.PLAYER)) <= 5_000


def test_a_page_that_opens_late_asks_for_the_script_and_its_state_has_none(wire, opened):
    view = StreamView()
    sent = wire(view)
    assert "_modules" not in view.get_state()
    view._handle_custom_msg({"type": "module", "name": "widget"}, [])
    for unknown in ("../widget", "loader", None, ["widget"]):
        view._handle_custom_msg({"type": "module", "name": unknown}, [])
    (answer,) = sent
    assert answer == {
        "type": "module",
        "name": "widget",
        "source": _script.source_of("widget"),
    }
    # The style sheet comes in it, so that nothing is drawn before it is there.
    style = Path(_script.STYLE).read_text()
    assert f"export const style={json.dumps(style)}" in answer["source"]


def test_a_page_that_is_written_from_python_has_the_script_too():
    view = StreamView()
    state = embed_data(views=[view])["manager_state"]["state"][view.model_id]["state"]
    assert list(state["_modules"]) == [f"{state['_build']}/widget"]
    chat = ChatView(ScriptedChat(["Hi"]))
    state = embed_data(views=[chat])["manager_state"]["state"][chat.model_id]["state"]
    assert list(state["_modules"]) == [f"{state['_build']}/{name}" for name in ("widget", "chat")]


def test_the_build_is_another_where_any_file_is(monkeypatch):
    builds = {_script.build.__wrapped__()}
    for changed in (_script.STYLE, _script.WHOLE, *_script.MODULES.values()):
        with monkeypatch.context() as patch:
            read = _script.text_of
            more = lambda path, read=read, c=changed: read(path) + " " * (path == c)  # noqa: E731
            patch.setattr(_script, "text_of", more)
            builds.add(_script.build.__wrapped__())
    assert len(builds) == 3 + len(_script.MODULES)


def run(code, **env):
    done = subprocess.run(
        [sys.executable, "-c", code], env={**env}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_where_each_output_is_a_page_a_widget_brings_all_of_it():
    colab = (
        "import sys, types\n"
        "sys.modules['google.colab.output'] = colab = types.ModuleType('output')\n"
        "colab.enable_custom_widget_manager = lambda: None\n"
        "from nbstream import StreamView\n"
        "from nbstream.widget import _script\n"
        "view = StreamView()\n"
        "print(view._esm == _script.text_of(_script.WHOLE), len(view._css) > 10_000)"
    )
    assert run(colab) == "True True"


def test_in_development_anywidget_watches_the_script_itself():
    code = (
        "from nbstream.widget._page import Page\n"
        "print(type(Page._esm).__name__, type(Page._css).__name__, 'loader' in str(Page._esm)[:99])"
    )
    assert run(code, ANYWIDGET_HMR="1") == "FileContents FileContents False"
