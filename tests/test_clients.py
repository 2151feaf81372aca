"""One client for each event loop, closed with it."""

import asyncio
import gc
import pickle
import weakref

import pytest

from nbstream import ChatAnthropic, ChatOpenAI

from . import endpoint as api
from .contract.dialects import chat_says, streams

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
