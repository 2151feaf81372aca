"""A view that no cell displays: of a button's callback, or while a cell's output is captured."""

BUTTON = """import ipywidgets, time
from nbstream import *
slow = ScriptedChat(["so ", "it ", "goes "] * 2_000, delay=0.05)
def press(_):
    global pressed
    pressed = show(slow, "x")
button = ipywidgets.Button(description="Press me")
button.on_click(press)
button"""
TAKEN = """out = ipywidgets.Output()
def press_too(_):
    with out:
        show(ScriptedChat(["Taken"]), "x")
other = ipywidgets.Button(description="Press me, too")
other.on_click(press_too)
ipywidgets.VBox([other, out])"""
CAPTURED = """%%capture
until = time.monotonic() + 60
while pressed.status == "streaming" and time.monotonic() < until:
    time.sleep(0.02)"""


def test_what_a_button_runs_is_displayed_and_can_be_stopped_while_output_is_captured(notebook):
    nb = notebook("no-cell", [BUTTON, TAKEN, CAPTURED, "print(pressed.status)"])
    nb.run(2)
    nb.page.get_by_role("button", name="Press me", exact=True).wait_for()
    nb.wait_idle()
    nb.page.get_by_role("button", name="Press me", exact=True).click()
    view = nb.page.locator(".jp-CodeCell >> nth=1").locator(".nbstream[data-status=streaming]")
    view.wait_for()  # in the cell that ran last
    nb.page.get_by_role("button", name="Press me, too").click()
    nb.page.wait_for_selector(".jupyter-widgets .jp-OutputArea .nbstream[data-status=done]")
    nb.run_cell(2)
    nb.page.get_by_text("[*]").wait_for()
    view.get_by_label("Stop", exact=True).click()
    nb.page.wait_for_selector(".nbstream[data-status=stopped]")
    nb.run_cell(3)
    nb.page.get_by_text("stopped", exact=True).wait_for()
    nb.shot("no-cell")
