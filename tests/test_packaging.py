"""What reaches a user: the built packages, and the notebook they try first."""

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
BUILT = {"nbstream/static/widget.js", "nbstream/static/widget.css"}


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
    assert names >= BUILT | {"README.md", "LICENSE", "js/src/index.ts", "js/package.json"}
    assert not any("node_modules" in name or name.startswith("build") for name in names)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.ipynb")), ids=lambda p: p.stem)
def test_an_example_runs_on_the_embedded_model(path):
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=120).execute()
    shown = [
        output["data"]["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if "text/html" in output.get("data", {})
    ]
    assert len(shown) >= 4
    assert all("Done" in html for html in shown)
    assert "SmolLM2-135M-Instruct (embedded)" in shown[0]
    assert not any(
        "widget-view" in mime
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        for mime in output.get("data", {})
    )
