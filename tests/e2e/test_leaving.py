"""What a page lets go of: a view whose output is gone, and what Python is told of it."""

import pytest

RUNS = 30
SHOW = """from nbstream import *
v = show(ScriptedChat(["goldfish ", "on ", "the ", "moon\\n"] * 50), "x")"""
# The prototypes of elements are found, too.
DETACHED = """function () {
    const elements = this.filter(one => !Object.hasOwn(one, 'constructor'));
    const ours = elements.filter(el => el.matches('.nbstream, [data-nbstream]'));
    return ours.filter(el => !el.isConnected).length;
}"""
# What the page says to the kernel that it need not keep.
LISTEN = """() => {
    window.byes = 0;
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (data) {
        const text = typeof data === 'string' ? data : new TextDecoder().decode(data);
        window.byes += [...text.matchAll(/"type":\\s*"bye"/g)].length;
        return send.call(this, data);
    };
}"""


class Memory:
    """What a page holds once all that can be collected is."""

    def __init__(self, page):
        self.cdp = page.context.new_cdp_session(page)

    def nodes(self):
        self.cdp.send("HeapProfiler.collectGarbage")
        return self.cdp.send("Memory.getDOMCounters")["nodes"]

    def detached(self):
        """Count the views and transcripts that are on no page."""
        of = {"expression": "HTMLElement.prototype", "objectGroup": "all"}
        prototype = self.cdp.send("Runtime.evaluate", of)["result"]["objectId"]
        of = {"prototypeObjectId": prototype, "objectGroup": "all"}
        found = self.cdp.send("Runtime.queryObjects", of)["objects"]["objectId"]
        of = {"objectId": found, "functionDeclaration": DETACHED, "returnByValue": True}
        count = self.cdp.send("Runtime.callFunctionOn", of)["result"]["value"]
        self.cdp.send("Runtime.releaseObjectGroup", {"objectGroup": "all"})
        return count


def wait_for(page, what, is_true, seconds=30):
    """Look again until it is as it should be."""
    for _ in range(seconds * 2):
        if is_true(value := what()):
            return value
        page.wait_for_timeout(500)
    pytest.fail(f"still {what()}")


def run_again(nb):
    """Run the cell, and wait until the view of that run is done and in its transcript's place."""
    nb.page.evaluate("() => document.querySelectorAll('.nbstream').forEach(el => el.id = 'old')")
    nb.run_cell(0)
    # Not by a selector, which hands out the element, and so keeps it.
    nb.page.wait_for_function(
        "() => !!document.querySelector('[data-nbstream] .nbstream[data-status=done]:not(#old)')"
    )


def growth(nb, memory, run):
    """Return how many nodes the page has more after `run` was called many times."""
    for _ in range(3):
        run(nb)
    wait_for(nb.page, memory.detached, lambda count: count == 0)
    before = memory.nodes()
    for _ in range(RUNS):
        run(nb)
    wait_for(nb.page, memory.detached, lambda count: count == 0)
    return memory.nodes() - before


def run_plain(nb):
    nb.run_cell(1)
    nb.wait_idle()


def test_a_cell_that_runs_again_and_again_leaves_nothing_behind(notebook):
    nb = notebook("again-and-again", [SHOW, "'plain'"])
    nb.page.evaluate(LISTEN)
    memory = Memory(nb.page)
    # JupyterLab itself keeps some nodes for each run of whatever cell: a toolbar of the cell.
    plain = growth(nb, memory, run_plain)
    # Each view has about 600.
    assert growth(nb, memory, run_again) - plain < 100 * RUNS
    assert nb.page.locator(".nbstream").count() == 1
    # Python is told of each that is gone, once, and not of the one that is there.
    told = wait_for(nb.page, lambda: nb.page.evaluate("byes"), lambda count: count >= RUNS + 2)
    assert told == RUNS + 2
