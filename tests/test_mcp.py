"""Servers of tools by the Model Context Protocol: a real one, as a process and by HTTP."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from mcp.server import MCPServer
from mcp.server.mcpserver import Context

from nbstream import InputError, SetupError, Trace, create_agent, mcp
from nbstream.jobs import Job

from .agents import Asking, call

COMMAND = [sys.executable, str(Path(__file__).parent / "fixtures" / "mcp_server.py")]


def run(agent, way, given="Hi"):
    if way == "sync":
        return agent.invoke(given)["messages"]
    return asyncio.run(agent.ainvoke(given))["messages"]


both = pytest.mark.parametrize("way", ["sync", "async"])


def wait_gone(pid):
    """Wait until a process has ended."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        if "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text():
            return
        time.sleep(0.02)
    raise AssertionError("the server goes on")


@both
def test_its_tools_are_called_and_it_ends_with_the_run(way):
    calls = [call("add", '{"a": 1, "b": 2}', 0), call("pid", "{}", 1), call("broken", "{}", 2)]
    model = Asking([*calls, call("add", '{"a": "x"}', 3)], ["Done."])
    results = run(create_agent(model, [mcp(COMMAND)]), way)[2:6]
    assert model.bound[0][0] == ["add", "broken", "pid", "variable", "forever"]
    assert [one.status for one in results] == ["success", "success", "error", "error"]
    assert results[0].content == "3"
    assert "broken" in results[2].content  # the SDK keeps what it was to the server
    assert "cannot be called with" in results[3].content
    wait_gone(int(results[1].content))


def test_a_tools_progress_is_in_the_log():
    server = MCPServer("here")

    @server.tool()
    async def slow(context: Context) -> str:
        """Tell how far it is."""
        await context.report_progress(1, 2, "half")
        return "done"

    with Trace() as trace:
        run(create_agent(Asking([call("slow", "{}")], ["Done."]), [mcp(server)]), "sync")
    told = [(e.run.name, e.data) for e in trace.events if e.kind == "custom"]
    assert told == [("slow", ("progress", {"progress": 1.0, "total": 2.0, "message": "half"}))]


def test_it_ends_with_an_error():
    pids = []

    class Failing(Asking):
        def _stream_messages(self, messages, **kwargs):
            if messages[-1].type == "tool":
                pids.append(int(messages[-1].content))
                raise OSError("the model is gone")
            yield from super()._stream_messages(messages, **kwargs)

    with pytest.raises(OSError, match="the model is gone"):
        run(create_agent(Failing([call("pid", "{}")]), [mcp(COMMAND)]), "sync")
    wait_gone(pids[0])


@pytest.mark.promise("docs/agents.md", "ended when that is over, also by an error or Stop")
@pytest.mark.parametrize("is_apart", [True, False], ids=["loop", "thread"])
def test_it_ends_with_a_stop_in_the_middle_of_a_call(is_apart):
    trace = Trace()
    begun, pids = threading.Event(), []

    def hear(event):
        if event.kind == "start" and event.run.name == "forever":
            begun.set()
        if event.kind == "end" and event.run.name == "pid":
            pids.append(int(event.data.content))

    trace.subscribe(hear)
    model = Asking([call("pid", "{}")], [call("forever", "{}", 1)])
    job = Job(trace)
    source = create_agent(model, [mcp(COMMAND)])
    job.start(job.open(source, "Go.", is_async=is_apart), is_apart=is_apart)
    assert begun.wait(30)
    job.stop()
    state = job.result(30)
    assert job.status == "stopped"
    assert [one.type for one in state["messages"]] == ["human", "ai", "tool", "ai", "tool"]
    wait_gone(pids[0])


@pytest.mark.promise("docs/agents.md", "In a with block it stays for the block")
def test_in_a_block_it_goes_on(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "sk-secret")
    server = mcp(COMMAND, env={"GIVEN": "yes"})
    agent = create_agent(Asking([call("pid", "{}")], ["1"], [call("pid", "{}")], ["2"]), [server])
    with server as tools:
        assert [one.name for one in tools][:2] == ["add", "broken"]
        assert tools[0].invoke({"a": 2, "b": 2}) == "4"
        variable = next(one for one in tools if one.name == "variable")
        told = [variable.invoke({"name": name}) for name in ("SOME_API_KEY", "GIVEN")]
        assert told == ["none", "yes"]  # of this process's variables it has no key
        first, second = (run(agent, "sync")[2].content for _ in range(2))
    assert first == second
    wait_gone(int(first))


def test_by_http():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([*COMMAND, "http", str(port)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        url = f"http://127.0.0.1:{port}/mcp"
        for server in (mcp(url), mcp(url, headers={"Authorization": "Bearer x"})):
            model = Asking([call("add", '{"a": 1, "b": 2}')], ["Done."])
            assert run(create_agent(model, [server]), "sync")[2].content == "3"
    finally:
        process.terminate()
        process.wait(30)


@both
@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("no-such-command-here --stdio", "no-such-command-here"),
        ([sys.executable, "-c", "raise SystemExit('no key is set')"], "no key is set"),
        ("http://127.0.0.1:9/mcp", "could not be started"),
    ],
)
def test_one_that_cannot_be_started_is_said(way, server, said):
    with pytest.raises(SetupError, match=said):
        run(create_agent(Asking(["Hello."]), [mcp(server)]), way)


@pytest.mark.parametrize("server", [1, "", [1], None])
def test_what_is_no_server(server):
    with pytest.raises(InputError, match=r"is no (command|server)"):
        mcp(server)


def test_two_tools_of_one_name_are_refused():
    one, two = MCPServer("one"), MCPServer("two")
    for server in (one, two):
        server.tool(name="look")(lambda: "x")
    with pytest.raises(InputError, match="Two tools are named 'look'"):
        run(create_agent(Asking(["Hello."]), [mcp(one), mcp(two)]), "sync")
