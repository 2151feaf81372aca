"""Where this runs: one table of the hosts, and what each can do."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HOSTS", "Host", "are_outputs_apart", "host", "is_attended", "kernel_shell"]

PACKAGES = ("nbstream", "IPython", "ipykernel", "ipywidgets", "anywidget", "traitlets", "anthropic")


@dataclass(frozen=True)
class Host:
    """What is between a program and its reader, and what it can do.

    Examples
    --------
    >>> host().name, host().waits
    ('terminal', True)
    """

    name: str
    title: str
    is_here: Callable[[Any], bool]
    """Whether this is where the program runs, of the notebook's shell or None.

    The first in the table that says so is it.
    """
    has_page: bool = True
    """Whether somebody looks at a page that draws widgets."""
    displays: bool = True
    """Whether `show` puts its view there. If not, the page draws the value of a cell."""
    is_live: bool = True
    """Whether an output goes on changing when its cell is done."""
    outputs_apart: bool = False
    """Whether each output is a page of its own, which shares no script with others."""
    hears: str = "when the cell is done"
    """When a message from the page, such as Stop, reaches a kernel that is busy."""
    interrupt: str = "■ in the toolbar, or I, I"
    """How the reader interrupts the kernel."""
    themes: str = "light and dark"
    """Which of the page's themes the views follow."""

    @property
    def waits(self) -> bool:
        """Whether `show` waits for the end, unless ``block`` says otherwise."""
        return not (self.has_page and self.is_live)

    @property
    def hears_at_once(self) -> bool:
        """Whether a message from the page can reach a kernel that is busy."""
        return self.hears.startswith("at once")

    @property
    def ends_outputs(self) -> bool:
        """Whether an output stays as it is when its cell is done."""
        return self.has_page and not self.is_live

    def rows(self) -> list[list[str]]:
        """Return what there is to say of it, in words that a bug report can paste."""
        return [
            ["host", self.title],
            ["widgets", "drawn" if self.has_page else "not drawn, nobody looks at a page"],
            ["outputs", "go on after their cell" if self.is_live else "end with their cell"],
            ["show", "waits for the end" if self.waits else "returns at once"],
            ["Stop", f"is heard {self.hears}"],
            ["interrupt", self.interrupt],
            ["themes", self.themes],
            ["versions", ", ".join(_versions())],
        ]

    def __repr__(self) -> str:
        return "\n".join(f"{name:<9}{said}" for name, said in self.rows())


def _versions() -> list[str]:
    said = [f"Python {platform.python_version()} on {platform.system()}"]
    for package in PACKAGES:
        try:
            said.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return said


def kernel_shell() -> Any:
    """Return IPython's shell where it has a notebook in front of it, else None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if hasattr(shell, "kernel") else None


def _is_marimo(_: Any) -> bool:
    marimo = sys.modules.get("marimo")  # a program can have it without running in it
    return bool(marimo and marimo.running_in_notebook())


def _is_voila(shell: Any) -> bool:
    return bool(shell) and os.environ.get("SERVER_SOFTWARE", "").startswith("voila/")


def _is_executed(shell: Any) -> bool:
    # nbclient (and so nbconvert, papermill and `jupyter execute`) runs notebooks with nobody there
    # to answer an `input()`, and tells the kernel so.
    return bool(shell) and not getattr(shell.kernel, "_allow_stdin", True)


def _is_colab(shell: Any) -> bool:
    # A program that a notebook starts inherits the first; the second is anywidget's own sign.
    named = bool(shell) and "COLAB_RELEASE_TAG" in os.environ
    return named or "google.colab.output" in sys.modules


def _is_kaggle(shell: Any) -> bool:
    return bool(shell) and "KAGGLE_KERNEL_RUN_TYPE" in os.environ


def _is_vscode(shell: Any) -> bool:
    return bool(shell) and "__vsc_ipynb_file__" in shell.user_ns


def _is_pyodide(shell: Any) -> bool:
    return bool(shell) and sys.platform == "emscripten"


HOSTS = (
    Host("marimo", "marimo", _is_marimo, displays=False, interrupt="Stop below, or Ctrl+I"),
    Host("voila", "Voilà", _is_voila),
    # A widget that is made there could never be drawn, but its unfinished state would be saved
    # with the notebook and hide the static transcript.
    Host("program", "a program that executes notebooks", _is_executed, has_page=False),
    # An output there is painted only while its own cell runs (colabtools #3373, #498).
    Host(
        "colab",
        "Google Colab",
        _is_colab,
        is_live=False,
        outputs_apart=True,
        interrupt="■ beside the cell, or Ctrl+M I",
        themes="light",
    ),
    Host("kaggle", "Kaggle", _is_kaggle, is_live=False, interrupt="■ beside the cell"),
    Host("vscode", "VS Code", _is_vscode, interrupt="■ beside the cell"),
    Host("pyodide", "JupyterLite (Pyodide)", _is_pyodide),
    Host(
        "jupyter",
        "JupyterLab or Jupyter Notebook",
        bool,
        hears="at once with ipykernel 7 and JupyterLab 4.4 or Notebook 7.4, "
        "else when the cell is done",
    ),
    Host(
        "terminal",
        "a terminal or a plain program",
        lambda _: True,
        has_page=False,
        is_live=False,
        hears="as Ctrl+C",
        interrupt="Ctrl+C",
        themes="none",
    ),
)
"""From the one that is told most surely to the one that is left."""


def host() -> Host:
    """Tell where this runs, and what works there: paste it into a bug report.

    Returns
    -------
    Host
        With ``name``, ``title`` and, as True or False, ``has_page``, ``is_live`` (outputs go on
        when their cell is done) and ``waits`` (`show` waits for the end).

    Examples
    --------
    >>> import nbstream
    >>> print(nbstream.host())  # doctest: +ELLIPSIS
    host     a terminal or a plain program
    ...
    """
    shell = kernel_shell()
    return next(one for one in HOSTS if one.is_here(shell))


def is_attended() -> bool:
    """Tell whether a page can be expected to take part, or no notebook is there at all."""
    here = host()
    return here.has_page or here.name == "terminal"


def are_outputs_apart() -> bool:
    """Tell whether each output is a page of its own, as in Colab: no two share a script there."""
    return host().outputs_apart
