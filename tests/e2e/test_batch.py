"""Many runs in a real JupyterLab: live, over a reload in the middle, and when all is over."""

import json

import pytest

from .test_reading import AXE, violations

COUNT = 24
OPEN = 8
# From that line on each run waits until the test opens the gate, so that nothing counts on time.
MANY = f"""import pathlib, time
from nbstream import RunnableLambda, ScriptedChat, show_batch
def gated(number):
    while number >= {OPEN} and not pathlib.Path('open-many').exists():
        time.sleep(0.02)
    if number % 10 == 3:
        raise ValueError(f'no {{number}} <b>')
    return f'prompt {{number}}'
chain = RunnableLambda(gated) | ScriptedChat(['Blub', ' <i>', 'blub', '.'])
runs = show_batch(chain, range({COUNT}), max_concurrency=4)"""


@pytest.fixture
def gate(lab):
    """The file that opens the gate."""
    path = lab.folder / "open-many"
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


def wait_state(nb, state):
    nb.page.wait_for_selector(f".nbs-batch[data-state={state}]", timeout=60_000)


def wait_said(nb, text):
    nb.page.wait_for_function(
        "text => document.querySelector('.nbs-batch')?.textContent.includes(text)",
        arg=text,
        timeout=60_000,
    )


def wait_cells(nb, column, texts):
    nb.page.wait_for_function(
        "([column, texts]) => JSON.stringify([...document.querySelectorAll("
        "`.nbs-b-rows [data-column=${column}]`)].map(el => el.textContent)"
        ".slice(0, texts.length)) === JSON.stringify(texts)",
        arg=[column, texts],
    )


@pytest.mark.promise(
    "docs/batch.md", "A page that is loaded again in the middle has all lines, and goes on"
)
@pytest.mark.promise("docs/batch.md", "Escape goes back")
def test_many_runs_are_live_over_a_reload_and_stay_when_all_is_over(notebook, lab, gate):
    nb = notebook("many", [MANY, "print([line.status for line in runs.lines][:5])"])
    nb.run(1)
    wait_said(nb, f"{OPEN} of {COUNT} runs")
    wait_state(nb, "running")
    assert not nb.busy()
    nb.shot("batch-running")
    nb.save()
    nb.reload()
    # It opens with what had come, and goes on from there.
    wait_state(nb, "running")
    wait_said(nb, f"{OPEN} of {COUNT} runs")
    wait_cells(nb, "text", ["Blub <i>blub."] * 3 + ["ValueError: no 3 <b>"])
    gate.touch()
    wait_state(nb, "done")
    wait_said(nb, f"{COUNT} of {COUNT} runs")
    table = nb.page.get_by_role("grid", name="Runs")
    assert table.get_attribute("aria-rowcount") == str(COUNT + 1)
    nb.page.add_script_tag(path=AXE)
    assert violations(nb, ".nbs-batch") == []
    nb.page.get_by_role("button", name="Failures first").click()
    wait_cells(nb, "index", ["3", "13", "23", "0"])
    # A line opens by the keys, with its log, and Escape goes back.
    table.focus()
    for key in ("ArrowDown", "End", "Enter"):
        nb.page.keyboard.press(key)
    last = nb.page.locator(".nbs-b-detail .nbstream")
    last.get_by_text("blub").first.wait_for()
    last.get_by_role("tab", name="Timeline").click()
    last.get_by_role("treegrid").or_(last.locator(".nbs-timeline")).first.wait_for()
    assert violations(nb, ".nbs-batch") == []
    nb.shot("batch-line")
    nb.page.locator(".nbs-b-back").focus()
    nb.page.keyboard.press("Escape")
    nb.page.wait_for_function("() => document.activeElement?.getAttribute('role') === 'grid'")
    nb.shot("batch-done")
    # The page puts the table where Jupyter has not, and the view into its place.
    nb.page.wait_for_selector("[data-nbstream]:not([data-nbstream-page]) .nbs-batch")
    nb.save()
    content = json.loads((lab.folder / "many.ipynb").read_text())
    data = content["cells"][0]["outputs"][0]["data"]
    html, text = "".join(data["text/html"]), "".join(data["text/plain"])
    assert "data-nbstream-page" not in html
    assert "<i>" not in html
    assert text.startswith(f"**Done:** {COUNT} of {COUNT} runs · 3 failed")
    assert text.index("no 23") < text.index("Blub")
