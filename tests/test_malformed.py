"""Files that are no log, or no longer one: each is one clear error that names the line."""

import json
import os

import pytest

from nbstream import InputError, Trace

HEAD = '{"nbstream": 1, "started_at": 0}'
START = {
    "time": 0,
    "kind": "start",
    "run": 0,
    "id": "i",
    "name": "n",
    "run_type": "chain",
    "tags": [],
    "metadata": {},
    "model": None,
    "parent": None,
    "streamed": False,
    "data": "x",
}
CHUNK = {"time": 1, "kind": "chunk", "run": 0, "data": "x"}
END = {"time": 2, "kind": "end", "run": 0, "data": None}
MESSAGE = {"$": "AIMessage", "content": "x"}


def text(*lines):
    return "\n".join([HEAD, *(one if isinstance(one, str) else json.dumps(one) for one in lines)])


def start(**more):
    return text({**START, **more})


def chunk(**more):
    return text(START, {**CHUNK, **more})


def end(**more):
    return text(START, CHUNK, {**END, **more})


def data(value):
    return chunk(data=value)


def without(key, line=START):
    return {name: value for name, value in line.items() if name != key}


def deep(data):
    return text(json.dumps({**START, "data": "HERE"}).replace('"HERE"', data))


NOT_TIMES = [None, "1", True, [], {}, 1e12, -1e12, 10**400]
HEADS = {
    "list": "[]\n",
    "nothing": "{}",
    "null": "null\n",
    "number": "1\n",
    "text": '"nbstream"\n',
    "other version": '{"nbstream": 99, "started_at": 0}',
    "version is true": '{"nbstream": true, "started_at": 0}',
    "version is a text": '{"nbstream": "1", "started_at": 0}',
    "version is a list": '{"nbstream": [1], "started_at": 0}',
    "no JSON": "{oh",
    "broken off": '{"nbstream": 1, "star',
    "single quotes": "{'nbstream': 1}",
    "no start": '{"nbstream": 1}',
    "two values": HEAD + HEAD,
    "deep": "{" + '"a": {' * 100_000,
    "comment": "{}// a log\n",
    "begins with another line": "\n" + HEAD,
    **{
        f"starts at {value!r:.9}": json.dumps({"nbstream": 1, "started_at": value})
        for value in NOT_TIMES
    },
    "starts at NaN": '{"nbstream": 1, "started_at": NaN}',
    "starts at infinity": '{"nbstream": 1, "started_at": 1e999}',
}
SECOND = {
    "no JSON": text("{oh"),
    "broken off": text('{"time": 0, "kin'),
    "list": text([]),
    "null": text("null"),
    "number": text("5"),
    "word": text('"end"'),
    "deep list": text("[" * 100_000),
    "deep object": text('{"a":' * 100_000),
    "deep data": deep("[" * 5_000 + "]" * 5_000),
    "deep dicts": deep('{"a":' * 5_000 + "1" + "}" * 5_000),
    "control character": text('{"time": 0, "kind": "st\x01art"}'),
    "NaN": text(json.dumps({**START, "data": float("nan")})),
    "infinity": text(json.dumps({**START, "data": float("-inf")})),
    "long number": text(json.dumps(START).replace('"x"', "9" * 5_000)),
    "event before any run": text(CHUNK),
    "end before any run": text(END),
    **{f"without {key}": text(without(key)) for key in START},
    **{f"time {value!r:.9}": start(time=value) for value in NOT_TIMES},
    "time NaN": text(json.dumps(START).replace('"time": 0', '"time": NaN')),
    "time infinity": text(json.dumps(START).replace('"time": 0', '"time": 1e999')),
    **{f"kind {value!r}": start(kind=value) for value in (None, "begin", 5, [], {}, "START")},
    **{f"run {value!r}": start(run=value) for value in (1, -1, True, False, None, "0", 0.0, [])},
    **{f"id {value!r}": start(id=value) for value in (None, 5, [])},
    **{f"name {value!r}": start(name=value) for value in (None, 5, {})},
    **{f"type {value!r}": start(run_type=value) for value in (None, "thing", 5, [])},
    **{f"tags {value!r}": start(tags=value) for value in (None, "t", {}, 5)},
    **{f"metadata {value!r}": start(metadata=value) for value in (None, "m", [], 5)},
    **{f"model {value!r}": start(model=value) for value in (5, [], {}, False)},
    **{f"parent {value!r}": start(parent=value) for value in (0, 1, -1, True, False, "0", [])},
    **{f"streamed {value!r}": start(streamed=value) for value in (None, 0, 1, "no", [])},
}
THIRD = {
    **{f"run {value!r}": chunk(run=value) for value in (1, -1, True, False, None, "0", 0.0, [])},
    **{f"time {value!r:.9}": chunk(time=value) for value in NOT_TIMES},
    **{f"without {key}": text(START, without(key, CHUNK)) for key in CHUNK},
    "second run out of order": text(START, {**START, "run": 2}),
    "second run again the first": text(START, START),
    "parent is itself": text(START, {**START, "run": 1, "parent": 1}),
    "parent comes later": text(START, {**START, "run": 1, "parent": 2}),
    "error is a text": chunk(kind="error", data="x"),
    "error is nothing": chunk(kind="error", data=None),
    "error is a list": chunk(kind="error", data=[]),
    "custom is a text": chunk(kind="custom", data="xy"),
    "custom is a list": chunk(kind="custom", data=["a", 1]),
    "custom is too short": chunk(kind="custom", data={"$": "tuple", "items": ["a"]}),
    "custom is too long": chunk(kind="custom", data={"$": "tuple", "items": [1, 2, 3]}),
    "input is no list": text({**START, "streamed": True}, {**END, "input": 5}),
    "input is a dict": text({**START, "streamed": True}, {**END, "input": {"a": 1}}),
    "kind is a number": data({"$": 5}),
    "kind is a list": data({"$": ["tuple"]}),
    "kind is nothing": data({"$": None}),
    "unknown kind": data({"$": "Popen"}),
    "unknown kind of a number": data({"$": "Popen", "value": 5}),
    "repr of nothing": data({"$": "repr"}),
    "repr of a number": data({"$": "repr", "value": 5}),
    "float of nothing": data({"$": "float"}),
    "float of a list": data({"$": "float", "value": []}),
    "float of a word": data({"$": "float", "value": "much"}),
    "float of a number": data({"$": "float", "value": "1.5"}),
    "int of a word": data({"$": "int", "value": "many"}),
    "int of nothing": data({"$": "int"}),
    "bytes of nothing": data({"$": "bytes"}),
    "bytes of a number": data({"$": "bytes", "value": 5}),
    "bytes that are no base64": data({"$": "bytes", "value": "a*b!"}),
    "bytes that are cut": data({"$": "bytes", "value": "abc"}),
    "bytes that are no ASCII": data({"$": "bytes", "value": "\u00fc"}),
    "tuple of nothing": data({"$": "tuple"}),
    "tuple of a number": data({"$": "tuple", "items": 5}),
    "tuple of a text": data({"$": "tuple", "items": "ab"}),
    "set of lists": data({"$": "set", "items": [[1]]}),
    "set of nothing": data({"$": "set", "items": None}),
    "dict of nothing": data({"$": "dict"}),
    "dict of a number": data({"$": "dict", "items": 5}),
    "dict of singles": data({"$": "dict", "items": [[1]]}),
    "dict of triples": data({"$": "dict", "items": [[1, 2, 3]]}),
    "dict of numbers": data({"$": "dict", "items": [1]}),
    "dict by lists": data({"$": "dict", "items": [[[], 1]]}),
    "addable dict of a dict": data({"$": "AddableDict", "items": {"a": 1}}),
    "error of nothing": data({"$": "error"}),
    "error without a message": data({"$": "error", "type": "ValueError"}),
    "error without a type": data({"$": "error", "message": "m"}),
    "error whose message is a list": data({"$": "error", "type": "ValueError", "message": []}),
    "error whose type is a number": data({"$": "error", "type": 5, "message": "m"}),
    "error whose type has a NUL": data({"$": "error", "type": "a\0b", "message": "m"}),
    "error whose type is half": data({"$": "error", "type": "\ud83d", "message": "m"}),
    "message with unknown fields": data({**MESSAGE, "colour": "red"}),
    "message with a key of no name": data({**MESSAGE, "": 1}),
    "tool message without its id": data({"$": "ToolMessage", "content": "x"}),
    "human message of nothing": data({"$": "HumanMessage"}),
    "message with calls of a number": data({**MESSAGE, "tool_calls": 5}),
    "message with calls of texts": data({**MESSAGE, "tool_calls": ["f"]}),
    "message with calls of nothing": data({**MESSAGE, "tool_calls": [{}]}),
    "prompt of nothing": data({"$": "ChatPromptValue"}),
    "prompt with more": data({"$": "StringPromptValue", "text": "x", "more": 1}),
    "deep in a list": data([[{"k": [{"$": "bytes", "value": "*"}]}]]),
}
FOURTH = {
    "no JSON": text(START, CHUNK, "{oh"),
    "ends twice": text(START, END, END),
    "ends and fails": text(START, END, {**END, "kind": "cancelled"}),
    "run": end(run=3),
    "after empty lines": text(START, "", "{oh"),
}
TABLE = [
    (number, name, log)
    for number, table in enumerate((HEADS, SECOND, THIRD, FOURTH), 1)
    for name, log in table.items()
]


def ids(case):
    return f"{case[0]} {case[1]}"


def test_there_are_many_of_them():
    assert len(TABLE) >= 112


@pytest.mark.parametrize("case", TABLE, ids=ids)
def test_what_is_no_log_is_one_error_that_names_the_line(case, tmp_path):
    number, _, log = case
    path = tmp_path / "log.jsonl"
    path.write_text(log, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(InputError, match=f"^Line {number} of this log cannot be read: .") as info:
        Trace.from_jsonl(path)
    assert "\n" not in str(info.value)
    assert len(str(info.value)) < 500
    assert info.value.__suppress_context__
    if log.startswith("{"):
        with pytest.raises(InputError, match=f"^Line {number} "):
            Trace.from_jsonl(log)


def test_the_lines_that_these_are_made_from_are_a_log():
    trace = Trace.from_jsonl(text(START, CHUNK, END))
    assert [event.kind for event in trace.events] == ["start", "chunk", "end"]


def test_what_is_no_file_is_named(tmp_path):
    (tmp_path / "half.jsonl").write_bytes(HEAD.encode() + b"\n\xff\xfe{}")
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "blank.jsonl").write_text("\ufeff \n\n")
    os.mkfifo(tmp_path / "pipe")
    for name, said in {
        "": "is a folder",
        "none.jsonl": "There is no file",
        "no/folder.jsonl": "There is no file",
        "half.jsonl": "line 2 is not in UTF-8",
        "empty.jsonl": "is empty",
        "blank.jsonl": "is empty",
        "pipe": "no regular file",
        "empty.jsonl/x": "cannot be read",
        "x" * 5_000: "cannot be read",
        "a\0b": "cannot be read",
    }.items():
        for path in (tmp_path / name, str(tmp_path / name)):
            with pytest.raises(InputError, match=said):
                Trace.from_jsonl(path)
    for source in ("", "  ", "\n", "\ufeff"):
        with pytest.raises(InputError, match="is empty"):
            Trace.from_jsonl(source)
    for source in (None, 5, b"{}", ["x"]):
        with pytest.raises(InputError, match="a file's path or from its text"):
            Trace.from_jsonl(source)


def test_a_file_that_an_editor_has_saved_is_read(tmp_path):
    log = text(START, CHUNK, END)
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + log.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    assert len(Trace.from_jsonl(path).events) == 3
    assert len(Trace.from_jsonl("\ufeff" + log).events) == 3
