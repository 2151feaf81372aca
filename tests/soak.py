"""Random programs, run with and without somebody watching: nothing may come out differently.

`make soak` runs 2,000 of them. A failure names its seed: ``python -m tests.soak SEED``.
"""

import asyncio
import random
import sys
import threading
import time

from nbstream import (
    AIMessageChunk,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    ScriptedChat,
    StreamView,
)
from nbstream.events._frames import frame
from nbstream.events._state import apply, initial

WAYS = ("invoke", "stream", "ainvoke", "astream", "batch", "abatch")


class BoomError(Exception):
    """What a program's own steps raise."""

    def __str__(self):
        raise RuntimeError("not even this can be said")


class Hostile:
    """A value that cannot be looked at; programs pass it on."""

    def __init__(self, text):
        self.hidden = text

    def fails(self, *_):
        raise RuntimeError("look away")

    __repr__ = __str__ = __len__ = __iter__ = __bool__ = __hash__ = fails
    content = text = messages = model_dump = property(fails)

    def __eq__(self, other):
        raise RuntimeError("look away")


def plain_text(value):
    """What a value comes to, in a form that two runs can be compared by."""
    if isinstance(value, Hostile):
        return f"hostile {value.hidden}"
    if isinstance(value, dict):
        return {key: plain_text(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain_text(one) for one in value]
    if hasattr(value, "content"):
        return value.content
    return value


def flat(value):
    """A short text of whatever comes out of a step."""
    return str(plain_text(value))[-40:]


class Program:
    """A tree of steps, made anew and alike for each run of its seed."""

    def __init__(self, seed, *, is_stopped=False):
        self.random = random.Random(seed)
        self.is_stopped = is_stopped
        self.count = 0
        self.step = self.make(0)
        self.way = self.random.choice(WAYS)

    def make(self, depth):
        leaves = [self.function, self.generator, self.model, self.hostile, self.failing]
        inner = [self.sequence, self.parallel, self.inside, self.retried, self.rescued, self.kept]
        kinds = leaves if depth > 3 else leaves + inner * 2
        self.count += 1
        return self.random.choice(kinds)(depth + 1)

    def function(self, _):
        word, pause = f"f{self.count}", self.random.random() < 0.05

        def work(x):
            if pause:
                time.sleep(0.001)
            return f"{word}({flat(x)})"

        return RunnableLambda(work)

    def generator(self, _):
        word = f"g{self.count}"

        def work(chunks):
            for chunk in chunks:
                yield f"{word}[{flat(chunk)}]"

        async def awork(chunks):
            async for chunk in chunks:
                yield f"{word}[{flat(chunk)}]"

        return RunnableGenerator(work, awork)

    def model(self, _):
        texts = [f"m{self.count}.{i} " for i in range(self.random.randint(0, 5))]
        chunks = [AIMessageChunk(text) for text in texts]
        if self.random.random() < 0.2:
            chunks.insert(self.random.randint(0, len(chunks)), BoomError())
        return RunnableLambda(flat) | ScriptedChat(chunks or [""])

    def hostile(self, _):
        return RunnableLambda(lambda x: Hostile(flat(x)))

    def failing(self, _):
        after = self.random.randint(0, 2)
        calls = []

        def work(x):
            calls.append(x)
            if len(calls) <= after:
                raise BoomError
            return f"late({flat(x)})"

        return RunnableLambda(work)

    def sequence(self, depth):
        return self.make(depth) | self.make(depth)

    def parallel(self, depth):
        names = "abc"[: self.random.randint(1, 3)]
        steps = RunnableParallel({name: self.make(depth) for name in names})
        # Whose chunk comes first is chance, and no fault where two runs differ by it.
        return steps if self.is_stopped else RunnableLambda(lambda x: steps.invoke(x))

    def inside(self, depth):
        inner, streams = self.make(depth), self.random.random() < 0.5

        def work(x):
            if streams:
                return [flat(chunk) for chunk in inner.stream(x)]
            return inner.invoke(x)

        return RunnableLambda(work)

    def retried(self, depth):
        return self.make(depth).with_retry(
            retry_if_exception_type=(BoomError,),
            wait_exponential_jitter=False,
            stop_after_attempt=2,
        )

    def rescued(self, depth):
        return self.make(depth).with_fallbacks(
            [RunnableLambda(lambda x: f"saved({flat(x)})")], exceptions_to_handle=(BoomError,)
        )

    def kept(self, depth):
        return RunnablePassthrough() | self.make(depth)

    def run(self):
        """Run it to its end; return what came of it, or how it failed."""
        step, way = self.step, self.way
        try:
            if way == "invoke":
                return plain_text(step.invoke("x"))
            if way == "stream":
                return [plain_text(chunk) for chunk in step.stream("x")]
            if way == "batch":
                return [plain_text(one) for one in step.batch(["x"])]
            return asyncio.run(self.arun())
        except BoomError:
            return "boom"
        except Exception as error:
            return type(error).__name__

    async def arun(self):
        if self.way == "ainvoke":
            return plain_text(await self.step.ainvoke("x"))
        if self.way == "abatch":
            return [plain_text(one) for one in await self.step.abatch(["x"])]
        return [plain_text(chunk) async for chunk in self.step.astream("x")]


def check_whole(trace):
    """Every start has one end, and lies with it inside its parent's."""
    starts, ends = {}, {}
    for event in trace.events:
        if event.kind == "start":
            assert event.run.index not in starts
            starts[event.run.index] = event.seq
        elif event.kind in ("end", "error", "cancelled"):
            assert event.run.index not in ends, f"{event.run.name} ends twice"
            ends[event.run.index] = event.seq
    assert starts.keys() == ends.keys(), "a run has no end"
    for run in trace.runs:
        if run.parent is not None:
            assert starts[run.parent.index] < starts[run.index]
            assert ends[run.index] < ends[run.parent.index], f"{run.name} outlives its parent"


def check_seen(trace):
    """The page's state, folded from frames, knows each run's end, too."""
    state = initial()
    assert apply(state, frame(trace))
    assert all(run["end"] is not None for run in state["runs"])
    trace.to_jsonl()


def watch(seed):
    """One program, with and without a view."""
    expected = Program(seed).run()
    view = StreamView()
    view.trace.subscribe(lambda event: 1 / 0)
    program = Program(seed)
    with view._job.recording():
        seen = program.run()
    assert seen == expected, f"seed {seed}, {program.way}: {seen!r} is not {expected!r}"
    check_whole(view.trace)
    check_seen(view.trace)
    view.close()


def stop(seed):
    """One program, stopped somewhere on its way."""
    chance = random.Random(seed)
    view, program = StreamView(), Program(seed, is_stopped=True)
    after = chance.randint(0, 12)
    counted = []

    def count(event):
        counted.append(event)
        if len(counted) == after:
            threading.Thread(target=view.stop).start()

    view.trace.subscribe(count)
    is_async = chance.random() < 0.5
    job = view._job
    job.start(job.open(program.step, "x", is_async=is_async))
    job.wait()
    check_whole(view.trace)
    check_seen(view.trace)
    view.close()


def main(seeds):
    for seed in seeds:
        try:
            watch(seed)
            stop(seed)
        except BaseException:
            print(f"seed {seed}")
            raise
    print(f"{len(seeds)} programs, each watched, and stopped on its way: all as they should be.")


if __name__ == "__main__":
    main([int(sys.argv[1])] if len(sys.argv) > 1 else range(2000))
