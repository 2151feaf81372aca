"""What is left of a run in a saved notebook: for its author, for a colleague, on a page, whole."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import ipywidgets
import jsonschema
import nbformat
import pytest
from nbclient import NotebookClient

from ..tasks import wait_until
from .lab import SHOTS, Notebook

RUN = """from nbstream import *
def look_up(topic):
    facts = ScriptedChat(["Goldfish ", "see ", "more ", "colours."], 0.02, name="facts-1")
    return {"topic": topic, "facts": facts.invoke(topic).content}
thought = [{"type": "thinking", "thinking": "The moon has no water, so no fish. Say so kindly."}]
call = {"name": "look_for_fish", "args": '{"where": "the moon"}', "id": "c1", "index": 0}
said = ["The moon has ", "**no fish**", AIMessageChunk("", tool_call_chunks=[call])]
said += [", as far ", "as we know.\\n\\n", "- too dry\\n", "- too cold"]
model = ScriptedChat([AIMessageChunk(thought), *said], 0.02, name="fish-model-1")
prompt = ChatPromptTemplate.from_template("{topic}: {facts}")"""
CELLS = [
    RUN,
    "show(model, 'Are there fish on the moon?')",
    "show(RunnableLambda(look_up) | prompt | model | StrOutputParser(), 'the moon')",
    "show(ScriptedChat(['Half a ', 'word', ProviderError('Overloaded. Run it again.')]), 'x')",
]
TEXT = "The moon has **no fish**, as far as we know.\n\n- too dry\n- too cold"
WIDGET = "application/vnd.jupyter.widget-view+json"

ALLOWED = {
    "div",
    "span",
    "b",
    "bdi",
    "br",
    "details",
    "pre",
    "summary",
    "table",
    "tbody",
    "tr",
    "td",
}
CONTENTS = """cells => cells.map(cell => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    const { left, right } = range.getBoundingClientRect();
    return [left, right];
})"""
ELEMENTS = """root => [...root.querySelectorAll('*')].map(el => el.localName)"""


@pytest.fixture(scope="module")
def saved(lab, browser):
    """A notebook as it was saved after it ran."""
    lab.theme("light")
    nb = Notebook(lab, browser, "moon", CELLS)
    nb.run_all()
    nb.page.wait_for_selector(".nbstream[data-status=failed]")
    nb.page.wait_for_function(
        "() => document.querySelectorAll('.nbstream[data-status=done]').length === 2"
    )
    nb.wait_left()
    nb.save()
    nb.page.close()
    lab.shut_down_kernels()
    return json.loads((lab.folder / "moon.ipynb").read_text())


def assert_transcript(outputs):
    """The three outputs are transcripts, and read well."""
    outputs.nth(2).get_by_text("Failed", exact=True).wait_for()
    assert outputs.count() == 3
    model, chain, failed = outputs.all()
    for output in (model, chain, failed):
        elements = set(output.evaluate(ELEMENTS))
        assert elements <= ALLOWED
        # Nothing hangs out, and nothing is so wide that it has to be scrolled to.
        assert output.evaluate("el => el.scrollWidth <= el.clientWidth + 1")
    assert "fish-model-1" in model.text_content()
    assert "6 chunks" in model.text_content()
    thinking = model.locator("details").nth(0)
    hidden = thinking.get_by_text("no water")
    assert not hidden.is_visible()
    thinking.locator("summary").click()
    assert hidden.is_visible()
    assert "look_for_fish" in model.locator("details").nth(1).text_content()
    timeline = chain.locator("details").last
    assert timeline.locator("summary").text_content() == "Timeline · 6 steps"
    timeline.locator("summary").click()
    rows = timeline.locator("tr")
    assert rows.count() == 6
    assert [row.locator("td").first.text_content() for row in rows.all()] == [
        "RunnableSequence",
        *("look_up", "facts-1", "ChatPromptTemplate", "fish-model-1", "StrOutputParser"),
    ]
    # Every column is there, each step on one line, and nothing lies over anything else.
    for row in rows.all():
        assert row.evaluate("el => el.offsetHeight") < 30
        boxes = row.locator("td").evaluate_all(CONTENTS)
        assert [left for left, _ in boxes] == sorted(left for left, _ in boxes)
        assert all(a[1] <= b[0] + 1 for a, b in pairwise(boxes)), boxes
        assert boxes[3][1] <= timeline.evaluate("el => el.getBoundingClientRect().right")
    assert rows.nth(4).locator("td").nth(3).text_content() == "6 chunks"
    # The waterfall stands: a step that came later begins further to the right.
    bars = rows.locator("td div")
    lefts = bars.evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().x)")
    widths = bars.evaluate_all("bars => bars.map(bar => bar.offsetWidth)")
    assert lefts[4] > lefts[2] > lefts[0] - 1
    assert widths[0] > widths[4] > 20
    assert "Half a |word" in failed.text_content()
    assert "Overloaded. Run it again." in failed.text_content()


@pytest.mark.promise(
    "README.md", "A saved notebook keeps the transcript, to read with no kernel and no nbstream"
)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_colleague_in_jupyterlab_without_a_kernel(saved, lab, notebook, theme):
    lab.receive(f"mail-{theme}", saved)
    nb = notebook(f"mail-{theme}", theme=theme, is_dead=True)
    assert_transcript(nb.page.locator(".jp-OutputArea-output"))
    assert lab.request("GET", "api/kernels") == []
    assert nb.page.locator(".nbstream").count() == 0
    nb.shot(f"mail-{theme}")
    nb.page.locator(".jp-OutputArea-output").nth(2).scroll_into_view_if_needed()
    nb.shot(f"mail-end-{theme}")


def test_a_colleague_in_notebook_7_without_a_kernel(saved, lab, notebook):
    lab.receive("mail-7", saved)
    nb = notebook("mail-7", theme="dark", app="notebook", is_dead=True)
    assert_transcript(nb.page.locator(".jp-OutputArea-output"))
    assert lab.request("GET", "api/kernels") == []
    nb.shot("mail-notebook-dark")


def _states(lab):
    return [one["kernel"]["execution_state"] for one in lab.request("GET", "api/sessions")]


@pytest.mark.promise("docs/architecture.md", "when it ends, the widget is taken out of the output")
@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_the_author_on_the_next_day(saved, lab, notebook, app):
    """Trusted, since it was run here; but the kernel that knew the widget is gone."""
    nb = notebook("moon", app=app)
    wait_until(lambda: _states(lab) == ["idle"])
    nb.page.wait_for_timeout(2_500)  # that is how long the notebook waits for a widget
    assert "model not found" not in nb.page.locator(".jp-Notebook").text_content()
    assert_transcript(nb.page.locator(".jp-OutputArea-output"))


def test_as_a_page(saved, lab, browser, tmp_path):
    (tmp_path / "moon.ipynb").write_text(json.dumps(saved))
    command = [sys.executable, "-m", "nbconvert", "--to", "html", "moon.ipynb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 1100, "height": 1000}, color_scheme=scheme)
        page.goto((tmp_path / "moon.html").as_uri())
        outputs = page.locator(".jp-OutputArea-output")
        assert_transcript(outputs)
        assert page.locator("script[type*=widget]").count() == 0
        page.screenshot(path=SHOTS / f"nbconvert-{scheme}.png")
        page.close()


def test_a_page_from_the_menu_plays(lab, notebook, browser, tmp_path):
    """The page asks the kernel for it; by ``view.export`` it is the same."""
    nb = notebook("export", [RUN, "v = show(model, 'x', block=True)", "v.export('moon.html')"])
    nb.run_all()
    nb.page.get_by_text("PosixPath('moon.html')").wait_for()
    nb.wait_left()  # a view that moves closes its menu
    nb.page.locator(".nbs-more").first.click()
    with nb.page.expect_download() as download:
        nb.page.get_by_role("menuitem", name="Save a page that plays (HTML)").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == "run.html"
    assert path.read_text() == (lab.folder / "moon.html").read_text()
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": 900, "height": 400}, color_scheme=scheme)
        page.goto(path.as_uri())
        page.locator(".nbstream[data-status=done]").get_by_text("fish-model-1").first.wait_for()
        page.screenshot(path=SHOTS / f"export-{scheme}.png")
        page.close()


LONG = "".join(f"token{i % 90} " for i in range(200_000))


def test_a_long_run_leaves_a_notebook_that_opens(lab, notebook):
    cells = [
        "from nbstream import *\nv = show([f'token{i % 90} ' for i in range(200_000)])",
        "v.result(); print(len(v.text))",
    ]
    nb = notebook("long", cells)
    nb.run_all()
    nb.page.get_by_text(str(len(LONG))).wait_for(timeout=60_000)
    nb.page.wait_for_selector(".nbstream[data-status=done]")
    nb.wait_left()
    nb.save()
    output = json.loads((lab.folder / "long.ipynb").read_text())["cells"][0]["outputs"][0]
    sizes = {form: len(json.dumps(data)) for form, data in output["data"].items()}
    assert sum(sizes.values()) < 2_000_000, sizes
    # What is left says what is not, and how to have it.
    for form in ("text/html", "text/plain", "text/markdown"):
        end = "".join(output["data"][form])[-2_000:]
        assert "more characters" in end, form
    html = "".join(output["data"]["text/html"])
    assert html.startswith("<!-- token0 token1 ")
    assert f"{len(LONG) - 400_000:,} more characters" in html
    assert "export" in html or "run the cell again" in html


STATE = {"saveState": True}
PLUGIN = "@jupyter-widgets/jupyterlab-manager:plugin"


@pytest.fixture
def saving(lab):
    lab.set_plugin(PLUGIN, STATE)
    yield
    lab.set_plugin(PLUGIN, {})


def assert_valid(content):
    """Hold a notebook and the widgets' state in it to the schemas of nbformat and ipywidgets."""
    nbformat.validate(nbformat.from_dict(content))
    kept = content["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]
    schema = Path(ipywidgets.__file__).with_name("state.schema.json").read_text()
    jsonschema.validate(kept, json.loads(schema))
    shown = {
        output["data"][WIDGET]["model_id"]
        for cell in content["cells"]
        for output in cell.get("outputs", ())
        if WIDGET in output.get("data", {})
    }
    assert shown <= kept["state"].keys()


@pytest.mark.promise("docs/architecture.md", "so the widget comes back whole without a kernel")
@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_with_widget_state_the_widget_comes_back_whole(saving, lab, notebook, app):
    name = f"state-{app}"
    words = "v = show(ScriptedChat(['word ', 'by ', 'word.\\n'] * 700, name='many'), 'x')"
    nb = notebook(name, [RUN, CELLS[2], words], app=app)
    nb.run_all()
    nb.page.wait_for_function(
        "() => document.querySelectorAll('.nbstream[data-status=done]').length === 2"
    )
    nb.page.wait_for_selector(".nbstream[data-shown='2100']")
    first = nb.page.locator(".nbstream").first
    first.get_by_role("tab", name="Markdown").click()
    first.locator(".nbs-markdown strong").get_by_text("no fish").wait_for()
    nb.wait_left()
    nb.save()
    nb.page.close()
    lab.shut_down_kernels()
    # Trusted, but nothing runs that could answer.
    content = json.loads((lab.folder / f"{name}.ipynb").read_text())
    assert_valid(content)
    for session in lab.request("GET", "api/sessions"):
        lab.request("DELETE", f"api/sessions/{session['id']}")

    again = notebook(name, app=app)
    again.page.wait_for_selector(".nbstream[data-shown='2100']")
    again.page.wait_for_function(
        "() => document.querySelectorAll('.nbstream[data-status=done]').length === 2"
    )
    again.drawn()
    views = again.page.locator(".nbstream")
    assert views.count() == 2
    assert [view.get_attribute("data-status") for view in views.all()] == ["done", "done"]
    assert views.nth(1).locator(".nbs-tokens").text_content() == "word by word.\n" * 700
    assert views.nth(1).get_by_role("tab", name="Events").text_content() == "Events2,102"
    chain = views.nth(0)
    # Two models, one of which thought and called: it is read as a conversation.
    chain.locator(".nbs-tr-call").wait_for()
    chain.get_by_role("tab", name="Tokens").click()
    assert chain.locator(".nbs-tokens").text_content() == TEXT
    chain.get_by_role("tab", name="Timeline").click()
    again.drawn()
    assert chain.locator("tbody tr").count() == 6
    chain.get_by_role("tab", name="Markdown").click()
    chain.locator(".nbs-markdown strong").get_by_text("no fish").wait_for()
    chain.locator(".nbs-markdown li").nth(1).wait_for()
    assert chain.locator(".nbs-markdown li").all_text_contents() == ["too dry", "too cold"]
    again.shot(f"state-{app}")


@pytest.mark.promise(
    "docs/architecture.md",
    "Where nobody watches (nbclient, nbconvert, papermill), no widget is made",
)
def test_executed_by_a_program_there_is_the_transcript_alone(lab):
    content = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS[:3]],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    NotebookClient(content, timeout=60).execute()
    assert "widgets" not in content["metadata"]
    model, chain = (cell.outputs[0]["data"] for cell in content.cells[1:])
    for data in (model, chain):
        assert WIDGET not in data
        assert data["text/plain"] == data["text/markdown"]
        assert "Done" in data["text/html"]
    assert model["text/plain"] == TEXT
    for said in ("**You:** the moon", "> The moon has no water", "**Calls** `look_for_fish`"):
        assert said in chain["text/plain"]
    nbformat.write(content, lab.folder / "executed.ipynb")
