import asyncio
import time
from itertools import pairwise
from typing import Literal

import pydantic
import pytest

from nbstream import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    InputError,
    JsonOutputParser,
    ParseError,
    PydanticOutputParser,
    ScriptedChat,
    StrOutputParser,
)


async def collect(stream):
    return [chunk async for chunk in stream]


def streamed(parser, chunks):
    """Stream these chunks through, from both sides, which agree."""
    chain = ScriptedChat(list(chunks)) | parser
    values = list(chain.stream("x"))
    assert asyncio.run(collect(chain.astream("x"))) == values
    return values


# Texts


def test_texts_pass_as_they_come():
    assert streamed(StrOutputParser(), ["Here", " is"]) == ["Here", " is"]


def test_text_is_taken_out_of_blocks():
    blocks = [{"type": "thinking", "thinking": "Hm"}, {"type": "text", "text": "Here"}, " is"]
    assert StrOutputParser().invoke(AIMessage(blocks)) == "Here is"


@pytest.mark.parametrize("parser", [StrOutputParser(), JsonOutputParser()])
def test_other_things_are_named(parser):
    with pytest.raises(InputError, match=r"reads messages and texts, not int 42"):
        parser.invoke(42)


# JSON


def test_json_grows():
    pieces = ['{"fish', '": ["go', "ld", '"', ', {"size": 1', "2}], ", '"n": tr', "ue}"]
    assert streamed(JsonOutputParser(), pieces) == [
        {},
        {"fish": ["go"]},
        {"fish": ["gold"]},
        {"fish": ["gold", {"size": 1}]},
        {"fish": ["gold", {"size": 12}]},
        {"fish": ["gold", {"size": 12}], "n": True},
    ]


def test_numbers_do_not_vanish_at_their_points():
    assert streamed(JsonOutputParser(), '[3.5e-1, "3."]') == [
        [],
        [3],
        [3.5],
        [0.35],
        [0.35, ""],
        [0.35, "3"],
        [0.35, "3."],
    ]


def test_each_value_is_its_own():
    first, *_, last = streamed(JsonOutputParser(), ['{"a": [1', ", 2]}"])
    assert (first, last) == ({"a": [1]}, {"a": [1, 2]})


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '  {"a": 1}\n',
        '`{"a": 1}`',
        '```json\n{"a": 1}\n```',
        '```\n{"a": 1}\n```',
        '```JSON {"a": 1}```',
        'Here it is:\n```json\n{"a": 1}\n```\nDoes that "help"?',
        '{"a": 1} I hope that helps.',
        '{"a": 1',
    ],
)
def test_json_is_found(text):
    assert JsonOutputParser().invoke(text) == {"a": 1}
    assert JsonOutputParser().invoke(AIMessage(text)) == {"a": 1}
    assert streamed(JsonOutputParser(), text)[-1] == {"a": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1, 2]", [1, 2]),
        ('"Hi"', "Hi"),
        ("-1.5e3", -1500.0),
        ("true", True),
        ("null", None),
        ("```\nnull\n```", None),
        ('{"a": "```"}', {"a": "```"}),
        ('```json\n{"a": "```x```"}\n```', {"a": "```x```"}),
        ('{"a": "two\nlines\t"}', {"a": "two\nlines\t"}),
        ('{"a": "\\"\n\\\\"}', {"a": '"\n\\'}),
        ('{"a": "\\u00e9\u00e9"}', {"a": "\u00e9\u00e9"}),
        ('{"a": "\\ud83d\\udc1f"}', {"a": "\U0001f41f"}),
        ('{"a": "fish \\ud83d", "b": 1}', {"a": "fish \ufffd", "b": 1}),
    ],
)
def test_any_json_is_read(text, value):
    assert JsonOutputParser().invoke(text) == value
    assert streamed(JsonOutputParser(), text)[-1] == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1', {"a": 1}),
        ('{"a": 1, ', {"a": 1}),
        ('{"a": 1, "b"', {"a": 1}),
        ('{"a": 1, "b": tr', {"a": 1}),
        ('{"a": 3.', {"a": 3}),
        ('{"a": 3e-', {"a": 3}),
        ('{"a": "3.', {"a": "3."}),
        ('{"a": [1, "b', {"a": [1, "b"]}),
    ],
)
def test_what_breaks_off_is_read_as_far_as_it_goes(text, value):
    assert JsonOutputParser().invoke(text) == value
    assert streamed(JsonOutputParser(), text)[-1] == value


@pytest.mark.promise("docs/errors.md", "ParseError | no JSON in the answer, a field is missing")
@pytest.mark.parametrize(
    "text",
    [
        "I would rather not.",
        "",
        "{a: 1}",
        '{"a" 1}',
        "```\nx = 1\n```",
        # Wrong in the middle is not the same as broken off.
        '{"a": 1 "b": 2}',
        '{"a": 1 "b"',
        '{"a": 1]',
        '{"a": [1 2], "b": 3',
        '{"a": "b" c}',
        '{"a": 1.x',
    ],
)
def test_what_is_no_json_is_named(text):
    for read in (
        JsonOutputParser().invoke,
        lambda text: streamed(JsonOutputParser(), [text]),
        lambda text: streamed(JsonOutputParser(), text),
    ):
        with pytest.raises(ParseError, match=r"The answer is no JSON.*Ask for JSON") as caught:
            read(text)
        assert repr(text) in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_long_text_is_shortened():
    with pytest.raises(ParseError) as caught:
        JsonOutputParser().invoke("no " * 1000)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("item", ["1, ", '"some words", '])
def test_the_work_is_bounded(item):
    def seconds(length):
        text = "[" + item * (length // len(item)) + "1]"
        start = time.process_time()  # whatever else the machine does
        *_, last = JsonOutputParser().transform(iter(text))
        spent = time.process_time() - start
        assert len(last) == length // len(item) + 1
        return spent

    # Four times the text; the square would be sixteen times the work.
    short, long = (min(seconds(length) for _ in range(3)) for length in (10_000, 40_000))
    assert long < 10 * short


def test_a_long_answer_still_grows_smoothly():
    text = '{"a": "' + "x" * 40_000 + '"}'
    lengths = [len(value.get("a", "")) for value in JsonOutputParser().transform(iter(text))]
    assert max(b - a for a, b in pairwise(lengths)) <= 12
    assert lengths[-1] == 40_000


# Models


class Fish(pydantic.BaseModel):
    name: str
    kind: Literal["gold", "sword"] = "gold"


def test_json_becomes_an_instance():
    parser = PydanticOutputParser(pydantic_object=Fish)
    assert parser.invoke('```json\n{"name": "Goldie"}\n```') == Fish(name="Goldie")


def test_instances_are_streamed_once_they_fit():
    pieces = ["{", '"name": "Go', 'ldie", ', '"kind": "swo', 'rd"', "}", " "]
    assert streamed(PydanticOutputParser(pydantic_object=Fish), pieces) == [
        Fish(name="Go"),
        Fish(name="Goldie"),
        Fish(name="Goldie", kind="sword"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"kind": "gold"}', "does not fit Fish: name: Field required"),
        ('{"name": "x", "kind": "cat"}', "does not fit Fish: kind: .*It was .*cat"),
        ("[]", "does not fit Fish: Input should be"),
        ("no", "is no JSON: 'no'"),
    ],
)
def test_what_does_not_fit_is_named(text, said):
    parser = PydanticOutputParser(pydantic_object=Fish)
    with pytest.raises(ParseError, match=said):
        parser.invoke(text)
    with pytest.raises(ParseError, match=said):
        streamed(parser, text)


def test_a_model_is_told_the_schema():
    assert "JSON" in JsonOutputParser().get_format_instructions()
    for parser in (JsonOutputParser(Fish), PydanticOutputParser(Fish)):
        assert '"name"' in parser.get_format_instructions()


def test_messages_of_all_kinds_are_read():
    assert JsonOutputParser().invoke(HumanMessage("[1]")) == [1]
    assert streamed(JsonOutputParser(), [AIMessageChunk([{"type": "text", "text": "[1]"}])]) == [
        [1]
    ]
