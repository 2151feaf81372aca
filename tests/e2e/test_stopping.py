"""What follows a stop that the reader asked for, and one that nobody did."""

import re

import pytest

from .lab import SHOTS

SLOW = """import os, threading, time
from nbstream import *
v = show(ScriptedChat(["so ", "it ", "goes "] * 5000, 0.02), "x")"""
CHAT = """from nbstream import *
chat = ChatView(ScriptedChat(["so ", "it ", "goes "] * 5000, 0.02))
chat.ask("How does it go?")
chat"""
ACTIVE = "() => [...document.querySelectorAll('.jp-Cell')].findIndex(" + (
    "cell => cell.classList.contains('jp-mod-active'))"
)


def wait_streaming(nb):
    nb.page.wait_for_function("() => document.querySelector('.nbstream')?.dataset.shown > 20")


def wait_status(nb, status):
    nb.page.wait_for_selector(f".nbstream[data-status={status}]")


def wait_active(nb, index):
    nb.page.wait_for_function(f"index => ({ACTIVE})() === index", arg=index)


@pytest.mark.parametrize("by", ["pointer", "keys"])
@pytest.mark.parametrize("cell", [SLOW, CHAT], ids=["run", "chat"])
def test_the_keyboard_goes_on_after_stop(notebook, cell, by):
    nb = notebook(f"stop-{by}", [cell, "print('next')", "print('third')"])
    nb.run(1)
    nb.page.locator(".nbstream").get_by_role("tab", name="Tokens").click()
    wait_streaming(nb)
    stop = nb.page.locator(".nbstream").get_by_label("Stop", exact=True)
    if by == "pointer":
        stop.click()
    else:
        stop.focus()
        nb.page.keyboard.press("Enter")
    wait_status(nb, "stopped")
    nb.page.wait_for_timeout(1000)  # the notebook draws the output anew
    wait_active(nb, 0)
    # From cell to cell, and run the one that is there: no click in between.
    nb.page.keyboard.press("ArrowDown")
    wait_active(nb, 1)
    nb.page.keyboard.press("Shift+Enter")
    nb.page.locator(".jp-Cell").nth(1).get_by_text("next", exact=True).wait_for()
    wait_active(nb, 2)
    assert nb.page.locator(".nbstream").get_attribute("data-status") == "stopped"


def kernel(lab):
    (one,) = lab.request("GET", "api/kernels")
    return f"api/kernels/{one['id']}"


def restart(_, nb):
    # As a reader does. Of one that somebody else has restarted the page hears in most cases only.
    nb.page.click(".jp-CodeCell .jp-InputPrompt >> nth=0")
    nb.page.keyboard.press("0")
    nb.page.keyboard.press("0")
    nb.page.click(".jp-Dialog button:has-text('Restart')")


def shut_down(lab, _):
    lab.request("DELETE", kernel(lab))


def die(_, nb):
    nb.run_cell(1)
    nb.page.click(".jp-Dialog button:has-text('Ok')")  # JupyterLab says it, too


@pytest.mark.promise(
    "docs/architecture.md", "A kernel that is gone takes what was under way with it"
)
@pytest.mark.parametrize("go", [restart, shut_down, die], ids=lambda go: go.__name__)
@pytest.mark.parametrize("cell", [SLOW, CHAT], ids=["run", "chat"])
def test_a_kernel_that_goes_leaves_what_had_come(notebook, lab, cell, go):
    nb = notebook(f"kernel-{go.__name__}", [cell, "import os; os._exit(1)"])
    nb.run(1)
    nb.page.locator(".nbstream").get_by_role("tab", name="Tokens").click()
    wait_streaming(nb)
    go(lab, nb)
    wait_status(nb, "gone")
    view = nb.page.locator(".nbstream")
    assert view.locator(".nbs-word").text_content() == "Kernel gone"
    assert "this is the text received so far" in view.locator(".nbs-note").text_content()
    assert view.locator(".nbs-tokens").text_content().startswith("so it goes ")
    assert not view.get_by_label("Stop", exact=True).is_visible()
    # All of what had come can be looked at, and played again.
    view.get_by_role("tab", name="Events").click()
    view.locator(".nbs-event").first.wait_for()
    took = view.locator(".nbs-metrics").text_content()
    assert re.search(r"chunks|tokens", took)
    nb.page.wait_for_timeout(500)
    nb.drawn()
    assert view.locator(".nbs-metrics").text_content() == took
    if cell is CHAT:
        composer = nb.page.locator(".nbs-composer")
        assert composer.get_by_label("Send").is_disabled()
        assert (
            composer.get_by_label("Message").get_attribute("placeholder").startswith("The kernel")
        )


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 560])
def test_stopping_and_a_kernel_gone_look_well(notebook, lab, theme, width):
    said = """v._job.stop = lambda: None
v.send({"type": "problem", "text": "The log could not be saved: the disk is full."})
v.send({"type": "notice", "text": "3 earlier turns were left out: the model has less room."})"""
    nb = notebook(f"gone-{theme}", [SLOW, said], theme=theme, width=width)
    nb.run(1)
    wait_streaming(nb)
    nb.run(1)
    view = nb.page.locator(".nbstream")
    view.locator(".nbs-notice:not(:empty)").wait_for()
    SHOTS.mkdir(parents=True, exist_ok=True)
    nb.page.screenshot(path=SHOTS / f"words-{theme}-{width}.png")
    view.get_by_label("Stop", exact=True).click()
    wait_status(nb, "stopping")
    assert view.locator(".nbs-word").text_content() == "Stopping…"
    assert view.get_by_label("Stop", exact=True).is_disabled()
    nb.page.screenshot(path=SHOTS / f"stopping-{theme}-{width}.png")
    restart(lab, nb)
    wait_status(nb, "gone")
    nb.page.wait_for_timeout(500)
    nb.drawn()
    nb.page.screenshot(path=SHOTS / f"gone-{theme}-{width}.png")
