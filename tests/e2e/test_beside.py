"""Views beside others, and outputs that are folded."""

import json
import subprocess
import sys

BESIDE = """from ipywidgets import HBox
from nbstream import *
a, b = (StreamView() for _ in range(2))
model = ScriptedChat(["goldfish ", "on ", "the ", "moon"])
for view in (a, b):
    with stream_to(view):
        model.invoke("x")
HBox([a, b])"""
FOLDED = """from nbstream import *
v = show(ScriptedChat(["Goldfish ", "on the **moon**.\\n\\n", "Two of them."]), "x", block=True)"""
WIDTHS = "els => els.map(el => el.getBoundingClientRect().width)"


def test_two_views_side_by_side_share_the_room(notebook):
    nb = notebook("beside", [BESIDE])
    nb.run_all()
    nb.page.wait_for_function(
        "() => document.querySelectorAll('.nbstream[data-status=done]').length === 2"
    )
    first, second = nb.page.locator(".nbstream").evaluate_all(WIDTHS)
    room = nb.page.locator(".widget-hbox").evaluate("el => el.getBoundingClientRect().width")
    assert abs(first - second) < 2
    assert room - first - second < 30
    nb.shot("beside")


def test_a_folded_output_says_what_is_in_it(notebook, lab):
    nb = notebook("folded", [FOLDED])
    nb.run_all()
    nb.page.wait_for_selector(".nbstream[data-status=done]")
    nb.wait_left()
    nb.page.locator(".jp-OutputCollapser").first.click()
    placeholder = nb.page.locator(".jp-OutputPlaceholder").first
    placeholder.wait_for()
    assert "Goldfish on the moon. Two of them." in placeholder.text_content()
    assert "<div" not in placeholder.text_content()
    nb.shot("folded")


def test_as_markdown_the_transcript_is_one_piece(notebook, lab, tmp_path):
    nb = notebook("folded-md", [FOLDED])
    nb.run_all()
    nb.page.wait_for_selector(".nbstream[data-status=done]")
    nb.wait_left()
    nb.save()
    content = json.loads((lab.folder / "folded-md.ipynb").read_text())
    (tmp_path / "n.ipynb").write_text(json.dumps(content))
    command = [sys.executable, "-m", "nbconvert", "--to", "markdown", "n.ipynb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    text = (tmp_path / "n.md").read_text()
    html = text[text.index("<div data-nbstream") :]
    # Up to the first blank line, which ends HTML in Markdown.
    piece = html.partition("\n\n")[0]
    assert "Two of them." in piece
    assert piece.count("<div") == piece.count("</div>")
