"""Where this runs: what is in front of the kernel, if there is one."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["are_outputs_apart", "is_attended", "kernel_shell"]


def kernel_shell() -> Any:
    """Return IPython's shell where it has a notebook in front of it, else None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if hasattr(shell, "kernel") else None


def is_attended() -> bool:
    """Tell whether a page can be expected to take part.

    nbclient (and so nbconvert, papermill and `jupyter execute`) run notebooks with nobody there to
    answer an `input()`, and tell the kernel so. A widget made there could never be drawn, but its
    unfinished state would be saved with the notebook and hide the static transcript.
    """
    shell = kernel_shell()
    return shell is None or getattr(shell.kernel, "_allow_stdin", True)


def are_outputs_apart() -> bool:
    """Tell whether each output is a page of its own, as in Colab: no two share a script there."""
    return "google.colab.output" in sys.modules
