"""Notebooks in kernels of other environments than the tests' own."""

import json
import os
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
COLAB = ROOT / "build" / "colab" / "bin" / "python"
PINS = dict(
    line.split("==")
    for line in (ROOT / "tests" / "hosts" / "colab.txt").read_text("utf-8").splitlines()
    if "==" in line
)


def colab():
    """Return the Python with what Colab's kernel has loaded."""
    assert COLAB.exists(), "Colab's versions are not installed here: make build/colab/.ready"
    return str(COLAB)


class Attended(NotebookClient):
    """Tells the kernel that somebody is there to answer, as a page does."""

    async def async_start_new_kernel_client(self):
        client = await super().async_start_new_kernel_client()
        client.allow_stdin = True
        return client


def execute(cells, folder, python, *, env=None, attended=False):
    """Execute cells, or a notebook's file, in a kernel of that Python; return each one's outputs.

    With ``attended`` somebody seems to look on; it is the kernel that cannot tell.
    """
    spec = folder / "kernels" / "there"
    spec.mkdir(parents=True, exist_ok=True)
    argv = [python, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "there"}))
    if isinstance(cells, Path):
        notebook = nbformat.read(cells, as_version=4)
    else:
        made = [nbformat.v4.new_code_cell(code) for code in cells]
        notebook = nbformat.v4.new_notebook(cells=made)
    own = {k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC_", "NBSTREAM_"))}
    client = (Attended if attended else NotebookClient)(
        notebook, timeout=180, kernel_name="there", resources={"metadata": {"path": str(folder)}}
    )
    manager = client.create_kernel_manager()
    manager.kernel_spec_manager = KernelSpecManager(kernel_dirs=[str(folder / "kernels")])
    client.execute(env={**own, **(env or {})})
    return [cell.get("outputs", []) for cell in notebook.cells if cell.cell_type == "code"]


def said(outputs):
    """Return what the outputs of a cell say in plain text."""
    texts = [one.get("text") or one.get("data", {}).get("text/plain", "") for one in outputs]
    return "\n".join(texts)
