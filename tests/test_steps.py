"""What steps do that the conformance suite does not show."""

import asyncio
import copy
import functools
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext

import pytest

from nbstream import (
    RunnableBranch,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
    RunnableSequence,
    ScriptedChat,
    StrOutputParser,
    Trace,
)
from nbstream.runnables import parallel

from .tasks import no_task_left


def test_a_batch_runs_where_it_is_told_to():
    def thread(_):
        return threading.current_thread().name

    with ThreadPoolExecutor(1, thread_name_prefix="mine") as pool:
        names = RunnableLambda(thread).batch([1, 2], {"executor": pool, "max_concurrency": 9})
        assert all(name.startswith("mine") for name in names)
        assert pool.submit(len, "ab").result() == 2, "the pool is the caller's and stays open"
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert RunnableLambda(os.path.basename).batch(["a/b"], {"executor": pool}) == ["b"]


def test_branches_of_a_batch_in_a_small_pool_do_not_lock_it_up():
    step = RunnableParallel(a=lambda x: x, b=lambda x: -x)
    with ThreadPoolExecutor(1) as pool:
        assert step.batch([1, 2], {"executor": pool}) == [{"a": 1, "b": -1}, {"a": 2, "b": -2}]


def test_a_failed_batch_does_not_start_the_rest():
    started = []

    def work(x):
        started.append(x)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        RunnableLambda(work).batch(list(range(50)), {"max_concurrency": 1})
    assert len(started) < 10


def test_an_async_batch_cancels_the_rest():
    async def work(x):
        if x == 0:
            raise ValueError("no")
        await asyncio.sleep(10)

    async def main():
        with no_task_left(), pytest.raises(ValueError, match="no"):
            await RunnableLambda(work).abatch([0, 1, 2])

    asyncio.run(main())


def test_retries_wait_longer_each_time_and_show_in_the_log():
    calls = []

    def flaky(x):
        calls.append(time.monotonic())
        if len(calls) < 3:
            raise ValueError("no")
        return x

    waits = {"initial": 0.05, "jitter": 0}
    step = RunnableLambda(flaky).with_retry(exponential_jitter_params=waits)
    with Trace() as trace:
        assert step.invoke("x") == "x"
    # No less than that: how much more is the machine's affair.
    assert calls[1] - calls[0] >= 0.05
    assert calls[2] - calls[1] >= 0.1
    assert [run.tags for run in trace.runs] == [
        [],
        [],
        ["retry:attempt:2"],
        ["retry:attempt:3"],
    ]
    assert [e.kind for e in trace.events].count("error") == 2


def test_a_retried_stream_is_not_begun_again_once_it_has_begun():
    model = ScriptedChat(["a", ValueError("late")])
    stream = model.with_retry(wait_exponential_jitter=False).stream("x")
    assert next(stream).text == "a"
    with pytest.raises(ValueError, match="late"):
        next(stream)

    async def main():
        tries = []

        async def flaky(x):
            tries.append(x)
            if len(tries) == 1:
                raise ValueError("early")
            return x

        step = RunnableLambda(flaky).with_retry(wait_exponential_jitter=False)
        return [chunk async for chunk in step.astream("x")], len(tries)

    assert asyncio.run(main()) == (["x"], 2)


def test_a_broken_off_stream_that_fell_back_is_closed():
    closed = []

    class Closes(ScriptedChat):
        def _stream_messages(self, messages, **kwargs):
            try:
                yield from super()._stream_messages(messages, **kwargs)
            finally:
                closed.append(True)

    step = ScriptedChat([ValueError("no")]).with_fallbacks([Closes(["a", "b"])])
    for _ in step.stream("x"):
        break
    assert closed == [True]


def same(x):
    return x


def text(_):
    return "x"


@pytest.mark.parametrize(
    "around",
    [
        lambda step: step.with_fallbacks([]),
        lambda step: ScriptedChat([ValueError("no")]).with_fallbacks([step]),
        lambda step: step.with_retry(),
        lambda step: step.with_config(tags=["t"]),
        lambda step: RunnableBranch((lambda _: True, step), step),
        lambda step: RunnableLambda(lambda _: step),
        lambda step: step | StrOutputParser(),
        lambda step: RunnablePassthrough() | step.with_fallbacks([]),
        lambda step: RunnableParallel(a=step, b=step),
        lambda step: RunnableParallel(a=same) | RunnablePassthrough.assign(b=text | step),
        lambda step: RunnableSequence(step, *[StrOutputParser()] * 20),
    ],
    ids=[
        "no fallback",
        "fallback",
        "retry",
        "config",
        "branch",
        "returned",
        "sequence",
        "collected",
        "parallel",
        "assign",
        "long",
    ],
)
@pytest.mark.parametrize("log", [False, True])
def test_what_is_broken_off_is_closed_to_the_bottom_before_that_returns(around, log):
    opened, closed, kept = [], [], []

    def keep(stream):
        kept.append(stream)  # so that Python has no reason to close it
        return stream

    class Notes(ScriptedChat):
        def stream(self, *args, **kwargs):
            return keep(super().stream(*args, **kwargs))

        def astream(self, *args, **kwargs):
            return keep(super().astream(*args, **kwargs))

        def transform(self, *args, **kwargs):
            return keep(super().transform(*args, **kwargs))

        def atransform(self, *args, **kwargs):
            return keep(super().atransform(*args, **kwargs))

        def _stream_messages(self, messages, **kwargs):
            opened.append("sync")
            try:
                yield from super()._stream_messages(messages, **kwargs)
            finally:
                closed.append("sync")

        async def _astream_messages(self, messages, **kwargs):
            opened.append("async")
            try:
                async for chunk in super()._astream_messages(messages, **kwargs):
                    yield chunk
            finally:
                closed.append("async")

    step = around(Notes(["a"] * 100))
    takes_dict = isinstance(step, RunnableSequence) and isinstance(step.first, RunnableParallel)

    async def main():
        stream = step.astream("x")
        await anext(stream)
        if takes_dict:  # the first chunk is the dict's own
            await anext(stream)
        await stream.aclose()
        return list(closed)

    with Trace() if log else nullcontext():
        stream = step.stream("x")
        next(stream)
        if takes_dict:
            next(stream)
        stream.close()
        assert sorted(closed) == sorted(opened)
        assert sorted(asyncio.run(main())) == sorted(opened)
    assert {*opened} == {"sync", "async"}


def test_a_binding_lends_what_its_step_has():
    step = RunnableLambda(len).bind(x=1)
    assert step.func is len
    with pytest.raises(AttributeError):
        step.nothing  # noqa: B018
    assert copy.copy(step).func is len


@pytest.mark.parametrize("side", ["sync", "async"])
@pytest.mark.parametrize("step", [StrOutputParser(), RunnableLambda(str), ScriptedChat(["a"])])
def test_a_stream_belongs_to_the_run_it_was_asked_for_in(step, side):
    async def chunks():
        yield "x"

    with Trace() as trace:
        stream = step.transform(iter("x")) if side == "sync" else step.atransform(chunks())
    with Trace() as other:
        list(stream) if side == "sync" else asyncio.run(acollect(stream))
    assert len(trace.runs) == 1
    assert other.runs == []


def test_a_config_is_inherited_where_nobody_listens():
    def seen(_, config):
        return config["tags"], config["metadata"], config["mine"]

    inner = RunnableLambda(seen)
    outer = RunnableLambda(lambda x: inner.invoke(x, {"tags": ["b"], "metadata": {"n": 2}}))
    config = {"tags": ["a"], "metadata": {"m": 1}, "mine": 3}
    expected = (["a", "b"], {"m": 1, "n": 2}, 3)
    assert outer.invoke("x", config) == expected
    assert list(outer.stream("x", config)) == [expected]
    assert asyncio.run(outer.ainvoke("x", config)) == expected
    assert outer.batch(["x"], config) == [expected]


class Doubles:
    """Called like a generator function."""

    def __call__(self, xs):
        for x in xs:
            yield 2 * x


class AsyncDoubles:
    async def __call__(self, xs):
        async for x in xs:
            yield 2 * x


@pytest.mark.parametrize("kind", [Doubles, AsyncDoubles])
@pytest.mark.parametrize("wrap", [lambda f: f, functools.partial], ids=["object", "partial"])
def test_an_object_that_is_called_like_a_generator_function_is_one(kind, wrap):
    step = RunnableGenerator(wrap(kind()))

    async def main():
        return [chunk async for chunk in step.astream(1)], await step.ainvoke(1)

    assert (list(step.stream(1)), step.invoke(1)) == ([2], 2)
    assert asyncio.run(main()) == ([2], 2)
    assert (RunnableLambda(lambda x: x) | kind()).invoke(2) == 4


def test_a_passthrough_awaits_whatever_its_function_returns():
    seen = []

    class Notes:
        async def __call__(self, x):
            seen.append(x)

    async def main():
        return await RunnablePassthrough(Notes()).ainvoke(1)

    assert asyncio.run(main()) == 1
    assert RunnablePassthrough(Notes()).invoke(2) == 2
    assert seen == [1, 2]


def breaking(texts):
    yield from texts
    raise ValueError("broke off")


async def abreaking(texts):
    async for text in texts:
        yield text
    raise ValueError("broke off")


def noting(saw, name):
    """Return a step that passes on what comes, and notes how that ends."""

    def read(texts):
        try:
            yield from texts
            saw[name] = "the end"
        except ValueError as error:
            saw[name] = str(error)
            raise

    async def aread(texts):
        try:
            async for text in texts:
                yield text
            saw[name] = "the end"
        except ValueError as error:
            saw[name] = str(error)
            raise

    return RunnableGenerator(read, aread)


async def acollect(stream):
    return [chunk async for chunk in stream]


@pytest.mark.parametrize("side", ["sync", "async"])
@pytest.mark.parametrize("limit", [None, 1])
def test_all_branches_see_that_their_source_failed(side, limit):
    saw = {}
    source = RunnableGenerator(breaking, abreaking)
    chain = source | RunnableParallel({name: noting(saw, name) for name in "xyz"})
    chain = chain.with_config(max_concurrency=limit)  # one after the other, even a slow machine
    with pytest.raises(ValueError, match="broke off"):
        list(chain.stream("a")) if side == "sync" else asyncio.run(acollect(chain.astream("a")))
    assert saw == dict.fromkeys("xyz", "broke off")


def test_a_branch_that_lags_behind_is_told_how_its_source_failed():
    saw = {}
    shared = parallel._Shared(breaking(iter("abc")))
    ahead, behind = shared.reader(), noting(saw, "behind").transform(shared.reader())
    with pytest.raises(ValueError, match="broke off"):
        list(ahead)
    parallel._tell(behind, shared.left[1])
    assert saw == {"behind": "broke off"}


@pytest.mark.parametrize("side", ["sync", "async"])
def test_no_assigned_step_takes_a_failure_for_the_end(side):
    saw = {}
    failing = RunnableLambda(lambda _: 1 / 0) | RunnablePassthrough()
    chain = failing | RunnablePassthrough.assign(**{name: noting(saw, name) for name in "xyz"})
    with pytest.raises(ZeroDivisionError):
        list(chain.stream(0)) if side == "sync" else asyncio.run(acollect(chain.astream(0)))
    assert saw == {}  # they saw neither an end nor a ValueError, but what was raised


def test_a_hundred_chunks_through_many_branches_keep_their_order():
    texts = [str(i) for i in range(100)]
    step = RunnableParallel({f"b{i}": ScriptedChat(texts) | StrOutputParser() for i in range(5)})

    async def collect():
        return [chunk async for chunk in step.astream("x")]

    for chunks in (list(step.stream("x")), asyncio.run(collect())):
        for name in step.steps:
            assert [c[name] for c in chunks if name in c] == texts


def add(xs):
    for x in xs:
        yield x + 1


async def aadd(xs):
    async for x in xs:
        yield x + 1


def plus_one():
    return RunnableLambda(lambda x: x + 1)


@pytest.mark.promise(
    "docs/architecture.md", "where that is deep, the next steps run on another thread's"
)
@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    "step",
    [
        RunnablePassthrough,
        plus_one,
        lambda: RunnableGenerator(add),
        lambda: RunnableGenerator(aadd),
        lambda: plus_one().with_retry(),
        lambda: plus_one().with_fallbacks([]),
        lambda: RunnableBranch((lambda _: False, len), plus_one()),
    ],
    ids=["passthrough", "function", "generator", "agenerator", "retry", "fallbacks", "branch"],
)
def test_a_thousand_steps_stream(step, log):
    chain = RunnableSequence(*[step() for _ in range(1000)])
    expected = [0 if step is RunnablePassthrough else 1000]

    async def collect():
        return [chunk async for chunk in chain.astream(0)]

    with Trace() if log else nullcontext():
        assert list(chain.stream(0)) == expected
        assert asyncio.run(collect()) == expected


def test_a_long_chain_streams_as_it_comes_and_is_closed():
    closed = []

    def count(_):
        try:
            yield from range(10**9)
        finally:
            closed.append(True)

    async def two():
        stream = chain.astream(0)
        assert [await anext(stream), await anext(stream)] == [999, 1000]
        await stream.aclose()

    chain = RunnableSequence(RunnableGenerator(count), *[RunnableGenerator(add)] * 999)
    stream = chain.stream(0)
    assert [next(stream), next(stream)] == [999, 1000]
    stream.close()
    assert closed == [True]
    chain = RunnableSequence(RunnableGenerator(count), *[RunnableGenerator(aadd)] * 999)
    asyncio.run(two())
    assert closed == [True, True]


def test_plain_generators_on_the_async_side_do_not_wait_for_each_other():
    # In a process of its own: what waits like that can neither be stopped nor left behind.
    code = """
import asyncio
from concurrent.futures import ThreadPoolExecutor
from nbstream import RunnableGenerator

def add(xs):
    for x in xs:
        yield x + 1

async def main():
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    chain = RunnableGenerator(add) | RunnableGenerator(add) | RunnableGenerator(add)
    return [chunk async for chunk in chain.astream(0)]

print(asyncio.run(main()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "[3]\n"
