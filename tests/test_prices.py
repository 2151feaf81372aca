"""What an answer cost is known without a price being typed, by a list that comes with a package."""

import asyncio
import socket
import subprocess
import sys

import genai_prices
import pytest

from nbstream import (
    AIMessage,
    AIMessageChunk,
    ChatAnthropic,
    ChatLocal,
    ChatOpenAI,
    Conversation,
    ScriptedChat,
    StreamView,
    Trace,
    init_chat_model,
)
from nbstream.messages import UsageMetadata
from nbstream.models import _prices
from nbstream.models._prices import Bill

from . import endpoint as api
from .contract.dialects import chat_says, streams

LIST = f"genai-prices {genai_prices.__version__}"
HOME = "https://api.anthropic.com"


def usage(tokens_in, tokens_out, **details):
    return UsageMetadata(
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        total_tokens=tokens_in + tokens_out,
        **({"input_token_details": details} if details else {}),
    )


def billed(*usages, model="claude-sonnet-4-5", address=HOME):
    """Return the message whose chunks told these."""
    bill = Bill(model, address)
    chunks = [bill.note(AIMessageChunk("x", usage_metadata=one)) for one in usages]
    total = chunks[0]
    for chunk in chunks[1:]:
        total += chunk
    return total


def list_price(model=None, **counts):
    found = genai_prices.calc_price(
        genai_prices.Usage(**counts), model or "claude-sonnet-4-5", provider_api_url=HOME
    )
    return float(found.total_price)


@pytest.mark.promise("docs/models.md", "is in the message's")
def test_the_cost_is_of_the_whole_answer_and_says_whose_prices():
    # Anthropic tells the input at the beginning and the output at the end.
    cost = billed(usage(1000, 0), usage(0, 200)).response_metadata["cost"]
    assert cost["amount"] == list_price(input_tokens=1000, output_tokens=200) > 0
    assert (cost["currency"], cost["price_list"]) == ("USD", LIST)


def test_what_was_read_from_a_cache_costs_what_it_costs():
    cached = billed(usage(1000, 10, cache_read=900, cache_creation=50)).response_metadata["cost"]
    assert cached["amount"] == list_price(
        input_tokens=1000, output_tokens=10, cache_read_tokens=900, cache_write_tokens=50
    )
    assert cached["amount"] < list_price(input_tokens=1000, output_tokens=10)


@pytest.mark.parametrize(
    ("model", "address"),
    [
        ("no-such-model", HOME),
        ("gpt-4o", HOME),
        ("gpt-4o", "https://elsewhere.test/v1"),
        ("gpt-4o", "http://localhost:11434/v1"),
        ("gpt-4o", None),
    ],
)
@pytest.mark.promise("docs/models.md", "Where it is not known, none is shown")
def test_what_is_not_known_is_not_guessed(model, address):
    assert "cost" not in billed(usage(10, 10), model=model, address=address).response_metadata


def test_a_broken_count_or_list_harms_no_answer(monkeypatch):
    assert billed(usage(-5, 10)).content == "x"

    def broken(*_, **__):
        raise RuntimeError("no")

    monkeypatch.setattr(genai_prices, "calc_price", broken)
    assert "cost" not in billed(usage(5, 10)).response_metadata


def test_models_bill_by_their_own_address(monkeypatch):
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert ChatAnthropic("x")._billed_at() == HOME
    assert ChatOpenAI("x")._billed_at() == "https://api.openai.com/v1"
    assert init_chat_model("groq:x")._billed_at() == "https://api.groq.com/openai/v1"
    assert ChatLocal()._billed_at() is ChatLocal()._chat()._billed_at() is None
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1")
    assert ChatOpenAI("x")._billed_at() == "http://localhost:1/v1"


@pytest.fixture
def priced(monkeypatch):
    """A server on this machine that counts as OpenAI's."""
    monkeypatch.setattr(ChatOpenAI, "_billed_at", lambda _: "https://api.openai.com/v1")
    with api.Endpoint(streams(chat_says("Hi there"))) as server:
        yield ChatOpenAI("gpt-4o", base_url=f"{server.url}/v1", api_key="none")


def test_it_is_the_same_at_every_door(priced, tmp_path):
    talk = Conversation(priced)
    talk.ask("Hi").result()
    with Trace() as trace:
        message = priced.invoke("Hi")
    awaited = asyncio.run(priced.ainvoke("Hi"))
    cost = message.response_metadata["cost"]["amount"]
    assert awaited.response_metadata["cost"]["amount"] == cost > 0
    assert (trace.metrics().cost, trace.metrics().priced_by) == (cost, LIST)
    view = StreamView(trace)
    assert view.metrics.cost == cost
    assert talk.cost() == cost
    shown = f"${cost:.6f}"
    for ending in ("html", "jsonl"):
        view.export(tmp_path / f"run.{ending}")
    assert shown in (tmp_path / "run.html").read_text()
    assert Trace.from_jsonl(tmp_path / "run.jsonl").metrics().cost == cost
    talk.save(tmp_path / "talk.json")
    assert Conversation.load(tmp_path / "talk.json").cost() == cost
    # A price that is given counts, and in its own unit.
    view.price = {"input": 1e6, "output": 1e6}
    tokens = message.usage_metadata["total_tokens"]
    assert (view.metrics.cost, view.metrics.priced_by) == (tokens, None)
    view.export(tmp_path / "run.html")
    assert f"cost {tokens}.00" in (tmp_path / "run.html").read_text()
    assert talk.cost({"input": 1e6, "output": 1e6}) == tokens


@pytest.mark.promise("docs/models.md", "One answer of unknown price makes the sum unknown")
def test_a_sum_with_something_unknown_in_it_is_unknown():
    talk = Conversation()
    for message in (billed(usage(10, 20)), AIMessage("y", usage_metadata=usage(1, 1))):
        talk.model = ScriptedChat([AIMessageChunk(**vars_of(message))])
        talk.ask("Hi").result()
        costs = talk.cost()
        assert (costs is None) == ("cost" not in message.response_metadata)
    assert Conversation().cost() is None


def vars_of(message):
    names = ("content", "usage_metadata", "response_metadata")
    return {name: getattr(message, name) for name in names}


@pytest.mark.promise("docs/models.md", "nothing is fetched")
def test_nothing_goes_over_the_network(monkeypatch):
    def no(*_, **__):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", no)
    _prices._prices.cache_clear()
    assert "cost" in billed(usage(10, 20)).response_metadata


def test_it_works_without_the_extra_and_costs_no_import():
    code = """
import sys
import nbstream
assert "genai_prices" not in sys.modules
sys.modules["genai_prices"] = None
from nbstream.models._prices import Bill
chunk = nbstream.AIMessageChunk("x", usage_metadata={"input_tokens": 1, "output_tokens": 1})
print(Bill("claude-sonnet-4-5", "https://api.anthropic.com").note(chunk).response_metadata)
"""
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert got.stdout.strip() == "{}"
