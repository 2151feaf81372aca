"""`watch` over the other HTTP libraries, and over SDKs that are built on them."""

import asyncio
import threading

import aiohttp
import brotli
import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from nbstream import watch

from ..endpoint import (
    BEGIN,
    FINISH,
    Endpoint,
    refuses,
    says,
    says_for_ever,
    sse,
    start_event,
    talks,
    text_event,
)

# Some leave their connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"
)
KEY = "sk-a-key-that-nobody-may-see-1234"
ASKED = {
    "model": "fish",
    "max_tokens": 9,
    "messages": [{"role": "user", "content": "Hi"}],
    "stream": True,
}
HEADERS = {"x-api-key": KEY}


def url(server):
    return f"{server.url.replace('//', f'//me:{KEY}@')}/v1/messages?key={KEY}"


def by_lines(server):
    with requests.post(url(server), json=ASKED, headers=HEADERS, stream=True) as answer:
        return [*answer.iter_lines()]


def by_content(server):
    return requests.post(url(server), json=ASKED, headers=HEADERS).content


def by_chunks(server):
    with requests.Session() as session:
        answer = session.post(url(server), json=ASKED, stream=True)
        return b"".join(answer.iter_content(7))


def whole(server):
    return requests.post(url(server), json={**ASKED, "stream": False}).json()


def in_a_loop(read):
    def way(server):
        async def main():
            async with (
                aiohttp.ClientSession() as session,
                session.post(url(server), json=ASKED, headers=HEADERS) as answer,
            ):
                return await read(answer)

        return asyncio.run(main())

    way.__name__ = read.__name__
    return way


async def aio_lines(answer):
    return [line async for line in answer.content]


async def aio_text(answer):
    return await answer.text()


async def aio_any(answer):
    return b"".join([data async for data in answer.content.iter_any()])


async def aio_chunked(answer):
    return b"".join([data async for data in answer.content.iter_chunked(5)])


WAYS = [
    by_lines,
    by_content,
    by_chunks,
    whole,
    *map(in_a_loop, (aio_lines, aio_text, aio_any, aio_chunked)),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_call_is_seen_and_gives_what_it_gives_unseen(way):
    with Endpoint(talks("Blub", ".")) as server:
        unseen = way(server)
        with watch() as view:
            seen = way(server)
        assert seen == unseen
        (run,) = view.trace.runs
        assert view.trace.output(run).text == "Blub."
        assert view.trace.events[-1].kind == "end"
        assert run.metadata == {"url": f"{server.url}/v1/messages"}
    assert KEY not in view.trace.to_jsonl()


def by_httpx(server):
    with httpx.Client() as client, client.stream("POST", url(server), json=ASKED) as answer:
        return [*answer.iter_lines()]


@pytest.mark.parametrize(
    "way", [by_httpx, by_lines, in_a_loop(aio_text)], ids=lambda way: way.__name__
)
def test_an_answer_that_brotli_packs_is_read(way):
    def behaviour(handler, body):
        assert "br" in handler.headers["Accept-Encoding"]
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Encoding", "br")
        handler.end_headers()
        packer = brotli.Compressor()
        for event in [start_event(), BEGIN, text_event("Blub"), text_event("."), *FINISH]:
            handler.wfile.write(packer.process(sse(event)) + packer.flush())
        handler.wfile.write(packer.finish())

    with Endpoint(behaviour) as server:
        unseen = way(server)
        with watch() as view:
            assert way(server) == unseen
    assert "Blub" in str(unseen)
    assert view.text == "Blub."


def stops(view):
    view.trace.subscribe(
        lambda event: event.kind == "chunk" and threading.Thread(target=view.stop).start()
    )


@pytest.mark.parametrize("way", [by_lines, in_a_loop(aio_lines)], ids=lambda way: way.__name__)
def test_stop_ends_the_block_and_the_connection(way):
    with Endpoint(says_for_ever) as server:
        with watch() as view:
            stops(view)
            way(server)
        assert server.broken_off.wait(20)
    assert view.status == "stopped"


async def aio_leave(answer):
    await answer.content.readany()


def leave(server):
    with requests.post(url(server), json=ASKED, stream=True) as answer:
        next(answer.iter_lines())


@pytest.mark.parametrize("way", [leave, in_a_loop(aio_leave)], ids=lambda way: way.__name__)
def test_an_answer_is_closed_early(way):
    with Endpoint(says_for_ever) as server:
        with watch() as view:
            way(server)
        assert server.broken_off.wait(20)
    assert view.status == "stopped"


@pytest.mark.parametrize("way", [by_lines, in_a_loop(aio_text)], ids=lambda way: way.__name__)
def test_a_refusal_shows_its_body(way):
    with Endpoint(refuses(400, "invalid_request_error", "No fish.")) as server, watch() as view:
        way(server)
    assert "No fish" in str(view.trace.events[-1].data)


@pytest.mark.parametrize("way", [by_lines, in_a_loop(aio_text)], ids=lambda way: way.__name__)
def test_everything_is_undone(way):
    before = requests.Session.send, aiohttp.ClientSession._request
    with Endpoint(says("Blub")) as server:
        with watch() as view:
            assert requests.Session.send is not before[0]
        way(server)
    assert (requests.Session.send, aiohttp.ClientSession._request) == before
    assert view.trace.runs == []


def retrying():
    """Return a session that asks again, inside one call of `requests`."""
    session = requests.Session()
    asks_again = Retry(1, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
    session.mount("http://", HTTPAdapter(max_retries=asks_again))
    return session


def test_what_requests_asks_again_by_itself_is_one_run():
    answers = iter([refuses(503, "overloaded_error", "Later."), talks("Blub", ".")])
    with Endpoint(lambda *asked: next(answers)(*asked)) as server:
        with watch() as view, retrying() as session:
            assert session.post(url(server), json=ASKED, stream=True).content
        assert len(server.requests) == 2
    (run,) = view.trace.runs
    assert view.trace.output(run).text == "Blub."
    assert [event.kind for event in view.trace.events][-1] == "end"


def test_what_a_program_asks_again_is_a_run_each():
    answers = iter([refuses(503, "overloaded_error", "Later."), talks("Blub", ".")])
    with Endpoint(lambda *asked: next(answers)(*asked)) as server, watch() as view:
        while by_lines(server)[0].startswith(b'{"type": "error"'):
            pass
    assert [event.kind for event in view.trace.events if event.kind in ("error", "end")] == [
        "error",
        "end",
    ]
    assert len(view.trace.runs) == 2
