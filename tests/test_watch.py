"""`watch`: code that knows nothing of nbstream, with and without somebody watching."""

import asyncio
import gc
import logging
import subprocess
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import anthropic
import httpx
import httpx2
import openai
import pytest
import zstandard

from nbstream import ChatAnthropic, RunnableLambda, ScriptedChat, Trace, show, watch
from nbstream.watching import _call
from nbstream.wire import AnthropicReader

from .endpoint import (
    BEGIN,
    FINISH,
    Endpoint,
    begin_stream,
    breaks_off,
    refuses,
    says,
    says_for_ever,
    sse,
    start_event,
    text_event,
)

ASKED = {"model": "fish", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
KEY = "sk-a-key-that-nobody-may-see-1234"


@pytest.fixture
def endpoint():
    """Start an endpoint with a behaviour."""
    started = []

    def start(behaviour):
        started.append(Endpoint(behaviour).__enter__())
        return started[-1]

    yield start
    while clients:
        clients.pop().close()
    for one in started:
        one.__exit__()


clients = []  # closed at the end of the test, else the garbage collector warns of their sockets


def client_of(endpoint, **options):
    clients.append(
        anthropic.Anthropic(api_key=KEY, base_url=endpoint.url, max_retries=0, **options)
    )
    return clients[-1]


def texts(client):
    """Return what an unchanged program makes of a stream."""
    with client.messages.stream(**ASKED) as stream:
        return [*stream.text_stream]


def ends(trace):
    """Return each run's name, text and last event."""
    last = {event.run.index: event.kind for event in trace.events}
    return [(run.name, text_of(trace.output(run)), last[run.index]) for run in trace.runs]


def text_of(output):
    return "" if output is None else output.text


def wait_for(trace, kind):
    """Return what is set once an event of this kind has been logged."""
    seen = threading.Event()
    trace.subscribe(lambda event: event.kind == kind and seen.set())
    if any(event.kind == kind for event in trace.events):
        seen.set()
    return seen


BLUB = ("Anthropic-compatible", "Blub.", "end")


# One call, however it is made


def by_sdk(endpoint):
    return texts(client_of(endpoint))


def by_sdk_whole_events(endpoint):
    return [event.type for event in client_of(endpoint).messages.create(**ASKED, stream=True)]


def by_sdk_in_a_loop(endpoint):
    async def main():
        async with (
            anthropic.AsyncAnthropic(api_key=KEY, base_url=endpoint.url) as client,
            client.messages.stream(**ASKED) as stream,
        ):
            return [text async for text in stream.text_stream]

    return asyncio.run(main())


def by_httpx(endpoint, library=httpx):
    with library.Client() as client, client.stream("POST", url(endpoint), json=ASKED) as answer:
        return [*answer.iter_lines()]


def by_httpx2(endpoint):
    return by_httpx(endpoint, httpx2)


def by_httpx_in_a_loop(endpoint):
    async def main():
        async with (
            httpx.AsyncClient() as client,
            client.stream("POST", url(endpoint), json=ASKED) as answer,
        ):
            return [line async for line in answer.aiter_lines()]

    return asyncio.run(main())


def read_at_once(endpoint):
    return httpx.post(url(endpoint), json=ASKED).text


def in_a_bare_thread(endpoint):
    found = []
    thread = threading.Thread(target=lambda: found.append(texts(client_of(endpoint))))
    thread.start()
    thread.join()
    return found


def in_an_executor(endpoint):
    with ThreadPoolExecutor() as pool:
        return pool.submit(texts, client_of(endpoint)).result()


def url(endpoint):
    return f"{endpoint.url}/v1/messages?key={KEY}"


WAYS = [
    by_sdk,
    by_sdk_whole_events,
    by_sdk_in_a_loop,
    by_httpx,
    by_httpx2,
    by_httpx_in_a_loop,
    read_at_once,
    in_a_bare_thread,
    in_an_executor,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_call_is_seen_and_gives_what_it_gives_unseen(endpoint, way):
    server = endpoint(says("Blub", "."))
    unseen = way(server)
    with watch() as view:
        seen = way(server)
    assert seen == unseen
    assert ends(view.trace) == [BLUB]
    assert view.trace.runs[0].model == "fish"
    assert view.trace.runs[0].metadata == {"url": f"{server.url}/v1/messages"}
    assert view.trace.input(view.trace.runs[0]) == [("human", "Hi")]
    assert view.trace.output(view.trace.runs[0]).usage_metadata["output_tokens"] == 2
    # Nothing that a request carries beside its messages is kept.
    assert KEY not in view.trace.to_jsonl()
    assert "key=" not in view.trace.to_jsonl()


def test_tokens_are_there_while_the_program_waits_for_more(endpoint):
    seen = threading.Event()

    def behaviour(handler, body):
        begin_stream(handler)
        handler.wfile.write(sse(start_event(), BEGIN, text_event("Blub")))
        assert seen.wait(20)  # the rest comes once the first token is in the log
        handler.wfile.write(sse(text_event("."), *FINISH))

    server = endpoint(behaviour)
    with watch() as view:
        view.trace.subscribe(lambda event: event.kind == "chunk" and seen.set())
        assert texts(client_of(server)) == ["Blub", "."]
    assert ends(view.trace) == [BLUB]


def gzipped():
    return zlib.compressobj(wbits=31)


def zstd():
    return zstandard.ZstdCompressor().compressobj()


@pytest.mark.parametrize(
    ("encoding", "make"),
    [("gzip", gzipped), ("deflate", zlib.compressobj), ("zstd", zstd), ("deflate, gzip", None)],
)
def test_what_is_compressed_is_read(endpoint, encoding, make):
    def behaviour(handler, body):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Encoding", encoding)
        handler.end_headers()
        data = sse(start_event(), BEGIN, text_event("Blub"), text_event("."), *FINISH)
        for one in [make()] if make else [zlib.compressobj(), gzipped()]:
            data = one.compress(data) + one.flush()
        for at in range(0, len(data), 7):
            handler.wfile.write(data[at : at + 7])
            handler.wfile.flush()

    server = endpoint(behaviour)
    unseen = by_httpx(server)
    with watch() as view:
        assert by_httpx(server) == unseen
    assert ends(view.trace) == [BLUB]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of its socket
def test_an_answer_that_nobody_reads_ends_when_it_is_collected(endpoint):
    with watch() as view:
        stream = client_of(endpoint(says("Blub"))).messages.create(**ASKED, stream=True)
        over = wait_for(view.trace, "cancelled")
        del stream
        gc.collect()
        assert over.wait(20)
    assert ends(view.trace) == [("Anthropic-compatible", "", "cancelled")]


def test_an_answer_is_closed_early(endpoint):
    server = endpoint(says_for_ever)
    with watch() as view:
        stream = client_of(server).messages.create(**ASKED, stream=True)
        for event in stream:
            if event.type == "content_block_delta":
                break
        stream.close()
    assert server.broken_off.wait(20)
    ((_, text, last),) = ends(view.trace)
    assert (set(text), last) == ({"x"}, "cancelled")


def test_an_answer_is_read_after_the_block(endpoint):
    with watch() as view:
        stream = client_of(endpoint(says("Blub", "."))).messages.create(**ASKED, stream=True)
    assert view.status == "waiting"
    assert len([*stream]) == 7
    assert ends(view.trace) == [BLUB]


@pytest.mark.parametrize("streams", [True, False])
def test_a_refusal_says_why_and_each_try_is_a_run(endpoint, streams):
    answers = [refuses(529, "overloaded_error", "Too many fish."), says("Blub", ".")]
    server = endpoint(lambda handler, body: answers.pop(0)(handler, body))
    client = client_of(server).with_options(max_retries=1)
    with watch() as view:
        if streams:
            assert texts(client) == ["Blub", "."]
        else:
            # `says` streams whatever it is asked: what matters here is that it is read whole.
            httpx.post(url(server), json=ASKED)
            httpx.post(url(server), json=ASKED)
    refused, told = ends(view.trace)
    assert (refused, told) == (("Anthropic-compatible", "", "error"), BLUB)
    error = next(event.data for event in view.trace.events if event.kind == "error")
    assert error.status == 529
    if not streams:  # the SDK tries again without a look at the body
        assert "Too many fish" in str(error)


def test_a_refusal_shows_its_body(endpoint):
    server = endpoint(refuses(400, "invalid_request_error", f"No fish for {KEY}."))
    with pytest.raises(anthropic.BadRequestError) as unseen:
        texts(client_of(server))
    with pytest.raises(anthropic.BadRequestError) as seen, watch() as view:
        texts(client_of(server))
    assert (str(seen.value), seen.value.body) == (str(unseen.value), unseen.value.body)
    assert "No fish for …" in view.trace.to_jsonl()
    assert KEY not in view.trace.to_jsonl()


def test_what_breaks_off_is_no_answer(endpoint):
    server = endpoint(breaks_off)
    with pytest.raises(httpx2.HTTPError) as unseen:
        texts(client_of(server))
    with pytest.raises(httpx2.HTTPError) as seen, watch() as view:
        texts(client_of(server))
    assert (type(seen.value), seen.value.args) == (type(unseen.value), unseen.value.args)
    assert ends(view.trace) == [("Anthropic-compatible", "partial", "error")]


def test_an_error_in_the_middle_is_the_runs(endpoint):
    def behaviour(handler, body):
        begin_stream(handler)
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Full."}}
        handler.wfile.write(sse(start_event(), BEGIN, text_event("Bl"), error))

    server = endpoint(behaviour)
    with pytest.raises(anthropic.APIStatusError), watch() as view:
        texts(client_of(server))
    assert ends(view.trace) == [("Anthropic-compatible", "Bl", "error")]
    assert "Full." in str(view.trace.events[-1].data)


def test_who_cannot_be_reached(endpoint):
    gone = endpoint(says("Blub"))
    gone.__exit__()
    with pytest.raises(anthropic.APIConnectionError), watch() as view:
        texts(client_of(gone))
    assert ends(view.trace) == [("Anthropic-compatible", "", "error")]


# What is not a call


@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("GET", "/v1/messages", None),
        ("POST", "/v1/messages", {"messages": []}),  # no max_tokens: somebody else's
        ("POST", "/v1/messages/count_tokens", ASKED),
        ("POST", "/v1/messages", [1]),
        ("POST", "/v1/files", ASKED),
    ],
)
def test_other_requests_are_none_of_ours(method, path, json):
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json={}))
    with watch() as view, httpx.Client(transport=transport) as client:
        client.request(method, f"http://fish{path}", json=json)
        client.post("http://fish/v1/messages", content=iter([b"{"]))
    assert view.trace.runs == []


def test_what_is_no_answer_at_all_harms_nobody():
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>Blub"))
    with watch() as view, httpx.Client(transport=transport) as client:
        assert client.post("http://fish/v1/messages", json=ASKED).text == "<html>Blub"
    assert ends(view.trace) == [("Anthropic-compatible", "", "error")]


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


def stop_at_first_token(view):
    view.trace.subscribe(
        lambda event: event.kind == "chunk" and threading.Thread(target=view.stop).start()
    )


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


# The other dialects, on the embedded server and from memory


def test_the_embedded_server_speaks_three_dialects(local):
    local.invoke("Hi")
    from nbstream.models._engine import Setup, server_of

    server = server_of(Setup())
    options = {"api_key": server.key.reveal(), "default_headers": {"Connection": "close"}}
    with openai.OpenAI(base_url=f"{server.url}/v1", **options) as client, watch() as view:
        clients.append(anthropic.Anthropic(base_url=server.url, **options))
        chat = {"model": "m", "messages": ASKED["messages"], "max_tokens": 4}
        said = [
            "".join(
                chunk.choices[0].delta.content or ""
                for chunk in client.chat.completions.create(**chat, stream=True)
            ),
            client.chat.completions.create(**chat).choices[0].message.content,
            "".join(
                event.delta
                for event in client.responses.create(
                    model="m", input="Hi", stream=True, max_output_tokens=4
                )
                if event.type == "response.output_text.delta"
            ),
            "".join(texts(clients[-1])),
        ]
    clients.pop().close()
    assert [text for _, text, _ in ends(view.trace)] == said
    assert {last for _, _, last in ends(view.trace)} == {"end"}


@pytest.mark.parametrize("encoding", ["br", "fish"])
def test_what_cannot_be_decoded_is_no_error(encoding):
    answer = httpx.Response(200, headers={"content-encoding": "identity"}, json={})
    answer.headers["content-encoding"] = encoding
    transport = httpx.MockTransport(lambda request: answer)
    with watch() as view, httpx.Client(transport=transport) as client:
        client.post("http://fish/v1/messages", json=ASKED)
    assert len(view.trace.runs) == 1


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
