"""`watch`: code that knows nothing of nbstream, with and without somebody watching."""

import asyncio
import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import anthropic
import httpx
import httpx2
import pytest

from nbstream import ChatAnthropic, RunnableLambda, ScriptedChat, Trace, show, watch
from nbstream.watching import _call
from nbstream.wire import AnthropicReader

from .endpoint import (
    says,
    says_for_ever,
)
from .watched import ASKED, BLUB, KEY, by_httpx, client_of, ends, stop_at_first_token, texts, url

# Whose call it is


def test_nbstreams_own_models_are_there_once(endpoint):
    model = ChatAnthropic("fish", api_key=KEY, base_url=endpoint(says("Blub", ".")).url)
    with watch() as view:
        model.invoke("Hi")
        asyncio.run(model.ainvoke("Hi"))
        [*model.stream("Hi")]
    assert ends(view.trace) == [("ChatAnthropic", "Blub.", "end")] * 3


def test_a_raw_call_lies_in_the_step_that_makes_it(endpoint):
    client = client_of(endpoint(says("Blub", ".")))
    step = RunnableLambda(lambda _: texts(client)).with_config({"run_name": "ask"})
    with watch() as view:
        step.invoke(1)
        step.invoke(2)
    runs = view.trace.runs
    assert [(run.name, run.parent and run.parent.name) for run in runs] == [
        ("ask", None),
        ("Anthropic-compatible", "ask"),
    ] * 2


def test_a_raw_call_in_the_loop_over_a_stream_is_its_own(endpoint):
    client = client_of(endpoint(says("Blub", ".")))
    with watch() as view:
        for _ in ScriptedChat(["One"]).stream("Hi"):
            texts(client)
    assert [(run.name, run.parent) for run in view.trace.runs] == [
        ("ScriptedChat", None),
        ("Anthropic-compatible", None),
    ]


def test_a_view_inside_the_watch_has_its_own_calls(endpoint, capsys):
    client = client_of(endpoint(says("Blub", ".")))
    step = RunnableLambda(lambda _: texts(client)).with_config({"run_name": "ask"})
    with watch() as view:
        inner = show(step, 1)
        inner.result()
    for trace in (inner.trace, view.trace):
        assert [(run.name, run.parent and run.parent.name) for run in trace.runs] == [
            ("ask", None),
            ("Anthropic-compatible", "ask"),
        ]


def test_four_at_once_are_four_runs(endpoint):
    server = endpoint(says("Blub", "."))

    async def main():
        async with anthropic.AsyncAnthropic(api_key=KEY, base_url=server.url) as client:

            async def one():
                async with client.messages.stream(**ASKED) as stream:
                    return await stream.get_final_text()

            return await asyncio.gather(*(one() for _ in range(4)))

    with watch() as view:
        assert asyncio.run(main()) == ["Blub."] * 4
    assert ends(view.trace) == [BLUB] * 4


# Stopping


def loop(server):
    for _ in client_of(server).messages.create(**ASKED, stream=True):
        pass


def loop_in_a_thread(server):
    with ThreadPoolExecutor() as pool:
        pool.submit(loop, server).result()


def loop_in_a_loop(server):
    async def main():
        async with anthropic.AsyncAnthropic(api_key=KEY, base_url=server.url) as client:
            async for _ in await client.messages.create(**ASKED, stream=True):
                pass

    asyncio.run(main())


def raw_loop(server):
    with httpx.Client() as client:
        request = client.build_request("POST", url(server), json=ASKED)
        for _ in client.send(request, stream=True).iter_bytes():
            pass  # nobody closes it


@pytest.mark.parametrize(
    "program", [loop, loop_in_a_thread, loop_in_a_loop, raw_loop], ids=lambda one: one.__name__
)
def test_stop_ends_the_block_and_the_connection(endpoint, program):
    server = endpoint(says_for_ever)
    after = []
    with watch() as view:
        stop_at_first_token(view)
        program(server)
        after.append("not reached")
    assert server.broken_off.wait(20)
    assert (after, view.status) == ([], "stopped")
    # What is stopped is the block: another one begins as if nothing had been.
    server = endpoint(says("Blub", "."))
    with watch() as view:
        assert texts(client_of(server)) == ["Blub", "."]
    assert ends(view.trace) == [BLUB]


# Beginning and ending


def test_everything_is_undone():
    before = [*sys.meta_path], httpx.Client.send, httpx.AsyncClient.send, httpx2.Client.send
    with watch():
        assert httpx.Client.send is not before[1]
    assert ([*sys.meta_path], httpx.Client.send, httpx.AsyncClient.send, httpx2.Client.send) == (
        before
    )


def test_what_somebody_put_around_ours_stays(endpoint, monkeypatch):
    server = endpoint(says("Blub", "."))
    original = httpx.Client.send
    with watch():
        ours = httpx.Client.send
        theirs = lambda *args, **options: ours(*args, **options)  # noqa: E731
        httpx.Client.send = theirs
    try:
        assert httpx.Client.send is theirs
        assert by_httpx(server)
    finally:
        httpx.Client.send = original


def test_a_watch_in_a_watch(endpoint):
    client = client_of(endpoint(says("Blub", ".")))
    with watch() as outer:
        texts(client)
        with watch() as inner:
            texts(client)
        texts(client)
    texts(client)
    assert (len(outer.trace.runs), len(inner.trace.runs)) == (3, 1)
    assert ends(outer.trace) == [BLUB] * 3


def test_watches_in_a_row_have_each_their_own(endpoint):
    client = client_of(endpoint(says("Blub", ".")))
    views = []
    for count in (1, 2):
        with watch() as view:
            for _ in range(count):
                texts(client)
        views.append(view)
        texts(client)  # between two, nobody watches
    assert [ends(view.trace) for view in views] == [[BLUB], [BLUB] * 2]
    assert [view.text for view in views] == ["Blub.", "Blub.\n\nBlub."]


def test_the_value_of_several_calls_is_the_last_ones(endpoint):
    server = endpoint(lambda handler, body: says(f"No. {len(server.requests)}")(handler, body))
    with watch() as view:
        client = client_of(server)
        texts(client)
        texts(client)
    assert view.value.content == view.result().content == "No. 2"
    assert [view.trace.output(run).text for run in view.trace.runs] == ["No. 1", "No. 2"]


def test_two_watches_at_once_have_each_their_own(endpoint):
    client = client_of(endpoint(says("Blub", ".")))
    barrier = threading.Barrier(2)

    def one(count):
        with watch() as view:
            barrier.wait(20)
            for _ in range(count):
                texts(client)
            barrier.wait(20)
        return len(view.trace.runs)

    with ThreadPoolExecutor() as pool:
        assert [*pool.map(one, (1, 2))] == [1, 2]


def test_a_task_that_outlives_the_block_is_not_seen_any_more(endpoint):
    client = client_of(endpoint(says("Blub", ".")))

    async def main():
        go = asyncio.Event()

        async def later():
            await go.wait()
            return await asyncio.to_thread(texts, client)

        with watch() as outer:
            with watch() as view:
                task = asyncio.create_task(later())
                await asyncio.sleep(0)
            go.set()
            await task
        task = asyncio.create_task(later())
        await task
        return outer, view

    outer, view = asyncio.run(main())
    assert (ends(outer.trace), view.trace.runs) == ([BLUB], [])


def test_a_library_that_is_imported_in_the_block_is_watched():
    program = """
import sys
from nbstream import watch
with watch() as view:
    assert "httpx" not in sys.modules and "httpx2" not in sys.modules
    import httpx
    client = httpx.Client(transport=httpx.MockTransport(lambda r: httpx.Response(200, json={})))
    body = {"model": "m", "max_tokens": 1, "messages": []}
    client.post("http://fish/v1/messages", json=body)
assert len(view.trace.runs) == 1
assert type(httpx.__spec__.loader).__module__ == "_frozen_importlib_external"
assert httpx.Client.send.__module__ == "httpx" or "nbstream" not in httpx.Client.send.__module__
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_cell_without_a_call_is_as_it_was():
    with watch() as view:
        pass
    assert (view.trace.runs, view.status) == ([], "waiting")


# Faults of ours


def test_a_fault_of_ours_is_logged_once_and_harms_nobody(endpoint, monkeypatch, caplog):
    def read(self, event):
        raise ZeroDivisionError

    monkeypatch.setattr(AnthropicReader, "read", read)
    client = client_of(endpoint(says("Blub", ".")))
    with watch() as view, caplog.at_level(logging.ERROR):
        assert texts(client) == ["Blub", "."]
        assert texts(client) == ["Blub", "."]
    assert len(caplog.records) == 1
    assert "The watched program goes on" in caplog.text
    assert [last for _, _, last in ends(view.trace)] == ["error"]


@pytest.mark.parametrize("name", ["log_here", "owner", "decoder"])
def test_no_fault_gets_into_the_program(endpoint, monkeypatch, caplog, name):
    def fault(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(_call, name, fault)
    with watch(), caplog.at_level(logging.ERROR):
        assert texts(client_of(endpoint(says("Blub", ".")))) == ["Blub", "."]
    assert len(caplog.records) == 1


def test_an_error_with_a_key_stays_the_programs_own():
    error = httpx.ConnectError(f"no way for {KEY}")

    def refuse(request):
        raise error

    client = httpx.Client(transport=httpx.MockTransport(refuse))
    with pytest.raises(httpx.ConnectError) as caught, watch() as view:
        client.post("http://fish/v1/messages", json=ASKED)
    assert caught.value is error
    assert error.args == (f"no way for {KEY}",)
    assert KEY not in view.trace.to_jsonl()
    assert "no way for …" in view.trace.to_jsonl()


def test_a_trace_of_ones_own_in_the_block_has_its_calls(endpoint):
    client = client_of(endpoint(says("Blub", ".")))
    with watch() as view:
        with Trace() as trace:
            texts(client)
        texts(client)
    assert (ends(trace), ends(view.trace)) == ([BLUB], [BLUB])


@pytest.mark.parametrize("watched", [True, False])
def test_the_order_of_things_is_the_same(endpoint, watched):
    client = client_of(endpoint(says("a", "b")))
    order = []
    with watch() if watched else nullcontext():
        for event in client.messages.create(**ASKED, stream=True):
            order.append(event.type)
            if event.type == "content_block_delta":
                order.append(texts(client))
    assert order == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        ["a", "b"],
        "content_block_delta",
        ["a", "b"],
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
