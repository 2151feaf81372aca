"""The table of hosts, and what docs say of it."""

import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import nbstream
from nbstream.widget import _host
from nbstream.widget._host import HOSTS, are_outputs_apart, host, is_attended

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "hosts.md").read_text(encoding="utf-8")
ROWS = {row[0]: row for row in (re.findall(r"[^|]+", line) for line in PAGE.splitlines()) if row}
ROWS = {name.strip(): [cell.strip() for cell in row] for name, row in ROWS.items()}


@pytest.fixture
def shell(monkeypatch):
    """A kernel's shell, as `kernel_shell` finds it."""
    for name in ("COLAB_RELEASE_TAG", "KAGGLE_KERNEL_RUN_TYPE", "SERVER_SOFTWARE"):
        monkeypatch.delenv(name, raising=False)
    shell = SimpleNamespace(kernel=SimpleNamespace(_allow_stdin=True), user_ns={})
    monkeypatch.setattr(_host, "kernel_shell", lambda: shell)
    return shell


def test_a_kernel_is_jupyters(shell):
    here = host()
    assert (here.name, here.waits, is_attended()) == ("jupyter", False, True)


def test_a_notebook_that_a_program_executes_has_nobody_to_look_on(shell):
    shell.kernel._allow_stdin = False
    assert (host().name, host().waits, is_attended()) == ("program", True, False)


@pytest.mark.promise("docs/hosts.md", "A notebook with a ChatView is an app")
def test_in_voila_somebody_looks_on_though_nobody_can_be_asked(shell, monkeypatch):
    shell.kernel._allow_stdin = False
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    assert (host().name, host().waits, is_attended()) == ("voila", False, True)


@pytest.mark.parametrize(
    ("variable", "name"), [("COLAB_RELEASE_TAG", "colab"), ("KAGGLE_KERNEL_RUN_TYPE", "kaggle")]
)
def test_where_outputs_end_with_their_cell_show_waits(shell, monkeypatch, variable, name):
    monkeypatch.setenv(variable, "x")
    assert (host().name, host().waits, is_attended()) == (name, True, True)
    assert are_outputs_apart() is (name == "colab")


def test_a_program_that_a_notebook_starts_is_in_a_terminal(monkeypatch):
    monkeypatch.setenv("COLAB_RELEASE_TAG", "x")  # a child inherits it
    monkeypatch.setattr(_host, "kernel_shell", lambda: None)
    assert (host().name, host().waits, is_attended()) == ("terminal", True, True)


def test_vscode_is_known_by_its_variable(shell):
    shell.user_ns["__vsc_ipynb_file__"] = "x.ipynb"
    assert host().name == "vscode"


@pytest.mark.parametrize("runs", [True, False])
def test_marimo_is_the_host_only_where_the_program_runs_in_it(monkeypatch, runs):
    marimo = ModuleType("marimo")
    marimo.running_in_notebook = lambda: runs
    monkeypatch.setitem(sys.modules, "marimo", marimo)
    assert host().name == ("marimo" if runs else "terminal")


@pytest.mark.promise(
    "docs/hosts.md", "say where a program runs, what works there, and the versions"
)
def test_it_is_said_in_words_that_can_be_pasted():
    said = str(nbstream.host())
    assert f"nbstream {nbstream.__version__}" in said
    assert "show     waits for the end" in said


@pytest.mark.promise(
    "README.md", "JupyterLab, Notebook, VS Code, Colab, Kaggle, Voilà, marimo, JupyterLite"
)
@pytest.mark.parametrize("row", HOSTS, ids=lambda row: row.name)
def test_docs_say_what_the_table_says(row):
    _, live, *_, keys, known = ROWS[row.title]
    assert len(ROWS[row.title]) == len(ROWS["host"])
    # Where a key is kept by the host itself, that is where to put it.
    assert ("its secrets" in keys) == (row.name in ("colab", "kaggle"))
    assert ("`%chat key`" not in keys) == (row.name in ("marimo", "program", "voila"))
    assert live.startswith("yes") == (not row.waits) or live == "by reading"
    named = re.findall(r"tests/[\w/]+\.py", known)
    assert named or known.startswith("by reading")
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.promise("docs/hosts.md", "nothing else in the code asks which one it is")
def test_no_other_module_asks_for_a_host():
    signs = re.compile(r"COLAB_|KAGGLE_KERNEL|google\.colab\.output|__vsc_|running_in_notebook")
    asking = [
        path.name
        for path in (ROOT / "nbstream").rglob("*.py")
        if signs.search(path.read_text(encoding="utf-8"))
    ]
    assert asking == ["_host.py"]
