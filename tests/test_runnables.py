import asyncio
import contextlib
import contextvars
import threading
import time

import pytest

from nbstream import (
    AIMessage,
    AIMessageChunk,
    ChatPromptTemplate,
    InputError,
    Runnable,
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

SCRIPT = ["Here", " is", " a"]
PROMPT = ChatPromptTemplate.from_template("About {topic}")


def chain():
    return PROMPT | ScriptedChat(SCRIPT) | StrOutputParser()


async def collect(stream):
    return [chunk async for chunk in stream]


class Shout(Runnable):
    """Written as for LangChain: one method overridden."""

    def invoke(self, input, config=None, **kwargs):
        return input.upper()


def test_a_model_streams_chunks_that_add_up_to_what_invoke_gives():
    model = ScriptedChat(SCRIPT)
    chunks = list(model.stream("Hi"))
    assert [chunk.content for chunk in chunks] == SCRIPT
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].id.startswith("run-")
    assert model.invoke("Hi").content == "Here is a"
    assert type(model.invoke("Hi")) is AIMessage


def test_the_default_stream_is_the_one_final_value():
    assert list(Shout().stream("abc")) == ["ABC"]
    assert asyncio.run(collect(Shout().astream("abc"))) == ["ABC"]


@pytest.mark.parametrize("log", [False, True])
def test_sync_and_async_agree(log):
    async def all_ways():
        return [
            await chain().ainvoke({"topic": "x"}),
            "".join(await collect(chain().astream({"topic": "x"}))),
            *await chain().abatch([{"topic": "x"}, "y"]),
        ]

    trace = Trace()
    if log:
        trace.__enter__()
    try:
        sync = [
            chain().invoke({"topic": "x"}),
            "".join(chain().stream({"topic": "x"})),
            *chain().batch([{"topic": "x"}, "y"]),
        ]
        assert asyncio.run(all_ways()) == sync == ["Here is a"] * 4
    finally:
        if log:
            trace.__exit__()
    assert bool(trace.events) == log


def test_a_stream_flows_through_a_chain_as_it_comes():
    taken = []

    def watch(model):
        for chunk in ScriptedChat(SCRIPT).stream("x"):
            taken.append(chunk.content)
            yield chunk

    class Watched(Runnable):
        def _stream(self, input, **kwargs):
            return watch(input)

    stream = (Watched() | StrOutputParser()).stream("x")
    assert next(stream) == "Here"
    assert taken == ["Here"]


@pytest.mark.promise("docs/architecture.md", "one that cannot collects it first")
def test_a_step_that_cannot_stream_waits_for_the_whole():
    shouting = ScriptedChat(SCRIPT) | StrOutputParser() | Shout() | len
    assert list(shouting.stream("x")) == [9]
    assert asyncio.run(collect(shouting.astream("x"))) == [9]


def test_functions_join_from_both_sides_and_sequences_stay_flat():
    both = (lambda x: x + 1) | (RunnableLambda(lambda x: x * 2) | str)
    assert isinstance(both, RunnableSequence)
    assert len(both.steps) == 3
    assert both.invoke(3) == "8"


def test_coroutine_functions_work_from_both_sides():
    async def double(x):
        await asyncio.sleep(0)
        return 2 * x

    step = RunnableLambda(double)
    assert step.invoke(2) == 4
    assert asyncio.run(step.ainvoke(2)) == 4

    async def inside_a_running_loop():
        return step.invoke(2)

    assert asyncio.run(inside_a_running_loop()) == 4


def test_a_blocking_function_does_not_block_the_loop():
    async def race():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.01)

        ticking = asyncio.create_task(tick())
        await RunnableLambda(lambda _: time.sleep(0.2)).ainvoke(None)
        ticking.cancel()
        return ticks

    assert asyncio.run(race()) >= 5


def test_batch_keeps_order_runs_at_once_and_can_be_bounded():
    running, most = 0, 0
    lock = threading.Lock()

    def slow(x):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.03 / x)
        with lock:
            running -= 1
        return x

    step = RunnableLambda(slow)
    assert step.batch([1, 2, 3, 4]) == [1, 2, 3, 4]
    assert most > 1
    most = 0
    assert step.batch([1, 2, 3], {"max_concurrency": 1}) == [1, 2, 3]
    assert most == 1
    assert step.batch([]) == []


@pytest.mark.parametrize("bound", [False, True])
def test_every_kind_of_batch_can_be_bounded(bound):
    """By the call's config, and by one that is bound to the step."""
    running, most = 0, 0
    lock = threading.Lock()

    @contextlib.contextmanager
    def counted():
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        yield
        with lock:
            running -= 1

    def slow(x):
        with counted():
            time.sleep(0.01)
        return x

    async def aslow(x):
        with counted():
            await asyncio.sleep(0.01)
        return x

    step = RunnableLambda(slow, aslow)
    limit = {"max_concurrency": 2}
    step, config = (step.with_config(limit), None) if bound else (step, limit)
    inputs = list(range(6))

    async def main():
        pairs = await collect(step.abatch_as_completed(inputs, config))
        return [await step.abatch(inputs, config), [x for _, x in sorted(pairs)]]

    assert step.batch(inputs, config) == inputs
    assert sorted(step.batch_as_completed(inputs, config)) == [(x, x) for x in inputs]
    assert asyncio.run(main()) == [inputs, inputs]
    assert most == 2


@pytest.mark.parametrize("limit", [0, -1, "two", 1.5])
def test_a_bound_that_is_none_is_named(limit):
    def ways(step, config):
        yield lambda: step.batch([1, 2], config)
        yield lambda: list(step.batch_as_completed([1, 2], config))
        yield lambda: asyncio.run(step.abatch([1, 2], config))
        yield lambda: asyncio.run(collect(step.abatch_as_completed([1, 2], config)))

    config = {"max_concurrency": limit}
    step = RunnableLambda(lambda x: x)
    both = RunnableParallel(a=step, b=step)
    calls = [
        *ways(step, config),
        *ways(step.with_config(config), None),
        lambda: both.invoke(1, config),
        lambda: list(both.stream(1, config)),
        lambda: step.map().invoke([1, 2], config),
    ]
    for call in calls:
        with pytest.raises(InputError, match=f"a whole number from 1, not {limit!r}"):
            call()


def test_abatch_can_be_bounded():
    running, most = 0, 0

    async def slow(x):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        return x

    step = RunnableLambda(slow)
    assert asyncio.run(step.abatch([1, 2, 3])) == [1, 2, 3]
    assert most == 3
    most = 0
    assert asyncio.run(step.abatch([1, 2, 3], {"max_concurrency": 2})) == [1, 2, 3]
    assert most == 2


@pytest.mark.promise("docs/errors.md", "puts it in the place of the value")
def test_batch_raises_or_returns_errors():
    step = RunnableLambda(lambda x: 1 / x)
    with pytest.raises(ZeroDivisionError):
        step.batch([1, 0])
    one, error = step.batch([1, 0], return_exceptions=True)
    assert one == 1
    assert isinstance(error, ZeroDivisionError)
    one, error = asyncio.run(step.abatch([1, 0], return_exceptions=True))
    assert isinstance(error, ZeroDivisionError)


def test_batch_threads_see_the_callers_context():
    variable = contextvars.ContextVar("variable", default=0)
    variable.set(7)
    assert RunnableLambda(lambda _: variable.get()).batch([0, 0]) == [7, 7]


@pytest.mark.promise("docs/architecture.md", "Closing the outermost stream closes every step's")
def test_breaking_off_closes_every_step():
    closed = []

    class Source(Runnable):
        def _stream(self, input, **kwargs):
            try:
                while True:
                    yield AIMessageChunk("x")
            finally:
                closed.append("sync")

        async def _astream(self, input, **kwargs):
            try:
                while True:
                    yield AIMessageChunk("x")
            finally:
                closed.append("async")

    async def first():
        stream = (Source() | StrOutputParser()).astream("x")
        await anext(stream)
        await stream.aclose()

    stream = (Source() | StrOutputParser()).stream("x")
    next(stream)
    stream.close()
    assert closed == ["sync"]
    asyncio.run(first())
    assert closed == ["sync", "async"]


def test_cancelling_waits_for_a_sync_model_and_closes_it():
    closed = threading.Event()

    class Sync(ScriptedChat):
        _astream_messages = None

        def _stream_messages(self, messages, **kwargs):
            try:
                yield from super()._stream_messages(messages)
            finally:
                closed.set()

    from nbstream.models import BaseChatModel

    Sync._astream_messages = BaseChatModel._astream_messages

    async def cancelled():
        task = asyncio.create_task(collect(Sync(SCRIPT * 100, delay=0.02).astream("x")))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert closed.is_set()


async def agen():
    yield "a"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ScriptedChat(["a"]) | 42, "int 42"),
        (lambda: RunnableSequence(len), "at least two steps, not 1"),
        (lambda: RunnableParallel(), "at least one branch"),
        (lambda: RunnableParallel(a=42), "int 42"),
        (lambda: RunnableBranch(lambda x: x), "pairs"),
        (lambda: RunnableBranch((len, len, len), len), "pair, not"),
        (lambda: RunnableGenerator(len), "generator function, not"),
        (lambda: RunnableLambda(len).with_retry(stop_after_attempt=0), "1 or more, not 0"),
        (lambda: StrOutputParser().transform(agen()), "atransform"),
        (lambda: StrOutputParser().transform("text"), "not str"),
        (lambda: StrOutputParser().atransform(iter("a")), "transform"),
        (lambda: RunnableLambda(len).batch([1, 2], [{}]), "2 inputs and 1 configs"),
        (lambda: RunnablePassthrough.assign(a=len).invoke(42), "works on dicts, not int 42"),
        (lambda: RunnableLambda(len).with_fallbacks([], exception_key="e").invoke(1), "a dict"),
        (lambda: RunnableLambda(42), "not int 42"),
        (lambda: StrOutputParser().invoke(42), "int 42"),
        (lambda: ScriptedChat("text"), "not the text 'text'"),
        (lambda: ScriptedChat([42]), "int 42"),
    ],
)
def test_bad_input_is_named(make, said):
    with pytest.raises(InputError, match=said):
        make()


def test_a_step_without_a_body_says_what_to_define():
    class Nothing(Runnable):
        pass

    with pytest.raises(NotImplementedError, match=r"Nothing must define invoke\(\)"):
        Nothing().invoke(1)
