"""Each model, and an endpoint that answers in its dialect: well, badly, and for ever."""

import asyncio
import pickle
import re
import sys
import threading
import traceback
from functools import partial

import pydantic
import pytest

from nbstream import (
    AIMessage,
    HumanMessage,
    InputError,
    ParseError,
    ProviderError,
    SetupError,
    SystemMessage,
    ToolMessage,
    Trace,
    init_chat_model,
)
from nbstream.messages import merge_chunks

from .. import endpoint as api
from .dialects import DIALECTS, KEY, cut, for_ever, streams


@pytest.fixture(params=DIALECTS)
def dialect(request):
    return DIALECTS[request.param]


async def collect(stream):
    return [chunk async for chunk in stream]


async def events_of(model):
    return [event["event"] async for event in model.astream_events("Hi", version="v2")]


def every_door(model):
    """Yield what each way of asking gives, as one list of what it gave."""
    yield "invoke", lambda: model.invoke("Hi")
    yield "stream", lambda: list(model.stream("Hi"))
    yield "ainvoke", lambda: asyncio.run(model.ainvoke("Hi"))
    yield "astream", lambda: asyncio.run(collect(model.astream("Hi")))
    yield "events", lambda: asyncio.run(events_of(model))


def failures(model):
    """Return the error that comes out of each door."""
    found = []
    for name, ask in every_door(model):
        with pytest.raises(ProviderError) as caught:
            ask()
        found.append((name, caught.value))
    return found


# Answers


@pytest.mark.promise("README.md", "anything that speaks the same API")
def test_every_door_gives_the_same_answer(dialect):
    with api.Endpoint(streams(dialect.says("Here", " is"))) as server:
        model = dialect.model(server.url)
        doors = {name: ask() for name, ask in every_door(model)}
    whole = [doors["invoke"], doors["ainvoke"]]
    whole += [merge_chunks(doors[name]).to_message() for name in ("stream", "astream")]
    for message in whole:
        assert message.text == "Here is"
        assert message.response_metadata["stop_reason"] == "end_turn"
        assert message.usage_metadata["input_tokens"] == 5
        assert message.usage_metadata["output_tokens"] == 2
    for name in ("stream", "astream"):
        assert [chunk.text for chunk in doors[name] if chunk.text] == ["Here", " is"]
    assert doors["events"].count("on_chat_model_stream") >= 2
    assert doors["events"][-1] == "on_chat_model_end"


def test_calls_come_in_pieces_and_whole(dialect):
    with api.Endpoint(streams(dialect.calls('{"city": "O', 'slo"}'))) as server:
        model = dialect.model(server.url)
        message = model.invoke("Hi")
        growing = merge_chunks([])
        seen = []
        for chunk in model.stream("Hi"):
            growing = growing + chunk
            seen += [call["args"] for call in growing.tool_calls]
    [call] = message.tool_calls
    assert (call["name"], call["args"], call["id"]) == ("weather", {"city": "Oslo"}, "call_1")
    assert {"city": "O"} in seen
    assert message.response_metadata["stop_reason"] == "tool_use"


EARLY = {
    "anthropic": (b'"stop_reason": "tool_use"', b'"stop_reason": "max_tokens"'),
    "openai_chat": (b'"finish_reason": "tool_calls"', b'"finish_reason": "length"'),
    "openai_responses": (
        b'"status": "completed"',
        b'"incomplete_details": {"reason": "max_output_tokens"}, "status": "incomplete"',
    ),
}


@pytest.mark.promise("docs/models.md", "A call is to be made only if its answer ended with")
@pytest.mark.parametrize("name", DIALECTS)
def test_a_whole_call_of_an_answer_that_was_cut_off_is_not_to_be_made(name):
    dialect = DIALECTS[name]
    stream = dialect.calls('{"path": "/"}', name="delete")
    assert EARLY[name][0] in stream
    with api.Endpoint(streams(stream.replace(*EARLY[name]))) as server:
        model = dialect.model(server.url)
        said = [model.invoke("Hi"), asyncio.run(model.ainvoke("Hi"))]
        said.append(merge_chunks(list(model.stream("Hi"))))
    for message in said:
        assert message.response_metadata["stop_reason"] == "max_tokens"
        assert not message.tool_calls
        [call] = message.invalid_tool_calls
        assert (call["name"], call["error"]) == ("delete", "The answer was cut off at max_tokens.")


def test_a_tool_loop_sends_back_what_was_called(dialect):
    def weather(city: str) -> str:
        """Say what the weather is like."""
        return f"{city}: rain"

    with api.Endpoint(streams(dialect.calls('{"city": "Oslo"}'))) as server:
        model = dialect.model(server.url).bind_tools([weather])
        said = model.invoke("Hi")
        model.invoke(["Hi", said, ToolMessage("rain", said.tool_calls[0]["id"])])
    first, second = server.requests
    assert "weather" in str(first["tools"])
    assert "rain" in str(second) and "call_1" in str(second)  # noqa: PT018


def test_only_a_tool_that_is_there_can_be_chosen(dialect):
    schema = {"title": "weather", "description": "x", "properties": {}}
    with pytest.raises(InputError, match=r"no tool: 'wether'.*'weather'"):
        dialect.model("http://127.0.0.1:9").bind_tools([schema], tool_choice="wether")


class Fish(pydantic.BaseModel):
    """A fish."""

    name: str
    size: int


PIECES = ('{"name": "Go', 'ldie", "si', 'ze": 3}')


def fish_in(dialect, *pieces):
    """Return an answer with these arguments, as the model reads it."""
    if dialect is DIALECTS["anthropic"]:
        return dialect.calls(*pieces, name="Fish")
    return dialect.says(*pieces)


def test_an_answer_of_a_schema_grows(dialect):
    schema = {"title": "Fish", "description": "x", "properties": {"name": {}, "size": {}}}
    with api.Endpoint(streams(fish_in(dialect, *PIECES))) as server:
        model = dialect.model(server.url)
        assert model.with_structured_output(Fish).invoke("Hi") == Fish(name="Goldie", size=3)
        growing = list(model.with_structured_output(schema).stream("Hi"))
        agrowing = asyncio.run(collect(model.with_structured_output(schema).astream("Hi")))
        raw = model.with_structured_output(Fish, include_raw=True).invoke("Hi")
    dicts = [{"name": "Go"}, {"name": "Goldie"}, {"name": "Goldie", "size": 3}]
    assert growing[-3:] == agrowing[-3:] == dicts
    assert raw["parsed"] == Fish(name="Goldie", size=3)
    assert isinstance(raw["raw"], AIMessage)


@pytest.mark.parametrize("pieces", [PIECES[:1], ('{"name": "x" "size": 3}',), ('{"size": 3}',)])
def test_an_answer_that_is_not_of_the_schema_is_an_error(dialect, pieces):
    with api.Endpoint(streams(fish_in(dialect, *pieces))) as server:
        model = dialect.model(server.url).with_structured_output(Fish)
        for ask in (model.invoke, lambda text: list(model.stream(text))):
            with pytest.raises(ParseError, match="Fish"):
                ask("Hi")


# What is asked


def test_the_settings_of_the_model_and_of_the_call(dialect):
    with api.Endpoint(streams(dialect.says("x"))) as server:
        model = dialect.model(server.url, max_tokens=9, extra_body={"top_k": 1, "temperature": 0.1})
        model.invoke("Hi")
        model.invoke("Hi", temperature=0.5, max_tokens=7, min_p=0.2)
        model.bind(extra_body={"top_k": 3}).invoke("Hi")
    first, second, third = server.requests
    assert first["model"] == "m-1"
    assert first["stream"] is True
    assert (first["top_k"], first["temperature"]) == (1, 0.1)
    assert 9 in first.values()
    assert (second["temperature"], second["min_p"], second["top_k"]) == (0.5, 0.2, 1)
    assert 7 in second.values()
    assert third["top_k"] == 3


def test_instructions_come_first(dialect):
    with api.Endpoint(streams(dialect.says("x"))) as server:
        dialect.model(server.url, system="Be brief.").invoke([SystemMessage("In verse."), "Hi"])
    said = str(server.requests[0])
    assert said.index("Be brief.") < said.index("In verse.")


def test_images_go_in(dialect):
    image = {"type": "image", "base64": "iVBO", "mime_type": "image/png"}
    with api.Endpoint(streams(dialect.says("x"))) as server:
        dialect.model(server.url).invoke([HumanMessage(["What is this?", image])])
    assert "iVBO" in str(server.requests[0])
    assert "What is this?" in str(server.requests[0])


# Stops


def stopped_at_once(model):
    stream = model.stream("Hi")
    next(stream)
    stream.close()


async def astopped_at_once(model):
    stream = model.astream("Hi")
    await anext(stream)
    await stream.aclose()


@pytest.mark.parametrize("how", ["sync", "async"])
def test_stopping_early_closes_the_connection(dialect, how):
    with api.Endpoint(for_ever(dialect.begin, dialect.text("x"))) as server:
        model = dialect.model(server.url)
        if how == "sync":
            stopped_at_once(model)
        else:
            asyncio.run(astopped_at_once(model))
        assert server.broken_off.wait(5)


# Failures


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (400, "invalid_request_error", "Check the request's settings"),
        (404, "not_found_error", "Check the model's name"),
        (429, "rate_limit_error", "Wait a moment"),
        (503, "server_error", "overloaded"),
    ],
)
def test_a_refusal_has_the_providers_words_and_the_next_step(dialect, status, kind, advice):
    with api.Endpoint(api.refuses(status, kind, "the provider's words.")) as server:
        for _, error in failures(dialect.model(server.url)):
            assert f"m-1 answered {status}: the provider's words." in str(error)
            assert advice in str(error)
            assert (error.status, error.kind) == (status, kind)


def test_a_bad_key_names_where_it_comes_from_and_not_the_key(dialect):
    with api.Endpoint(api.refuses(401, "authentication_error", f"bad key {KEY}")) as server:
        model = dialect.model(server.url)
        found = failures(model)
        with Trace() as trace:
            found += failures(model)
    for _, error in found:
        assert f"Check {dialect.key_variable}." in str(error)
        assert KEY not in "".join(traceback.format_exception(error))
    assert KEY not in repr(model) + repr(vars(model)) + repr(trace.events)
    assert KEY.encode() not in pickle.dumps(model)


@pytest.mark.promise("docs/errors.md", "invoke, stream, batch and their async twins raise it")
@pytest.mark.parametrize("how", ["empty", "in order", "cut", "half JSON", "error"])
def test_an_answer_that_breaks_off_is_an_error_out_of_every_door(dialect, how):
    begun = dialect.begin, dialect.text("Hel"), dialect.text("lo")
    behaviour, said = {
        "empty": (streams(), "empty"),
        "in order": (streams(*begun), "broke off before its end"),
        "cut": (cut(*begun), "broke off: .+[^:] What came before is kept"),
        "half JSON": (streams(*begun, b'data: {"type\n\n'), "broke off"),
        "error": (streams(*begun, dialect.error), r"broke off|Out of breath"),
    }[how]
    with api.Endpoint(behaviour) as server:
        for name, error in failures(dialect.model(server.url)):
            assert re.search(said, str(error)), name
            if how == "error":
                assert "Out of breath. The fault is at the provider's end" in str(error)
                assert error.status == 500


def next_or_error(stream):
    try:
        return next(stream)
    except ProviderError:
        return None


@pytest.mark.promise(
    "docs/errors.md", "An answer that breaks off is an error, and what came before is kept"
)
def test_what_came_before_the_end_is_kept(dialect):
    with api.Endpoint(streams(dialect.begin, dialect.text("Hel"))) as server:
        stream = dialect.model(server.url).stream("Hi")
        came = merge_chunks(list(iter(partial(next_or_error, stream), None)))
        with Trace() as trace, pytest.raises(ProviderError):
            dialect.model(server.url).invoke("Hi")
    assert came.text == "Hel"
    assert "chunk" in [event.kind for event in trace.events]
    assert trace.events[-1].kind == "error"


def test_a_web_page_is_no_answer(dialect):
    def behaviour(handler, body):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html; charset=utf-8")
        handler.end_headers()
        handler.wfile.write(b"<!DOCTYPE html><h1>Welcome</h1>")

    with api.Endpoint(behaviour) as server:
        for _, error in failures(dialect.model(server.url)):
            assert "127.0.0.1 sent a web page (text/html). Check base_url" in str(error)


@pytest.mark.parametrize("begins", [False, True])
def test_an_endpoint_that_says_no_more_is_given_up_with_the_reason(dialect, begins):
    over = threading.Event()

    def behaviour(handler, body):
        if begins:
            api.begin_stream(handler)
            handler.wfile.write(dialect.begin + dialect.text("Hel"))
        over.wait()

    # On a slow machine the beginning, too, may come too late.
    how = r"(broke off|could not be reached at http://127\.0\.0\.1:\d+)"
    with api.Endpoint(behaviour) as server:
        try:
            found = failures(dialect.model(server.url, timeout=0.1))
        finally:
            over.set()
    for name, error in found:
        assert re.match(rf"m-1 {how}: nothing came for 0\.1 seconds\. [CW]", str(error)), name


def test_an_endpoint_that_is_not_there(dialect):
    for _, error in failures(dialect.model("http://127.0.0.1:9")):
        assert "m-1 could not be reached at http://127.0.0.1:9" in str(error)
        assert "Check the network and base_url" in str(error)


def test_an_address_without_a_scheme_is_refused(dialect):
    with pytest.raises(InputError, match=r"begin with http:// or https://, not 'localhost"):
        dialect.model("localhost:8000")


@pytest.mark.parametrize("name", [*DIALECTS, "azure"])
def test_an_address_without_a_scheme_in_the_environment_names_its_variable(name, monkeypatch):
    if name == "azure":
        model = init_chat_model("azure:m", api_key=KEY, api_version="1")
    else:
        model = DIALECTS[name].make("m-1", api_key=KEY)
    monkeypatch.setenv(model.address_variable, "localhost:8000")
    for ask in (model.invoke, lambda text: asyncio.run(model.ainvoke(text))):
        with pytest.raises(InputError, match=f"{model.address_variable} must begin with http"):
            ask("Hi")


# Keys


def test_an_endpoint_on_this_machine_needs_no_key(dialect, monkeypatch):
    monkeypatch.delenv(dialect.key_variable, raising=False)
    with api.Endpoint(streams(dialect.says("x"))) as server:
        assert dialect.model(server.url, api_key=None).invoke("Hi").text == "x"


def test_elsewhere_a_missing_key_is_named(dialect, monkeypatch):
    monkeypatch.delenv(dialect.key_variable, raising=False)
    model = dialect.model("https://api.invalid", api_key=None)
    with pytest.raises(SetupError, match=rf"{dialect.key_variable}.*embedded"):
        model.invoke("Hi")


def test_a_missing_sdk_comes_with_the_command(dialect, monkeypatch):
    model = dialect.model("https://api.invalid")
    monkeypatch.setitem(sys.modules, model.sdk, None)
    with pytest.raises(SetupError, match=f'pip install "?{re.escape(model.package)}'):
        model.invoke("Hi")
