"""What the tests share."""

import pytest

from nbstream import ChatLocal
from nbstream.widget._page import Page

from .endpoint import Endpoint
from .watched import clients


@pytest.fixture(autouse=True)
def unknown_host(monkeypatch):
    """No page has said yet what it can do: that holds for all widgets of a process."""
    monkeypatch.setattr(Page, "_takes_places", False)


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
