"""What README and docs tell people to type, typed: each block is a cell of a real kernel."""

import os
import re
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

import nbstream

ROOT = Path(nbstream.__file__).parents[1]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
)
# A block in a shell's language or in none is not for a notebook.
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOT_RUN = {"", "sh"}
MOST = 6_000
"""Characters of text that one cell may put in front of the reader."""


def blocks(name):
    return BLOCK.findall((ROOT / name).read_text(encoding="utf-8"))


@pytest.fixture
def run(tmp_path):
    """Run a cell in a kernel with no key, no network for pip, and a folder of its own."""
    mine = ("ANTHROPIC_", "NBSTREAM_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(mine)}
    manager, client = start_new_kernel(cwd=str(tmp_path), env={**env, "PIP_NO_INDEX": "1"})

    def run(code):
        heard = []
        reply = client.execute_interactive(code, timeout=120, output_hook=heard.append)
        said = "".join(map(text_of, heard))
        assert reply["content"]["status"] == "ok", f"{code}\n{said}"
        return said

    yield run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def text_of(message):
    content = message["content"]
    if message["msg_type"] == "error":
        return "\n".join(content["traceback"])
    if message["msg_type"] in ("display_data", "execute_result", "update_display_data"):
        return content["data"].get("text/plain", "")
    return content.get("text", "")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_block_runs_and_none_floods_the_notebook(run, name):
    for language, code in blocks(name):
        if language not in NOT_RUN:
            assert language == "python", f"{name}: {language}"
            said = run(code)
            assert len(said) < MOST, f"{code}\n{said[:2000]}"


def test_the_blocks_are_found():
    languages = [language for language, _ in blocks("README.md")]
    assert languages.count("python") >= 5
    assert languages[:2] == ["sh", "python"]  # how to install comes first
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)|(?:src|srcset)=\"([^\"]+)\"", text):
        assert (ROOT / name).parent.joinpath(target[0] or target[1]).exists(), target
