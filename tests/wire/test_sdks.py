"""The recorded streams through the real SDKs: their objects make the chunks that the dicts make."""

import anthropic
import httpx2
import openai
import pytest

from .streams import FOLDER, NAMES, events_of, read, reader_of


def replay(name, kind="text/event-stream"):
    """Return an HTTP client that answers every request with a recorded stream."""
    data = (FOLDER / name).read_bytes()
    headers = {"content-type": kind}
    answer = httpx2.MockTransport(lambda _: httpx2.Response(200, content=data, headers=headers))
    return httpx2.Client(transport=answer)


ASKED = [{"role": "user", "content": "Hi"}]


def objects_of(name):
    dialect = name.partition(".")[0]
    if dialect == "anthropic":
        client = anthropic.Anthropic(api_key="x", http_client=replay(name))
        return client.messages.create(model="m", max_tokens=9, messages=ASKED, stream=True)
    client = openai.OpenAI(api_key="x", http_client=replay(name))
    if dialect == "openai_chat":
        return client.chat.completions.create(model="m", messages=ASKED, stream=True)
    return client.responses.create(model="m", input="Hi", stream=True)


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith(("anthropic", "openai"))])
def test_an_sdks_events_make_the_chunks_that_the_wires_make(name):
    assert read(reader_of(name), objects_of(name)) == read(reader_of(name), events_of(name))


def test_an_sdks_whole_answers():
    for name in ("anthropic.embedded.json", "openai_chat.embedded.json"):
        with replay(name, "application/json") as http:
            if name.startswith("anthropic"):
                client = anthropic.Anthropic(api_key="x", http_client=http)
                answer = client.messages.create(model="m", max_tokens=9, messages=ASKED)
            else:
                client = openai.OpenAI(api_key="x", http_client=http)
                answer = client.chat.completions.create(model="m", messages=ASKED)
        [dict_form] = events_of(name)
        read_whole = (reader_of(name).read_whole(form) for form in (answer, dict_form))
        assert len({repr(chunk) for chunk in read_whole}) == 1
