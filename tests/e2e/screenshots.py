"""Take the README's pictures again: ``make screenshots``. They show a real run, as it was."""

import tempfile
from pathlib import Path

from .lab import Lab, Notebook, open_browser
from .test_views import AGENT, SHOW

PICTURES = Path(__file__).parents[2] / "docs" / "images"
CELLS = [
    "%load_ext nbstream",
    "%%chat --model local\nWrite me a 1 verse song about goldfish on the moon",
]


def take(lab, browser, theme):
    lab.theme(theme)
    nb = Notebook(lab, browser, f"song-{theme}", CELLS, width=860, scale=2)
    nb.run(1)
    nb.wait_idle()
    nb.run(1)
    nb.page.wait_for_function(
        "() => document.querySelectorAll('.nbstream[data-status=streaming] .nbs-token').length > 36"
    )
    # The view draws in animation frames: without them it holds still for the picture.
    nb.page.evaluate("() => { window.requestAnimationFrame = () => 0; }")
    panel = nb.page.locator(".jp-WindowedPanel-outer").bounding_box()
    end = nb.page.locator(".nbstream").bounding_box()
    top = nb.page.locator(".jp-Cell >> nth=0").bounding_box()["y"]
    clip = {**panel, "y": top - 8, "height": end["y"] + end["height"] - top + 18}
    nb.page.screenshot(path=PICTURES / f"streaming-{theme}.png", clip=clip)
    nb.wait_idle()
    close(nb, lab)


def close(nb, lab):
    nb.page.close()
    lab.shut_down_kernels()


def agent_ran(lab, browser, name, theme):
    """Return a notebook in which an agent has run, and its view."""
    lab.theme(theme)
    nb = Notebook(lab, browser, f"{name}-{theme}", [AGENT, SHOW], width=900, scale=2)
    nb.run(1)
    nb.wait_idle()
    nb.run(1)
    nb.page.wait_for_selector(".nbstream[data-status=done]")
    return nb, nb.page.locator(".nbstream").last


def picture(nb, panel, name, lab):
    nb.page.mouse.move(5, 300)
    nb.page.wait_for_timeout(500)
    panel.screenshot(path=PICTURES / f"{name}.png")
    close(nb, lab)


def take_timeline(lab, browser, theme):
    """The steps of an agent's run, with one of them selected."""
    nb, panel = agent_ran(lab, browser, "timeline", theme)
    panel.get_by_role("tab", name="Timeline").click()
    panel.locator("tr[data-type=tool]").click()
    picture(nb, panel, f"timeline-{theme}", lab)


def take_transcript(lab, browser, theme):
    """The same, read as a conversation."""
    nb, panel = agent_ran(lab, browser, "transcript", theme)
    panel.get_by_role("tab", name="Transcript").click()
    panel.locator(".nbs-tr-said table").wait_for()
    # All of it: a picture cannot be scrolled.
    panel.evaluate("el => { el.style.setProperty('--nbs-max-height', 'none'); }")
    picture(nb, panel, f"transcript-{theme}", lab)


def take_chat(lab, browser, theme):
    """A conversation with the embedded model, one answer being written."""
    lab.theme(theme)
    cells = ["from nbstream import ChatView\nChatView('local', system='Be brief.')"]
    nb = Notebook(lab, browser, f"chat-{theme}", cells, width=900, scale=2)
    nb.run(1)
    box = nb.page.get_by_label("Message")
    for prompt in ("Name three fish.", "Write a short poem about one of them."):
        box.fill(prompt)
        box.press("Enter")
        nb.page.wait_for_timeout(700)
        nb.page.wait_for_selector(
            ".nbs-turn:last-child .nbstream[data-status=done]", timeout=60_000
        )
    nb.page.mouse.move(5, 300)
    nb.page.wait_for_timeout(500)
    nb.page.locator(".nbs-chat").screenshot(path=PICTURES / f"chat-{theme}.png")
    close(nb, lab)


def main():
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        notebooks = Path(folder) / "notebooks"
        notebooks.mkdir()
        lab = Lab(notebooks)
        try:
            for theme in ("light", "dark"):
                take(lab, browser, theme)
            take_timeline(lab, browser, "light")
            take_transcript(lab, browser, "light")
            take_chat(lab, browser, "light")
        finally:
            lab.stop()


if __name__ == "__main__":
    main()
