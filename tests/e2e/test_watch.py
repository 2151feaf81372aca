"""``%%watch`` over code that knows nothing of nbstream, in a real JupyterLab."""

import json
import threading

import pytest

from ..endpoint import Endpoint, begin_stream

KEY = "sk-none-of-your-business-12345"
LOOP = """%%watch
import openai
client = openai.OpenAI(base_url="{url}/v1", api_key="{key}")
for question in ("What is a goldfish?", "And on the moon?"):
    stream = client.chat.completions.create(
        model="goldfish-1", stream=True, messages=[{{"role": "user", "content": question}}]
    )
    answer = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
print("The loop has ended with", repr(answer))"""
WIDGET = "application/vnd.jupyter.widget-view+json"
DONE = "() => document.querySelectorAll('.nbstream[data-status=done]').length === 1"


def chunk(text, reason=None):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    data = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "goldfish-1"}
    return b"data: " + json.dumps({**data, "choices": [choice]}).encode() + b"\n\n"


def says_half(go):
    """Say half of each answer, and the rest when somebody has seen that."""

    def behaviour(handler, body):
        begin_stream(handler)
        for word in ("A ", "goldfish ", "is ", "a "):
            handler.wfile.write(chunk(word))
        assert go.wait(60)
        handler.wfile.write(chunk("**small** ") + chunk("fish.", "stop") + b"data: [DONE]\n\n")

    return behaviour


def says_for_ever(handler, body):
    begin_stream(handler)
    while True:
        handler.wfile.write(chunk("so "))


def show_tokens(nb):
    view = nb.page.locator(".nbstream")
    view.wait_for()
    view.get_by_role("tab", name="Tokens").click()
    return view


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_loop_that_knows_nothing_of_it_is_seen_while_it_runs(notebook, lab, theme):
    go = threading.Event()
    with Endpoint(says_half(go)) as server:
        cells = ["%load_ext nbstream", LOOP.format(url=server.url, key=KEY)]
        nb = notebook(f"watch-{theme}", cells, theme=theme)
        nb.run(2)
        view = show_tokens(nb)
        view.get_by_text("goldfish ", exact=True).first.wait_for()
        # The server has sent half of the first answer: the cell is at it.
        assert nb.busy()
        nb.shot(f"watch-running-{theme}")
        go.set()
        nb.wait_idle()
        nb.page.get_by_text("The loop has ended with 'A goldfish is a **small** fish.'").wait_for()
        nb.page.wait_for_function(DONE)
        # The transcript is in the output, and the view in its place.
        nb.page.wait_for_selector("[data-nbstream-taken]", state="attached")
        nb.shot(f"watch-done-{theme}")
        nb.save()
    assert len(server.requests) == 2
    saved = json.loads((lab.folder / f"watch-{theme}.ipynb").read_text())
    outputs = saved["cells"][1]["outputs"]
    shown = [one["data"] for one in outputs if one["output_type"] == "display_data"]
    assert len(shown) == 1
    assert WIDGET not in shown[0]
    html = "".join(shown[0]["text/html"])
    assert "goldfish" in html
    assert KEY not in json.dumps(shown)


def test_stop_ends_the_cell_and_the_request(notebook):
    with Endpoint(says_for_ever) as server:
        cells = ["%load_ext nbstream", LOOP.format(url=server.url, key=KEY), "print('next')"]
        nb = notebook("watch-stop", cells)
        nb.run(2)
        view = show_tokens(nb)
        nb.page.wait_for_function("() => document.querySelector('.nbstream')?.dataset.shown > 20")
        view.get_by_label("Stop", exact=True).click()
        nb.page.wait_for_selector(".nbstream[data-status=stopped]")
        assert server.broken_off.wait(60)
        nb.wait_idle()
        nb.shot("watch-stopped")
        assert len(server.requests) == 1
        nb.run_cell(2)
        nb.page.locator(".jp-Cell").nth(2).get_by_text("next", exact=True).wait_for()
