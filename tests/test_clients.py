"""One client for each event loop, closed with it; and clients that are made elsewhere."""

import asyncio
import copy
import gc
import pickle
import weakref

import anthropic
import openai
import pytest

from nbstream import ChatAnthropic, ChatOpenAI, HumanMessage, InputError, init_chat_model

from . import endpoint as api
from .contract.dialects import DIALECTS, KEY, chat_says, for_ever, streams
from .contract.test_endpoints import every_door, failures

KINDS = {
    "anthropic": (ChatAnthropic, api.says("x"), ""),
    "openai": (ChatOpenAI, streams(chat_says("x")), "/v1"),
}


@pytest.fixture(params=KINDS)
def model(request, monkeypatch):
    """A model, which keeps in ``made`` the clients that it has made."""
    cls, behaviour, path = KINDS[request.param]
    with api.Endpoint(behaviour) as server:
        model = cls("m", base_url=server.url + path, api_key="none", max_retries=0)
        model.made = []
        make = cls._client_of

        def client_of(self, kind):
            client = make(self, kind)
            model.made.append(client)
            return client

        monkeypatch.setattr(cls, "_client_of", client_of)
        yield model


async def ask(model, times=3):
    answers = await asyncio.gather(*(model.ainvoke("Hi") for _ in range(times)))
    answers.append(await model.ainvoke("Hi"))
    assert {answer.text for answer in answers} == {"x"}
    assert not model.made[-1].is_closed()


def test_a_loop_has_one_client_and_takes_it_along(model):
    for loops in (1, 2):
        asyncio.run(ask(model))
        assert len(model.made) == loops
        assert all(client.is_closed() for client in model.made)
    assert not model._async_clients  # nor is anything kept of a loop that is gone


def test_a_client_that_somebody_closed_is_replaced(model):
    async def twice():
        await ask(model)
        await model.made[0].close()
        await ask(model)

    asyncio.run(twice())
    assert len(model.made) == 2


def test_a_model_that_nobody_has_any_more_closes_its_client(model):
    """As in a notebook, whose loop goes on while each run of a cell makes a new model."""
    made = []

    async def make_and_forget():
        another = type(model)("m", base_url=model.base_url, api_key="none")
        await another.ainvoke("Hi")
        made.extend(model.made)
        gone = weakref.ref(another)
        del another
        gc.collect()
        assert gone() is None
        while not made[0].is_closed():
            await asyncio.sleep(0)

    asyncio.run(asyncio.wait_for(make_and_forget(), 30))
    assert len(made) == 1


def test_neither_client_is_pickled(model):
    model.invoke("Hi")
    asyncio.run(ask(model))
    state = model.__getstate__()
    assert not {"_client", "_async_clients"} & {*state}
    del state["made"]
    assert pickle.loads(pickle.dumps(state))["model"] == "m"


# Clients that are made elsewhere


def lent(name, kind, url):
    """Return an SDK's own client for an endpoint."""
    sdk, path = {"anthropic": (anthropic, ""), "openai": (openai, "/v1")}[name]
    class_name = {"anthropic": "Anthropic", "openai": "OpenAI"}[name]
    made = getattr(sdk, ("Async" if kind == "async" else "") + class_name)
    headers = {"x-mine": "yes"}
    return made(base_url=url + path, api_key=KEY, max_retries=0, default_headers=headers)


@pytest.mark.promise("docs/models.md", "A client of one's own")
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("name", KINDS)
def test_a_client_that_is_given_is_asked_at_every_door(name, kind):
    seen = []

    def behaviour(handler, body):
        seen.append((handler.headers["x-mine"], body["model"]))
        KINDS[name][1](handler, body)

    with api.Endpoint(behaviour) as server:
        client = lent(name, kind, server.url)
        model = init_chat_model("m-1", client=client, max_tokens=5)
        model.ensure_key()
        for door, ask in every_door(model):
            assert ask(), door
        assert model.invoke("Hi").text == asyncio.run(model.ainvoke("Hi")).text == "x"
        assert copy.copy(model).invoke("Hi").text == "x"
        assert not client.is_closed()
    assert set(seen) == {("yes", "m-1")}
    assert len(seen) == 8
    assert KEY not in repr(model) + repr(vars(model))


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("name", KINDS)
def test_its_errors_are_ours_and_what_stops_closes_the_connection(name, kind):
    with api.Endpoint(api.refuses(429, "rate_limit_error", f"Too many for {KEY}.")) as server:
        for door, error in failures(init_chat_model("m-1", client=lent(name, kind, server.url))):
            assert error.status == 429, door
            assert KEY not in str(error)
    dialect = DIALECTS["anthropic" if name == "anthropic" else "openai_chat"]
    with api.Endpoint(for_ever(dialect.begin, dialect.text("x"))) as server:
        stream = init_chat_model("m-1", client=lent(name, kind, server.url)).stream("Hi")
        next(stream)
        stream.close()
        assert server.broken_off.wait(30)


def test_what_is_no_client_and_what_it_lacks():
    client = openai.OpenAI(api_key=KEY)
    with pytest.raises(InputError, match=r'OpenAI has no model\. Name it: .*"NAME", client='):
        init_chat_model(client)
    with pytest.raises(InputError, match="api_key is the client's own"):
        init_chat_model("m", client=client, api_key="x")
    with pytest.raises(InputError, match=r"such as openai\.OpenAI\(…\), not int 3"):
        init_chat_model("m", client=3)


@pytest.mark.parametrize(
    ("client", "length"),
    [
        (openai.OpenAI(api_key="x"), "max_completion_tokens"),
        (
            openai.AzureOpenAI(api_key="x", azure_endpoint="https://a.b", api_version="1"),
            "max_completion_tokens",
        ),
        (openai.OpenAI(api_key="x", base_url="http://a.b/v1"), "max_tokens"),
    ],
)
def test_its_address_says_what_the_longest_answer_is_called(client, length):
    model = init_chat_model("m", client=client, max_tokens=7)
    assert model._request([HumanMessage("Hi")], {})[length] == 7
