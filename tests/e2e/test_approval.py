"""A call that waits for the reader's word, in a real JupyterLab: by keyboard, busy or not."""

import pytest

SCRIPT = '''from nbstream import AIMessageChunk, BaseChatModel, create_agent, show, tool
%load_ext nbstream

class Script(BaseChatModel):
    """Asks for two calls, and has its answer once they have a result."""

    def bind_tools(self, tools, **_):
        return self

    def _stream_messages(self, messages, **_):
        if messages[-1].type == "tool":
            results = [m.text for m in messages if m.type == "tool"]
            yield AIMessageChunk("Both: " + " / ".join(results))
            return
        for at, path in enumerate(("notes.txt", "letters")):
            call = {"name": "delete", "args": f'{{"path": "{path}"}}', "id": f"c{at}", "index": at}
            yield AIMessageChunk(tool_call_chunks=[call])

@tool
def delete(path: str) -> str:
    "Delete a file."
    return f"{path} is gone"

model = Script()'''
IN_BACKGROUND = 'view = show(create_agent(model, [delete], approve="ask"), "Tidy up.")'
IN_A_CELL = "%%chat -m model --tools delete --approve\nTidy up."
FOCUSED = "() => document.activeElement.textContent"


def wait_asked(nb, count):
    nb.page.wait_for_function(
        "count => document.querySelectorAll('.nbs-tr-approval:not([hidden])').length === count",
        arg=count,
    )


def wait_focus(nb, words):
    nb.page.wait_for_function(f"words => ({FOCUSED})().includes(words)", arg=words)


def answer_by_keys(nb):
    """Edit the first call, and do not allow the second, with the keyboard alone."""
    page = nb.page
    page.locator(".nbs-transcript").first.focus()
    for _ in range(12):  # past what else can be focused above it
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED) == "Edit…":
            break
    wait_focus(nb, "Edit…")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.activeElement.tagName === 'TEXTAREA'")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type('{"path": "drafts.txt"}')
    page.keyboard.press("Tab")
    wait_focus(nb, "Allow as edited")
    page.keyboard.press("Enter")
    wait_asked(nb, 1)


@pytest.mark.promise("docs/agents.md", "the call waits in the Transcript")
@pytest.mark.parametrize("cell", [IN_BACKGROUND, IN_A_CELL], ids=["idle", "busy"])
def test_calls_are_allowed_edited_or_not_by_keyboard(notebook, cell, request):
    name = f"approval-{request.node.callspec.id}"
    nb = notebook(name, [SCRIPT, cell])
    nb.run(2)
    wait_asked(nb, 2)
    if cell == IN_A_CELL:
        assert nb.busy()
    else:
        nb.wait_idle()
        nb.save()
        nb.reload()  # it waits all the same
        wait_asked(nb, 2)
    nb.page.get_by_role("group", name="Approval of delete").last.scroll_into_view_if_needed()
    nb.shot(name)
    answer_by_keys(nb)
    nb.page.locator(".nbs-tr-approval:not([hidden]) button:not([hidden])").last.focus()
    nb.page.keyboard.press(" ")
    said = "Both: drafts.txt is gone / The user did not allow this call."
    nb.page.get_by_text(said).first.wait_for()
    nb.page.wait_for_selector(".nbstream[data-status=done]")
    nb.shot(f"{name}-done")
