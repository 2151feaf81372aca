"""Outputs as VS Code draws them, by its own widget managers: live, in its colours, and saved."""

from .webview import Webview, build

CODE = """import pathlib, time
from nbstream import show

def answer():
    yield from ("A ", "goldfish ")
    while not pathlib.Path({go!r}).exists():
        time.sleep(0.05)
    yield "is small."

view = show(answer(), block=False)"""
# The colours of the text, and of what is drawn behind it.
COLOURS = """() => {
    const token = document.querySelector(".nbstream .nbs-token");
    let behind = token;
    const of = (el) => getComputedStyle(el).backgroundColor;
    while (/^rgba\\\\(.*, 0\\\\)$/.test(of(behind))) behind = behind.parentElement;
    return [getComputedStyle(token).color, of(behind)];
}""".replace("\\\\", "\\")
AROUND = """() => getComputedStyle(
    document.querySelector(".cell-output-ipywidget-background:has(.nbstream)")).backgroundColor"""
DARK = ["rgb(204, 204, 204)", "rgb(31, 31, 31)"]


def test_it_streams_in_the_editors_colours_and_stays(lab, browser, tmp_path):
    build()
    go = tmp_path / "go"
    live = Webview(lab, browser, "vscode-dark", kernel="python3")
    try:
        live.begin(CODE.format(go=str(go)))
        live.page.get_by_text("goldfish ", exact=True).wait_for(timeout=60_000)
        live.page.wait_for_selector(".nbstream[data-status=streaming]")
        assert live.page.evaluate(COLOURS) == DARK
        # VS Code's own white around a widget: it would be a frame in the dark.
        assert live.page.evaluate(AROUND) == "rgba(0, 0, 0, 0)"
        live.shot("vscode-streaming")
        go.touch()
        live.page.wait_for_selector(".nbstream[data-status=done]")
        live.page.wait_for_function("() => JSON.stringify(webview.saved()).includes('is small.')")
        live.shot("vscode-done")
        saved = live.saved()
    finally:
        live.page.close()
        lab.shut_down_kernels()
    reopened = Webview(lab, browser, "vscode-dark")
    reopened.page.evaluate("(saved) => webview.reopen(saved)", saved)
    reopened.page.wait_for_function("() => document.body.innerText.includes('is small.')")
    assert "Waiting" not in reopened.page.inner_text("body")
    reopened.shot("vscode-reopened")
    reopened.page.close()
