"""In a real kernel: cell ids, completion, payloads, the static output, the tour."""

from pathlib import Path

import nbclient
import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

import nbstream

ROOT = Path(nbstream.__file__).parents[1]


@pytest.fixture(scope="module")
def client():
    manager, client = start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture
def execute(client):
    """Run a cell as JupyterLab does; return the reply and the outputs."""

    def execute(code, cell_id=None):
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": True}
        content |= {"user_expressions": {}, "stop_on_error": True}
        message = client.session.msg("execute_request", content)
        message["metadata"] = {"cellId": cell_id} if cell_id else {}
        client.shell_channel.send(message)
        outputs = []
        while True:
            heard = client.get_iopub_msg(timeout=60)
            if heard["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            outputs.append((heard["msg_type"], heard["content"]))
            if outputs[-1] == ("status", {"execution_state": "idle"}):
                break
        while True:
            reply = client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply["content"], outputs

    execute("%reload_ext nbstream\nfrom nbstream import *")
    execute("bot = ScriptedChat(['Hel', 'lo', '\\n```\\nx = 1\\n```'])")
    return execute


def shown(outputs):
    return "".join(content["text"] for kind, content in outputs if kind == "stream")


@pytest.mark.promise("README.md", "running a cell again replaces its turn")
def test_a_cell_run_again_replaces_its_turn(execute):
    execute("%chat reset")
    for cell_id in ("a", "b", "a"):
        reply, _ = execute(f"%%chat -m bot\nHi from {cell_id}", cell_id)
        assert reply["status"] == "ok"
    _, outputs = execute("%chat")
    (table,) = [content["data"] for kind, content in outputs if kind == "display_data"]
    assert "2 turns" in table["text/plain"]
    assert "<td" in table["text/html"]


def test_the_view_is_live_and_its_transcript_stays(execute):
    _, outputs = execute("%%chat -m bot\nHi")
    first = next(content for kind, content in outputs if kind == "display_data")
    assert "application/vnd.jupyter.widget-view+json" in first["data"]
    last = [content for kind, content in outputs if kind == "update_display_data"][-1]
    assert last["data"]["text/plain"].startswith("Hello")
    assert shown(outputs) == ""  # nothing is printed beside it


def test_completion(client):
    reply = client.complete("%%chat --model lo", reply=True, timeout=60)
    assert reply["content"]["matches"] == ["local"]
    assert (reply["content"]["cursor_start"], reply["content"]["cursor_end"]) == (15, 17)
    reply = client.complete("%%chat --vi\nHi", cursor_pos=11, reply=True, timeout=60)
    assert reply["content"]["matches"] == ["--view"]


def test_help(execute):
    for code, words in (("%%chat?", "--max-tokens N"), ("%chat?", "%chat branch NAME")):
        reply, _ = execute(code)
        assert words in reply["payload"][0]["data"]["text/plain"]


@pytest.mark.promise("README.md", "--to code offers the answer's code as a cell")
def test_code_and_edit_are_offered_below(execute):
    reply, _ = execute("%%chat -m bot --to code\nHi", "c")
    (payload,) = reply["payload"]
    assert (payload["source"], payload["text"]) == ("set_next_input", "x = 1")
    assert payload["replace"] is False
    execute("%chat reset")
    execute("%%chat -m bot\nHi", "c")
    reply, _ = execute("%chat edit 1")
    assert reply["payload"][0]["text"] == "%%chat -m bot --replace 1\nHi"


def test_an_error_fails_the_cell_with_one_line(execute):
    reply, outputs = execute("%%chat -m lokal\nHi")
    assert reply["status"] == "error"
    (error,) = [content for kind, content in outputs if kind == "error"]
    assert error["traceback"] == [error["evalue"]]
    assert "Did you mean 'local'?" in error["evalue"]


@pytest.mark.promise("README.md", "--bg streams on while other cells run")
def test_in_the_background_other_cells_run_meanwhile(execute):
    execute("slow = ScriptedChat(['x'] * 400, delay=0.05)")
    reply, _ = execute("%%chat -m slow --bg --as late\nHi", "bg")
    assert reply["status"] == "ok"
    _, outputs = execute("print(6 * 7, 'late' in globals())")
    assert shown(outputs) == "42 False\n"
    _, outputs = execute("%chat stop")
    assert "Stopped 1 answer" in shown(outputs)
    _, outputs = execute("answer = %chat last\nanswer.view.result(20)\nprint(answer.view.status)")
    assert shown(outputs) == "stopped\n"


INTERRUPTED = """
import os, signal, time

@chain
def interrupted(text):
    yield "half an answer"
    os.kill(os.getpid(), signal.SIGINT)  # as the front end's button has the kernel do
    time.sleep(30)
"""


def test_an_interrupt_keeps_what_came(execute):
    execute("%chat reset")
    execute(INTERRUPTED)
    reply, _ = execute("%%chat --chain interrupted\nHi", "stop")
    assert reply["status"] == "error"
    assert reply["ename"] == "CellStopped"
    assert reply["traceback"] == ["Stopped. The text received so far is kept above."]
    _, outputs = execute("%chat history")
    (table,) = [content["data"] for kind, content in outputs if kind == "display_data"]
    assert "(stopped)" in table["text/plain"]


def test_nobody_can_enter_a_key_in_a_notebook_that_a_program_runs():
    source = "%load_ext nbstream\n%chat key"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    with pytest.raises(nbclient.exceptions.CellExecutionError, match="Nobody can enter a key"):
        nbclient.NotebookClient(notebook, timeout=60).execute()


def test_the_tour_runs_and_stays_readable():
    notebook = nbformat.read(ROOT / "examples" / "magic.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    nbclient.NotebookClient(notebook, timeout=120).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    data = [output.get("data", {}) for output in outputs]
    pages = [one["text/html"] for one in data if "text/html" in one]
    assert sum("Done" in page for page in pages) >= 5
    assert not any("widget-view" in mime for one in data for mime in one)


ASKING = """
class Asking(BaseChatModel):
    def bind_tools(self, tools, **_):
        return self

    def _stream_messages(self, messages, **_):
        if messages[-1].type == "tool":
            yield AIMessageChunk("Done.")
        else:
            call = {"name": "delete", "args": '{"path": "a"}', "id": "1", "index": 0}
            yield AIMessageChunk(tool_call_chunks=[call])

def delete(path: str) -> str:
    "Delete a file."
    return path + " is gone"

agent = create_agent(Asking(), [delete], approve="ask")
"""


@pytest.mark.promise("docs/agents.md", "a prompt: y, n, or other arguments as JSON")
@pytest.mark.parametrize("call", ['agent.invoke("Hi")', '(await agent.ainvoke("Hi"))'])
def test_a_cell_without_a_view_asks_for_a_call_by_a_prompt(client, execute, call):
    execute(ASKING)
    asked, heard = [], []

    def answer(message):
        asked.append(message["content"]["prompt"])
        client.input('{"path": "b"}')

    client.execute_interactive(
        f'print({call}["messages"][2].content)',
        allow_stdin=True,
        stdin_hook=answer,
        output_hook=lambda message: heard.append(message["content"].get("text")),
        timeout=60,
    )
    assert "b is gone\n" in heard
    assert 'call delete with {"path": "a"}?' in asked[0]
