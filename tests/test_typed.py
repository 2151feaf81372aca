"""Version 3 of the events for chains: typed streams over one buffer, in threads and in loops."""

import asyncio
import gc
import threading
import weakref

import pytest

from nbstream import (
    AIMessage,
    InputError,
    NbstreamError,
    RunnableLambda,
    ScriptedChat,
    StrOutputParser,
    Trace,
    dispatch_custom_event,
    tool,
)


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    dispatch_custom_event("progress", {"at": a})
    if a == 0:
        raise ValueError("nothing to add")
    return a + b


def agent(a=1):
    """A chain of a model, a tool and another model, which gives a text piece by piece."""
    first, second = ScriptedChat(["I ", "add."], name="first"), ScriptedChat(["It is ", "3."])

    def step(question):
        first.invoke(question)
        call = {"name": "add", "args": {"a": a, "b": 2}, "id": "c1", "type": "tool_call"}
        add.invoke(call)
        yield from (second | StrOutputParser()).stream(question)

    return RunnableLambda(step)


def test_a_chain_is_read_message_by_message():
    stream = agent().stream_events("1 + 2?", version="v3")
    read = [(list(message.text), message.output) for message in stream.messages]
    assert [texts for texts, _ in read] == [["I ", "add."], ["It is ", "3."]]
    assert [type(message) for _, message in read] == [AIMessage, AIMessage]
    assert list(stream.values) == ["It is ", "It is 3."]
    assert stream.output == "It is 3."


def test_a_tools_call_is_read():
    (call,) = agent().stream_events("1 + 2?", version="v3").tool_calls
    assert (call.tool_name, call.tool_call_id, call.input) == ("add", "c1", {"a": 1, "b": 2})
    assert call.output.content == "3"
    assert (call.completed, call.error) == (True, None)


def test_what_a_tool_fails_with_is_said_and_the_run_fails_with_it():
    stream = agent(0).stream_events("0 + 2?", version="v3")
    calls = []
    with pytest.raises(ValueError, match="nothing to add"):
        calls.extend(stream.tool_calls)
    with pytest.raises(ValueError, match="nothing to add"):
        _ = stream.output
    (message,) = (m for m in [next(iter(stream.messages))])
    assert str(message.text) == "I add."


def test_one_models_failure_is_its_messages_alone():
    broken = ScriptedChat([OSError("gone")])
    chain = (broken | StrOutputParser()).with_fallbacks(
        [ScriptedChat(["Hello"]) | StrOutputParser()]
    )
    stream = chain.stream_events("Hi", version="v3")
    first, second = stream.messages
    with pytest.raises(OSError, match="gone"):
        first.text.get()
    assert str(second.text) == stream.output == "Hello"


def test_the_events_tell_all_of_it_in_order():
    events = list(agent().stream_events("1 + 2?", version="v3"))
    told = []
    for event in events:
        data = event["params"]["data"]
        inner = data[0] if event["method"] == "messages" else data
        told.append((event["method"], inner.get("event") if isinstance(inner, dict) else inner))
    message = ["message-start", "content-block-start", *["content-block-delta"] * 2]
    end = ["content-block-finish", "message-finish"]
    assert [name for method, name in told if method == "messages"] == [*message, *end] * 2
    assert [one for one in told if one[0] != "messages"] == [
        ("tools", "tool-started"),
        ("custom", None),
        ("tools", "tool-finished"),
        ("values", "It is "),
        ("values", "It is 3."),
    ]


def test_several_are_read_in_one_loop():
    stream = agent().stream_events("1 + 2?", version="v3")
    names = [name for name, _ in stream.interleave("messages", "tool_calls", "values")]
    assert names == ["messages", "tool_calls", "messages", "values", "values"]
    with pytest.raises(InputError, match=r"interleave takes 'messages'.*'text'"):
        list(stream.interleave("text"))


def test_it_runs_as_it_is_read():
    said = []

    def step(_):
        for word in "abc":
            said.append(word)
            yield word

    stream = RunnableLambda(step).stream_events("x", version="v3")
    assert said == []
    values = iter(stream.values)
    assert next(values) == "a"
    assert said == ["a"]
    again = iter(stream.values)
    assert [next(again), next(again)] == ["a", "ab"]
    assert said == ["a", "b"]
    assert list(values) == ["ab", "abc"]


def test_a_run_that_is_left_early_ends():
    ended = []

    def step(_):
        try:
            yield from "abc"
        finally:
            ended.append(True)

    with Trace() as trace, RunnableLambda(step).stream_events("x", version="v3") as stream:
        assert next(iter(stream.values)) == "a"
    assert ended == [True]
    assert [event.kind for event in trace.events] == ["start", "chunk", "cancelled"]
    assert list(stream.values) == ["a"]


@pytest.mark.parametrize("has_begun", [True, False])
def test_what_broke_off_has_parts_and_no_whole(has_begun):
    stream = ScriptedChat(["Hel", "lo"]).stream_events("x", version="v3")
    if has_begun:
        next(iter(stream.text))
    stream.close()
    for whole in (stream.text.get, lambda: str(stream.text), lambda: stream.output):
        with pytest.raises(NbstreamError, match="stopped before its end"):
            whole()
    assert list(stream.text) == ["Hel"] * has_begun

    async def read():
        long = ScriptedChat(["Hel", "lo"] * 500)  # more than runs ahead of its readers
        async with await long.astream_events("x", version="v3") as stream:
            if has_begun:
                async for _ in stream.text:
                    break
        await stream.text

    with pytest.raises(NbstreamError, match="stopped before its end"):
        asyncio.run(read())


def test_one_that_nobody_has_any_more_goes_and_ends_its_run():
    ended = []

    def step(_):
        try:
            yield from "abc"
        finally:
            ended.append(True)

    with Trace() as trace:
        stream = RunnableLambda(step).stream_events("x", version="v3")
        next(iter(stream.values))
        gone = weakref.ref(stream._source)
        del stream
        gc.collect()
        assert gone() is None
        assert ended == [True]
        assert trace._listeners == ()


def test_threads_read_one_buffer():
    stream = (ScriptedChat(list("abcdefgh") * 50)).stream_events("x", version="v3")
    found = []
    threads = [threading.Thread(target=lambda: found.append(str(stream.text))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["abcdefgh" * 50] * 8


def test_a_loop_reads_several_at_once():
    async def read():
        stream = await agent().astream_events("1 + 2?", version="v3")

        async def texts():
            return [await message.text async for message in stream.messages]

        async def calls():
            return [call.tool_name async for call in stream.tool_calls]

        return await asyncio.gather(texts(), calls(), stream.output)

    assert asyncio.run(read()) == [["I add.", "It is 3."], ["add"], "It is 3."]


def test_in_a_loop_nothing_runs_far_ahead_of_its_readers():
    said = []

    async def step(_):
        for number in range(1000):
            said.append(number)
            yield str(number)

    async def read():
        async with await RunnableLambda(step).astream_events("x", version="v3") as stream:
            async for _ in stream.values:
                break
            for _ in range(2000):
                await asyncio.sleep(0)
            ahead = len(said)
        return ahead, [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    ahead, left = asyncio.run(read())
    assert 1 <= ahead < 200
    assert left == []


def test_what_fails_in_a_loop_is_raised_to_each_reader():
    async def read():
        stream = await agent(0).astream_events("0 + 2?", version="v3")
        found = []
        for projection in (stream.values, stream.tool_calls, stream.output):
            try:
                await projection
            except ValueError as error:
                found.append(str(error))
        return found

    assert asyncio.run(read()) == ["nothing to add"] * 3


def test_a_trace_around_it_sees_the_run():
    with Trace() as trace:
        list(ScriptedChat(["Hi"]).stream_events("x", version="v3").text)
    assert [event.kind for event in trace.events] == ["start", "chunk", "end"]


@pytest.mark.parametrize("name", ["include_names", "include_types", "include_tags", "exclude_tags"])
def test_filters_are_refused(name):
    for call in (ScriptedChat(["Hi"]).stream_events, ScriptedChat(["Hi"]).astream_events):
        with pytest.raises(InputError, match=f"{name} is for versions 'v1' and 'v2'"):
            call("x", version="v3", **{name: ["a"]})
