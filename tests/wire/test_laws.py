"""What holds for the reader of every dialect, on every recorded stream."""

import copy
import functools
import json
import math
import subprocess
import sys

import pytest

from nbstream import InputError, ProviderError
from nbstream.messages import merge_chunks
from nbstream.wire import READERS, read_all

from .streams import FOLDER, NAMES, WHOLE, Lines, as_object, events_of, is_end, read, reader_of

every_stream = pytest.mark.parametrize("name", NAMES)


def test_every_dialect_has_streams():
    assert {name.partition(".")[0] for name in NAMES} == set(READERS)


@every_stream
def test_a_stream_is_whole_when_its_end_has_come_and_not_before(name):
    events = events_of(name)
    whole, error = read(reader_of(name), events)
    assert error is None
    end = next(at for at, event in enumerate(events) if is_end(event))
    for cut in range(len(events)):
        reader = reader_of(name)
        chunks, error = read(reader, events[:cut])
        assert reader.is_whole == (error is None) == (cut > end)
        if error:
            assert "broke off" in str(error) or "empty" in str(error)
            assert not reader.wants_calls
        # What came is kept.
        said = merge_chunks(chunks).text
        assert merge_chunks(whole).text.startswith(said.rstrip("\ufffd"))


@every_stream
def test_a_stream_that_comes_byte_by_byte_is_whole_only_at_its_end(name):
    data = (FOLDER / name).read_bytes()
    whole, _ = read(reader_of(name), events_of(name))
    lines, reader = Lines(), reader_of(name)
    chunks, has_ended = [], False
    for at in range(len(data)):
        if not has_ended:
            with pytest.raises(ProviderError, match=r"broke off|empty"):
                reader.ensure_whole()
        for event in lines.feed(data[at : at + 1]):
            has_ended |= is_end(event)
            if chunk := reader.read(event):
                chunks.append(chunk)
        assert reader.is_whole == has_ended
    assert chunks == whole[: len(chunks)]
    assert len(whole) - len(chunks) <= 1
    reader.ensure_whole()


@every_stream
def test_an_sdks_object_makes_the_chunks_that_its_dict_makes(name):
    events = events_of(name)
    assert read(reader_of(name), map(as_object, events)) == read(reader_of(name), events)


@every_stream
def test_events_of_unknown_kinds_are_passed_over(name):
    events = events_of(name)
    unknown = [None, "", "text", 3, [], {}, {"type": "unheard_of"}, {"type": None, "delta": {}}]
    unknown += [{"type": ["a"], "index": "x"}, {"object": "heartbeat"}, object()]
    mixed = [one for event in events for one in (*unknown, event)]
    assert read(reader_of(name), mixed) == read(reader_of(name), events)


DEEP = functools.reduce(lambda inside, _: [inside], range(900), "x")
WRONG = [DEEP, None, "x", "", 0, -1, 2.5, math.nan, True, [], {}, [None], [{}], {"a": 1}, "\ud83d"]


def places(value, path=()):
    """Return the path of every field inside a value."""
    entries = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        entries = enumerate(value[:2])  # the others are like them
    for key, one in entries:
        yield (*path, key)
        yield from places(one, (*path, key))


def mutations(event):
    for path in places(event):
        for wrong in [*WRONG, KeyError]:
            changed = copy.deepcopy(event)
            inside = changed
            for key in path[:-1]:
                inside = inside[key]
            if wrong is KeyError:
                del inside[path[-1]]
            else:
                inside[path[-1]] = wrong
            yield changed


@every_stream
def test_a_field_that_is_missing_or_wrong_raises_nothing_of_its_own(name):
    events = events_of(name)
    for at, event in enumerate(events):
        if not isinstance(event, dict):
            continue
        for changed in mutations(event):
            chunks, _ = read(reader_of(name), [*events[:at], changed, *events[at + 1 :]])
            try:
                message = merge_chunks(chunks).to_message()
            except InputError:
                continue  # pieces of one block that do not fit together
            message.text.encode()
            json.dumps(message.response_metadata, allow_nan=False)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer_with_a_field_that_is_missing_or_wrong(name):
    answer = json.loads((FOLDER / name).read_text())
    for changed in mutations(answer):
        try:
            chunk = reader_of(name).read_whole(changed)
        except ProviderError:
            continue
        chunk.to_message().text.encode()


@pytest.mark.parametrize("dialect", READERS)
def test_a_text_event_of_every_wrong_kind(dialect):
    for event in WRONG:
        assert READERS[dialect]().read(event) is None


@every_stream
def test_usage_stands_in_one_chunk_as_last_counted(name):
    events = events_of(name)
    chunks, _ = read(reader_of(name), events)
    counted = [chunk for chunk in chunks if chunk.usage_metadata]
    assert len(counted) <= 1
    if counted:
        # What is repeated is not counted again, also where it comes after the end.
        twice, _ = read(reader_of(name), [one for event in events for one in (event, event)])
        usage = merge_chunks(twice).usage_metadata
        assert usage["total_tokens"] == counted[0].usage_metadata["total_tokens"]


@every_stream
def test_read_all_gives_what_came_and_then_raises(name):
    events = events_of(name)
    end = next(at for at, event in enumerate(events) if is_end(event))
    chunks = []
    with pytest.raises(ProviderError, match=r"broke off|empty"):
        chunks.extend(read_all(reader_of(name), events[:end]))
    assert list(read_all(reader_of(name), events))


MANY = 200_000
LONG = {  # which event of a stream comes by the thousand
    "anthropic.text.sse": 3,
    "openai_chat.deepseek.sse": 3,
    "openai_responses.incomplete.sse": 4,
    "gemini.text.sse": 0,
    "ollama.text.jsonl": 1,
    "cohere.text.sse": 3,
}


@pytest.mark.parametrize("name", LONG)
def test_very_long_answers_are_read_to_their_end(name):
    """What looks at all that came before with each event would not be done with this today."""
    events, at = events_of(name), LONG[name]
    text = reader_of(name).read(events[at]).text
    reader = reader_of(name)
    chunks, error = read(reader, [*events[:at], *[events[at]] * MANY, *events[at:]])
    assert error is None
    assert reader.is_whole
    assert text
    assert text * MANY in merge_chunks(chunks).text


def test_no_sdk_is_imported():
    code = (
        "import sys, nbstream.wire;"
        "sdks = {'anthropic', 'openai', 'google', 'ollama', 'cohere', 'pydantic', 'httpx'};"
        "print(sorted(sdks & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
