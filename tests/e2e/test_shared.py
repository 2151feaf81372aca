"""A notebook that is open on several pages: the others get its outputs as HTML they do not trust.

The pages of jupyter-collaboration itself: ``make collab``.
"""

SLOW = """from nbstream import *
v = show(ScriptedChat(["so ", "it ", "goes "] * 2_000, delay=0.05), "x")"""
CHAT = "chat = ChatView(ScriptedChat(['Blub ', 'blub']))\nchat"
# As the document of another page comes to have an output: nothing here has run its cell.
SHARE = """at => {
    const { cells } = window.jupyterapp.shell.currentWidget.content.model;
    const { output_type, data, metadata } = cells.get(at).outputs.get(0).toJSON();
    const output = { output_type, data: { "text/html": data["text/html"] }, metadata };
    cells.get(at + 2).sharedModel.updateOutputs(0, 0, [output]);
}"""
OTHERS = ".jp-RenderedHTMLCommon :not([data-nbstream]) > div > "


def test_a_page_that_did_not_run_the_cell_has_the_live_view_and_chat(notebook):
    nb = notebook("shared", [SLOW, CHAT, "", ""])
    nb.run(2)
    nb.page.wait_for_selector(".nbstream[data-status=streaming]")
    nb.page.wait_for_selector(".nbs-chat")
    nb.wait_idle()
    nb.page.evaluate(SHARE, 0)
    nb.page.evaluate(SHARE, 1)
    other = nb.page.locator(f"{OTHERS}.nbstream")
    other.locator("xpath=self::*[@data-status='streaming']").wait_for()
    other.get_by_label("Stop", exact=True).click()
    nb.page.wait_for_function(
        "() => document.querySelectorAll('.nbstream[data-status=stopped]').length === 2"
    )
    box = nb.page.locator(f"{OTHERS}.nbs-chat textarea")
    box.fill("Hello")
    box.press("Enter")
    nb.page.wait_for_function(
        """() => [...document.querySelectorAll('.nbs-chat')].filter(chat =>
            chat.querySelector('.nbstream[data-status=done]')?.textContent.includes('Blub blub')
        ).length === 2"""
    )
    nb.shot("shared")
