"""`create_agent`: a model and its tools, until there is an answer."""

import asyncio
import threading

import pytest

from nbstream import (
    AgentLimitError,
    AIMessage,
    AIMessageChunk,
    Conversation,
    HumanMessage,
    InputError,
    ParseError,
    RunnableConfig,
    RunnableLambda,
    ScriptedChat,
    SystemMessage,
    Tool,
    ToolMessage,
    Trace,
    create_agent,
    dispatch_custom_event,
    show,
    tool,
)
from nbstream.jobs import Job

from .agents import Asking, call

FISH = {
    "title": "Fish",
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
}


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
def broken(a: int) -> int:
    """Fail."""
    raise OSError("no such disk")


def adding():
    return Asking(["I add.", call("add", '{"a": 1, "b": 2}')], ["It is", " 3."])


def run(agent, way, given="Hi", **kwargs):
    """Call an agent in one of two ways."""
    if way == "sync":
        return agent.invoke({"messages": given}, **kwargs)
    return asyncio.run(agent.ainvoke({"messages": given}, **kwargs))


def streamed(agent, way, given="Hi", config=None, **kwargs):
    if way == "sync":
        return list(agent.stream({"messages": given}, config, **kwargs))

    async def all_of():
        return [one async for one in agent.astream({"messages": given}, config, **kwargs)]

    return asyncio.run(all_of())


both = pytest.mark.parametrize("way", ["sync", "async"])


def kinds(messages):
    return [one.type for one in messages]


@both
def test_it_returns_the_whole_conversation(way):
    model = adding()
    agent = create_agent(model, [add], system_prompt="Be brief.", name="sums")
    result = run(agent, way, [HumanMessage("Add 1 and 2.")])
    assert [*result] == ["messages"]
    assert kinds(result["messages"]) == ["human", "ai", "tool", "ai"]
    assert result["messages"][2].content == "3"
    assert result["messages"][-1].text == "It is 3."
    assert model.asked[1][0] == SystemMessage("Be brief.")
    assert model.asked[1][1:] == result["messages"][:-1]


@both
def test_all_is_streamed_and_logged(way):
    def work(x: int) -> int:
        """Work."""
        dispatch_custom_event("progress", x)
        return x

    agent = create_agent(Asking([call("work", '{"x": 1}')], ["Do", "ne."]), [work], name="worker")
    with Trace() as trace:
        run(agent, way)
    assert [(one.name, one.run_type, one.parent and one.parent.name) for one in trace.runs] == [
        ("worker", "chain", None),
        ("Asking", "chat_model", "worker"),
        ("work", "tool", "worker"),
        ("Asking", "chat_model", "worker"),
    ]
    told = [e.data for e in trace.events if e.kind == "custom"]
    assert told == [("progress", 1)]
    assert [e.data.text for e in trace.events if e.kind == "chunk" and e.run.index == 3] == [
        "Do",
        "ne.",
    ]
    assert trace.output(trace.runs[0])["messages"][-1].text == "Done."


@pytest.mark.promise("docs/agents.md", "Calls of one turn run at the same time")
@both
def test_calls_of_one_turn_are_made_at_the_same_time(way):
    together = threading.Barrier(3, timeout=20)

    def meet(x: int) -> int:
        """Wait for the others."""
        together.wait()
        return x

    calls = [call("meet", f'{{"x": {i}}}', i) for i in range(3)]
    agent = create_agent(Asking(calls, ["Done."]), [meet])
    messages = run(agent, way)["messages"]
    assert [one.content for one in messages[2:5]] == ["0", "1", "2"]  # in the order of the calls


@both
def test_calls_at_the_same_time_are_bounded(way):
    most, now, lock = 0, 0, threading.Lock()

    def count(x: int) -> int:
        """Count how many there are."""
        nonlocal most, now
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.01)
        with lock:
            now -= 1
        return x

    calls = [call("count", f'{{"x": {i}}}', i) for i in range(6)]
    agent = create_agent(Asking(calls, ["Done."]), [count])
    assert len(run(agent, way, config={"max_concurrency": 2})["messages"]) == 9
    assert most <= 2


@pytest.mark.promise("docs/agents.md", "is told to the model as the call's result")
@both
def test_the_model_is_told_what_a_tool_raised(way):
    model = Asking([call("broken", '{"a": 1}')], ["Sorry."])
    with Trace() as trace:
        result = run(create_agent(model, [broken]), way)
    told = result["messages"][2]
    assert (told.status, told.content) == ("error", "OSError: no such disk")
    assert model.asked[1][-1] == told
    ends = {e.run.name: e.kind for e in trace.events if e.kind in ("end", "error")}
    assert ends == {"agent": "end", "Asking": "end", "broken": "error"}


def test_the_model_is_told_no_key_that_an_error_quotes(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefghijklmnop123")

    def look(a: int) -> int:
        """Look."""
        raise OSError("401 for sk-abcdefghijklmnop123")

    result = run(create_agent(Asking([call("look", '{"a": 1}')], ["Oh."]), [look]), "sync")
    assert "abcdefghijklmnop" not in result["messages"][2].content


@both
@pytest.mark.parametrize(
    ("bad", "told"),
    [
        (call("ad", '{"a": 1}'), "There is no tool 'ad'. There are: add."),
        (call("add", '{"a": "x"}'), "cannot be called with"),
        (call("add", "no json"), "The arguments are no JSON object."),
    ],
)
def test_the_model_is_told_what_it_got_wrong(way, bad, told):
    result = run(create_agent(Asking([bad], ["Sorry."]), [add]), way)
    assert told in result["messages"][2].content
    assert result["messages"][2].status == "error"


@both
def test_it_ends_at_its_limit_of_steps_with_the_history(way):
    agent = create_agent(ScriptedChat([call("add", '{"a": 1, "b": 1}')]), [add])
    with pytest.raises(AgentLimitError, match="after 4 steps") as caught:
        run(agent, way, config={"recursion_limit": 4})
    assert isinstance(caught.value, RecursionError)
    assert kinds(caught.value.messages) == ["human", "ai", "tool", "ai", "tool"]


def used(total):
    usage = {"input_tokens": total, "output_tokens": 0, "total_tokens": total}
    return AIMessageChunk("", usage_metadata=usage)


@pytest.mark.promise("docs/agents.md", "bounds what one call of the agent may use")
@both
@pytest.mark.parametrize(
    ("budget", "said", "count"),
    [
        ({"tokens": 100}, "has used 100 of its 100 tokens", 1),
        ({"calls": 2}, "more than its 2 calls", 3),
        ({"seconds": 1e-9}, "has had its 1e-09 seconds", 0),
    ],
)
def test_it_ends_when_its_budget_is_used_up(way, budget, said, count):
    model = ScriptedChat([call("add", '{"a": 1, "b": 1}'), used(100)])
    with pytest.raises(AgentLimitError, match=said) as caught:
        run(create_agent(model, [add], budget=budget), way)
    messages = caught.value.messages
    assert [one.type for one in messages].count("ai") == count
    assert_valid(messages)


def assert_valid(messages):
    """Every call has its result, right behind its message."""
    for at, message in enumerate(messages):
        if isinstance(message, AIMessage):
            ids = [one["id"] for one in message.tool_calls]
            results = messages[at + 1 : at + 1 + len(ids)]
            assert [getattr(one, "tool_call_id", None) for one in results] == ids


@pytest.mark.promise("docs/agents.md", "cut off in the middle of its calls runs none of them")
@both
def test_no_call_is_made_of_an_answer_that_was_cut_off(way):
    cut = AIMessageChunk("", response_metadata={"stop_reason": "max_tokens"})
    called = []
    one = Tool(called.append, name="add", description="Add.", args_schema=add.args_schema)
    with pytest.raises(AgentLimitError, match="max_tokens") as caught:
        run(create_agent(Asking([call("add", '{"a": 1, "b": 1}'), cut]), [one]), way)
    assert called == []
    assert_valid(caught.value.messages)


@both
def test_an_answer_has_its_form(way):
    model = Asking(
        [call("add", '{"a": 1, "b": 2}')], [call("Fish", '{"nom": 1}')], [call("Fish", "{}")]
    )
    agent = create_agent(model, [add], response_format=FISH)
    result = run(agent, way)
    assert result["structured_response"] == {"nom": 1}  # a JSON schema is the provider's to hold
    assert kinds(result["messages"]) == ["human", "ai", "tool", "ai", "tool"]
    assert model.bound[-1][0] == ["add", "Fish"]


@both
def test_a_form_that_does_not_fit_is_told_and_tried_again(way):
    from pydantic import BaseModel

    class Fish(BaseModel):
        """A fish."""

        name: str

    model = Asking([call("Fish", '{"nom": 1}')], [call("Fish", '{"name": "Goldie"}', 1)])
    result = run(create_agent(model, response_format=Fish), way)
    assert result["structured_response"] == Fish(name="Goldie")
    assert "does not fit Fish" in result["messages"][2].content


@pytest.mark.promise("docs/agents.md", "one in words is asked for once more, in the form")
@both
def test_an_answer_in_words_is_asked_for_once_more_in_its_form(way):
    model = Asking(["A goldfish."], [call("Fish", '{"name": "Goldie"}')])
    agent = create_agent(model, [add], response_format=FISH)
    assert run(agent, way)["structured_response"] == {"name": "Goldie"}
    assert (["Fish"], {"tool_choice": "Fish"}) in model.bound


def test_an_answer_that_never_has_its_form_is_an_error():
    with pytest.raises(ParseError, match="did not answer with Fish"):
        run(create_agent(ScriptedChat(["No."]), response_format=FISH), "sync")


@pytest.mark.promise("docs/agents.md", "yields the conversation after each step")
@both
def test_stream_modes(way):
    agent = create_agent(adding(), [add])
    updates = streamed(agent, way)
    assert [(*one,) for one in updates] == [("model",), ("tools",), ("model",)]
    assert updates[1]["tools"]["messages"][0].content == "3"

    agent = create_agent(adding(), [add])
    values = [len(one["messages"]) for one in streamed(agent, way, stream_mode="values")]
    assert values == [1, 2, 3, 4]

    agent = create_agent(adding(), [add])
    parts = streamed(agent, way, stream_mode=["messages", "updates"])
    texts = [(one.text, at["langgraph_node"]) for mode, (one, at) in split(parts, "messages")]
    assert [one for one in texts if one[0]] == [
        ("I add.", "model"),
        ("3", "tools"),
        ("It is", "model"),
        (" 3.", "model"),
    ]
    with pytest.raises(InputError, match="stream_mode"):
        streamed(agent, way, stream_mode="debug")


def split(parts, mode):
    return [one for one in parts if one[0] == mode]


@both
def test_it_is_a_step_of_a_chain(way):
    chain = create_agent(adding(), [add]) | RunnableLambda(lambda got: got["messages"][-1].text)
    if way == "sync":
        assert list(chain.stream("Hi")) == ["It is 3."]
        return

    async def texts():
        return [one async for one in chain.astream("Hi")]

    assert asyncio.run(texts()) == ["It is 3."]


@both
def test_a_tool_gets_the_config(way):
    seen = []

    def look(x: int, config: RunnableConfig) -> int:
        """Look."""
        seen.append(config["configurable"]["user"])
        return x

    agent = create_agent(Asking([call("look", '{"x": 1}')], ["ok"]), [look])
    run(agent, way, config={"configurable": {"user": "Ada"}})
    assert seen == ["Ada"]


@pytest.mark.promise("docs/agents.md", "so it can be gone on with")
@pytest.mark.parametrize("is_apart", [True, False])
def test_stopped_it_leaves_a_history_that_can_be_gone_on_with(is_apart):
    begun, release = threading.Event(), threading.Event()

    def wait_for_it(x: int) -> int:
        """Wait."""
        begun.set()
        release.wait(20)
        return x

    model = Asking(["I wait.", call("wait_for_it", '{"x": 1}')], ["Done."])
    agent = create_agent(model, [wait_for_it])
    job = Job()
    job.start(job.open(agent, {"messages": "Go."}, is_async=is_apart), is_apart=is_apart)
    assert begun.wait(20)
    job.stop()
    state = job.result(20)
    release.set()
    assert job.status == "stopped"
    assert kinds(state["messages"]) == ["human", "ai", "tool"]
    assert_valid(state["messages"])
    assert state["messages"][-1].content == "Stopped before there was a result."
    more = [*state["messages"], HumanMessage("Go on.")]
    again = agent.invoke({"messages": more})
    assert again["messages"][-1].text == "Done."
    assert model.asked[1] == more


def test_stopped_in_a_text_it_keeps_that():
    class Slow(Asking):
        def _stream_messages(self, messages, **_):
            yield AIMessageChunk("One, ")
            begun.set()
            release.wait(20)
            yield AIMessageChunk("two.")

    begun, release = threading.Event(), threading.Event()
    job = Job()
    job.start(job.open(create_agent(Slow()), "Count."), is_apart=False)
    assert begun.wait(20)
    job.stop()
    state = job.result(20)
    release.set()
    last = state["messages"][-1]
    assert (last.type, last.text) == ("ai", "One, ")
    assert last.response_metadata == {"stop_reason": "stopped"}


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: create_agent(ScriptedChat([]), [1]), "int 1 is no tool"),
        (lambda: create_agent(ScriptedChat([]), [add, add]), "Two tools are named 'add'"),
        (lambda: create_agent(ScriptedChat([]), system_prompt=1), "system_prompt is a text"),
        (lambda: create_agent(ScriptedChat([]), budget={"token": 1}), "A budget is a dict"),
        (lambda: create_agent(ScriptedChat([]), response_format=1), "response_format is a schema"),
        (lambda: create_agent(ScriptedChat([]), approve=1), "approve is a function"),
        (lambda: create_agent(ScriptedChat([])).invoke({"message": 1}), "needs messages"),
    ],
)
def test_what_cannot_be_used_is_said(made, said):
    with pytest.raises(InputError, match=said):
        made()


def test_a_call_without_an_id_gets_one():
    chunk = {"name": "add", "args": '{"a": 1, "b": 2}', "id": None, "index": 0}
    model = Asking([AIMessageChunk(tool_call_chunks=[chunk])], ["3"])
    messages = run(create_agent(model, [add]), "sync")["messages"]
    assert_valid(messages)
    assert isinstance(messages[2], ToolMessage)
    assert messages[2].tool_call_id


def test_in_a_view_the_models_inside_say_what_there_is_to_read(capsys):
    view = show(create_agent(adding(), [add]), {"messages": "Add."})
    assert view.text == "I add.\n\nIt is 3."
    assert kinds(view.value["messages"]) == ["human", "ai", "tool", "ai"]
    assert capsys.readouterr().out == "I add.\n\nIt is| 3.\n"


def test_in_a_conversation_it_answers_with_what_it_said():
    model = Asking(*adding().turns, ["Again 3."])
    conversation = Conversation(create_agent(model, [add]))
    first = conversation.ask("Add.")
    first.result(20)
    second = conversation.ask("Again.")
    second.result(20)
    assert (first.answer.text, second.answer.text) == ("I add.\n\nIt is 3.", "Again 3.")
    assert [one.text for one in model.asked[2]] == ["Add.", "I add.\n\nIt is 3.", "Again."]


def test_calls_of_one_id_have_a_result_each():
    same = [call("add", f'{{"a": 1, "b": {i}}}', i) for i in range(2)]
    for one in same:
        one.tool_call_chunks[0]["id"] = "same"
    messages = run(create_agent(Asking(same, ["Done."]), [add]), "sync")["messages"]
    assert_valid(messages)
    assert [one.content for one in messages[2:4]] == ["1", "2"]
    assert messages[2].tool_call_id != messages[3].tool_call_id


@both
def test_a_tool_that_writes_its_own_message_answers_its_call(way):
    def look(x: int) -> ToolMessage:
        """Look."""
        return ToolMessage("seen", "?", artifact=x)

    messages = run(create_agent(Asking([call("look", '{"x": 1}')], ["ok"]), [look]), way)[
        "messages"
    ]
    assert_valid(messages)
    assert (messages[2].content, messages[2].artifact) == ("seen", 1)


def test_with_a_config_of_its_own_it_reads_the_same(capsys):
    agent = create_agent(adding(), [add]).with_config({"recursion_limit": 9})
    view = show(agent, {"messages": "Add."})
    assert view.text == "I add.\n\nIt is 3."
    assert kinds(view.value["messages"]) == ["human", "ai", "tool", "ai"]
    assert capsys.readouterr().out == "I add.\n\nIt is| 3.\n"
