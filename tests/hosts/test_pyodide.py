"""In Pyodide, under Node: Python in a page, where no thread can be started."""

import ast
import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
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
    said = folder / "said.txt"
    with api.Endpoint(api.says("Hel", "lo")) as server, said.open("w") as file:
        command = ["node", HERE / "pyodide.mjs", PROGRAM, folder / "site", SITE]
        env = os.environ | {"ENDPOINT": server.url}
        with suppress(subprocess.TimeoutExpired):  # the tests that did not come to an end say so
            subprocess.run(command, env=env, stdout=file, stderr=file, timeout=300)
    lines = said.read_text(encoding="utf-8").splitlines()
    come = dict(json.loads(line) for line in lines if line.startswith('["'))
    missing = "It did not come to an end. Node said:\n" + "\n".join(lines[-20:])
    return {name: come.get(name, missing) for name in TESTS}


@pytest.mark.promise("docs/hosts.md", "batch runs one input after the other")
@pytest.mark.parametrize("name", TESTS)
def test_in_pyodide(name, outcomes):
    assert outcomes[name] is None, outcomes[name]
