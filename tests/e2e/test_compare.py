"""A comparison in a real JupyterLab: columns that stream at the same time, by keyboard too."""

import json

GATES = """import threading
from nbstream import RunnableLambda, compare

gates = {name: threading.Semaphore(1) for name in ("small", "large")}

def slowly(name, *words):
    def stream(_):
        for word in words:
            assert gates[name].acquire(timeout=60)
            yield word
    return RunnableLambda(stream)

small, large = slowly("small", "one ", "two ", "three"), slowly("large", "one ", "2 ", "3")
view = compare({"small": small, "large": large}, "Count.")"""
GO_ON = "for gate in gates.values(): gate.release()"
END = "gates['small'].release(); view.columns['small'].result(60)"
SHOWN = """texts => {
    const columns = [...document.querySelectorAll('.nbs-columns > section')];
    const shown = columns.map(one => one.querySelector('.nbs-tokens').textContent.trim());
    return JSON.stringify(shown) === JSON.stringify(texts);
}"""
STATUS = """words => {
    const rows = [...document.querySelectorAll('.nbs-race tbody tr')];
    return JSON.stringify(rows.map(row => row.dataset.status)) === JSON.stringify(words);
}"""
FOCUSED = "() => document.activeElement.getAttribute('aria-label')"


def press(nb, name, key="Enter", index=0):
    """Press a button by keyboard."""
    button = nb.page.locator(".nbs-compare").get_by_role("button", name=name).nth(index)
    button.focus()
    nb.page.keyboard.press(key)


AGAIN = """from nbstream import ScriptedChat, show
view = show(ScriptedChat(["Blub", " blub"]), "Say something.", view="timeline")"""


def test_columns_stream_at_the_same_time_and_are_steered_by_keyboard(notebook, lab):
    nb = notebook("compare", [GATES, GO_ON, END], width=1100)
    nb.run(1)
    # Each has had one word and waits for its gate: one behind the other, large would have none.
    nb.page.wait_for_function(SHOWN, arg=["one", "one"])
    nb.run_cell(1)
    nb.page.wait_for_function(SHOWN, arg=["one two", "one 2"])
    nb.page.wait_for_function(STATUS, arg=["streaming", "streaming"])
    press(nb, "Stop", index=2)  # all, small, large
    nb.page.wait_for_function(STATUS, arg=["streaming", "stopped"])
    nb.run_cell(2)
    nb.page.wait_for_function(STATUS, arg=["done", "stopped"])
    nb.wait_idle()
    nb.wait_left()
    nb.page.wait_for_function(SHOWN, arg=["one two three", "one 2"])

    nb.page.get_by_label("Mark differences").focus()
    nb.page.keyboard.press("ArrowDown")
    marked = nb.page.locator(".nbs-columns > section >> nth=1 >> .nbs-diff")
    marked.wait_for()
    assert marked.locator("del").all_inner_texts() == [" two three"]
    assert marked.locator("ins").all_inner_texts() == [" 2 "]
    nb.page.keyboard.press("Tab")
    nb.page.keyboard.press("Enter")
    together = nb.page.get_by_role("button", name="Scroll together")
    assert together.get_attribute("aria-pressed") == "true"
    press(nb, "Play all again")
    nb.page.wait_for_function(
        "() => document.activeElement.closest('.nbs-compare > .nbs-replay') !== null"
    )
    press(nb, "Close replay")
    assert nb.page.evaluate(FOCUSED) == "Play all again"

    nb.save()
    saved = json.loads((lab.folder / "compare.ipynb").read_text())
    (output,) = saved["cells"][0]["outputs"]
    assert list(output["data"]) == ["text/html", "text/markdown", "text/plain"]
    html = "".join(output["data"]["text/html"])
    assert "display:flex" in html
    text = "".join(output["data"]["text/markdown"])
    assert text == "**small** (done)\n\none two three\n\n---\n\n**large** (stopped)\n\none 2 "


def test_a_call_is_made_again_beside_the_old_one(notebook, lab):
    nb = notebook("again", [AGAIN], width=1000)
    nb.run(1)
    nb.page.wait_for_selector(".nbstream[data-status=done]")
    nb.wait_left()
    nb.page.locator("tr[data-type=chat_model]").click()
    again = nb.page.get_by_role("button", name="Run again…")
    again.focus()
    nb.page.keyboard.press("Enter")
    area = nb.page.get_by_label("human message")
    area.wait_for()
    assert area.input_value() == "Say something."
    area.fill("Say more.")
    nb.page.keyboard.press("Control+Enter")
    nb.page.wait_for_function(SHOWN, arg=["Blub blub", "Blub blub"])
    nb.page.wait_for_function(STATUS, arg=["done", "done"])
    nb.wait_left()
    nb.save()
    nb.reload()  # a page that opens later has it, too
    nb.page.wait_for_function(SHOWN, arg=["Blub blub", "Blub blub"])
