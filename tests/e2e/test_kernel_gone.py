"""What is left of a run whose kernel dies in the middle of it."""

import json

import pytest

ENDLESS = """from nbstream import *
model = ScriptedChat(["goldfish ", "<b>on</b> ", "the ", "moon\\n"] * 5000, delay=0.05)
"""
SHOWN = {
    "view": ENDLESS + "v = show(model, 'x')",
    "chat": ENDLESS + "c = ChatView(model, view='tokens')\ndisplay(c)\nt = c.ask('Where is it?')",
}


@pytest.mark.parametrize("kind", SHOWN)
def test_the_text_received_so_far_is_in_the_file_and_can_be_read_without_a_kernel(
    notebook, lab, kind
):
    nb = notebook(f"gone-{kind}", [SHOWN[kind]])
    nb.run()
    nb.page.wait_for_function(
        "() => document.querySelector('.nbs-tokens')?.textContent.includes('moon')"
    )
    lab.shut_down_kernels()
    nb.page.wait_for_selector(".nbstream[data-status=gone]", timeout=60_000)
    nb.page.wait_for_timeout(500)
    nb.drawn()
    nb.shot(f"kernel-gone-{kind}")
    nb.save()
    content = json.loads((lab.folder / f"gone-{kind}.ipynb").read_text())
    outputs = [one["data"] for one in content["cells"][0]["outputs"] if "data" in one]
    (data,) = [one for one in outputs if "text/html" in one]
    assert "application/vnd.jupyter.widget-view+json" not in data
    for mime in ("text/plain", "text/markdown"):
        text = "".join(data[mime])
        assert "goldfish <b>on</b> the moon" in text
        assert ("Where is it?" in text) == (kind == "chat")
    lab.receive(f"gone-{kind}-mail", content)
    again = notebook(f"gone-{kind}-mail", is_dead=True)
    left = again.page.locator(".jp-OutputArea-output").first
    assert "Kernel gone" in left.inner_text()
    assert "goldfish <b>on</b> the moon" in left.inner_text()
