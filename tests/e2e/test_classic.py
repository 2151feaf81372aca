"""The classic notebook: with today's ipywidgets and ipykernel, and with those that Colab has."""

import json
from contextlib import contextmanager

import nbformat
import pytest
from playwright.sync_api import expect

from tests.hosts.kernels import ROOT, colab

from .lab import SHOTS

WIDGET = "application/vnd.jupyter.widget-view+json"
CELLS = [
    "from nbstream import *\nbot = ScriptedChat(['so ', 'it ', 'goes'])\n"
    "slow = ScriptedChat(['on ', 'and '] * 5_000, delay=0.05)",
    "view = show(bot, 'Hi')",
    "chat = ChatView(bot)\nanswer = chat.ask('First')\nchat",
    "show(slow, 'Hi', block=True)",
]
READY = """() => {
    const { notebook } = window.Jupyter ?? {};
    const cells = notebook?.kernel?.widget_manager ? notebook.get_cells() : [];
    return cells.length === 4 && cells.every(({ kernel }) => kernel?.is_connected());
}"""
# The manager draws all outputs anew when it has heard from the kernel: this is answered after that.
HEARD = "() => Jupyter.notebook.kernel.widget_manager._get_comm_info()"
# The extensions that Colab's versions of ipywidgets and anywidget bring.
THEIRS = ROOT / "build" / "colab" / "share" / "jupyter" / "nbextensions"


class Classic:
    """A notebook open in the classic page."""

    def __init__(self, lab, browser, name, *, is_colab=False):
        self.lab, self.file = lab, lab.folder / f"{name}.ipynb"
        self.page = browser.new_page(viewport={"width": 1000, "height": 1100})
        if is_colab:
            self.page.route("**/nbextensions/**", self._theirs)
        self.page.goto(f"{lab.url}/nbclassic/notebooks/{name}.ipynb?token={lab.token}")
        self.page.wait_for_function(READY)
        self.page.evaluate(HEARD)

    @staticmethod
    def _theirs(route):
        found = THEIRS / f"{route.request.url.partition('/nbextensions/')[2].partition('?')[0]}"
        return route.fulfill(path=found) if found.is_file() else route.fallback()

    def run(self, *cells):
        self.page.evaluate("(cells) => Jupyter.notebook.execute_cells(cells)", list(cells))

    def save(self):
        self.page.evaluate("() => Jupyter.notebook.save_notebook()")
        cells = json.loads(self.file.read_text())["cells"]
        return [[one.get("data", {}) for one in cell["outputs"]] for cell in cells]

    def shot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")


@contextmanager
def opened(*args, **kwargs):
    notebook = Classic(*args, **kwargs)
    try:
        yield notebook
    finally:
        notebook.page.close()


def write(lab, name, kernel):
    cells = [nbformat.v4.new_code_cell(code) for code in CELLS]
    spec = {"name": kernel, "display_name": kernel, "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": spec})
    nbformat.write(notebook, lab.folder / f"{name}.ipynb")


@pytest.mark.parametrize("kernel", ["python3", "colab"])
def test_a_view_streams_and_its_transcript_is_what_stays(lab, browser, kernel):
    is_colab = kernel == "colab"
    if is_colab:
        lab.add_kernel("colab", colab())
    name = f"classic-{kernel}"
    write(lab, name, kernel)
    with opened(lab, browser, name, is_colab=is_colab) as notebook:
        page = notebook.page
        notebook.run(0, 1, 2)
        # What is done takes its transcript's place, and a chat is answered there.
        done = page.locator("[data-nbstream] .nbstream[data-status=done]")
        expect(done).to_have_count(2, timeout=30_000)
        page.fill(".nbs-chat textarea", "Second")
        page.press(".nbs-chat textarea", "Enter")
        expect(done).to_have_count(3, timeout=30_000)
        notebook.run(3)
        live = page.locator(".nbstream[data-status=streaming]")
        live.wait_for()
        # A busy kernel does not hear the page, which knows that and needs no time to say so.
        page.evaluate(
            """() => {
                const { setTimeout } = window;
                window.setTimeout = (f, ms, ...rest) => ms < 500 ? setTimeout(f, ms, ...rest) : 0;
            }"""
        )
        live.get_by_role("button", name="Stop").click()
        page.get_by_text("To stop, interrupt it: ■ in the toolbar, or I, I.").wait_for()
        notebook.shot(f"{name}-busy")
        # Saved just then, the file has a transcript in the widget's place.
        running = notebook.save()[3][0]
        assert WIDGET not in running
        assert "and" in "".join(running["text/plain"])
        page.evaluate("() => Jupyter.notebook.kernel.interrupt()")
        page.wait_for_selector("[data-nbstream] .nbstream[data-status=stopped]")
        page.wait_for_function("() => !document.querySelector('.jupyter-widgets-view .nbstream')")
        saved = notebook.save()
        notebook.shot(name)
    assert [WIDGET in cell[0] for cell in saved[1:]] == [False] * 3
    lab.shut_down_kernels()
    with opened(lab, browser, name, is_colab=is_colab) as notebook:
        page = notebook.page
        texts = page.locator("[data-nbstream]").all_inner_texts()
        assert "so it goes" in texts[0].replace("|", "")
        assert "Second" in texts[1]
        assert "Stopped" in texts[2]
        assert page.get_by_text("could not be displayed").count() == 0
        notebook.shot(f"{name}-reopened")
    lab.shut_down_kernels()
