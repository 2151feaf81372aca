"""How a call of the embedded model is read: JSON in tokens, cut anywhere."""

import asyncio
import json

import pytest

from nbstream import AIMessage, ChatLocal, HumanMessage, ToolMessage
from nbstream._secrets import Secret
from nbstream.messages import merge_chunks
from nbstream.models import _engine
from nbstream.models._engine import LOCAL_MODEL, Server, Setup
from nbstream.models._local_chat import _CallReader, _told, held_to, needs_chat
from nbstream.models.local import _chat
from nbstream.tools import convert_to_tool
from nbstream.wire import read_all

from . import endpoint as api

ARGS = {"place": {"city": 'O"s}lo', "days": [1, {}]}}
CALL = json.dumps({"name": 'wea"ther', "arguments": ARGS})


def read(pieces, reason="stop"):
    events = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    return merge_chunks(list(read_all(_CallReader(), events))).to_message()


@pytest.mark.parametrize(
    "text", [CALL, json.dumps(json.loads(CALL), indent=2) + "\n", CALL[:-1] + "  }"]
)
def test_a_call_is_read_wherever_it_is_cut(text):
    for cut in range(len(text)):
        message = read([text[:cut], text[cut:]])
        [call] = message.tool_calls
        assert (call["name"], call["args"]) == ('wea"ther', ARGS)
        assert message.text == ""
        assert message.response_metadata["stop_reason"] == "tool_use"
    assert read(list(text)).tool_calls[0]["args"] == ARGS


def test_a_call_that_was_cut_off_does_not_want_to_be_made():
    message = read(list(CALL[:-8]), "length")
    assert message.response_metadata["stop_reason"] == "max_tokens"


def test_an_answer_is_read_as_a_text_that_grows():
    text = json.dumps({"answer": 'It is "noon"\nin Lima.'})
    for cut in range(len(text)):
        message = read([text[:cut], text[cut:]])
        assert message.text == 'It is "noon"\nin Lima.'
        assert not message.tool_calls
        assert message.response_metadata["stop_reason"] == "end_turn"
    events = [{"choices": [{"index": 0, "delta": {"content": piece}}]} for piece in text]
    reader = _CallReader()
    assert sum(bool(c and c.text) for c in map(reader.read, events)) > 10


def weather(city: str) -> str:
    """Say what the weather is like."""
    return city


TOOL = convert_to_tool(weather)
CALLED = AIMessage("Hm.", tool_calls=[{"name": "weather", "args": {"city": "Lima"}, "id": "1"}])
RESULT = ToolMessage("rain", "1", name="weather")


def request_of(messages, fields):
    return _chat(Setup())._request(messages, fields)


def schema_of(request):
    """Return what an answer is held to."""
    grammar = request.get("grammar", '{"anyOf": []}')
    return json.loads(grammar[grammar.index("{", len("%llguidance {}")) if "%" in grammar else 0 :])


def test_calls_and_results_go_back_in_words():
    request = request_of([HumanMessage("Hi"), CALLED, RESULT], {"tools": [TOOL]})
    assert request["messages"] == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": 'Hm.\n{"name": "weather", "arguments": {"city": "Lima"}}'},
        {"role": "user", "content": "The result of weather: rain"},
    ]
    assert "grammar" not in request  # it answers


@pytest.mark.parametrize(
    ("choice", "forms"),
    [
        (None, ["weather", "now", None]),
        ({"type": "any"}, ["weather", "now"]),
        ({"type": "tool", "name": "now"}, ["now"]),
        ({"type": "none"}, []),
    ],
)
def test_what_may_be_called(choice, forms):
    tools = [TOOL, {"name": "now", "description": "", "input_schema": {"type": "object"}}]
    request = request_of([HumanMessage("Hi")], {"tools": tools, "tool_choice": choice})
    found = [one["properties"].get("name", {}).get("const") for one in schema_of(request)["anyOf"]]
    assert found == forms


def test_definitions_stay_where_they_are_looked_for():
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {}}}
    tool = {"name": "f", "description": "", "input_schema": schema}
    request = request_of([HumanMessage("Hi")], {"tools": [tool]})
    form = schema_of(request)
    assert form["x-guidance"] == {"whitespace_flexible": False}
    assert form["$defs"] == {"A": {}}
    assert "$defs" not in form["anyOf"][0]["properties"]["arguments"]


def test_an_engine_without_llguidance_gets_the_schema_itself(monkeypatch):
    monkeypatch.setattr("nbstream.models._local_chat._has_guidance", lambda: False)
    request = request_of([HumanMessage("Hi")], {"tools": [TOOL]})
    assert len(request["response_format"]["json_schema"]["schema"]["anyOf"]) == 2
    assert isinstance(_chat(Setup())._reader(request), _CallReader)


def test_no_other_fields_are_let_in():
    schema = held_to(TOOL)["response_format"]["json_schema"]["schema"]
    assert schema["additionalProperties"] is False


def test_what_messages_cannot_say_goes_by_chat():
    assert needs_chat([HumanMessage("Hi")], {"tools": []})
    assert needs_chat([CALLED], {})
    assert needs_chat([RESULT], {})
    assert needs_chat([HumanMessage("Hi"), AIMessage("Ho")], {})  # to be continued
    asked = [HumanMessage("Hi"), AIMessage("Ho"), HumanMessage("And?")]
    assert not needs_chat(asked, {"max_tokens": 3})


def test_the_settings_of_the_model_and_of_the_call():
    model = ChatLocal(system="s", temperature=0.1, extra_body={"top_k": 1}, top_logprobs=2)
    messages, fields = model._by_chat([HumanMessage("Hi")], {"top_k": 5, "max_tokens": 3})
    assert [message.type for message in messages] == ["system", "human"]
    assert fields == {
        "logprobs": True,
        "top_logprobs": 2,
        "top_k": 5,
        "max_tokens": 3,
        "extra_body": {"temperature": 0.1},
    }


@pytest.mark.parametrize("counts", [True, False])
def test_what_the_server_leaves_out_of_a_beginning_is_asked_for(counts, monkeypatch):
    """It does where the first token is a part of a character; what came is whole all the same."""
    asked = []

    def behaviour(handler, body):
        asked.append((handler.path.partition("?")[0], body))
        if "count_tokens" in handler.path:
            api.answers_json(handler, 200 if counts else 404, {"input_tokens": 31})
            return
        api.begin_stream(handler)
        handler.wfile.write(api.sse(api.BEGIN, api.text_event("\U0001f41f"), *api.FINISH))

    with api.Endpoint(behaviour) as endpoint:
        server = Server(endpoint.url, Secret("a-key-of-the-tests"), 2048, None)
        monkeypatch.setitem(_engine._running, Setup(n_ctx=2048), server)
        model = ChatLocal(n_ctx=2048, system="Be brief.")
        for message in (model.invoke("Hi"), asyncio.run(model.ainvoke("Hi"))):
            assert message.text == "\U0001f41f"
            assert message.usage_metadata["input_tokens"] == (31 if counts else 0)
            assert message.usage_metadata["total_tokens"] == (33 if counts else 2)
            assert message.response_metadata.get("model_name") == (LOCAL_MODEL if counts else None)
    paths, bodies = zip(*asked, strict=True)
    assert paths == ("/v1/messages", "/v1/messages/count_tokens") * 2
    for part in ("messages", "model", "system"):
        assert bodies[0][part] == bodies[1][part]


def test_the_server_counts_what_it_reads():
    model = ChatLocal(max_tokens=1, system="Be brief.")
    counted = model._client.messages.count_tokens(**model._counted([HumanMessage("Hi")]))
    assert counted.input_tokens == model.invoke("Hi").usage_metadata["input_tokens"]


def test_the_model_reads_other_scripts_as_they_are():
    fields = {"fish": {"type": "string", "description": "\u9c7c"}}
    assert "\u9c7c" in _told([{"name": "feed", "input_schema": {"properties": fields}}])
