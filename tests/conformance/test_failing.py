"""Steps that fail, are tried again or replaced: the same on both sides."""

import asyncio
import threading
import time

import pytest

from .sides import collect, differs, failure, listed, same, ways


def fails(x):
    raise ValueError("no")


@same
async def test_fallbacks(lc):
    step = lc.RunnableLambda(fails).with_fallbacks([lc.RunnableLambda(lambda x: x + 1)])
    return await ways(step, 1)


@same
async def test_fallbacks_that_all_fail(lc):
    def other(x):
        raise KeyError("other")

    return lc.RunnableLambda(fails).with_fallbacks([lc.RunnableLambda(other)]).invoke(1)


@same
async def test_fallbacks_for_one_kind_of_error(lc):
    step = lc.RunnableLambda(fails).with_fallbacks(
        [lc.RunnableLambda(lambda x: x)], exceptions_to_handle=(KeyError,)
    )
    return step.invoke(1)


@same
async def test_fallbacks_that_see_the_error(lc):
    step = lc.RunnableLambda(fails).with_fallbacks(
        [lc.RunnableLambda(lambda d: type(d["error"]).__name__)], exception_key="error"
    )
    return [step.invoke({"x": 1}), await step.ainvoke({"x": 1})]


@same
async def test_a_stream_falls_back_before_its_first_chunk(lc):
    step = lc.chat(ValueError("no")).with_fallbacks([lc.chat("yes", "!")])
    return [listed(step.stream("x")), await collect(step.astream("x"))]


@same
async def test_a_stream_does_not_fall_back_after_it(lc):
    step = lc.chat("a", ValueError("no")).with_fallbacks([lc.chat("yes")])
    seen = []
    try:
        for chunk in step.stream("x"):
            seen.append(chunk.content)
    except ValueError as error:
        return [seen, failure(error)]


@same
async def test_batch_returns_errors(lc):
    def picky(x):
        if x == 2:
            raise ValueError("two")
        return x

    step = lc.RunnableLambda(picky)
    return [
        step.batch([1, 2, 3], return_exceptions=True),
        await step.abatch([1, 2, 3], return_exceptions=True),
    ]


@same
async def test_batch_raises(lc):
    return lc.RunnableLambda(fails).batch([1])


@same
async def test_batch_of_nothing(lc):
    step = lc.RunnableLambda(fails)
    return [step.batch([]), await step.abatch([])]


@same
async def test_batch_as_completed(lc):
    def slow(x):
        time.sleep(x / 20)
        return x

    step = lc.RunnableLambda(slow)
    return [
        list(step.batch_as_completed([4, 0, 2])),
        [pair async for pair in step.abatch_as_completed([4, 0, 2])],
    ]


@same
async def test_batch_is_bounded(lc):
    running, most, lock = [0], [0], threading.Lock()

    def work(x):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.02)
        with lock:
            running[0] -= 1
        return x

    out = lc.RunnableLambda(work).batch(list(range(6)), {"max_concurrency": 2})
    return [out, most[0] <= 2]


@same
async def test_abatch_is_bounded(lc):
    running, most = [0], [0]

    async def work(x):
        running[0] += 1
        most[0] = max(most[0], running[0])
        await asyncio.sleep(0.01)
        running[0] -= 1
        return x

    out = await lc.RunnableLambda(work).abatch(list(range(6)), {"max_concurrency": 2})
    return [out, most[0]]


@same
async def test_a_config_for_each_input(lc):
    def tags(x, config):
        return [x, config["tags"]]

    return lc.RunnableLambda(tags).batch([1, 2], [{"tags": ["a"]}, {"tags": ["b"]}])


@same
async def test_too_few_configs(lc):
    return lc.RunnableLambda(lambda x: x).batch([1, 2], [{"tags": ["a"]}])


@same
async def test_the_chain_decorator(lc):
    model = lc.chat("a", "b") | lc.StrOutputParser()

    @lc.chain
    def ask(x):
        return model.invoke(x) + "!"

    return [ask.invoke("x"), list(ask.stream("x")), ask.get_name()]


@same
async def test_names(lc):
    def shout(x):
        return x

    return [
        lc.RunnableLambda(shout).get_name(),
        lc.RunnableLambda(lambda x: x).get_name(),
        (lc.RunnableLambda(shout) | shout).get_name(),
        lc.RunnableParallel(a=shout, b=shout).get_name(),
        lc.RunnablePassthrough.assign(a=shout).get_name(),
        lc.RunnablePassthrough().get_name(),
        lc.chat("a").get_name(),
        lc.StrOutputParser().get_name(),
        lc.RunnableLambda(shout).map().get_name(),
    ]


@same
async def test_what_cannot_be_a_step(lc):
    return lc.RunnableLambda(lambda x: x) | 42


@same
async def test_a_sequence_of_one(lc):
    return lc.RunnableSequence(lc.RunnableLambda(lambda x: x))


@same
async def test_an_error_passes_through_a_chain(lc):
    seen = []
    step = lc.chat("a", ValueError("boom")) | lc.StrOutputParser()
    try:
        for chunk in step.stream("x"):
            seen.append(chunk)
    except ValueError as error:
        return [seen, str(error)]


@pytest.mark.promise(
    "docs/langchain.md", "A model's stream ends with the chunk that has usage and stop reason"
)
@differs(
    "a model's stream has no empty chunk at its end",
    "- ''",
)
async def test_the_chunks_of_a_model(lc):
    return [chunk.content for chunk in lc.chat("a", "b").stream("x")]


@pytest.mark.promise("docs/langchain.md", "stream_events is astream_events for synchronous code")
@differs(
    "there is a form for synchronous code",
    "- ('raised', 'bad input')",
    "+ 'on_chat_model_start'",
    "+ 'on_chat_model_stream'",
    "+ 'on_chat_model_end'",
)
async def test_events_in_synchronous_code(lc):
    return [event["event"] for event in lc.chat("a").stream_events("x", version="v2")]
