"""A notebook that is saved in the middle of a run: the file has the text received so far."""

import json

import pytest

from .test_kernel_gone import SHOWN

WIDGET = "application/vnd.jupyter.widget-view+json"
SAID = "goldfish <b>on</b> the moon"
WAITS = "from nbstream import *\nv = StreamView()\nv"

WATCH = """() => {
    window.drawn = 0;
    const area = document.querySelector('.jp-OutputArea');
    const isOurs = el => el.className?.toString().startsWith('nbs-');
    new MutationObserver(records => {
        for (const { target } of records) if (!isOurs(target)) window.drawn++;
    }).observe(area, { childList: true, subtree: true });
}"""


def saved(lab, name):
    """What the file has of the one output that a view is in."""
    content = json.loads((lab.folder / f"{name}.ipynb").read_text())
    outputs = [one["data"] for one in content["cells"][0]["outputs"] if "data" in one]
    (data,) = [one for one in outputs if "text/html" in one]
    return content, {mime: "".join(text) for mime, text in data.items()}


def wait_for_text(page, text, of=".nbs-tokens"):
    page.wait_for_function(
        "([of, text]) => document.querySelector(of)?.textContent.includes(text)", arg=[of, text]
    )


@pytest.mark.parametrize("kind", SHOWN)
@pytest.mark.parametrize("app", ["lab", "notebook"])
def test_what_is_saved_in_mid_stream_has_the_text_and_the_page_is_left_alone(
    notebook, lab, kind, app
):
    name = f"midstream-{kind}-{app}"
    nb = notebook(name, [SHOWN[kind]], app=app)
    nb.run()
    wait_for_text(nb.page, "moon")
    nb.page.wait_for_timeout(600)  # a conversation's output is drawn anew as it begins
    nb.drawn()
    nb.page.evaluate(WATCH)
    nb.save()
    assert nb.page.evaluate("drawn") == 0
    assert nb.page.locator(".nbstream[data-status=streaming]").count() == 1
    content, data = saved(lab, name)
    assert WIDGET not in data
    for mime in ("text/plain", "text/markdown"):
        assert SAID in data[mime]
        assert ("Where is it?" in data[mime]) == (kind == "chat")

    # Loaded anew, the page goes on with it; the kernel gone, the text is there to be read.
    nb.reload()
    nb.page.wait_for_selector(".nbstream[data-status=streaming]", timeout=60_000)
    nb.page.get_by_label("Stop", exact=True).last.click()
    nb.page.wait_for_selector(".nbstream[data-status=stopped]")
    nb.page.close()
    lab.shut_down_kernels()
    lab.receive(f"{name}-mail", content)
    again = notebook(f"{name}-mail", is_dead=True, app=app)
    left = again.page.locator(".jp-OutputArea-output").first
    assert "Saved while streaming" in left.inner_text()
    assert SAID in left.inner_text()
    again.shot(name)


def test_its_author_reads_it_the_next_day(notebook, lab):
    nb = notebook("midstream-author", [SHOWN["view"]])
    nb.run()
    wait_for_text(nb.page, "moon")
    nb.save()
    nb.page.close()
    lab.shut_down_kernels()
    again = notebook("midstream-author")
    wait_for_text(again.page, SAID, ".jp-OutputArea-output")
    again.page.wait_for_timeout(2_500)  # that is how long the notebook waits for a widget
    assert "model not found" not in again.page.locator(".jp-Notebook").text_content()


def test_a_view_that_waits_is_saved_as_one(notebook, lab):
    nb = notebook("waiting", [WAITS])
    nb.run()
    nb.page.wait_for_selector(".nbstream")
    nb.save()
    _, data = saved(lab, "waiting")
    assert WIDGET not in data
    assert "Saved while waiting" in data["text/html"]


def test_after_a_reload_in_mid_stream_the_file_gets_pythons_transcript(notebook, lab):
    slow = "from nbstream import *\nv = show(ScriptedChat(['word '] * 60, 0.1, name='slow'), 'x')"
    nb = notebook("midstream-end", [slow])
    nb.run()
    nb.page.wait_for_selector(".nbstream[data-status=streaming]")
    nb.save()
    nb.reload()
    nb.page.wait_for_selector(".nbstream[data-status=done]", timeout=60_000)
    # The transcript that the page wrote is replaced, where Jupyter does not do it.
    nb.page.wait_for_selector("[data-nbstream]:not([data-nbstream-page]) .nbstream")
    nb.save()
    _, data = saved(lab, "midstream-end")
    assert data["text/plain"] == "word " * 60
    assert "data-nbstream-page" not in data["text/html"]
