"""Terminals: a console that does not know all characters, and commands that any shell takes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SAID = "Fish on … ", "the moon 鱼 🐠"
SESSION = f"""
from IPython.core.interactiveshell import InteractiveShell
from nbstream import *
bot = ScriptedChat({[*SAID]!a})
show(bot, "Hi")
bot.invoke("Hi").pretty_print()
ip = InteractiveShell.instance(colors="nocolor")
ip.user_ns["bot"] = bot
for code in (
    "%load_ext nbstream",
    "get_ipython().run_cell_magic('chat', '-m bot --to markdown', 'Hi \\u2026')",
    "%chat history",
    "%chat view",
    "%chat help",
    "from nbstream import *\\nChatView(bot)",
    "StreamView()",
):
    assert ip.run_cell(code).success
"""


@pytest.mark.promise("docs/hosts.md", "A console that does not know a character")
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_console_that_knows_few_characters_ends_no_stream(tmp_path, encoding):
    own = {"PYTHONIOENCODING": encoding, "IPYTHONDIR": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", SESSION], env={**os.environ, **own}, capture_output=True
    )
    assert ran.returncode == 0, ran.stderr.decode(encoding)
    said = ran.stdout.decode(encoding)
    first, rest = (one.encode(encoding, "backslashreplace").decode(encoding) for one in SAID)
    assert said.count(f"{first}|{rest}") == 2  # as it streamed
    assert said.count(first + rest) == 4  # printed, as Markdown, in the history, in the view
    assert "A ChatView is typed into on a notebook's page" in said
    assert "<StreamView: waiting, ''>" in said


def test_a_command_to_install_is_one_that_any_shell_takes():
    """cmd.exe knows no ``'``, PowerShell 5.1 no ``&&``."""
    pages = [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "examples").glob("*.ipynb"),
    ]
    wrong = re.compile(r"pip install[^\n]*?(?:'[\w-]+\[| && )")
    found = [
        f"{path.name}: {hit}"
        for path in [*pages, *(ROOT / "nbstream").rglob("*.py")]
        for hit in wrong.findall(path.read_text(encoding="utf-8"))
    ]
    assert found == []
