"""The server of the embedded model: who keeps it busy, and with what."""

import os
import socket
import threading
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from nbstream import ChatLocal
from nbstream.models._cores import usable_cores
from nbstream.models._engine import Setup, server_of

HALF = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\n"


def half_open(stack):
    """Return a connection on which a request has begun."""
    where = urlsplit(server_of(Setup()).url)
    connection = stack.enter_context(socket.create_connection((where.hostname, where.port)))
    connection.sendall(HALF)
    return connection


def test_requests_that_never_end_keep_nobody_waiting():
    ended = threading.Event()

    def go_on():
        # A little now and then, so that the server does not give any of them up.
        while not ended.wait(1):
            for connection in connections:
                connection.sendall(b"X: y\r\n")

    with ExitStack() as stack:
        connections = [half_open(stack) for _ in range(64)]
        dripping = threading.Thread(target=go_on)
        dripping.start()
        try:
            answered = threading.Event()

            def ask():
                ChatLocal(max_tokens=2).invoke("Hi")
                answered.set()

            asking = threading.Thread(target=ask, daemon=True)
            asking.start()
            assert answered.wait(30)
            asking.join()
        finally:
            ended.set()
            dripping.join()


def test_a_request_that_does_not_go_on_is_given_up():
    with ExitStack() as stack:
        connection = half_open(stack)
        connection.settimeout(60)
        while connection.recv(1024):
            pass


def test_nothing_that_is_shown_of_a_server_has_its_key():
    server = server_of(Setup())
    key = server.key.reveal()
    assert len(key) >= 32
    model = ChatLocal()
    model.invoke("Hi")
    for one in (server, [server], model, model.endpoint, model._chat(), vars(model)):
        assert key not in repr(one)
        assert key not in str(one)
        assert key not in f"{one}"


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 64),
        ({"sys/fs/cgroup/cpu.max": "max 100000\n"}, 64),
        ({"sys/fs/cgroup/cpu.max": "250000 100000\n"}, 2),
        ({"sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
        ({"sys/fs/cgroup/cpu.max": "nonsense"}, 64),
        ({"sys/fs/cgroup/cpu.max": "1 0"}, 64),
        # Outside a container's own view, the group's name leads there; what is above counts, too.
        (
            {
                "proc/self/cgroup": "0::/system.slice/docker-1.scope/init\n",
                "sys/fs/cgroup/system.slice/docker-1.scope/cpu.max": "300000 100000\n",
                "sys/fs/cgroup/system.slice/docker-1.scope/init/cpu.max": "max 100000\n",
            },
            3,
        ),
        (
            {
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "400000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            4,
        ),
        (
            {
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            64,
        ),
        (
            {
                "proc/self/cgroup": "5:memory:/docker/1\n4:cpu,cpuacct:/docker/1\nnonsense\n",
                "sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us": "200000\n",
                "sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us": "100000\n",
            },
            2,
        ),
    ],
)
def test_a_containers_share_of_the_machine_counts(files, cores, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    for name, text in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert usable_cores(tmp_path) == cores


def test_threads_heed_that_share(monkeypatch):
    from nbstream.models import _engine

    for cores, threads in ((1, 1), (2, 1), (4, 3), (64, 4)):
        monkeypatch.setattr(_engine, "usable_cores", lambda cores=cores: cores)
        assert _engine._threads() == threads
