"""What streaming costs the page: nbstream and its peers in a real JupyterLab, in one run.

Run it with ``make bench-page``, or ``python benchmarks/page.py --quick``. Each piece of work is a
cell, run in headless Chromium without a GPU. Measured are the bytes and messages on the websocket,
the time from Shift+Enter until the last token is in the page, and the time between two frames that
the page draws meanwhile: for as long as the work's aim allows it to take, also where it is over
sooner, so that what JupyterLab does at the end of a cell is in it. The peers are what people do
without nbstream: ``print(token, end="|")``, ``handle.update(Markdown(text))`` and
``ipywidgets.HTML.value = text``. The last two send all of the text again with each token, so they
are measured with 2,000 tokens only: ten times as many would take a hundred times as long.

Absolute figures depend on the machine; the ratios are what to look at.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.e2e.lab import Lab, Notebook, open_browser

SETUP = """
import time, threading
import ipywidgets
from IPython.display import HTML, Markdown, display
from nbstream import ScriptedChat, StreamView, show

def tokens(n, rate=None):
    began = time.perf_counter()
    for i in range(n):
        if rate:
            time.sleep(max(0, began + i / rate - time.perf_counter()))
        yield "END." if i == n - 1 else "word\\n" if i % 12 == 11 else "word "

def stamped(n, rate):
    began = time.perf_counter()
    for i in range(n):
        time.sleep(max(0, began + i / rate - time.perf_counter()))
        yield f"{time.time() * 1000:.0f} "

def printed(n):
    for token in tokens(n):
        print(token, end="|", flush=True)

def updated(n):
    handle = display(Markdown(""), display_id=True)
    text = ""
    for token in tokens(n):
        text += token
        handle.update(Markdown(text))

def peak():
    import resource
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

def html(n):
    widget = ipywidgets.HTML()
    display(widget)
    text = ""
    for token in tokens(n):
        text += token
        widget.value = text

# What JupyterLab loads for the first output of a kind is no part of any stream.
display(HTML("<b>ready</b>"))
"""

WORKS = {
    "nbstream": "show(tokens({n}))",
    "print": "printed({n})",
    "display.update": "updated({n})",
    "ipywidgets.HTML": "html({n})",
}

# Keeps the times between frames, and when the condition is first true.
WATCH = """(done) => {
    const isDone = eval(done);
    window.bench = {frames: [], at: performance.now(), done: null};
    let before = performance.now();
    const look = (now) => {
        bench.frames.push(now - before);
        before = now;
        if (bench.done === null && isDone()) bench.done = performance.now() - bench.at;
        if (window.bench.stop !== true) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""

SHOWN = (
    "() => [...document.querySelectorAll('.nbstream')].filter(e => e.dataset.shown === '{n}')"
    ".length === {views}"
)
# A peer has shown all when its output ends with the last token. Only the end is looked at: taking
# all of a long text in each frame would be the measurement's own cost.
ENDS = """() => {
    let node = [...document.querySelectorAll('.jp-OutputArea-output')].at(-1);
    while (node && node.lastChild) {
        node = node.lastChild.textContent.trim() ? node.lastChild : node.lastChild.previousSibling;
    }
    return Boolean(node && node.data && node.data.trimEnd().slice(-6).includes('END.'));
}"""

# Notes how late each token is when it has been painted: a message runs after the frame is drawn.
LATENCY = """() => {
    window.late = [];
    const channel = new MessageChannel();
    const waiting = [];
    channel.port1.onmessage = () => {
        const now = performance.timeOrigin + performance.now();
        for (const sent of waiting.splice(0)) {
            // At the end the notebook draws the output anew: those tokens were seen before.
            if (late.length < 1000) late.push(now - sent);
        }
    };
    new MutationObserver((records) => {
        for (const record of records) for (const node of record.addedNodes) {
            const inside = node.querySelectorAll?.('.nbs-token') ?? [];
            const found = node.matches?.('.nbs-token') ? [node] : inside;
            for (const token of found) waiting.push(Number(token.textContent));
        }
        if (waiting.length) channel.port2.postMessage(0);
    }).observe(document.body, {childList: true, subtree: true});
}"""

# Through all of the text and back in two seconds; and as somebody turns a wheel, 100 px a frame.
SCROLL = """async (isFast) => {
    const box = document.querySelector('.nbs-tokens');
    const frames = [];
    let before = performance.now();
    for (let i = 0; i < 120; i++) {
        const whole = box.scrollHeight - box.clientHeight;
        if (isFast) box.scrollTop = whole * (i < 60 ? i / 60 : (120 - i) / 60);
        else box.scrollTop = whole / 2 + i * 100;
        const now = await new Promise(requestAnimationFrame);
        frames.push(now - before);
        before = now;
    }
    return frames.slice(2);
}"""


class Wire:
    """Counts what comes over the page's websockets."""

    def __init__(self, page):
        self.reset()
        page.on("websocket", lambda socket: socket.on("framereceived", self._take))

    def _take(self, payload):
        payload = payload if isinstance(payload, bytes) else payload.encode()
        self.bytes += len(payload)
        # Not by "comm_msg": what answers a message of the page's has that in its parent's header.
        if b'"seq"' in payload and b'"items"' in payload and b"comm_open" not in payload:
            self.comm += 1
            self.stream += len(payload)

    def reset(self):
        self.bytes = self.comm = self.stream = 0


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Bench:
    def __init__(self, lab, browser):
        self.lab, self.browser = lab, browser
        self.number = 0

    def open(self, code):
        self.number += 1
        nb = Notebook(self.lab, self.browser, f"bench-{self.number}", [SETUP, code, "peak()"])
        nb.run(1)
        nb.wait_idle()
        nb.page.wait_for_timeout(2500)  # what opening the page has begun is over
        return nb

    def close(self, nb):
        nb.page.close()
        self.lab.shut_down_kernels()

    def run(self, code, done, timeout=120, after=None, window=0):
        """Run a cell; return its figures, with ``done`` None where it never came to its end.

        Frames are looked at for ``window`` seconds at least.
        """
        wire = None
        original = self.browser.new_page

        def new_page(**options):
            nonlocal wire
            page = original(**options)
            wire = Wire(page)
            return page

        self.browser.new_page = new_page
        try:
            nb = self.open(code)
        finally:
            self.browser.new_page = original
        if "LATENCY" in code:
            nb.page.evaluate(LATENCY)
        wire.reset()
        nb.page.evaluate(WATCH, done)
        nb.run(1)
        try:
            nb.page.wait_for_function("() => bench.done !== null", timeout=timeout * 1000)
        except Exception:
            print("  (not finished in time)", flush=True)
        until = "seconds => performance.now() - bench.at > 1000 * seconds"
        nb.page.wait_for_function(until, arg=window)
        nb.page.evaluate("() => { bench.stop = true; }")
        found = nb.page.evaluate("() => bench")
        said = {
            "bytes": wire.bytes,
            "stream": wire.stream,
            "comm": wire.comm,
            "seconds": None if found["done"] is None else found["done"] / 1000,
            "p95": quantile(found["frames"][1:], 0.95),
            **(after(nb) if after else {}),
        }
        self.close(nb)
        return said


def line(*cells):
    widths = (30, 18, 14, 12, 14, 14)
    print("  ".join(str(c).ljust(w) for c, w in zip(cells, widths, strict=False)), flush=True)


def size(count):
    return f"{count / 1e6:.2f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"


def burst(bench, n, peers, window):
    rows = {}
    for name in ("nbstream", *peers):
        done = SHOWN.format(n=n, views=1) if name == "nbstream" else ENDS
        rows[name] = bench.run(WORKS[name].format(n=n), done, timeout=60, window=window)
        own, row = rows["nbstream"], rows[name]
        took = "never whole" if row["seconds"] is None else f"{row['seconds']:.2f} s"
        # What comes once is the widget's code, and the transcript that is saved with the notebook.
        ratios = f"stream {size(row['stream'])}"
        if name != "nbstream":
            ratios = f"{row['bytes'] / own['bytes']:.1f}x bytes"
            if row["seconds"]:
                ratios += f", {row['seconds'] / own['seconds']:.1f}x time"
        line(f"{n:,} tokens", name, size(row["bytes"]), took, f"p95 {row['p95']:.0f} ms", ratios)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="leave out what takes longest")
    quick = parser.parse_args().quick
    aims = []

    def aim(text, value, most, unit=""):
        aims.append((text, value, most, unit))

    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        notebooks = Path(folder) / "notebooks"
        notebooks.mkdir()
        lab = Lab(notebooks)
        bench = Bench(lab, browser)
        try:
            line("work", "with", "websocket", "time", "frames", "")
            rows = burst(bench, 2_000, ["print", "display.update", "ipywidgets.HTML"], 0.6)
            aim("2,000 tokens: kB", rows["nbstream"]["stream"] / 1e3, 40)
            aim("2,000 tokens: s", rows["nbstream"]["seconds"], 0.6)
            # What JupyterLab itself takes to run a cell that shows next to nothing.
            floor = burst(bench, 5, [], 1.2)["nbstream"]["p95"]
            rows = burst(bench, 20_000, ["print"], 1.2)
            aim("20,000 tokens: s", rows["nbstream"]["seconds"], 1.2)
            text = f"20,000 tokens: frame p95, ms (with 5 tokens {floor:.0f})"
            aim(text, rows["nbstream"]["p95"], 34)

            def scroll(nb):
                nb.page.wait_for_timeout(1000)
                ways = {"fast": True, "slow": False}
                return {k: quantile(nb.page.evaluate(SCROLL, v), 0.95) for k, v in ways.items()}

            n = 100_000
            done = SHOWN.format(n=n, views=1)
            row = bench.run(WORKS["nbstream"].format(n=n), done, after=scroll, window=6)
            line(
                f"{n:,} tokens",
                "nbstream",
                size(row["bytes"]),
                f"{row['seconds']:.2f} s",
                f"p95 {row['p95']:.0f} ms",
                f"scrolling p95 {row['fast']:.0f} ms, by wheel {row['slow']:.0f} ms",
            )
            aim("100,000 tokens: s", row["seconds"], 6)
            aim("100,000 tokens: frame p95, ms", row["p95"], 34)
            aim("100,000 tokens: scrolling p95, ms", row["fast"], 34)
            aim("100,000 tokens: scrolling by wheel p95, ms", row["slow"], 34)

            def lateness(nb):
                return {"late": nb.page.evaluate("() => late")}

            n = 1_000
            code = f"show(stamped({n}, 100))  # LATENCY"
            row = bench.run(code, SHOWN.format(n=n, views=1), after=lateness)
            late = row["late"]
            p50, p95 = statistics.median(late), quantile(late, 0.95)
            line(
                "100 tokens/s",
                "nbstream",
                f"{row['stream'] / n:.0f} B/token",
                f"{row['seconds']:.2f} s",
                f"p95 {row['p95']:.0f} ms",
                f"to the pixel p50 {p50:.0f}, p95 {p95:.0f} ms ({len(late)} tokens)",
            )
            aim("100 tokens/s: bytes a token", row["stream"] / n, 300)
            aim("100 tokens/s: to the pixel p50, ms", p50, 40)
            aim("100 tokens/s: to the pixel p95, ms", p95, 80)

            n, views = 500, 50
            code = f"for _ in range({views}): show(tokens({n}, 100))"
            row = bench.run(code, SHOWN.format(n=n, views=views), timeout=60)
            took = row["seconds"] or 60
            line(
                f"{views} streams, 100 tokens/s",
                "nbstream",
                size(row["bytes"]),
                f"{took:.2f} s",
                f"p95 {row['p95']:.0f} ms",
                f"{row['comm'] / took:.0f} comm messages/s",
                "" if row["seconds"] else "NOT ALL SHOWN",
            )
            aim("50 streams: comm messages a second", row["comm"] / took, 300)
            aim("50 streams: frame p95, ms", row["p95"], 50)

            columns = 6
            code = (
                "from nbstream import ScriptedChat, compare\n"
                f"compare(ScriptedChat(['word '] * {n}, 0.01), 'x', n={columns})"
            )
            row = bench.run(code, SHOWN.format(n=n, views=columns), timeout=60)
            took = row["seconds"] or 60
            line(
                f"{columns} columns, 100 tokens/s",
                "nbstream",
                size(row["bytes"]),
                f"{took:.2f} s",
                f"p95 {row['p95']:.0f} ms",
                f"{row['comm'] / took:.0f} comm messages/s",
                "" if row["seconds"] else "NOT ALL SHOWN",
            )
            aim(f"{columns} columns: comm messages a second", row["comm"] / took, 200)
            aim(f"{columns} columns: frame p95, ms", row["p95"], 50)

            if not quick:

                def memory(nb):
                    cdp = nb.page.context.new_cdp_session(nb.page)
                    cdp.send("HeapProfiler.collectGarbage")
                    cdp.send("Performance.enable")
                    metrics = cdp.send("Performance.getMetrics")["metrics"]
                    nb.run(1)
                    nb.page.wait_for_selector(".jp-OutputArea-output >> text=peak", timeout=60_000)
                    peak = nb.output().text_content().split()[1]
                    return {"kernel": int(peak), **{m["name"]: m["value"] for m in metrics}}

                n = 1_000_000
                done = SHOWN.format(n=n, views=1)
                row = bench.run(WORKS["nbstream"].format(n=n), done, timeout=300, after=memory)
                took = "not all shown" if row["seconds"] is None else f"{row['seconds']:.1f} s"
                line(
                    f"{n:,} tokens",
                    "nbstream",
                    size(row["bytes"]),
                    took,
                    f"p95 {row['p95']:.0f} ms",
                    f"JS heap {row['JSHeapUsedSize'] / 1e6:.0f} MB, {row['Nodes']:,.0f} nodes, "
                    f"kernel's peak {row['kernel'] / 1e3:.0f} MB",
                )
        finally:
            lab.stop()
    print("\nAims")
    for text, value, most, unit in aims:
        verdict = "never" if value is None else f"{value:.1f}{unit}"
        met = value is not None and value <= most
        print(f"  {'met   ' if met else 'MISSED'}  {text}: {verdict} (aim: at most {most}{unit})")


if __name__ == "__main__":
    main()
