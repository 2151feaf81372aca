"""Streams of the SDKs, shown as they are: what breaks off is no answer there, either."""

import asyncio

import anthropic
import openai
import pytest

from nbstream import ProviderError, show

from . import endpoint as api
from .contract.dialects import DIALECTS, streams

ASKED = [{"role": "user", "content": "Hi"}]


def ask(name, url, kind=""):
    """Ask by an SDK; return its stream, or a coroutine that gives one."""
    sdk, client, path = {
        "anthropic": (anthropic, "Anthropic", ""),
        "openai_chat": (openai, "OpenAI", "/v1"),
        "openai_responses": (openai, "OpenAI", "/v1"),
    }[name]
    client = getattr(sdk, kind + client)(base_url=url + path, api_key="none", max_retries=0)
    if name == "anthropic":
        return client.messages.create(model="m", max_tokens=9, messages=ASKED, stream=True)
    if name == "openai_chat":
        return client.chat.completions.create(model="m", messages=ASKED, stream=True)
    return client.responses.create(model="m", input="Hi", stream=True)


def shown(name, url, is_async):
    async def wait():
        return await show(ask(name, url, "Async"))

    return asyncio.run(wait()) if is_async else show(ask(name, url)).result()


@pytest.mark.promise("docs/watch.md", "an answer that ended without its end is an error")
@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("name", DIALECTS)
def test_an_orderly_end_before_the_answers_end_is_an_error(name, is_async, capsys):
    dialect = DIALECTS[name]
    cases = {
        "broke off before its end": streams(dialect.begin, dialect.text("Hel")),
        "The answer is empty": streams(),
    }
    for said, behaviour in cases.items():
        with api.Endpoint(behaviour) as server, pytest.raises(ProviderError, match=said):
            shown(name, server.url, is_async)
    assert "Hel" in capsys.readouterr().out  # what came is kept
    with api.Endpoint(streams(dialect.says("Hello"))) as server:
        assert shown(name, server.url, is_async).text == "Hello"


def test_of_events_that_somebody_chose_no_end_is_expected():
    """The tool runner's answers are looked at, too; a generator around a stream is not."""
    dialect = DIALECTS["anthropic"]
    with api.Endpoint(streams(dialect.says("Hello"))) as server:
        events = ask("anthropic", server.url)
        chosen = (one for one in events if one.type == "content_block_delta")
        assert show(chosen).result().text == "Hello"


def test_an_answer_of_the_tool_runner_that_breaks_off():
    @anthropic.beta_tool
    def now() -> str:
        """Say what time it is."""
        return "noon"

    dialect = DIALECTS["anthropic"]
    with api.Endpoint(streams(dialect.begin, dialect.text("Hel"))) as server:
        client = anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0)
        runner = client.beta.messages.tool_runner(
            model="m", max_tokens=9, messages=ASKED, tools=[now], stream=True
        )
        with pytest.raises(Exception, match="broke off before its end"):
            show(runner).result()
