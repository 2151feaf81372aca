"""Each model on the embedded server, which speaks all three dialects: real streams."""

import asyncio
import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Literal

import pydantic
import pytest

from nbstream import (
    AIMessage,
    ChatAnthropic,
    ChatLocal,
    ChatOpenAI,
    ProviderError,
    ToolMessage,
    Trace,
    init_chat_model,
)
from nbstream.events._frames import frame
from nbstream.events._state import apply, initial
from nbstream.messages import merge_chunks
from nbstream.models._engine import LOCAL_MODEL, Setup, server_of

from .test_endpoints import collect, every_door

MAKE = {
    "local": lambda **o: ChatLocal(**o),
    "local with odds": lambda **o: ChatLocal(top_logprobs=2, **o),
    "anthropic": lambda **o: at_server(ChatAnthropic, "", **o),
    "openai_chat": lambda **o: at_server(ChatOpenAI, "/v1", **o),
    "openai_responses": lambda **o: at_server(ChatOpenAI, "/v1", use_responses_api=True, **o),
}
ODDS = ["local with odds", "openai_chat"]


def at_server(kind, path, **options):
    server = server_of(Setup())
    options = {"api_key": server.key.reveal(), **options}
    return kind(LOCAL_MODEL, base_url=server.url + path, **options)


@pytest.fixture(params=MAKE)
def make(request):
    return MAKE[request.param]


def is_busy():
    server = server_of(Setup())
    request = urllib.request.Request(
        f"{server.url}/slots", headers={"Authorization": f"Bearer {server.key.reveal()}"}
    )
    with urllib.request.urlopen(request) as response:
        return any(slot["is_processing"] for slot in json.load(response))


def test_every_door_gives_a_whole_answer(make):
    model = make(max_tokens=6)
    doors = {name: ask() for name, ask in every_door(model)}
    for name in ("stream", "astream"):
        assert sum(bool(chunk.text) for chunk in doors[name]) > 1
        doors[name] = merge_chunks(doors[name]).to_message()
    events = doors.pop("events")
    assert (events[0], events[-1]) == ("on_chat_model_start", "on_chat_model_end")
    assert "on_chat_model_stream" in events
    for message in doors.values():
        assert message.text
        assert message.response_metadata["model_name"] == LOCAL_MODEL
        assert message.response_metadata["stop_reason"] in ("end_turn", "max_tokens")
        assert 0 < message.usage_metadata["output_tokens"] <= 6
        assert message.usage_metadata["input_tokens"] > 10


def test_the_limit_is_the_reason_to_stop(make):
    message = make(max_tokens=1).invoke("Count from one to ten.")
    if message.response_metadata["stop_reason"] != "max_tokens":
        # llama.cpp's Responses endpoint says "completed" of whatever it wrote.
        assert message.response_metadata["finish_reason"] == "completed"


@pytest.mark.parametrize("how", ["sync", "async"])
def test_the_server_stops_when_nobody_listens(make, how):
    async def first(model):
        stream = model.astream(question)
        await anext(stream)
        await stream.aclose()

    model, question = make(max_tokens=2000), "Count from one to a thousand, in words."
    if how == "sync":
        stream = model.stream(question)
        next(stream)
        stream.close()
    else:
        asyncio.run(first(model))
    end = time.monotonic() + 20  # far less than two thousand tokens take
    while is_busy() and time.monotonic() < end:
        time.sleep(0.05)
    assert not is_busy()


def test_a_prompt_that_is_too_long(make):
    model = make(max_tokens=6)
    for ask in (model.invoke, lambda text: asyncio.run(collect(model.astream(text)))):
        with pytest.raises(ProviderError, match=r"context size.*Shorten the prompt") as caught:
            ask("moon " * 4000)
        assert caught.value.status == 400


@pytest.mark.parametrize("name", ["anthropic", "openai_chat", "openai_responses"])
def test_a_wrong_key(name):
    with pytest.raises(ProviderError, match=r"answered 401: .*Check [A-Z]+_API_KEY\.") as caught:
        MAKE[name](api_key="sk-wrong-0123456789").invoke("Hi")
    assert caught.value.status == 401
    assert "sk-wrong" not in str(caught.value)


@pytest.mark.promise("docs/models.md", "real, a server of this kind (tests/contract/)")
def test_the_row_of_a_server_of_llama_cpps_runs_on_one():
    where = server_of(Setup())
    model = init_chat_model(
        f"llamacpp:{LOCAL_MODEL}", base_url=f"{where.url}/v1", api_key=where.key.reveal()
    )
    chunks = list(model.stream("Hi", max_tokens=3, logprobs=True))
    assert chunks[0].response_metadata["logprobs"]
    assert merge_chunks(chunks).usage_metadata["output_tokens"] <= 3


# What Chat Completions have


@pytest.mark.promise("README.md", "as ChatLocal(logprobs=True) does")
@pytest.mark.promise(
    "docs/models.md", "ChatLocal(top_logprobs=5) gives each token's log-probability"
)
@pytest.mark.parametrize("name", ODDS)
def test_each_token_comes_with_its_odds_and_they_reach_the_view(name):
    options = {} if name.startswith("local") else {"top_logprobs": 2}
    with Trace() as trace:
        chunks = list(MAKE[name](max_tokens=5, **options).stream("Hi"))
    texts = [chunk for chunk in chunks if chunk.text]
    for chunk in texts:
        [entry] = chunk.response_metadata["logprobs"]["content"]
        assert entry["token"] == chunk.text
        assert entry["logprob"] <= 0
        assert len(entry["top_logprobs"]) == 2
    state = initial()
    assert apply(state, frame(trace, 0, len(trace.events)))
    assert len(state["runs"][0]["logprobs"]) == len(texts)


class Fish(pydantic.BaseModel):
    """A fish."""

    name: str = pydantic.Field(max_length=16)
    colour: Literal["red", "gold"]


@pytest.mark.promise("docs/models.md", "llama.cpp holds the answer to the schema")
@pytest.mark.parametrize("name", ["local", "openai_chat"])
def test_an_answer_is_of_its_schema(name):
    model = MAKE[name](max_tokens=200)
    assert isinstance(model.with_structured_output(Fish).invoke("Invent a fish."), Fish)
    growing = list(model.with_structured_output(Fish.model_json_schema()).stream("Invent a fish."))
    assert len(growing) > 2
    assert Fish.model_validate(growing[-1])
    values = asyncio.run(collect(model.with_structured_output(Fish).astream("Invent a fish.")))
    assert isinstance(values[-1], Fish)


def test_the_embedded_model_does_not_fill_its_answer_with_blanks():
    model = ChatLocal(max_tokens=200).with_structured_output(Fish, include_raw=True)
    assert '","colour":"' in model.invoke("Invent a fish.")["raw"].text


class Place(pydantic.BaseModel):
    """A place."""

    city: Literal["Oslo", "Lima"]


def weather(place: Place) -> str:
    """Say what the weather is like."""
    return f"rain in {place.city}"


def now() -> str:
    """Say what time it is."""
    return "noon"


def test_a_conversation_goes_on(make):
    """Each dialect has its own form for what the model said before."""
    model = make(max_tokens=4)
    asked = ["Hi", model.invoke("Hi"), "And now in verse."]
    assert model.invoke(asked).usage_metadata["output_tokens"]


def test_the_server_takes_tools_their_calls_and_results(make):
    """What it makes of them is the model's: its own template knows no tools."""
    model = make(max_tokens=8)
    calls = [
        {"name": "now", "args": {}, "id": "call_1"},
        {"name": "weather", "args": {"place": {"city": "Lima"}}, "id": "call_2"},
        {"name": "now", "args": {}, "id": "call_3"},  # nobody answered it
    ]
    results = [ToolMessage("noon", "call_1"), ToolMessage("rain", "call_2", status="error")]
    asked = ["What time is it?", AIMessage("Let me see.", tool_calls=calls), *results]
    bound = model.bind_tools([now, weather])
    for answer in (bound.invoke(asked), asyncio.run(bound.ainvoke([*asked, "In words, please."]))):
        assert answer.usage_metadata["output_tokens"]
        assert answer.response_metadata["stop_reason"]


def test_the_embedded_model_calls_the_tool_it_is_to_call():
    bound = ChatLocal(max_tokens=64).bind_tools([now, weather], tool_choice="weather")
    chunks = list(bound.stream("How is the weather in Lima?"))
    [call] = merge_chunks(chunks).to_message().tool_calls
    assert call["name"] == "weather"
    assert call["args"]["place"]["city"] in ("Oslo", "Lima")
    assert sum(bool(chunk.tool_call_chunks) for chunk in chunks) > 2
    said = asyncio.run(bound.ainvoke("How is the weather in Lima?"))
    assert said.response_metadata["stop_reason"] == "tool_use"


def test_the_embedded_model_may_answer_and_does_so_once_it_has_a_result():
    model = ChatLocal(max_tokens=200)
    bound = model.bind_tools([now])
    first = bound.invoke("What time is it?")
    assert first.tool_calls or first.text or first.response_metadata["stop_reason"] == "max_tokens"
    called = model.bind_tools([now], tool_choice="any").invoke("What time is it?")
    conversation = ["What time is it?", called, ToolMessage("noon", called.tool_calls[0]["id"])]
    for answerer in (model, bound, model.bind_tools([now], tool_choice="none")):
        answer = answerer.invoke(conversation)
        assert answer.text
        assert not answer.tool_calls


@pytest.mark.promise("README.md", "log-probabilities, tools and typed answers, too")
@pytest.mark.promise("docs/models.md", "examples/tools.py has a tool loop")
def test_the_example_runs_a_tool_and_types_a_fish():
    script = Path(__file__).parents[2] / "examples" / "tools.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert re.search(r"^weather\('(Oslo|Lima|Hanoi)'\) -> It rains in \1\.$", done.stdout, re.M)
    assert re.search(r"^Fish\(name=.*, colour='(red|gold|blue)', size=\d+\)$", done.stdout, re.M)
