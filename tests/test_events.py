"""What `astream_events` does beyond LangChain: see ``tests/conformance`` for what it does alike."""

import asyncio
import contextlib
import gc
import threading

import pytest

from nbstream import (
    InputError,
    Runnable,
    RunnableGenerator,
    RunnableLambda,
    RunnableParallel,
    ScriptedChat,
    StrOutputParser,
    Trace,
    dispatch_custom_event,
    tool,
)

from .tasks import no_task_left

FOREVER = ["x"] * 100_000


class Endless(ScriptedChat):
    """Talks on until it is closed, and remembers that."""

    closed = False

    def __init__(self):
        super().__init__(FOREVER)

    async def _astream_messages(self, messages, **kwargs):
        try:
            async for chunk in super()._astream_messages(messages, **kwargs):
                yield chunk
        finally:
            self.closed = True


async def names(stream):
    return [(event["event"], event["name"]) async for event in stream]


def threads():
    return {t.name for t in threading.enumerate() if not t.name.startswith("asyncio")}


@pytest.mark.promise(
    "docs/architecture.md", "hands over what is logged as it comes, also between two chunks"
)
def test_events_come_while_a_step_runs_not_when_it_ends():
    release = threading.Event()

    def slow(x):
        text = ScriptedChat(["a"]).invoke(x).content
        assert release.wait(5)
        return text

    async def main():
        seen = []
        async for event in RunnableLambda(slow).astream_events("x"):
            seen.append(event["event"])
            if event["event"] == "on_chat_model_end":
                release.set()  # only now can the step end
        return seen

    assert asyncio.run(asyncio.wait_for(main(), 10))[-1] == "on_chain_end"


@pytest.mark.promise("docs/errors.md", "astream_events ends the run with on_…_error")
def test_every_kind_of_run_ends_with_its_error():
    @tool
    def fails(x: int) -> int:
        """Fail."""
        raise ValueError("boom")

    async def last(step, input):
        seen = []
        try:
            async for event in step.astream_events(input):
                seen.append(event)
        except ValueError:
            return seen[-1]

    for step, kind in [
        (fails, "tool"),
        (ScriptedChat([ValueError("boom")]), "chat_model"),
        (RunnableLambda(lambda x: fails.invoke({"x": 1})), "chain"),
        (RunnableParallel(a=ScriptedChat([ValueError("boom")])), "chain"),
    ]:
        event = asyncio.run(last(step, {"x": 1} if step is fails else "x"))
        assert event["event"] == f"on_{kind}_error"
        assert event["data"] == {"error": {"type": "ValueError", "message": "boom"}}


def test_a_step_can_be_a_retriever():
    class Fish(Runnable):
        run_type = "retriever"

        def _invoke(self, input, **kwargs):
            return [f"all about {input}"]

    step = RunnableLambda(lambda x: x) | Fish() | (lambda documents: documents[0])
    seen = [e for e in step.stream_events("moon") if e["name"] == "Fish"]
    assert [(e["event"], e["data"]) for e in seen] == [
        ("on_retriever_start", {"input": {"query": "moon"}}),
        ("on_retriever_end", {"output": ["all about moon"], "input": {"query": "moon"}}),
    ]


def test_the_sync_form_gives_the_same_events():
    def ask(x):
        dispatch_custom_event("asked", x)
        return ScriptedChat(["a", "b"]).invoke(x).content

    chain = RunnableLambda(ask) | str.upper

    def shown(event):
        ids = ("run_id", "parent_ids", "data")
        return {k: v for k, v in event.items() if k not in ids} | {
            "depth": len(event.get("parent_ids", ()))
        }

    async def main(version):
        return [shown(event) async for event in chain.astream_events("x", version=version)]

    for version in ("v1", "v2"):
        sync = [shown(event) for event in chain.stream_events("x", version=version)]
        assert sync == asyncio.run(main(version))
        assert len(sync) > 8


@pytest.mark.parametrize("call", ["stream_events", "astream_events"])
def test_a_wrong_version_is_named_at_once(call):
    with pytest.raises(InputError, match=r"'v4'.*'v2', 'v3' or 'v1'"):
        getattr(ScriptedChat(["a"]), call)("x", version="v4")


def test_breaking_off_stops_the_model_and_leaves_no_task():
    model = Endless()

    async def main():
        with Trace() as trace, no_task_left():
            chain = model | StrOutputParser()
            stream = chain.astream_events("x")
            async for event in stream:
                if event["event"] == "on_parser_stream":
                    break
            await stream.aclose()
        return trace

    trace = asyncio.run(main())
    assert model.closed
    assert len(trace.events) < 1_000, "the model ran far ahead of who listens"
    assert {e.kind for e in trace.events[-3:]} == {"cancelled"}


def test_a_loop_that_is_left_closes_the_model_as_well():
    model = Endless()

    async def main():
        with no_task_left():
            async for event in model.astream_events("x"):
                if event["event"] == "on_chat_model_stream":
                    break
            gc.collect()
            while not model.closed:
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(main(), 30))


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts what it was told to do."""

    told = 0

    def call_soon(self, *args, **kwargs):
        self.told += 1
        return super().call_soon(*args, **kwargs)


@pytest.mark.promise("docs/architecture.md", "the task waits where the reader falls behind")
def test_while_the_reader_pauses_nothing_goes_on():
    async def main():
        loop = asyncio.get_running_loop()
        with Trace() as trace:
            stream = (ScriptedChat(FOREVER) | StrOutputParser()).astream_events("x")
            async for event in stream:
                if event["event"] == "on_parser_stream":
                    break
            while len(trace.events) != (known := len(trace.events)) or known < 64:
                await asyncio.sleep(0)  # it runs ahead as far as it may
            await asyncio.sleep(0.01)
            told = loop.told
            await asyncio.sleep(0.05)
            assert loop.told - told < 10
            assert len(trace.events) < 1_000
            # And it goes on when the reader does.
            for _ in range(1_000):
                await anext(stream)
            await stream.aclose()

    with contextlib.closing(CountingLoop()) as loop:
        loop.run_until_complete(asyncio.wait_for(main(), 30))


def test_a_reader_that_pauses_sees_the_same_events():
    async def read(pause):
        chain = ScriptedChat(["x"] * 300) | StrOutputParser()
        seen = []
        async for event in chain.astream_events("x"):
            seen.append((event["event"], event["name"], str(event["data"])))
            if pause and len(seen) % 50 == 0:
                await asyncio.sleep(0.001)
        return [(kind, name) for kind, name, _ in seen], len(seen)

    assert asyncio.run(read(pause=True)) == asyncio.run(read(pause=False))


def test_cancelling_the_task_ends_every_run_with_a_cancel():
    async def main():
        chain = ScriptedChat(FOREVER, delay=0.001) | StrOutputParser()
        trace = Trace()

        async def run():
            with trace:
                return await names(chain.astream_events("x"))

        with no_task_left():
            task = asyncio.ensure_future(run())
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        return [(e.kind, e.run.name) for e in trace.events[-3:]]

    assert asyncio.run(main()) == [
        ("cancelled", "ScriptedChat"),
        ("cancelled", "StrOutputParser"),
        ("cancelled", "RunnableSequence"),
    ]


def test_a_stopped_step_is_an_event_of_the_run_around_it():
    def first(x):
        stream = ScriptedChat(["a", "b"]).stream(x)
        chunk = next(stream)
        stream.close()
        return chunk.content

    seen = asyncio.run(names(RunnableLambda(first).astream_events("x")))
    assert ("on_chat_model_cancel", "ScriptedChat") in seen
    assert seen[-1] == ("on_chain_end", "first")


def test_events_of_a_part_of_something_larger_begin_with_that_part():
    inner = RunnableLambda(lambda x: x, name="inner") | RunnableLambda(lambda x: x, name="last")

    async def outer(x):
        return [(e["name"], len(e["parent_ids"])) async for e in inner.astream_events(x)]

    seen = asyncio.run(RunnableLambda(outer).ainvoke(1))
    with Trace() as trace:
        assert asyncio.run(RunnableLambda(outer).ainvoke(1)) == seen
    assert seen[0] == ("RunnableSequence", 0)
    assert ("inner", 1) in seen
    assert [run.name for run in trace.runs][:2] == ["outer", "RunnableSequence"]


def test_a_custom_event_outside_of_any_run_is_an_error():
    dispatch_custom_event("nobody listens", 1)
    with Trace(), pytest.raises(InputError, match=r"'lost'.*outside"):
        dispatch_custom_event("lost", 1)


def test_parallel_branches_leave_nothing_behind_when_broken_off():
    before = threads()
    step = RunnableParallel(a=ScriptedChat(FOREVER), b=ScriptedChat(FOREVER))
    with Trace() as trace:
        for _ in step.stream("x"):
            break
    ended = [e.run for e in trace.events if e.kind == "cancelled"]
    assert sorted(run.index for run in ended) == [run.index for run in trace.runs]
    assert threads() <= before  # what was there may have ended

    async def main():
        with no_task_left():
            stream = step.astream("x")
            async for _ in stream:
                break
            await stream.aclose()

    asyncio.run(main())


def test_a_failing_branch_stops_the_others():
    slow = ScriptedChat(FOREVER, delay=0.001)
    step = RunnableParallel(a=slow, b=ScriptedChat(["x", ValueError("boom")]))

    async def main():
        with no_task_left(), pytest.raises(ValueError, match="boom"):
            async for _ in step.astream("x"):
                pass
        with no_task_left(), pytest.raises(ValueError, match="boom"):
            await step.ainvoke("x")

    asyncio.run(main())
    with pytest.raises(ValueError, match="boom"):
        list(step.stream("x"))


def test_a_plain_generator_works_on_an_async_stream_as_it_comes():
    seen = []

    def shout(texts):
        for text in texts:
            seen.append(text)
            yield text.upper()

    async def main():
        chain = ScriptedChat(["a", "b", "c"]) | StrOutputParser() | RunnableGenerator(shout)
        async for chunk in chain.astream("x"):
            assert chunk.lower() == seen[-1]

    asyncio.run(main())
    assert seen == ["a", "b", "c"]


def test_an_async_generator_works_from_the_sync_side_also_inside_a_loop():
    async def shout(texts):
        async for text in texts:
            await asyncio.sleep(0)
            yield text.upper()

    chain = ScriptedChat(["a", "b"]) | StrOutputParser() | RunnableGenerator(shout)

    async def cell():
        return list(chain.stream("x"))

    assert list(chain.stream("x")) == ["A", "B"]
    assert asyncio.run(cell()) == ["A", "B"]


def test_closing_a_watched_stream_closes_the_model_before_it_returns():
    model = Endless()

    async def main():
        with Trace():
            stream = model.astream("x")
            await anext(stream)
            await stream.aclose()
            return model.closed

    assert asyncio.run(main())
