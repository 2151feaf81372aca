"""What streaming costs: nbstream, langchain-core and a bare generator, measured in one run.

Run it with ``make bench``, or ``python benchmarks/core.py --quick``. Both sides stream the same
scripted chunks with no delay, in turns; a figure is the median of several rounds, in microseconds a
chunk. Absolute figures depend on the machine; the ratios are what to look at.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
import tracemalloc
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.conformance.sides import langchain, ours

SIDES = {"nbstream": ours(), "langchain": langchain()}
warnings.simplefilter("ignore")  # langchain-core's own come on when it is imported
SIZES = (1_000, 5_000, 50_000)
AIM_AT = 5_000
QUADRATIC = {"model.astream_events v1", "chain.astream_events v1"}  # langchain-core's
AIMS = {  # share of langchain-core's time
    "model.stream": 10,
    "chain.astream": 50,
    "model.astream_events v2": 12,
    "chain.astream_events v2": 25,
    "chain.astream_events v1": 150,
}
BARE_AIM = 15  # times a bare generator, where nobody listens


def bare(count):
    yield from ("token " for _ in range(count))


def drain(stream):
    for _ in stream:
        pass


def adrain(stream):
    async def main():
        async for _ in stream:
            pass

    asyncio.run(main())


def programs(lc, count):
    model = lc.chat(*["token "] * count)
    chain = lc.ChatPromptTemplate.from_template("{x}") | model | lc.StrOutputParser()
    every = {}
    for name, step in (("model", model), ("chain", chain)):
        every[f"{name}.stream"] = lambda step=step: drain(step.stream("x"))
        every[f"{name}.astream"] = lambda step=step: adrain(step.astream("x"))
        for version in ("v1", "v2"):
            every[f"{name}.astream_events {version}"] = lambda step=step, version=version: adrain(
                step.astream_events("x", version=version)
            )
    return every


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def measure(count):
    """Return the medians, in microseconds a chunk, by program and side."""
    found = {("bare", "bare"): [seconds(lambda: drain(bare(count))) for _ in range(9)]}
    every = {side: programs(lc, count) for side, lc in SIDES.items()}
    for name in every["nbstream"]:
        for _ in range(9 if count <= 1_000 else 5 if count <= 5_000 else 3):
            for side in SIDES:
                if side == "langchain" and too_slow(name, count, found.get((name, side))):
                    continue
                found.setdefault((name, side), []).append(seconds(every[side][name]))
    return {key: statistics.median(times) / count * 1e6 for key, times in found.items()}


def too_slow(name, count, before):
    """Keep the whole run short: what takes seconds is measured once, what takes minutes not."""
    if name in QUADRATIC and count > AIM_AT:
        return True
    return bool(before) and before[0] > 3


def growth(name, side, results):
    sizes = [size for size in results if (name, side) in results[size]]
    return results[sizes[-1]][name, side] / results[sizes[0]][name, side]


def report(results):
    sizes = list(results)
    print(
        f"{'µs a chunk':26}"
        + "".join(f"{side + ' ' + f'{n:,}':>18}" for n in sizes for side in SIDES),
        end="",
    )
    print(f"{'ratio':>8}{'growth':>16}")
    at = AIM_AT if AIM_AT in sizes else sizes[-1]
    for name in programs(SIDES["nbstream"], 1):
        cells = [results[n].get((name, side)) for n in sizes for side in SIDES]
        row = "".join(f"{'-' if cell is None else f'{cell:.2f}':>18}" for cell in cells)
        ratio = results[at][name, "langchain"] / results[at][name, "nbstream"]
        grows = "  ".join(f"x{growth(name, side, results):.1f}" for side in SIDES)
        print(f"{name:26}{row}{ratio:>8.0f}{grows:>16}")
    print(
        f"{'bare generator':26}"
        + "".join(f"{results[n]['bare', 'bare']:>18.3f}" + " " * 18 for n in sizes)
    )
    print(
        f"\nRatio: langchain-core's time over nbstream's, at {at:,} chunks. Growth: the cost of a"
    )
    print("chunk in the longest stream over that in the shortest (nbstream, langchain-core).\n")
    for name, aim in AIMS.items():
        ratio = results[at][name, "langchain"] / results[at][name, "nbstream"]
        print(
            f"{'met' if ratio >= aim else 'MISSED':8}{name}: 1/{ratio:.0f} of the time, aim 1/{aim}"
        )
    times = results[at]["model.stream", "nbstream"] / results[at]["bare", "bare"]
    verdict = "met" if times <= BARE_AIM else "MISSED"
    print(f"{verdict:8}model.stream: {times:.1f} times a bare generator, aim {BARE_AIM}")


def memory(count):
    print(f"\nPeak memory of chain.astream_events v2, {count:,} chunks:")
    for side, lc in SIDES.items():
        run = programs(lc, count)["chain.astream_events v2"]
        tracemalloc.start()
        run()
        print(f"  {side:12}{tracemalloc.get_traced_memory()[1] / 1e6:8.1f} MB")
        tracemalloc.stop()


def imports():
    print("\nImport time, median of 7 processes:")
    for module in ("nbstream", "anywidget", "langchain_core.runnables"):
        code = (
            f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
        )
        times = [
            float(
                subprocess.run(
                    [sys.executable, "-c", code], capture_output=True, text=True, check=True
                ).stdout
            )
            for _ in range(7)
        ]
        print(f"  {module:26}{statistics.median(times) * 1000:8.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="1,000 chunks only")
    sizes = SIZES[:1] if parser.parse_args().quick else SIZES
    report({size: measure(size) for size in sizes})
    memory(sizes[-1])
    imports()


if __name__ == "__main__":
    main()
