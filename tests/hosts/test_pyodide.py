"""In Pyodide, under Node: Python in a page, where no thread can be started."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import endpoint as api

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROGRAM = HERE / "in_pyodide.py"
SITE = ROOT / "build" / "pyodide" / "site"  # the Makefile fills it

TESTS = [
    node.name
    for node in ast.parse(PROGRAM.read_text()).body
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.args.args
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Run them all in one process, on the wheel as it is built."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run([sys.executable, "-m", *build], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    shutil.unpack_archive(wheel, folder / "site", "zip")
    with api.Endpoint(api.says("Hel", "lo")) as server:
        done = subprocess.run(
            ["node", HERE / "pyodide.mjs", PROGRAM, folder / "site", SITE],
            env=os.environ | {"ENDPOINT": server.url},
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0, done.stderr + done.stdout
    return dict(json.loads(line) for line in done.stdout.splitlines() if line.startswith("["))


@pytest.mark.promise("docs/hosts.md", "batch runs one input after the other")
@pytest.mark.parametrize("name", TESTS)
def test_in_pyodide(name, outcomes):
    assert outcomes[name] is None, outcomes[name]
