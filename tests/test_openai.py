"""What is OpenAI's own: the fields of its two APIs; `contract/` has what all models share."""

import subprocess
import sys

import pytest

from nbstream import ChatOpenAI, HumanMessage, InputError, tool

from . import endpoint as api
from .contract.dialects import (
    CREATED,
    KEY,
    chat_event,
    chat_says,
    lines,
    response_ends,
    response_event,
    response_says,
    response_text,
    streams,
)


def weather(city: str, days: int = 1) -> str:
    """Say what the weather is like."""
    return f"{city}: rain for {days}"


PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "default": 1}},
    "required": ["city"],
}
TOOL = {
    "name": "weather",
    "description": "Say what the weather is like.",
    "parameters": PARAMETERS,
}


def chat(server, **options):
    return ChatOpenAI("m-1", base_url=f"{server.url}/v1", api_key=KEY, max_retries=0, **options)


def responses(server, **options):
    return chat(server, use_responses_api=True, **options)


def asked(make, ask=lambda model: model.invoke("Hi"), **options):
    """Return the request that a model sends."""
    says = response_says if make is responses else chat_says
    with api.Endpoint(streams(says("x"))) as server:
        ask(make(server, **options))
    return server.requests[0]


# Requests


def test_what_chat_completions_are_asked():
    request = asked(
        chat,
        lambda model: model.invoke("Hi", stop="END", seed=3),
        system="a",
        max_tokens=9,
        temperature=0,
        reasoning_effort="low",
        top_logprobs=2,
    )
    assert request == {
        "model": "m-1",
        "stream": True,
        "messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "Hi"}],
        "max_tokens": 9,
        "stream_options": {"include_usage": True},
        "reasoning_effort": "low",
        "logprobs": True,
        "top_logprobs": 2,
        "temperature": 0,
        "stop": "END",
        "seed": 3,
    }


def test_what_the_responses_api_is_asked():
    request = asked(
        responses,
        lambda model: model.invoke("Hi", store=False),
        max_tokens=9,
        temperature=0,
        reasoning_effort="low",
        reasoning={"summary": "auto"},
        top_logprobs=2,
    )
    assert request == {
        "model": "m-1",
        "stream": True,
        "input": [{"role": "user", "content": "Hi"}],
        "max_output_tokens": 9,
        "reasoning": {"effort": "low", "summary": "auto"},
        "include": ["message.output_text.logprobs"],
        "top_logprobs": 2,
        "temperature": 0,
        "store": False,
    }


def test_nothing_is_asked_that_nobody_has_set():
    assert asked(chat, stream_usage=False).keys() == {"model", "stream", "messages"}
    assert asked(responses).keys() == {"model", "stream", "input"}


def test_openais_own_models_know_the_length_by_its_new_name(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert "max_completion_tokens" in ChatOpenAI()._chat([HumanMessage("Hi")], 3, {})
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert "max_tokens" in ChatOpenAI()._chat([HumanMessage("Hi")], 3, {})


def test_what_the_other_api_has_is_named():
    with pytest.raises(InputError, match="use_responses_api=True"):
        ChatOpenAI(reasoning={"summary": "auto"})
    with pytest.raises(InputError, match="no stop sequences"):
        ChatOpenAI(use_responses_api=True, api_key=KEY).invoke("Hi", stop=["END"])


# Tools


@pytest.mark.parametrize(
    ("choice", "in_chat", "in_responses"),
    [
        (None, None, None),
        ("auto", "auto", "auto"),
        ("any", "required", "required"),
        (
            "weather",
            {"type": "function", "function": {"name": "weather"}},
            {"type": "function", "name": "weather"},
        ),
    ],
)
def test_tools_in_the_form_of_each_api(choice, in_chat, in_responses):
    def ask(model):
        given = [tool(weather), {"type": "web_search"}]
        model.bind_tools(given, tool_choice=choice, parallel_tool_calls=False).invoke("Hi")

    search = {"type": "web_search"}
    request = asked(chat, ask)
    assert request["tools"] == [{"type": "function", "function": TOOL}, search]
    assert request.get("tool_choice") == in_chat
    assert request["parallel_tool_calls"] is False
    request = asked(responses, ask)
    assert request["tools"] == [{"type": "function", **TOOL, "strict": False}, search]
    assert request.get("tool_choice") == in_responses


def test_tools_that_are_strict():
    request = asked(chat, lambda model: model.bind_tools([weather], strict=True).invoke("Hi"))
    assert request["tools"][0]["function"]["strict"] is True


# Schemas

ALL = {"title": "F", "description": "d", "properties": {"a": {"type": "string"}}, "required": ["a"]}
SOME = {**ALL, "required": []}
NESTED = {**ALL, "properties": {"a": {"type": "object", "properties": {"b": {}}}}}


@pytest.mark.parametrize(("schema", "is_strict"), [(ALL, True), (SOME, False), (NESTED, False)])
def test_a_schema_is_strict_where_that_means_the_same(schema, is_strict):
    def ask(model):
        model.with_structured_output(schema, include_raw=True).invoke("Hi")

    form = asked(chat, ask)["response_format"]
    assert form["type"] == "json_schema"
    form = form["json_schema"]
    assert (form["name"], form["description"], form["strict"]) == ("F", "d", is_strict)
    assert form["schema"]["properties"]["a"] == schema["properties"]["a"]
    assert ("additionalProperties" in form["schema"]) is is_strict
    assert asked(responses, ask)["text"]["format"] == {"type": "json_schema", **form}


def test_where_the_endpoint_holds_to_no_schema_a_tool_is_called():
    def ask(model):
        model.with_structured_output(ALL, include_raw=True).invoke("Hi")

    request = asked(chat, ask, json_schema=False)
    assert "response_format" not in request
    assert request["tool_choice"] == {"type": "function", "function": {"name": "F"}}


# Answers


def test_log_probabilities_come_with_their_text():
    def odds(text):
        other = {"token": "You", "logprob": -2.5, "bytes": None}
        one = {"token": text, "logprob": -0.25, "bytes": None, "top_logprobs": [other]}
        return {"content": [one], "refusal": None}

    def event(text):
        told = chat_event({"content": text})
        told["choices"][0]["logprobs"] = odds(text)
        return told

    answer = lines(event("Hi"), event("!"), chat_event({}, "stop"))
    with api.Endpoint(streams(answer)) as server:
        chunks = list(chat(server, logprobs=True).stream("Hi"))
    [entry] = chunks[0].response_metadata["logprobs"]["content"]
    assert entry["logprob"] == -0.25
    assert entry["top_logprobs"][0]["token"] == "You"


def test_reasoning_streams_and_goes_back_at_its_place():
    item = {"type": "reasoning", "id": "rs_1", "summary": []}
    thought = {"item_id": "rs_1", "output_index": 0, "summary_index": 0}
    text = {**response_text("Yes."), "output_index": 1}
    answer = lines(
        CREATED,
        response_event("output_item.added", output_index=0, item=item),
        response_event("reasoning_summary_text.delta", **thought, delta="Hm, "),
        response_event("reasoning_summary_text.delta", **thought, delta="so."),
        text,
        response_ends(),
    )
    with api.Endpoint(streams(answer)) as server:
        model = responses(server)
        said = model.invoke("Hi")
        model.invoke(["Hi", said, "And?"])
    assert said.content[0]["thinking"] == "Hm, so."
    assert said.text == "Yes."
    assert [one.get("type") or one["role"] for one in server.requests[1]["input"]] == [
        "user",
        "reasoning",
        "message",
        "user",
    ]


def test_the_sdk_is_imported_on_first_use():
    code = (
        "import sys, nbstream; nbstream.ChatOpenAI('m').bind_tools([]);"
        "print('openai' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_one_tool_alone_is_refused_with_what_to_write():
    with pytest.raises(InputError, match="bind_tools"):
        ChatOpenAI().bind_tools(weather)


@pytest.mark.parametrize("responses", [False, True])
@pytest.mark.parametrize("searches", [False, True])
def test_where_an_answer_may_cite_a_late_citation_lands_on_its_text(responses, searches):
    url = {"type": "url_citation", "url": "http://a", "start_index": 0, "end_index": 4}
    if responses:
        told = response_event(
            "output_text.annotation.added",
            output_index=0,
            content_index=0,
            annotation_index=0,
            annotation=url,
        )
        stream = lines(CREATED, response_text("blue"), told, response_ends())
    else:
        note = {"type": "url_citation", "url_citation": {"url": "http://a"}}
        stream = lines(chat_event({"content": "blue"}), chat_event({"annotations": [note]}, "stop"))
    with api.Endpoint(streams(stream)) as server:
        model = ChatOpenAI(
            "m", base_url=server.url + "/v1", api_key=KEY, use_responses_api=responses
        )
        tools = {"tools": [{"type": "web_search"}]} if responses else {"web_search_options": {}}
        message = model.invoke("Hi", **(tools if searches else {}))
    assert message.text == "blue"
    said = message.content[0] if searches else message.additional_kwargs
    assert said["citations"][0]["url"] == "http://a"
