"""In the versions that Colab's kernel has loaded; Kaggle builds on its image."""

import json
import subprocess

import pytest

from .kernels import PINS, ROOT, colab, execute, said

WIDGET = "application/vnd.jupyter.widget-view+json"
COLAB = {"COLAB_RELEASE_TAG": "release-colab-20260801"}
BOT = "from nbstream import *\nbot = ScriptedChat(['so ', 'it ', 'goes'], delay=0.05)"


@pytest.mark.promise("docs/hosts.md", "lifts nothing that the kernel has loaded")
def test_pip_lifts_nothing_that_the_kernel_has_loaded():
    # The Makefile has installed these first and nbstream then, as a notebook's cell does.
    freeze = [colab(), "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]
    done = subprocess.run(freeze, capture_output=True, text=True, check=True)
    found = {
        one["name"].lower().replace("-", "_"): one["version"] for one in json.loads(done.stdout)
    }
    assert {name: found[name.replace("-", "_")] for name in PINS} == PINS


def test_magics_show_and_chat(tmp_path):
    outputs = execute(
        [
            "%load_ext nbstream",
            BOT,
            "%%chat --model bot --as answer\nHi",
            "answer.text",
            "show(bot, 'Hi').text",
            "%%chat --model bot --bg\nHi",
            "%chat history",
            "ChatView(bot).ask('Hi').text",
            "%%chat --model local -n 8 --as real\nHello",
            "real.usage_metadata['output_tokens'] <= 8",
        ],
        tmp_path,
        colab(),
    )
    assert said(outputs[2]) == "so it goes"
    assert said(outputs[3]) == "'so it goes'"
    assert "so it goes" in said(outputs[4])
    assert "Hi" in said(outputs[6])
    assert "so it goes" in said(outputs[7])
    assert said(outputs[9]) == "True"


@pytest.mark.parametrize("name", ["quickstart", "magic", "chat_widget"])
def test_the_tutorials_run(name, tmp_path):
    outputs = execute(ROOT / "examples" / f"{name}.ipynb", tmp_path, colab())
    shown = [
        one["data"]["text/html"] for cell in outputs for one in cell if "data-nbstream" in str(one)
    ]
    assert len(shown) >= 2


@pytest.mark.promise("docs/hosts.md", "so show waits for the end, says so once")
@pytest.mark.promise("nbstream.show", "By default only where no page is there")
def test_show_waits_says_so_once_and_leaves_its_transcript(tmp_path):
    outputs = execute(
        [
            BOT,
            "view = show(bot, 'Hi')\nprint(view.status)",
            "print(show(bot, 'Hi').status)",
            "print(show(bot, 'Hi', block=False).status)",
            "view",
            "import nbstream; nbstream.host()",
        ],
        tmp_path,
        colab(),
        env=COLAB,
        attended=True,
    )
    first, second, third, again, where = outputs[1:]
    assert "Google Colab draws an output only while its cell runs" in said(first)
    assert "done" in said(first)
    assert "draws" not in said(second)
    assert "done" in said(second)
    assert "done" not in said(third)
    # The output that is saved has the text and no widget; displayed again, it is the widget.
    (shown,) = [one["data"] for one in first if "data" in one]
    assert shown["text/plain"] == "so it goes"
    assert WIDGET not in shown
    assert any(WIDGET in one.get("data", {}) for one in again)
    assert "host     Google Colab" in said(where)
    assert f"IPython {PINS['ipython']}" in said(where)


@pytest.mark.promise("docs/hosts.md", "After %%chat --bg, %chat last has the answer")
def test_in_the_background_it_says_what_works(tmp_path):
    cells = ["%load_ext nbstream", BOT, "%%chat --model bot --bg\nHi", "%chat stop"]
    outputs = execute(cells, tmp_path, colab(), env=COLAB, attended=True)
    assert "%chat last has the answer" in said(outputs[2])


COMPLETE = """
import json, sys
from IPython.core.completer import provisionalcompleter
from IPython.testing.globalipapp import start_ipython
from nbstream import ScriptedChat

ip = start_ipython()
ip.run_line_magic("load_ext", "nbstream")
ip.user_ns["lovely_bot"] = ScriptedChat(["x"])
found = {}
for code in json.loads(sys.argv[1]):
    with provisionalcompleter():
        completions = list(ip.Completer.completions(code, len(code)))
    found[code] = [code[: one.start] + one.text for one in completions]
ip.run_line_magic("unload_ext", "nbstream")
with provisionalcompleter():
    found["unloaded"] = [one.text for one in ip.Completer.completions("%%chat --mo", 11)]
print(json.dumps(found))
"""


@pytest.mark.promise("docs/hosts.md", "Completion works, too")
def test_completion_by_the_hook_of_ipython_7(tmp_path):
    expected = {
        "%%chat --m": ["%%chat --model", "%%chat --max-tokens", "%%chat --mcp"],
        "%%chat --model=lo": ["%%chat --model=local", "%%chat --model=lovely_bot"],
        "%chat hi": ["%chat history"],
        "x = %chat la": ["x = %chat last"],
        "%%chat -m claude-s": ["%%chat -m claude-sonnet-5-5"],
    }
    done = subprocess.run(
        [colab(), "-c", COMPLETE, json.dumps([*expected, "impor"])],
        capture_output=True,
        text=True,
        check=True,
        env={"IPYTHONDIR": str(tmp_path), "HOME": str(tmp_path), "PATH": ""},
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert {code: found[code] for code in expected} == expected
    assert found["impor"] == ["import"]
    assert not any("--model" in one for one in found["unloaded"])
