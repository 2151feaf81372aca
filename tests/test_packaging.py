"""What reaches a user: the built packages, and the notebook they try first."""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import nbclient
import nbformat
import pytest

import nbstream

ROOT = Path(nbstream.__file__).parents[1]
STATIC = (
    "widget.js",
    "widget.css",
    "loader.js",
    "page.js",
    "markdown.js",
    "math.js",
    "odds.js",
    "turns.js",
    "transcript.js",
    "chat.js",
    "batch.js",
    "compare.js",
    "again.js",
    "whole.js",
)
BUILT = {f"nbstream/static/{name}" for name in STATIC}


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_wheel_has_all_of_the_package_and_nothing_else(dist):
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        assert all(archive.getinfo(name).file_size > 1000 for name in BUILT)
    sources = {str(path.relative_to(ROOT)) for path in (ROOT / "nbstream").rglob("*.py")}
    assert names >= sources | BUILT | {"nbstream/py.typed"}
    info = f"nbstream-{nbstream.__version__}.dist-info/"
    assert {name for name in names if not name.startswith("nbstream/")} >= {
        info + "METADATA",
        info + "licenses/LICENSE",
    }
    assert all(name.startswith(("nbstream/", info)) for name in names)


def test_the_source_package_can_be_installed_without_node(dist):
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    front_end = {"js/src/index.ts", "js/package.json", "js/build.mjs"}
    assert names >= BUILT | front_end | {"README.md", "LICENSE"}
    assert not any("node_modules" in name or name.startswith("build") for name in names)


def executed(name, folder=None):
    notebook = nbformat.read(ROOT / "examples" / f"{name}.ipynb", as_version=4)
    where = {"metadata": {"path": str(folder)}} if folder else {}
    nbclient.NotebookClient(notebook, timeout=120, resources=where).execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def test_the_odds_run_on_the_embedded_model():
    outputs = [output.get("data", {}) for output in executed("odds")]
    shown = [one["text/html"] for one in outputs if "Done" in one.get("text/html", "")]
    assert len(shown) == 4
    tables = [one["text/html"] for one in outputs if "dataframe" in one.get("text/html", "")]
    assert len(tables) == 2


def test_the_quickstart_runs_on_the_embedded_model():
    outputs = executed("quickstart")
    data = [output.get("data", {}) for output in outputs]
    shown = [one["text/html"] for one in data if "text/html" in one]
    assert len(shown) >= 4
    assert all("Done" in html for html in shown)
    assert "SmolLM2-135M-Instruct (embedded)" in shown[0]
    # A dead widget would stand before the transcript.
    assert not any("widget-view" in mime for one in data for mime in one)


@pytest.mark.parametrize(
    "name", ["agent", "batch", "chat_widget", "compare", "magic", "views", "watch"]
)
def test_the_tours_run_where_nobody_watches(name, tmp_path):
    data = [output.get("data", {}) for output in executed(name, tmp_path)]
    shown = [one["text/html"] for one in data if "data-nbstream" in one.get("text/html", "")]
    assert len(shown) >= 2
    assert all("Done" in html for html in shown[-1:])
    assert not any("widget-view" in mime for one in data for mime in one)


@pytest.mark.promise("README.md", "With no key and no network on a small embedded model")
def test_the_three_programs_of_the_streaming_guide_run_on_the_embedded_model():
    outputs = executed("how_to_stream")
    text = "".join(o["text"] for o in outputs if o["output_type"] == "stream")
    sync, rest = text.split("||", 1)
    assert sync.count("|") > 5
    first, *streamed = map(_read_event, re.findall(r"\{'event'.*", rest))
    assert first == {
        "event": "on_chat_model_start",
        "run_id": first["run_id"],
        "name": "ChatLocal",
        "tags": [],
        "metadata": {},
        "data": {"input": "Write me a 1 verse song about goldfish on the moon"},
    }
    assert [event["event"] for event in streamed] == ["on_chat_model_stream"] * 3
    for event in streamed:
        assert event["data"]["chunk"].id == f"run-{first['run_id']}"
    assert "...Truncated" in rest
    assert "on_prompt_end ChatPromptTemplate" in rest
    assert "Metrics(duration=" in rest


def _read_event(line):
    return eval(line, {"AIMessageChunk": nbstream.AIMessageChunk})
