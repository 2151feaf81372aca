"""What Claude says beside text: blocks, tools, structured output."""

import asyncio

import pydantic
import pytest
from typing_extensions import TypedDict

from nbstream import (
    AIMessage,
    AIMessageChunk,
    BaseChatModel,
    ChatAnthropic,
    HumanMessage,
    InputError,
    ParseError,
    ScriptedChat,
    SystemMessage,
    ToolMessage,
    tool,
)
from nbstream.messages import merge_chunks

from . import endpoint as api
from .test_models import KEY, claude, collect

# Blocks

SIGNED = api.thinking_block(0, "Hm", ", so", signature="sig==")
CALL = api.tool_block(1, "toolu_1", "add", '{"a": 1', ', "b": [2]}')


def test_thinking_comes_as_blocks_that_add_up():
    with api.Endpoint(api.answers(SIGNED, api.text_block(1, "He", "re"))) as server:
        chunks = list(claude(server).stream("Hi"))
        message = claude(server).invoke("Hi")
    assert chunks[1].content == [{"type": "thinking", "thinking": "Hm", "index": 0}]
    assert merge_chunks(chunks).content == [
        {"type": "thinking", "thinking": "Hm, so", "signature": "sig==", "index": 0},
        {"type": "text", "text": "Here", "index": 1},
    ]
    assert message.content == [
        {"type": "thinking", "thinking": "Hm, so", "signature": "sig=="},
        {"type": "text", "text": "Here"},
    ]
    assert message.text == "Here"


def test_redacted_thinking_is_kept():
    redacted = api.block(0, {"type": "redacted_thinking", "data": "abc"})
    with api.Endpoint(api.answers(redacted, api.text_block(1, "x"))) as server:
        message = claude(server).invoke("Hi")
    assert message.content[0] == {"type": "redacted_thinking", "data": "abc"}


def test_tool_calls_stream_in_pieces():
    blocks = (api.text_block(0, "Let me see."), CALL, api.tool_block(2, "toolu_2", "now"))
    with api.Endpoint(api.answers(*blocks, stop_reason="tool_use")) as server:
        chunks = list(claude(server).stream("Hi"))
        message = asyncio.run(claude(server).ainvoke("Hi"))
    assert chunks[0].content == "Let me see."
    assert [c.tool_call_chunks[0]["args"] for c in chunks if c.tool_call_chunks] == [
        "",
        '{"a": 1',
        ', "b": [2]}',
        "",
    ]
    assert merge_chunks(chunks[:3]).tool_calls[0]["args"] == {"a": 1}
    calls = [
        {"name": "add", "args": {"a": 1, "b": [2]}, "id": "toolu_1", "type": "tool_call"},
        {"name": "now", "args": {}, "id": "toolu_2", "type": "tool_call"},
    ]
    assert merge_chunks(chunks).tool_calls == message.tool_calls == calls
    assert message.content == [
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1, "b": [2]}},
        {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
    ]
    assert message.response_metadata["stop_reason"] == "tool_use"


def test_a_tool_at_the_providers_end_is_nobodys_to_call():
    search = api.tool_block(0, "srv_1", "web_search", '{"query": "x"}', kind="server_tool_use")
    found = api.block(1, {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []})
    with api.Endpoint(api.answers(search, found, api.text_block(2, "Found."))) as server:
        message = claude(server).invoke("Hi")
    assert message.tool_calls == []
    assert message.content[0]["input"] == {"query": "x"}
    assert [block["type"] for block in message.content] == [
        "server_tool_use",
        "web_search_tool_result",
        "text",
    ]


def test_citations_are_kept_with_their_text():
    where = {"type": "char_location", "cited_text": "blue", "document_index": 0}
    where |= {"start_char_index": 0, "end_char_index": 4}
    cited = api.block(
        1,
        {"type": "text", "text": "", "citations": []},
        {"type": "citations_delta", "citation": where},
        {"type": "text_delta", "text": "blue"},
        {"type": "citations_delta", "citation": {**where, "start_char_index": 2}},
    )
    with api.Endpoint(api.answers(api.text_block(0, "It is "), cited)) as server:
        message = claude(server).invoke("Hi")
    assert message.text == "It is blue"
    assert message.content[0] == {"type": "text", "text": "It is "}
    starts = [c["start_char_index"] for c in message.content[1]["citations"]]
    assert starts == [0, 2]


DOCUMENT = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
FOUND = {"type": "search_result", "source": "x", "title": "x", "content": []}


@pytest.mark.parametrize(
    ("asked", "tools", "in_blocks"),
    [
        ([HumanMessage("Hi")], [], False),
        ([HumanMessage([DOCUMENT])], [], False),
        ([HumanMessage([{**DOCUMENT, "citations": {"enabled": False}}])], [], False),
        ([HumanMessage([{**DOCUMENT, "citations": {"enabled": True}}])], [], True),
        ([HumanMessage("Hi")], [{"type": "web_search_20250305", "name": "web_search"}], True),
        ([HumanMessage("Hi")], [{"type": "bash_20250124", "name": "bash"}], False),
        (
            [
                HumanMessage("Hi"),
                AIMessage("", tool_calls=[{"name": "find", "args": {}, "id": "1"}]),
                ToolMessage([FOUND], "1"),
            ],
            [],
            True,
        ),
    ],
)
def test_where_an_answer_may_cite_a_late_citation_lands_on_its_text(asked, tools, in_blocks):
    where = {"type": "char_location", "cited_text": "blue", "document_index": 0}
    cited = api.block(
        0,
        {"type": "text", "text": ""},
        {"type": "text_delta", "text": "blue"},
        {"type": "citations_delta", "citation": where},
    )
    with api.Endpoint(api.answers(cited)) as server:
        model = claude(server).bind_tools(tools) if tools else claude(server)
        for message in (model.invoke(asked), asyncio.run(model.ainvoke(asked))):
            assert message.text == "blue"
            said = message.content[0] if in_blocks else message.additional_kwargs
            assert said["citations"][0]["cited_text"] == "blue"


def test_the_last_count_of_the_input_counts():
    def behaviour(handler, body):
        api.begin_stream(handler)
        ending = api.finish("stop_sequence", "END", input_tokens=50, output_tokens=3)
        handler.wfile.write(api.sse(api.start_event(), *api.text_block(0, "x"), *ending))

    with api.Endpoint(behaviour) as server:
        message = claude(server).invoke("Hi")
    assert message.usage_metadata == {"input_tokens": 50, "output_tokens": 3, "total_tokens": 53}
    assert message.response_metadata["stop_sequence"] == "END"


def test_cache_usage():
    usage = {"cache_read_input_tokens": 7, "cache_creation_input_tokens": 2}
    with api.Endpoint(api.answers(api.text_block(0, "x"), **usage)) as server:
        message = claude(server).invoke("Hi")
    assert message.usage_metadata["input_tokens"] == 14
    assert message.usage_metadata["input_token_details"] == {"cache_read": 7, "cache_creation": 2}


def test_a_stream_of_blocks_that_is_stopped_closes_the_connection():
    def behaviour(handler, body):
        api.begin_stream(handler)
        handler.wfile.write(api.sse(api.start_event(), CALL[0]))
        while True:
            handler.wfile.write(api.sse(CALL[1]))
            handler.wfile.write(api.sse(CALL[2]))

    with api.Endpoint(behaviour) as server:
        stream = claude(server).stream("Hi")
        next(stream)
        stream.close()
        assert server.broken_off.wait(5)


def sent(server, conversation, **options):
    claude(server, **options).invoke(conversation)
    return server.requests[-1]


def test_a_conversation_with_tools_goes_back_as_it_came():
    with api.Endpoint(api.answers(SIGNED, CALL)) as server:
        chunks = merge_chunks(claude(server).stream("Hi"))
        for said in (chunks, chunks.to_message()):
            result = ToolMessage(3, "toolu_1", status="error")
            turns = sent(server, ["Hi", said, result, "And now?"])["messages"]
            assert turns[1] == {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Hm, so", "signature": "sig=="},
                    {"type": "tool_use", "id": "toolu_1", "name": "add"}
                    | {"input": {"a": 1, "b": [2]}},
                ],
            }
            assert turns[2] == {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "3"}
                    | {"is_error": True},
                ],
            }
            assert turns[3] == {"role": "user", "content": "And now?"}


def test_calls_without_blocks_become_blocks():
    said = AIMessage("Wait", tool_calls=[{"name": "f", "args": {}, "id": "1"}])
    with api.Endpoint(api.says("x")) as server:
        turns = sent(server, ["Hi", said, ToolMessage([{"type": "text", "text": "y"}], "1")])
    assert turns["messages"][1]["content"] == [
        {"type": "text", "text": "Wait"},
        {"type": "tool_use", "id": "1", "name": "f", "input": {}},
    ]
    assert turns["messages"][2]["content"][0]["content"] == [{"type": "text", "text": "y"}]


BASE64 = {"type": "base64", "media_type": "image/png", "data": "iVBO"}


@pytest.mark.parametrize(
    ("block", "wire"),
    [
        ("text", {"type": "text", "text": "text"}),
        (
            {"type": "image", "source_type": "base64", "mime_type": "image/png", "data": "iVBO"},
            {"type": "image", "source": BASE64},
        ),
        (
            {"type": "image", "base64": "iVBO", "mime_type": "image/png"},
            {"type": "image", "source": BASE64},
        ),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}},
            {"type": "image", "source": BASE64},
        ),
        (
            {"type": "image_url", "image_url": "https://x.example/a.png"},
            {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}},
        ),
        (
            {"type": "image", "source_type": "url", "url": "https://x.example/a.png"},
            {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}},
        ),
        ({"type": "image", "source": BASE64}, {"type": "image", "source": BASE64}),
        (
            {"type": "file", "base64": "JVBE", "mime_type": "application/pdf", "title": "T"},
            {
                "type": "document",
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBE"},
                "title": "T",
            },
        ),
        (
            {"type": "text-plain", "text": "Hello", "citations": {"enabled": True}},
            {
                "type": "document",
                "source": {"type": "text", "media_type": "text/plain", "data": "Hello"},
                "citations": {"enabled": True},
            },
        ),
        (
            {"type": "file", "file_id": "file_1"},
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        ),
    ],
)
def test_images_and_documents(block, wire):
    with api.Endpoint(api.says("x")) as server:
        turns = sent(server, [HumanMessage(["", block])])["messages"]
    assert turns == [{"role": "user", "content": [wire]}]


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"type": "image", "base64": "iVBO"}, "needs a mime_type"),
        ({"type": "image", "alt": "x"}, "has no content; it has type, alt"),
    ],
)
def test_a_block_with_nothing_in_it_is_named(block, said):
    with pytest.raises(InputError, match=said):
        ChatAnthropic(api_key=KEY).invoke([HumanMessage([block])])


def test_instructions_in_blocks_stay_blocks():
    cached = {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}
    with api.Endpoint(api.says("x")) as server:
        request = sent(server, [SystemMessage([cached]), "Hi"], system="a")
    assert request["system"] == [{"type": "text", "text": "a"}, cached]


# Tools


def weather(city: str, days: int = 1) -> str:
    """Say what the weather is like."""
    return f"{city}: rain for {days}"


def test_tools_are_described_to_the_model():
    with api.Endpoint(api.says("x")) as server:
        model = claude(server)
        model.bind_tools([weather]).invoke("Hi")
        model.bind_tools([weather], tool_choice="any").invoke("Hi")
        model.bind_tools([tool(weather)], tool_choice="weather").invoke("Hi")
        model.bind_tools([weather], parallel_tool_calls=False).invoke("Hi")
    described = {
        "name": "weather",
        "description": "Say what the weather is like.",
        "input_schema": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"type": "integer", "default": 1},
            },
            "required": ["city"],
        },
    }
    assert [request["tools"] for request in server.requests] == [[described]] * 4
    assert [request.get("tool_choice") for request in server.requests] == [
        None,
        {"type": "any"},
        {"type": "tool", "name": "weather"},
        {"type": "auto", "disable_parallel_tool_use": True},
    ]


def test_a_tool_that_is_not_there_cannot_be_chosen():
    with pytest.raises(InputError, match=r"no tool: 'wether'.*'weather'"):
        ChatAnthropic().bind_tools([weather], tool_choice="wether")


def test_a_model_that_cannot_call_tools_says_so():
    class Parrot(BaseChatModel):
        pass

    with pytest.raises(InputError, match="Parrot cannot call tools"):
        Parrot().bind_tools([weather])
    with pytest.raises(InputError, match="Parrot cannot call tools"):
        Parrot().with_structured_output({"title": "X", "properties": {}})


def test_the_embedded_model_is_sent_no_images(local):
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}
    with pytest.raises(InputError, match="reads text only"):
        local.invoke([HumanMessage([image, {"type": "text", "text": "What is it?"}])])


def test_an_agent_can_be_scripted():
    call = {"name": "weather", "args": '{"city": "Oslo"}', "id": "1", "index": 0}
    model = ScriptedChat([AIMessageChunk(tool_call_chunks=[call])]).bind_tools([weather])
    [wanted] = model.invoke("Hi").tool_calls
    answer = tool(weather).invoke(wanted)
    assert answer == ToolMessage("Oslo: rain for 1", "1", name="weather")


# Structured output


class Fish(pydantic.BaseModel):
    """A fish."""

    name: str
    size: int


class FishDict(TypedDict):
    """A fish."""

    name: str
    size: int


PIECES = ('{"name": "Go', 'ldie", "si', 'ze": 3}')


def test_an_answer_in_the_form_of_a_pydantic_model():
    with api.Endpoint(api.answers(api.tool_block(0, "1", "Fish", *PIECES))) as server:
        model = claude(server).with_structured_output(Fish)
        assert model.invoke("Hi") == Fish(name="Goldie", size=3)
        assert list(model.stream("Hi")) == [Fish(name="Goldie", size=3)]
        assert asyncio.run(collect(model.astream("Hi"))) == [Fish(name="Goldie", size=3)]
    assert server.requests[0]["tool_choice"] == {"type": "tool", "name": "Fish"}
    assert server.requests[0]["tools"][0]["description"] == "A fish."


@pytest.mark.parametrize(
    "schema",
    [FishDict, {"title": "FishDict", "properties": {"name": {"type": "string"}}}],
)
def test_an_answer_in_the_form_of_a_dict_grows(schema):
    with api.Endpoint(api.answers(api.tool_block(0, "1", "FishDict", *PIECES))) as server:
        model = claude(server).with_structured_output(schema)
        growing = [{"name": "Go"}, {"name": "Goldie"}, {"name": "Goldie", "size": 3}]
        assert list(model.stream("Hi"))[-3:] == growing
        assert asyncio.run(collect(model.astream("Hi")))[-3:] == growing
        assert model.invoke("Hi") == growing[-1]


def test_the_raw_message_and_the_error_can_be_had():
    with api.Endpoint(api.answers(api.tool_block(0, "1", "Fish", '{"name": 1}'))) as server:
        model = claude(server).with_structured_output(Fish, include_raw=True)
        found = model.invoke("Hi")
        assert found["raw"].tool_calls[0]["args"] == {"name": 1}
        assert found["parsed"] is None
        assert "does not fit Fish: name: Input should be a valid string" in str(
            found["parsing_error"]
        )
        with pytest.raises(ParseError, match="size: Field required"):
            claude(server).with_structured_output(Fish).invoke("Hi")


def test_an_answer_in_another_form_is_named():
    with api.Endpoint(api.says("I would rather not.")) as server:
        model = claude(server).with_structured_output(FishDict)
        for call in (model.invoke, lambda text: list(model.stream(text))):
            with pytest.raises(ParseError, match=r"not answer with FishDict.*rather not"):
                call("Hi")


@pytest.mark.parametrize("schema", [Fish, FishDict])
def test_an_answer_that_broke_off_is_no_answer(schema):
    name = schema.__name__
    with api.Endpoint(api.answers(api.tool_block(0, "1", name, '{"name": "Go'))) as server:
        model = claude(server).with_structured_output(schema)
        for call in (model.invoke, lambda text: list(model.stream(text))):
            with pytest.raises(ParseError, match=f"not answer with {name}.*max_tokens"):
                call("Hi")


def test_a_model_that_thinks_is_not_forced():
    with api.Endpoint(api.answers(SIGNED, api.tool_block(1, "1", "Fish", *PIECES))) as server:
        thinking = {"type": "enabled", "budget_tokens": 1024}
        model = claude(server, thinking=thinking, max_tokens=2000).with_structured_output(Fish)
        assert model.invoke("Hi").size == 3
    assert server.requests[0]["tool_choice"] == {"type": "auto"}


# What the newer models have


@pytest.mark.promise("docs/models.md", "json_schema=True has the endpoint hold the answer")
def test_the_endpoint_holds_an_answer_to_a_schema_and_it_grows():
    schema = {"title": "Fish", "type": "object", "properties": {"size": {"type": "integer"}}}
    schema["properties"]["size"]["minimum"] = 1
    with api.Endpoint(api.says('{"si', 'ze": 1', "23}")) as server:
        model = claude(server, json_schema=True, effort="low").with_structured_output(schema)
        assert list(model.stream("Hi"))[-1] == {"size": 123}
    [request] = server.requests
    assert "tools" not in request
    config = request["output_config"]
    assert (config["effort"], config["format"]["type"]) == ("low", "json_schema")
    sent = config["format"]["schema"]
    assert sent["additionalProperties"] is False  # the API wants that
    assert "minimum" not in sent["properties"]["size"]  # and refuses this
    assert "minimum" in schema["properties"]["size"]


@pytest.mark.promise("docs/models.md", "A file of the Files API is a block")
@pytest.mark.promise("docs/models.md", "caches the prompt: with a call, in bind(), or in a block")
def test_files_and_caching_go_out_as_the_api_has_them():
    seen = []

    def behaviour(handler, body):
        seen.append(handler.headers["anthropic-beta"])
        api.says("x")(handler, body)

    file = {"type": "document", "file_id": "file_1", "cache_control": {"type": "ephemeral"}}
    with api.Endpoint(behaviour) as server:
        bound = claude(server).bind(cache_control={"type": "ephemeral"})
        for ask in (bound.invoke, lambda *a, **kw: asyncio.run(bound.ainvoke(*a, **kw))):
            ask([HumanMessage(["Read:", file])], extra_headers={"anthropic-beta": "files-api-x"})
    for request in server.requests:
        [_, sent] = request["messages"][0]["content"]
        assert sent["source"] == {"type": "file", "file_id": "file_1"}
        assert sent["cache_control"] == request["cache_control"] == {"type": "ephemeral"}
    assert seen == ["files-api-x"] * 2


def test_effort_and_adaptive_thinking_are_asked_for():
    with api.Endpoint(api.says("x")) as server:
        claude(server, effort="high", thinking={"type": "adaptive"}).invoke("Hi")
        claude(server).invoke("Hi", cache_control={"type": "ephemeral"})
    first, second = server.requests
    assert first["output_config"] == {"effort": "high"}
    assert first["thinking"] == {"type": "adaptive"}
    assert second["cache_control"] == {"type": "ephemeral"}
    assert "output_config" not in second


def test_a_budget_that_leaves_no_room_for_an_answer_is_told():
    with api.Endpoint(api.says("x")) as server:
        model = claude(server, thinking={"type": "enabled", "budget_tokens": 2000})
        with pytest.raises(InputError, match=r"budget of 2000 .* 1024, too\. Raise max_tokens"):
            model.invoke("Hi")
        with pytest.raises(InputError, match="budget of 2000"):
            asyncio.run(model.ainvoke("Hi", max_tokens=2000))
        model.invoke("Hi", max_tokens=2001)
        model.invoke("Hi", extra_headers={"anthropic-beta": "interleaved-thinking-2025-05-14"})
    assert len(server.requests) == 2


def test_tools_at_anthropics_end_go_as_they_are():
    theirs = [
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        {"type": "mcp_toolset", "mcp_server_name": "x"},
    ]
    schema = {"title": "Fish", "type": "object", "properties": {"size": {"type": "integer"}}}
    bound = ChatAnthropic().bind_tools([*theirs, schema], tool_choice="web_search")
    assert bound.kwargs["tools"][:2] == theirs
    assert bound.kwargs["tools"][2]["name"] == "Fish"
    assert bound.kwargs["tool_choice"] == {"type": "tool", "name": "web_search"}
