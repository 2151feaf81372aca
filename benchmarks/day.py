"""What a day in a notebook costs: the first prompt, many short runs, a cell that runs 200 times.

Run it with ``make bench-page``, or ``python benchmarks/day.py``: a real JupyterLab, headless
Chromium. Absolute figures depend on the machine; what counts is that nothing is lost and that
memory stays where it is.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.page import Wire, size
from tests.e2e.lab import Lab, Notebook, open_browser

PROMPT = "%%chat --model local --max-tokens 12\nSay hello."
# The time of the key press, and of the first painted token.
FIRST = """() => {
    window.first = {pressed: null, shown: null};
    document.addEventListener("keydown", (event) => {
        if (event.key === "Enter" && event.shiftKey) window.first.pressed = performance.now();
    }, true);
    const look = () => {
        const token = document.querySelector(".nbs-token");
        if (token && token.textContent.trim()) window.first.shown = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""
SHORT = """
from nbstream import ScriptedChat, StreamView, stream_to
view, model = StreamView(), ScriptedChat(["so ", "it goes"])
display(view)
with stream_to(view):
    for _ in range(1000): model.invoke("x")
"""
AGAIN = """
import gc, os, sys, ipywidgets
from nbstream import ScriptedChat, Trace, show
view = show(ScriptedChat(["word "] * 100), "x");
view.result();
"""
PLAIN = "import gc, os\nprint('x')"
COUNT = """
gc.collect()
names = [type(one).__name__ for one in gc.get_objects()]
alive = [one for one in names if one in ("StreamView", "Trace")]
rss = int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1000
print("alive", alive.count("StreamView"), alive.count("Trace"), rss)
"""


def opened(lab, browser, name, cells):
    wires = []
    original = browser.new_page

    def new_page(**options):
        page = original(**options)
        wires.append(Wire(page))
        return page

    browser.new_page = new_page
    try:
        return Notebook(lab, browser, name, cells), wires[0]
    finally:
        browser.new_page = original


def first_prompt(lab, browser):
    """Seconds from Shift+Enter to the first token, two seconds after %load_ext."""
    for case, pause in (("two seconds after %load_ext", 2000), ("at once", 0)):
        nb, _ = opened(lab, browser, f"first-{pause}", ["%load_ext nbstream", PROMPT])
        nb.run(1)
        nb.wait_idle()
        nb.page.wait_for_timeout(pause)
        nb.page.evaluate(FIRST)
        nb.run(1)
        nb.page.wait_for_function("() => first.shown !== null", timeout=60_000)
        took = nb.page.evaluate("() => first.shown - first.pressed") / 1000
        print(f"First token of a fresh kernel, {case}: {took:.2f} s")
        nb.page.close()
        lab.shut_down_kernels()


def many_short_runs(lab, browser):
    """Messages and bytes of 1,000 runs of two chunks in one `stream_to`."""
    count = "print(len(view.trace.runs), len(view.trace.events))"
    nb, wire = opened(lab, browser, "short", [SHORT, count])
    wire.reset()
    started = time.monotonic()
    nb.run(1)
    nb.wait_idle()
    nb.page.wait_for_timeout(3000)
    took = time.monotonic() - started
    nb.run(1)
    nb.page.wait_for_selector(".jp-OutputArea-output >> text=1000 4000")
    nb.page.click("[role=tab]:has-text('Events')")
    nb.page.wait_for_timeout(1000)
    told = nb.page.inner_text("[role=tab]:has-text('Timeline')")
    print(
        f"1,000 runs of two chunks in one stream_to: {wire.comm} frames, {size(wire.bytes)} in "
        f"all, looked at for {took:.1f} s; the page says: {' '.join(told.split())}"
    )
    nb.page.close()
    lab.shut_down_kernels()


def a_cell_again(lab, browser, name, code, times=200):
    """Memory of kernel and page while one cell runs many times."""
    nb, _ = opened(lab, browser, name, [code, COUNT])
    cdp = nb.page.context.new_cdp_session(nb.page)
    cdp.send("Performance.enable")

    def look(after):
        nb.page.wait_for_timeout(16_000)  # a page tells after ten seconds that a view is gone
        nb.run_cell(1)
        nb.wait_idle()
        nb.page.wait_for_selector(".jp-OutputArea-output >> text=alive")
        said = nb.page.locator(".jp-OutputArea-output >> text=alive").last.text_content().split()
        cdp.send("HeapProfiler.collectGarbage")
        found = {m["name"]: m["value"] for m in cdp.send("Performance.getMetrics")["metrics"]}
        print(
            f"{name}, a cell that ran {after} times: {said[1]} views and {said[2]} traces in the "
            "kernel, "
            f"{int(said[3]) / 1000:.0f} MB; the page has {found['Nodes']:,.0f} nodes, "
            f"heap {found['JSHeapUsedSize'] / 1e6:.0f} MB",
            flush=True,
        )

    for run in range(1, times + 1):
        nb.run_cell(0)
        nb.wait_idle()
        if run in (10, times // 2, times):
            look(run)
    nb.page.close()
    lab.shut_down_kernels()


def main():
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        root = Path(folder) / "notebooks"
        root.mkdir()
        lab = Lab(root)
        try:
            first_prompt(lab, browser)
            many_short_runs(lab, browser)
            # JupyterLab itself keeps something of each run: what counts is what comes on top.
            a_cell_again(lab, browser, "print", PLAIN)
            a_cell_again(lab, browser, "nbstream", AGAIN)
        finally:
            lab.stop()


if __name__ == "__main__":
    main()
