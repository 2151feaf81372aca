"""What the tests share."""

import asyncio
import os

import pytest

from nbstream import ChatLocal
from nbstream.models._keys import KEYS
from nbstream.widget._page import Page

from .endpoint import Endpoint
from .watched import clients

# A key in this machine's keyring is none for tests, nor for the kernels that they start.
os.environ.setdefault("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture(autouse=True)
def unknown_host(monkeypatch):
    """No page has said yet what it can do: that holds for all widgets of a process."""
    monkeypatch.setattr(Page, "_takes_places", False)


@pytest.fixture(autouse=True)
def plain_run(monkeypatch):
    """nest-asyncio, once used, has ``asyncio.run`` leave its loop and async generators open."""
    monkeypatch.setattr(asyncio, "run", asyncio.run)


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    """What one test enters or finds is not there in the next one."""
    monkeypatch.setattr(KEYS, "_entered", {})
    monkeypatch.setattr(KEYS, "_asked", {})


@pytest.fixture
def wire():
    """Capture what a widget sends, without a kernel: call it with a widget, get the frames."""

    def tap(widget):
        frames = []

        def publish(msg_type, data=None, metadata=None, buffers=None, **keys):
            if data and data.get("method") == "custom":
                frames.append(data["content"])

        widget.comm.publish_msg = publish
        return frames

    return tap


@pytest.fixture(scope="session")
def local():
    """The embedded model, with a short leash."""
    return ChatLocal(max_tokens=24)


@pytest.fixture
def endpoint():
    """Start an endpoint with a behaviour."""
    started = []

    def start(behaviour):
        started.append(Endpoint(behaviour).__enter__())
        return started[-1]

    yield start
    while clients:
        clients.pop().close()
    for one in started:
        one.__exit__()
