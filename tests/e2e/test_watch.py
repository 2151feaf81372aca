"""``%%watch`` over code that knows nothing of nbstream, in a real JupyterLab."""

import json
import threading

import pytest

from ..endpoint import Endpoint, begin_stream
from ..hosts.kernels import ROOT
from ..interop.openai_endpoint import CALL, chunks, says_for_ever, wants_a_call

KEY = "sk-none-of-your-business-12345"
LOOP = """%%watch
import openai
client = openai.OpenAI(base_url="{url}/v1", api_key="{key}")
for question in ("What is a goldfish?", "And on the moon?"):
    stream = client.chat.completions.create(
        model="goldfish-1", stream=True, messages=[{{"role": "user", "content": question}}]
    )
    answer = "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
print("The loop has ended with", repr(answer))"""
AGENT = """%%watch
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI

def look(at: str) -> str:
    "Look at something."
    return f"a {{at}} that looks back"

model = ChatOpenAI(model="goldfish-1", base_url="{url}/v1", api_key="{key}")
agent = create_agent(model, [look])
given = {{"messages": [("human", "What is a goldfish?")]}}
answer = ""
for message, about in agent.stream(given, stream_mode="messages"):
    answer += message.text if about["langgraph_node"] == "model" else ""
print("The loop has ended with", repr(answer))"""
INTEROP = ROOT / ".interop" / "bin" / "python"
WIDGET = "application/vnd.jupyter.widget-view+json"
DONE = "() => document.querySelectorAll('.nbstream[data-status=done]').length === 1"


# A program, and the kernel that has its libraries: LangGraph's are not among nbstream's own.
PROGRAMS = {"loop": (LOOP, "python3"), "agent": (AGENT, "interop")}


def says_half(go):
    """Call the tool, if there is one; say half of each answer, and the rest when that is seen."""

    def behaviour(handler, body):
        begin_stream(handler)
        if wants_a_call(body):
            call = {"role": "assistant", "tool_calls": [{"index": 0, **CALL}]}
            handler.wfile.writelines(chunks([call], "tool_calls"))
            return
        words = ["A ", "goldfish ", "is ", "a ", "**small** ", "fish."]
        for at, event in enumerate(chunks([{"content": word} for word in words], "stop")):
            assert at != 4 or go.wait(60)
            handler.wfile.write(event)

    return behaviour


def open_program(notebook, lab, name, program, url, *more, **options):
    code, kernel = PROGRAMS[program]
    if kernel == "interop":
        assert INTEROP.exists(), "LangGraph is not installed here: make .interop/.installed"
        lab.add_kernel(kernel, str(INTEROP), {"PYTHONPATH": str(ROOT)})
    cells = ["%load_ext nbstream", code.format(url=url, key=KEY), *more]
    return notebook(f"watch-{name}", cells, kernel=kernel, **options)


def show_tokens(nb):
    view = nb.page.locator(".nbstream")
    view.wait_for(timeout=180_000)  # the libraries are imported first
    view.get_by_role("tab", name="Tokens").click()
    return view


@pytest.mark.parametrize(("program", "theme"), [("loop", "light"), ("agent", "dark")])
def test_a_program_that_knows_nothing_of_it_is_seen_while_it_runs(notebook, lab, program, theme):
    go = threading.Event()
    name = f"{program}-{theme}"
    with Endpoint(says_half(go)) as server:
        nb = open_program(notebook, lab, name, program, server.url, theme=theme)
        nb.run(2)
        view = show_tokens(nb)
        # One view a model: the one that there was before is put away.
        view.get_by_text("goldfish ", exact=True).filter(visible=True).first.wait_for()
        # The server has sent half of an answer: the cell is at it.
        assert nb.busy()
        nb.shot(f"watch-running-{name}")
        go.set()
        nb.wait_idle()
        nb.page.get_by_text("The loop has ended with 'A goldfish is a **small** fish.'").wait_for()
        nb.page.wait_for_function(DONE)
        # The transcript is in the output, and the view in its place.
        nb.page.wait_for_selector("[data-nbstream-taken]", state="attached")
        nb.shot(f"watch-done-{name}")
        nb.save()
    assert len(server.requests) == 2
    saved = json.loads((lab.folder / f"watch-{name}.ipynb").read_text())
    outputs = saved["cells"][1]["outputs"]
    shown = [one["data"] for one in outputs if one["output_type"] == "display_data"]
    assert len(shown) == 1
    assert WIDGET not in shown[0]
    html = "".join(shown[0]["text/html"])
    assert "goldfish" in html
    assert ("2 turns" in html) == (program == "loop")
    assert ("that looks back" in html) == (program == "agent")
    assert KEY not in json.dumps(shown)


@pytest.mark.parametrize("program", PROGRAMS)
def test_stop_ends_the_cell_and_the_request(notebook, lab, program):
    with Endpoint(says_for_ever) as server:
        nb = open_program(notebook, lab, f"stop-{program}", program, server.url, "print('next')")
        nb.run(2)
        view = show_tokens(nb)
        nb.page.wait_for_function("() => document.querySelector('.nbstream')?.dataset.shown > 20")
        view.get_by_label("Stop", exact=True).click()
        nb.page.wait_for_selector(".nbstream[data-status=stopped]")
        assert server.broken_off.wait(60)
        nb.wait_idle()
        nb.shot(f"watch-stopped-{program}")
        assert len(server.requests) == 1
        nb.run_cell(2)
        nb.page.locator(".jp-Cell").nth(2).get_by_text("next", exact=True).wait_for()
