"""What many runs cost: nbstream's `Batch`, langchain-core's batch, a bare pool, tqdm around one.

Run it with ``python benchmarks/batch.py``, or ``--quick``. All run the same chain of three (a
prompt, a scripted model of ten chunks, a parser) in turns, in one process; a figure is the best of
several rounds, in microseconds of the processor a run: nothing waits, and other programs of the
machine do not count. Absolute figures depend on the machine; the ratios are what
to look at.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib.util
import statistics
import sys
import threading
import time
import tracemalloc
import warnings
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from nbstream import AIMessageChunk, ChatPromptTemplate, ScriptedChat, StrOutputParser
from nbstream.batch import Batch
from tests.conformance.sides import langchain, ours

warnings.simplefilter("ignore")  # langchain-core's own come on when it is imported
AT_A_TIME = 16
CHUNKS = 10
AIMS = {"of langchain-core": 1 / 8, "of a bare pool": 3.0, "with a view on": 2.0}


def chain_of(side, chunks=CHUNKS):
    model = side.chat(*["token "] * chunks)
    return side.ChatPromptTemplate.from_template("A {x}") | model | side.StrOutputParser()


def inputs(count):
    return [{"x": str(number)} for number in range(count)]


def in_batch(chain, count, **options):
    Batch(chain, inputs(count), max_concurrency=AT_A_TIME, **options).results()


def with_a_view(chain, count):
    """Do what a view does in the kernel: it looks up what has changed, thirty times a second."""
    runs = Batch(chain, inputs(count), max_concurrency=AT_A_TIME)
    woken, over = threading.Event(), threading.Event()

    def look():
        version = 0
        while not over.is_set():
            woken.wait(1)
            woken.clear()
            version, changed = runs.changed_since(version)
            for index in changed:
                line = runs.lines[index]
                _ = line.status, line.text, line.tokens
            time.sleep(1 / 30)

    leave = runs.listen(woken.set)
    thread = threading.Thread(target=look)
    thread.start()
    runs.results()
    over.set()
    woken.set()
    thread.join()
    leave()


def bare_pool(chain, count, around=iter):
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        calls = [pool.submit(chain.invoke, item) for item in inputs(count)]
        for call in around(as_completed(calls)):
            call.result()


def with_tqdm(chain, count):
    from tqdm import tqdm

    with Path("/dev/null").open("w") as sink:
        bare_pool(chain, count, lambda calls: tqdm(calls, total=count, file=sink))


def bare_tasks(chain, count):
    async def main():
        turns = asyncio.Semaphore(AT_A_TIME)

        async def one(item):
            async with turns:
                return await chain.ainvoke(item)

        await asyncio.gather(*map(one, inputs(count)))

    asyncio.run(main())


def programs():
    own, other = chain_of(ours()), chain_of(langchain())
    limit = {"max_concurrency": AT_A_TIME}
    every = {
        "threads: Batch": lambda n: in_batch(own, n, executor="threads"),
        "threads: Batch, a view on": lambda n: with_a_view(own, n),
        "threads: chain.batch": lambda n: own.batch(inputs(n), limit),
        "threads: a bare pool": lambda n: bare_pool(own, n),
        "threads: tqdm around it": lambda n: with_tqdm(own, n),
        "threads: langchain-core": lambda n: other.batch(inputs(n), limit),
        "loop: Batch": lambda n: in_batch(own, n, executor="loop"),
        "loop: bare tasks": lambda n: bare_tasks(own, n),
        "loop: langchain-core": lambda n: asyncio.run(other.abatch(inputs(n), limit)),
    }
    if importlib.util.find_spec("tqdm") is None:
        del every["threads: tqdm around it"]
    return every


def measure(count, rounds):
    best = {}
    for _ in range(rounds):
        for name, program in programs().items():
            gc.collect()
            begun = time.process_time()
            program(count)
            took = (time.process_time() - begun) / count * 1e6
            best[name] = min(took, best.get(name, took))
    return best


def report(best, count):
    print(f"{count:,} runs of a chain of three, {CHUNKS} chunks each, {AT_A_TIME} at a time\n")
    print(f"{'':28} {'µs a run':>9} {'of langchain-core':>18} {'of a bare pool':>15}")
    for name, took in best.items():
        where = name.partition(":")[0]
        peer = best[f"{where}: langchain-core"]
        bare = best["threads: a bare pool" if where == "threads" else "loop: bare tasks"]
        print(f"{name:28} {took:9.0f} {took / peer:18.2f} {took / bare:15.2f}")
    view = best["threads: Batch, a view on"] / best["threads: Batch"]
    print(f"\nwith a view on: {view:.2f} times without (aim {AIMS['with a view on']:.0f})\n")


def memory(count, chunks=200):
    """Say what many runs leave behind, and what they take while they run."""
    model = ScriptedChat(["token "] * chunks)
    chain = ChatPromptTemplate.from_template("A {x}") | model | StrOutputParser()
    for kind, is_watched in (("nobody looks", False), ("a view on", True)):
        gc.collect()
        tracemalloc.start()
        runs = Batch(chain, inputs(count), max_concurrency=AT_A_TIME)
        if is_watched:
            runs.listen(lambda: None)
        runs.wait()
        now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        print(
            f"{count:,} runs of {chunks} chunks, {kind}: {now / 1e6:.0f} MB at the end "
            f"({now / count:,.0f} bytes a run), {peak / 1e6:.0f} MB at most"
        )


def on_dask(count):
    """Say how much later tokens are seen, and what a run costs beside the bare client."""
    import distributed

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        quick = chain_of(ours())
        in_batch(quick, 20, executor=client)
        begun = time.perf_counter()
        in_batch(quick, count, executor=client)
        own = (time.perf_counter() - begun) / count
        begun = time.perf_counter()
        client.gather(client.map(quick.invoke, inputs(count), pure=False))
        bare = (time.perf_counter() - begun) / count
        print(
            f"Dask, two processes: {own * 1e3:.1f} ms a run, bare client {bare * 1e3:.1f} ms: "
            f"overhead {max(0.0, own - bare) * 1e3:.1f} ms (aim 10)"
        )
        print(f"tokens seen after: p50 {statistics.median(delays(client)) * 1e3:.0f} ms (aim 50)")


def delays(client):
    """Return how much later than it was said each text of some runs is seen here."""

    seen = []
    runs = Batch(ScriptedTimes(), ["x"] * 4, executor=client).start()
    woken = threading.Event()
    runs.listen(woken.set)
    version, lengths = 0, {}
    while runs.status == "running":
        woken.wait(0.1)
        woken.clear()
        now = time.time()
        version, changed = runs.changed_since(version)
        for index in changed:
            text = runs.lines[index].text
            new = text[lengths.get(index, 0) :]
            lengths[index] = len(text)
            seen += [now - float(word) for word in new.split() if word]
    return seen


class ScriptedTimes(ScriptedChat):
    """Says what time it is."""

    def __init__(self):
        super().__init__([])

    def _stream_messages(self, _, **__):
        for _ in range(50):
            time.sleep(0.02)
            yield AIMessageChunk(f"{time.time():.6f} ")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer runs, one round")
    parser.add_argument("--no-dask", action="store_true")
    args = parser.parse_args()
    count, rounds = (2_000, 2) if args.quick else (10_000, 3)
    report(measure(count, rounds), count)
    memory(count)
    if not args.no_dask:
        on_dask(200 if args.quick else 1_000)


if __name__ == "__main__":
    main()
