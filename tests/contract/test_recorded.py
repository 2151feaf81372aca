"""The recorded streams, sent to each model by an endpoint: whole, and broken off."""

import asyncio

import pytest

from nbstream import ProviderError, Trace
from nbstream.events._frames import frame
from nbstream.events._state import apply, initial
from nbstream.messages import merge_chunks

from .. import endpoint as api
from ..wire.streams import FOLDER, NAMES, events_of, is_end, read, reader_of
from .dialects import DIALECTS, cut, streams

SPOKEN = [name for name in NAMES if name.partition(".")[0] in DIALECTS]


def model_at(name, url):
    return DIALECTS[name.partition(".")[0]].model(url)


def without_id(chunks):
    """Return the message they make; ids and prices are the model's own."""
    message = merge_chunks(chunks).to_message()
    metadata = {k: v for k, v in message.response_metadata.items() if k != "cost"}
    return message.model_copy(update={"id": None, "response_metadata": metadata})


@pytest.mark.parametrize("name", SPOKEN)
def test_a_model_gives_what_the_reader_gives_and_so_does_its_view(name):
    expected = without_id(read(reader_of(name), events_of(name))[0])
    with api.Endpoint(streams((FOLDER / name).read_bytes())) as server:
        model = model_at(name, server.url)
        with Trace() as trace:
            assert without_id(list(model.stream("Hi"))) == expected
        assert asyncio.run(model.ainvoke("Hi")).text == expected.text
    state = initial()
    assert apply(state, frame(trace, 0, len(trace.events)))
    assert "".join(state["runs"][0]["texts"]) == expected.text


@pytest.mark.parametrize("name", SPOKEN)
def test_a_recorded_stream_that_breaks_off_is_an_error(name):
    data = (FOLDER / name).read_bytes()
    end = next(at for at, event in enumerate(events_of(name)) if is_end(event))
    events = [part + b"\n\n" for part in data.split(b"\n\n")]
    begun = b"".join(events[:end])
    half = data[: len(begun) // 2]
    for behaviour in (*map(streams, (begun, begun + events[end][:20], half)), cut(begun)):
        with api.Endpoint(behaviour) as server, pytest.raises(ProviderError):
            model_at(name, server.url).invoke("Hi")
