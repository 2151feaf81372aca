"""Several runs in one view, in a real JupyterLab: they read as turns, live and saved."""

import pytest

from .test_jupyterlab import view, wait_for_status

LOG = """from nbstream import *

v = StreamView(view="tokens")
v"""
CALLS = """poem = "A fish in a bowl\\nlooks out and sees **the moon**,\\nround as its own bowl. "
with stream_to(v):
    for name in ("first", "second", "third"):
        answer = ScriptedChat((poem * 3).replace(" ", " \\0").split("\\0"), 0.01, name=name)
        answer.with_config(run_name=name).invoke("Hi")
    try:
        RunnableLambda(lambda text: 1 / 0, name="breaks").invoke("Hi")
    except ZeroDivisionError:
        pass"""


@pytest.mark.parametrize(
    ("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 620), ("dark", 620)]
)
def test_several_calls_read_as_turns(notebook, theme, width):
    name = f"turns-{theme}-{width}"
    nb = notebook(name, [LOG, CALLS], theme=theme, width=width)
    nb.run(1)
    nb.wait_idle()
    nb.page.wait_for_selector(".nbstream", timeout=60_000)
    nb.run(1)
    # The second streams below the first.
    nb.page.wait_for_function(
        "() => document.querySelectorAll('.nbs-tokens')[0] &&"
        " [...document.querySelectorAll('.nbs-parts .nbs-part')].filter("
        "one => one.querySelector('.nbs-token')).length >= 2"
    )
    nb.shot(f"{name}-live")
    nb.wait_idle()
    wait_for_status(nb, "failed")
    heads = view(nb).locator(".nbs-parts:visible .nbs-part-name")
    nb.page.wait_for_function(
        "() => document.querySelectorAll('.nbs-parts:not([hidden]) .nbs-part').length >= 4"
    )
    assert heads.all_text_contents() == ["first", "second", "third", "breaks"]
    assert "ZeroDivisionError" in view(nb).locator(".nbs-part .nbs-error:visible").text_content()
    view(nb).scroll_into_view_if_needed()
    nb.shot(f"{name}-tokens")
    view(nb).get_by_role("tab", name="Markdown").click()
    nb.page.wait_for_function("() => document.querySelectorAll('.nbs-markdown strong').length >= 9")
    nb.shot(f"{name}-markdown")
