"""The real jupyter-collaboration: two pages on one notebook. ``make collab`` runs it."""

import pytest

from ..e2e.lab import Lab, Notebook, open_browser

SLOW = """from nbstream import *
v = show(ScriptedChat(["so ", "it ", "goes "] * 2_000, delay=0.05), "x")"""
CHAT = "chat = ChatView(ScriptedChat(['Blub ', 'blub']))\nchat"


@pytest.fixture
def pages(tmp_path):
    (tmp_path / "notebooks").mkdir()
    lab = Lab(tmp_path / "notebooks")
    with open_browser() as browser:
        first = Notebook(lab, browser, "two", [SLOW, CHAT])
        second = Notebook(lab, browser, "two")
        yield first, second
    lab.shut_down_kernels()
    lab.stop()


def test_what_runs_on_one_page_is_live_on_the_other_and_so_is_the_chat(pages):
    runs, looks = pages
    runs.page.click(".jp-CodeCell .cm-content >> nth=0")
    runs.run(2)
    for one in pages:
        one.page.wait_for_selector(".nbstream[data-status=streaming]")
        one.page.wait_for_selector(".nbs-chat textarea")
    looks.page.fill(".nbs-chat textarea", "Hello")
    looks.page.press(".nbs-chat textarea", "Enter")
    for one in pages:
        one.page.wait_for_selector(".nbs-chat .nbstream[data-status=done]")
    looks.shot("collaboration")
    looks.page.get_by_label("Stop", exact=True).first.click()
    for one in pages:
        one.page.wait_for_selector(".nbstream[data-status=stopped]")
        assert one.page.get_by_text("model not found").count() == 0
