"""Tools and schemas: a model that asks, and is told."""

import io
import json
from typing import Literal

import pytest
from mcp.server import MCPServer

from nbstream import (
    AIMessageChunk,
    BaseChatModel,
    ScriptedChat,
    create_agent,
    mcp,
    merge_chunks,
    tool,
)
from nbstream.magics._tools import MAX_ROUNDS, ToolLoop


def call(name, args, index=0):
    chunk = {"name": name, "args": args, "id": f"call_{index}", "index": index}
    return AIMessageChunk(tool_call_chunks=[chunk])


class Asking(BaseChatModel):
    """Says one list of chunks a round."""

    def __init__(self, *rounds):
        self.rounds = rounds
        self.asked = []

    def bind_tools(self, tools, **_):
        self.tools = tools
        return self

    def _stream_messages(self, messages, **_):
        self.asked.append(list(messages))
        for chunk in self.rounds[len(self.asked) - 1]:
            yield AIMessageChunk(chunk) if isinstance(chunk, str) else chunk.copy()


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def double(x: int) -> int:
    """Double a number."""
    return 2 * x


@pytest.mark.promise("README.md", "--tools f lets it call f")
def test_tools_are_called_until_there_is_an_answer(ip, run, magics, talk):
    usage = AIMessageChunk(
        "", usage_metadata={"input_tokens": 10, "output_tokens": 2, "total_tokens": 12}
    )
    model = Asking(
        ["I add", ".", call("add", '{"a": 1, "b": 2}'), call("double", '{"x": 4}', 1), usage],
        ["It is", " 3", usage],
    )
    ip.user_ns.update(model=model, add=add, double=double)
    assert run("%%chat -m model --tools add double --as answer\nAdd") == ("I add|.|\n\nIt is| 3\n")
    assert [one.name for one in model.tools] == ["add", "double"]
    told = model.asked[1][-2:]
    assert [(one.content, one.tool_call_id) for one in told] == [("3", "call_0"), ("8", "call_1")]
    last = magics.session.last
    assert ip.user_ns["answer"].text == "I add.\n\nIt is 3"
    assert ip.user_ns["answer"].tool_calls == []
    assert ip.user_ns["answer"].usage_metadata["output_tokens"] == 4
    assert (magics.session.input_tokens, magics.session.output_tokens) == (20, 4)
    steps = [(run.run_type, run.name) for run in last.trace.runs]
    assert steps == [
        ("chain", "tools"),
        ("chat_model", "Asking"),
        ("tool", "add"),
        ("tool", "double"),
        ("chat_model", "Asking"),
    ]
    assert all(run.parent is last.trace.runs[0] for run in last.trace.runs[1:])
    (turn,) = talk().turns
    assert turn.answer.text == "I add.\n\nIt is 3"


def test_tools_in_the_background(ip, run, magics):
    ip.user_ns.update(model=Asking([call("add", '{"a": 1, "b": 2}')], ["3"]), add=add)
    run("%%chat -m model -T add --bg\nAdd")
    assert magics.session.last.view.result(20).text == "3"


def test_names_can_be_joined_by_commas(ip, run):
    model = Asking(["ok"])
    ip.user_ns.update(model=model, add=add, double=double)
    run("%%chat -m model --tools add,double\nAdd")
    assert len(model.tools) == 2


def test_a_tool_that_raises_ends_the_cell_with_one_line(ip, fails, talk, capsys):
    @tool
    def broken(a: int) -> int:
        """Fail."""
        return a // 0

    ip.user_ns.update(model=Asking([call("broken", '{"a": 1}')]), broken=broken)
    said = fails("%%chat -m model -T broken\nGo")
    assert said.startswith("The tool 'broken' failed: ZeroDivisionError: ")
    assert talk().turns == []
    ip.user_ns["model"].asked.clear()
    ip.run_cell("%%chat -m model -T broken --debug\nGo")
    assert "return a // 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (call("ad", '{"a": 1}'), "There is no tool 'ad'. There are: add."),
        (call("add", '{"a": "x"}'), "cannot be called with"),
        (call("add", "no json"), "The arguments are no JSON object."),
    ],
)
def test_what_the_model_gets_wrong_it_is_told(bad, told):
    model = Asking([bad], ["Sorry."])
    assert ToolLoop(model, [add]).invoke("Hi").text == "Sorry."
    message = model.asked[1][-1]
    assert told in message.content
    assert message.status == "error"


def test_it_does_not_go_on_for_ever(ip, fails):
    ip.user_ns.update(model=ScriptedChat([call("add", '{"a": 1, "b": 1}')]), add=add)
    assert f"after {MAX_ROUNDS} rounds" in fails("%%chat -m model -T add\nGo")


def test_what_is_no_tool(ip, fails, recorder):
    def undescribed(x):
        return x

    ip.user_ns.update(number=1, undescribed=undescribed, add=add, model=Asking())
    assert "'number' is of type int, not a tool" in fails("%%chat -m model -T number\nHi")
    assert "has no description" in fails("%%chat -m model -T undescribed\nHi")
    assert "Did you mean 'add'?" in fails("%%chat -m model -T ad\nHi")
    assert "cannot call tools" in fails("%%chat -m bot -T add\nHi")


def test_tools_on_the_embedded_model(ip, magics, capsys):
    # Whether it calls is its own affair; if it does, it answers once it has the result.
    def price(fruit: Literal["apple", "pear"]) -> int:
        """Say what a fruit costs."""
        return 3

    ip.user_ns["price"] = price
    result = ip.run_cell("%%chat -m local -n 200 --tools price --as answer\nWhat is a pear?")
    assert result.error_in_exec is None
    assert "Traceback" not in capsys.readouterr().out
    trace = magics.session.last.trace
    types = [run.run_type for run in trace.runs]
    assert types.count("chat_model") == 1 + types.count("tool")
    assert {*types} <= {"chain", "chat_model", "tool"}
    ends = [event for event in trace.events if event.kind in ("end", "error", "cancelled")]
    assert {event.kind for event in ends} == {"end"}
    last = [run for run in trace.runs if run.run_type == "chat_model"][-1]
    answer = merge_chunks(e.data for e in trace.events if e.kind == "chunk" and e.run is last)
    assert 1 <= answer.usage_metadata["output_tokens"] <= 200
    assert ip.user_ns["answer"].text == answer.text


def test_a_schema_on_the_embedded_model(ip, run):
    ip.user_ns["Fish"] = SCHEMA
    run("%%chat -m local -n 200 --schema Fish --as fish\nA fish!")
    assert set(ip.user_ns["fish"]) <= {"name"}  # what it says is its own affair, the form is not


SCHEMA = {"title": "Fish", "properties": {"name": {"type": "string"}}}


@pytest.mark.promise("README.md", "--schema T gives the answer a form")
def test_schema_gives_the_answer_its_form(ip, run, talk):
    ip.user_ns.update(
        model=ScriptedChat([call("Fish", '{"name": '), call("Fish", '"Goldie"}')]), Fish=SCHEMA
    )
    ip.user_ns["model"] = ScriptedChat([call("Fish", '{"name": "Goldie"}')])
    run("%%chat -m model --schema Fish --as fish\nA fish!")
    assert ip.user_ns["fish"] == {"name": "Goldie"}
    assert json.loads(talk().turns[0].answer.text) == {"name": "Goldie"}


def test_a_pydantic_schema_gives_an_instance(ip, run, talk):
    run("from pydantic import BaseModel\nclass Fish(BaseModel):\n    name: str")
    ip.user_ns["model"] = ScriptedChat([call("Fish", '{"name": "Goldie"}')])
    run("%%chat -m model -S Fish --as fish\nA fish!")
    assert ip.user_ns["fish"].name == "Goldie"
    assert json.loads(talk().turns[0].answer.text) == {"name": "Goldie"}


def test_an_answer_that_does_not_fit_is_one_line(ip, fails, talk):
    ip.user_ns.update(model=ScriptedChat(["I like fish."]), Fish=SCHEMA)
    assert "did not answer with Fish" in fails("%%chat -m model --schema Fish\nA fish!")
    assert talk().turns == []


def test_tools_and_schema_exclude_each_other(ip, fails):
    ip.user_ns.update(model=ScriptedChat(["x"]), Fish=SCHEMA, add=add)
    assert "exclude each other" in fails("%%chat -m model -S Fish -T add\nHi")


def test_what_is_no_schema(ip, fails):
    ip.user_ns.update(model=ScriptedChat(["x"]), number=1)
    assert "int 1 is no schema. Pass a pydantic model" in fails("%%chat -m model -S number\nHi")


def ends(reason):
    return AIMessageChunk("", response_metadata={"stop_reason": reason})


def test_a_call_is_run_only_if_its_message_ended_with_the_wish_to_call(ip, fails):
    called = []

    @tool
    def delete(path: str = "/") -> str:
        """Delete a file."""
        called.append(path)
        return "gone"

    ip.user_ns.update(delete=delete, model=Asking([call("delete", "{}"), ends("max_tokens")]))
    assert "ended (max_tokens)" in fails("%%chat -m model --tools delete\nTidy up")
    assert called == []
    ip.user_ns["model"] = Asking([call("delete", "{}"), ends("tool_use")], ["Done."])
    assert ip.run_cell("%%chat -m model --tools delete\nTidy up").success
    assert called == ["/"]


def test_a_turn_that_pauses_goes_on(ip, run):
    model = Asking(["Searching", ends("pause_turn")], ["Found."])
    ip.user_ns.update(model=model, add=add)
    run("%%chat -m model --tools add --as answer\nSearch")
    assert ip.user_ns["answer"].text == "Searching\n\nFound."
    assert model.asked[1][-1].text == "Searching"


def test_approve_asks_before_each_call(ip, run, fails, monkeypatch):
    ip.user_ns.update(model=Asking([call("add", '{"a": 1, "b": 2}')], ["3"]), add=add)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    run("%%chat -m model --tools add --approve\nAdd")
    assert "nobody is there to give it" in ip.user_ns["model"].asked[1][-1].content
    assert "add --tools" in fails("%%chat -m model --approve\nAdd")


def test_servers_of_tools(ip, run, fails):
    server = MCPServer("sums")
    server.tool(name="double", description="Double a number.")(double)
    ip.user_ns.update(
        model=Asking([call("double", '{"x": 4}')], ["8"]), server=mcp(server), add=add
    )
    run("%%chat -m model --mcp server --tools add --as answer\nDouble 4")
    assert ip.user_ns["model"].asked[1][-1].content == "8"
    assert "not a server of tools" in fails("%%chat -m model --mcp add\nHi")
    said = fails("%%chat -m model --mcp 'no-such-command --stdio'\nHi")
    assert "could not be started" in said


def test_an_agent_is_asked_by_its_variable(ip, run, fails, talk):
    model = Asking(["I add.", call("add", '{"a": 1, "b": 2}')], ["It is", " 3."], ["Again."])
    ip.user_ns.update(agent=create_agent(model, [add]), add=add)
    assert run("%%chat -m agent --as answer\nAdd") == "I add.\n\nIt is| 3.\n"
    assert ip.user_ns["answer"]["messages"][-1].text == "It is 3."
    run("%%chat -m agent\nOnce more")
    assert [one.text for one in model.asked[2]] == ["Add", "I add.\n\nIt is 3.", "Once more"]
    assert [turn.answer.text for turn in talk().turns] == ["I add.\n\nIt is 3.", "Again."]
    assert "brings its own" in fails("%%chat -m agent --tools add\nHi")
