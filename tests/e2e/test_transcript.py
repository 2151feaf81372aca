"""The transcript in a real JupyterLab: the embedded model with a tool, and an agent in an agent."""

import json

import pytest

from .test_jupyterlab import view, wait_for_status

TOOL = """%load_ext nbstream
from nbstream import *
import threading
done = threading.Event()

@tool
def weather(city: str) -> str:
    "Look up the weather in a city."
    dispatch_custom_event("progress", {"asked": city})
    done.wait(60)
    return f"In **{city}** it rains."
"""
ASK = """%%chat --bg --model local --tools weather --max-tokens 60
What is the weather in Paris?"""


@pytest.mark.promise("docs/architecture.md", "A run reads as a conversation")
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 620)])
def test_the_embedded_model_with_a_tool(notebook, lab, theme, width):
    name = f"transcript-{theme}-{width}"
    nb = notebook(name, [TOOL, ASK, "done.set()"], theme=theme, width=width)
    nb.run(1)
    nb.wait_idle()
    nb.run(1)
    # It comes on top of its own: there is a model's call, and a tool's.
    nb.page.wait_for_selector(".nbs-tr-call[data-doing=running]", timeout=60_000)
    # While the tool runs, its call is there, whole, and what it says.
    card = view(nb).locator(".nbs-tr-call")
    card.locator(".nbs-tr-output").get_by_text("progress: ").wait_for()
    assert card.locator(".nbs-tr-name").text_content() == "weather"
    city = json.loads(card.locator(".nbs-tr-args").text_content())["city"]
    nb.shot(f"{name}-running")

    nb.run(1)
    wait_for_status(nb, "done")
    nb.wait_left()
    nb.page.wait_for_selector(".nbs-tr-call[data-doing=done]")
    result = f"In **{city}** it rains."
    assert card.locator(".nbs-tr-result").text_content() == result
    # What a screen reader comes to, in this order.
    headings = view(nb).locator(".nbs-transcript [role=heading]:visible").all_text_contents()
    assert len(headings) == 4
    assert headings[0] == "You"
    assert headings[2].startswith("weather")
    view(nb).scroll_into_view_if_needed()
    nb.shot(name)

    nb.save()
    saved = json.loads((lab.folder / f"{name}.ipynb").read_text())
    (output,) = [one for cell in saved["cells"] for one in cell["outputs"] if "data" in one]
    text = "".join(output["data"]["text/plain"])
    assert text.startswith("**You:** What is the weather in Paris?\n\n**")
    assert "**Calls** `weather`" in text
    assert f"→ `{result}`" in text
    html = "".join(output["data"]["text/html"])
    assert html.index("What is the weather") < html.index("<b style") < html.index("it rains.")


THINKS = """from nbstream import *
t = Trace()
agent = t.start("agent", input="Plan a trip")
model = t.start("M", "chat_model", "Plan a trip", parent=agent)

def call(args, name=None, id=None):
    piece = {"name": name, "args": args, "id": id, "index": 1}
    t.log("chunk", model, AIMessageChunk(tool_call_chunks=[piece]))

thought = {"type": "thinking", "thinking": "A trip needs a train.", "index": 0}
t.log("chunk", model, AIMessageChunk([thought]))
v = StreamView(t)
v"""
CALLS = """t.log("chunk", model, AIMessageChunk("I **ask** the planner."))
call("", "plan", "c1")
call('{"to": "Os')"""
RUNS = """call('lo"}')
t.log("end", model)
plan = t.start("plan", "tool", {"name": "plan", "args": {}, "id": "c1"}, parent=agent)
t.log("custom", plan, ("looks", "07:12"))
inner = t.start("planner", "chat_model", "Oslo", parent=plan)
t.log("chunk", inner, AIMessageChunk("Take the *07:12*"))"""
ENDS = """t.log("end", inner)
t.log("end", plan, ToolMessage("Take the 07:12", "c1", name="plan"))
t.log("end", agent, "Take the 07:12")"""


def test_an_agent_in_an_agent_as_it_grows(notebook):
    nb = notebook("transcript-grows", [THINKS, CALLS, RUNS, ENDS])
    nb.run(1)
    nb.page.wait_for_selector(".nbs-transcript .nbs-thinking[data-live][open]")
    nb.run(1)
    nb.page.wait_for_selector(".nbs-transcript .nbs-thinking:not([open])")
    nb.page.wait_for_selector(".nbs-tr-call[data-doing=writing]")
    transcript = view(nb).locator(".nbs-transcript")
    assert transcript.locator(".nbs-tr-args").text_content() == '{"to": "Os'
    transcript.locator(".nbs-tr-said strong").get_by_text("ask").wait_for()
    # The reader has opened the thought: it stays open, whatever comes.
    transcript.locator(".nbs-thinking summary").click()
    nb.page.wait_for_selector(".nbs-transcript .nbs-thinking[open]")

    nb.run_cell(2)
    nb.page.wait_for_selector(".nbs-tr-call[data-doing=running] .nbs-tr-inside em")
    assert transcript.locator(".nbs-tr-output").text_content() == "looks: 07:12\n"
    assert transcript.locator(".nbs-thinking[open]").count() == 1
    nb.run(1)
    nb.page.wait_for_selector(".nbs-tr-call[data-doing=done]")
    assert transcript.locator(".nbs-tr-call > .nbs-tr-result").text_content() == "Take the 07:12"
    # Nothing is said twice: what the agent gives is what its model has said.
    assert transcript.locator(":scope > .nbs-tr-turn").count() == 2
    nb.wait_idle()
    nb.shot("transcript-grows")
