"""Take the README's pictures again: ``make screenshots``. They show a real run, as it was."""

import tempfile
from pathlib import Path

from .lab import Lab, Notebook, open_browser

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
    nb.page.close()
    lab.shut_down_kernels()


def main():
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        notebooks = Path(folder) / "notebooks"
        notebooks.mkdir()
        lab = Lab(notebooks)
        try:
            for theme in ("light", "dark"):
                take(lab, browser, theme)
        finally:
            lab.stop()


if __name__ == "__main__":
    main()
