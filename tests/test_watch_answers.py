"""What `watch` reads of one call: however it is made, sent, read, refused or broken off."""

import asyncio
import gc
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import anthropic
import httpx
import httpx2
import openai
import pytest
import zstandard

from nbstream import watch

from .endpoint import (
    BEGIN,
    FINISH,
    begin_stream,
    breaks_off,
    refuses,
    says,
    says_for_ever,
    sse,
    start_event,
    text_event,
)
from .watched import ASKED, BLUB, KEY, by_httpx, client_of, clients, ends, texts, url, wait_for

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


def test_an_answer_in_an_encoding_that_is_not_known_says_so_and_is_not_done():
    answer = httpx.Response(
        200,
        headers={"content-encoding": "fish", "content-type": "text/event-stream"},
        stream=httpx.ByteStream(b"\x00\x01"),
    )
    transport = httpx.MockTransport(lambda request: answer)
    with (
        watch() as view,
        httpx.Client(transport=transport) as client,
        client.stream("POST", "http://fish/v1/messages", json=ASKED) as response,
    ):
        assert b"".join(response.iter_raw()) == b"\x00\x01"
    (event,) = [one for one in view.trace.events if one.kind == "error"]
    assert "could not be shown: it is encoded as 'fish'" in str(event.data)
    assert view.status == "failed"
