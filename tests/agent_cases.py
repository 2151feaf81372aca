"""Logs of agents behind the golden fixtures: what there is to read as a conversation."""

from nbstream import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    ProviderError,
    SystemMessage,
    ToolMessage,
    Trace,
)

from .logs import USAGE, log, run

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
DONE = AIMessageChunk("", response_metadata={"stop_reason": "end_turn"}, usage_metadata=USAGE)
ASKS = AIMessageChunk("", response_metadata={"stop_reason": "tool_use"}, usage_metadata=USAGE)


def thought(text):
    return AIMessageChunk([{"type": "thinking", "thinking": text, "index": 0}])


def call(index, args, name=None, id=None):
    piece = {"name": name, "args": args, "id": id, "index": index}
    return AIMessageChunk(tool_call_chunks=[piece])


def block(index, **keys):
    return AIMessageChunk([{**keys, "index": index}])


def asked(name, id, **args):
    return {"name": name, "args": args, "id": id, "type": "tool_call"}


def parallel_tools():
    """Two model calls; of two tools at once the second is done first, and the first fails."""
    trace = Trace()
    prompt = {"messages": [{"role": "user", "content": "How warm is it in Paris and Oslo?"}]}
    agent = run(trace, "agent", input=prompt)
    asks = run(trace, "M", "chat_model", agent, "m", input="Hi")
    paris = run(trace, "weather", "tool", agent, input=asked("weather", "c1", city="Paris"))
    oslo = run(trace, "weather", "tool", agent, input=asked("weather", "c2", city="Oslo"))
    says = run(trace, "M", "chat_model", agent, "m", input="Hi")
    return log(
        trace,
        (0, "start", agent),
        (1, "start", asks),
        (2, "chunk", asks, thought("Two places.")),
        (3, "chunk", asks, AIMessageChunk("I look.")),
        (4, "chunk", asks, call(1, "", "weather", "c1")),
        (5, "chunk", asks, call(2, "", "weather", "c2")),
        (6, "chunk", asks, call(1, '{"city": "Pa')),
        (7, "chunk", asks, call(2, '{"city": "Oslo"}')),
        (8, "chunk", asks, call(1, 'ris"}')),
        (9, "chunk", asks, ASKS),
        (10, "end", asks),
        (11, "start", paris),
        (12, "start", oslo),
        (20, "end", oslo, ToolMessage("12 °C", "c2", name="weather")),
        (21, "error", paris, ValueError("No <b>Paris</b>.")),
        (22, "start", says),
        (23, "chunk", says, AIMessageChunk("In Oslo it has")),
        (24, "chunk", says, AIMessageChunk(" 12 °C.")),
        (25, "chunk", says, DONE),
        (26, "end", says),
        (27, "end", agent, {"messages": ["In Oslo it has 12 °C."]}),
    )


def running_tool():
    """A tool under way: it says how far it is, and so does a step in it; without a call's id."""
    trace = Trace()
    agent = run(trace, "agent", input="Count")
    asks = run(trace, "M", "chat_model", agent, "m", input="Count")
    tool = run(trace, "count", "tool", agent, input={"to": 3})
    step = run(trace, "step", "chain", tool, input=3)
    return log(
        trace,
        (0, "start", agent),
        (1, "start", asks),
        (2, "chunk", asks, call(0, '{"to": 3}', "count", "c1")),
        (3, "chunk", asks, ASKS),
        (4, "end", asks),
        (5, "start", tool),
        (6, "custom", tool, ("progress", {"done": 1})),
        (7, "chunk", tool, "one "),
        (8, "start", step),
        (9, "custom", step, ("note", "almost <there>")),
        (10, "chunk", tool, "two "),
    )


def sub_agent():
    """A tool that asks a model of its own, which calls a tool in turn."""
    trace = Trace()
    agent = run(trace, "agent", input="Plan a trip")
    asks = run(trace, "M", "chat_model", agent, "m", input="Plan a trip")
    plan = run(trace, "plan", "tool", agent, input=asked("plan", "c1", to="Oslo"))
    inner = run(trace, "planner", "chain", plan, input="Oslo")
    first = run(trace, "Inner", "chat_model", inner, "n", input="Oslo")
    search = run(trace, "search", "tool", inner, input={"q": "trains"})
    second = run(trace, "Inner", "chat_model", inner, "n", input="Oslo")
    says = run(trace, "M", "chat_model", agent, "m", input="Plan a trip")
    return log(
        trace,
        (0, "start", agent),
        (1, "start", asks),
        (2, "chunk", asks, call(0, '{"to": "Oslo"}', "plan", "c1")),
        (3, "end", asks),
        (4, "start", plan),
        (5, "start", inner),
        (6, "start", first),
        (7, "chunk", first, AIMessageChunk("First, trains.")),
        (8, "chunk", first, call(0, '{"q": "trains"}', "search", "c1")),
        (9, "end", first),
        (10, "start", search),
        (11, "end", search, ["07:12", "09:12"]),
        (12, "start", second),
        (13, "chunk", second, AIMessageChunk("Take the 07:12.")),
        (14, "end", second),
        (15, "end", inner, "Take the 07:12."),
        (16, "end", plan, ToolMessage("Take the 07:12.", "c1", name="plan")),
        (17, "start", says),
        (18, "chunk", says, AIMessageChunk("Leave at 07:12.")),
        (19, "end", says),
        (20, "end", agent, "Leave at 07:12."),
    )


def ends_in_a_parser():
    """Two models and a parser: the chain's own text runs them together."""
    trace = Trace()
    chain = run(trace, "RunnableSequence", input={"q": "12 + 30?"})
    asked_for = [SystemMessage("Be brief."), HumanMessage("12 + 30?")]
    asks = run(trace, "M", "chat_model", chain, "m", input=asked_for)
    tool = run(trace, "add", "tool", chain, input={"a": 12, "b": 30})
    says = run(trace, "M", "chat_model", chain, "m", input="Hi")
    parser = run(trace, "StrOutputParser", "parser", chain, streamed_input=["# Result"])
    return log(
        trace,
        (0, "start", chain),
        (1, "start", asks),
        (2, "chunk", asks, thought("They want a sum.")),
        (3, "chunk", asks, AIMessageChunk("Let me add these.")),
        (3, "chunk", chain, "Let me add these."),
        (4, "chunk", asks, call(1, '{"a": 12, "b": 30}', "add", "c1")),
        (5, "end", asks),
        (6, "start", tool),
        (7, "end", tool, 42),
        (8, "start", says),
        (8, "start", parser),
        (9, "chunk", says, AIMessageChunk("# Result")),
        (9, "chunk", parser, "# Result"),
        (9, "chunk", chain, "# Result"),
        (10, "end", says),
        (10, "end", parser),
        (11, "end", chain),
    )


def cited():
    """Sources: in blocks before and behind their text, of a plain text, and of the whole."""
    page = {"type": "web_search_result_location", "url": "https://a.example/x", "title": "A <x>"}
    page["cited_text"] = "It is so."
    book = {"type": "char_location", "document_title": "The book", "cited_text": "So it is."}
    trace = Trace()
    model = run(trace, "M", "chat_model", model="m", input="Why?")
    plain = run(trace, "M", "chat_model", model="m", input="Why?")
    span = {"type": "citation", "url": "https://b.example", "title": "B", "start_index": 0}
    return log(
        trace,
        (0, "start", model),
        (1, "chunk", model, block(0, type="text", text="", citations=[page])),
        (2, "chunk", model, block(0, type="text", text="It is")),
        (3, "chunk", model, block(0, type="text", text=" so.")),
        (4, "chunk", model, block(1, type="text", text=" Indeed.")),
        (5, "chunk", model, block(1, type="text", text="", citations=[book, page])),
        (6, "chunk", model, block(2, type="text", text=" The end.")),
        (7, "end", model),
        (10, "start", plain),
        (11, "chunk", plain, AIMessageChunk("Because.")),
        (
            12,
            "chunk",
            plain,
            AIMessageChunk("", additional_kwargs={"citations": [{**span, "end_index": 8}]}),
        ),
        (
            13,
            "chunk",
            plain,
            AIMessageChunk(
                "",
                additional_kwargs={
                    "citations": [
                        {"type": "citation", "url": "javascript:alert(1)", "title": "Bad"},
                        {"sources": [{"id": "doc-1", "document": {"title": "C"}}, {"id": "d2"}]},
                    ]
                },
            ),
        ),
        (14, "end", plain),
    )


def server_tools():
    """Tools at the provider's end: Anthropic's in two blocks, OpenAI's in one."""
    found = [
        {"type": "web_search_result", "url": "https://a.example", "title": "A"},
        {"type": "web_search_result", "url": "https://b.example", "title": ""},
    ]
    failed = {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}
    trace = Trace()
    model = run(trace, "M", "chat_model", model="m", input="Search")
    other = run(trace, "M", "chat_model", model="m", input="Search")
    uses = {"type": "server_tool_use", "name": "web_search", "input": {}}
    return log(
        trace,
        (0, "start", model),
        (1, "chunk", model, AIMessageChunk("I search.")),
        (2, "chunk", model, block(1, **uses, id="s1")),
        (3, "chunk", model, block(1, type="input_json_delta", partial_json='{"query": "news')),
        (4, "chunk", model, block(1, type="input_json_delta", partial_json=' <b>"}')),
        (
            5,
            "chunk",
            model,
            block(2, type="web_search_tool_result", tool_use_id="s1", content=found),
        ),
        (6, "chunk", model, block(3, **uses, id="s2")),
        (
            7,
            "chunk",
            model,
            block(4, type="web_search_tool_result", tool_use_id="s2", content=failed),
        ),
        (8, "chunk", model, block(5, type="text", text="Nothing new.")),
        (9, "end", model),
        (10, "start", other),
        (11, "chunk", other, block(0, type="web_search_call", id="w1")),
        (
            12,
            "chunk",
            other,
            block(
                0,
                type="web_search_call",
                status="completed",
                action={"type": "search", "query": "news"},
            ),
        ),
        (13, "chunk", other, block(1, type="code_interpreter_call", id="k1", code="print(")),
        (14, "chunk", other, block(1, type="code_interpreter_call", code="1)")),
        (
            15,
            "chunk",
            other,
            block(
                1,
                type="code_interpreter_call",
                status="completed",
                outputs=[{"type": "logs", "logs": "1"}],
            ),
        ),
        (16, "chunk", other, block(2, type="text", text="One.")),
        (17, "end", other),
    )


def pictures():
    """Images in an answer and in what a tool gave, whole, cut, and of a kind not shown."""
    trace = Trace()
    model = run(trace, "M", "chat_model", model="m", input=[HumanMessage([_image(PIXEL)])])
    tool = run(trace, "draw", "tool", input=asked("draw", "c1"))
    svg = {"type": "image", "mime_type": "image/svg+xml", "base64": "PHN2Zz4="}
    return log(
        trace,
        (0, "start", model),
        (1, "chunk", model, AIMessageChunk("Here: ")),
        (2, "chunk", model, block(1, type="image", mime_type="image/png", base64=PIXEL)),
        (3, "chunk", model, block(2, type="image", mime_type="image/png", base64="iV … 9 more")),
        (4, "chunk", model, block(3, **svg)),
        (5, "chunk", model, block(4, type="image", url="https://a.example/x.png")),
        (6, "chunk", model, block(5, type="image_url", image_url={"url": "javascript:x"})),
        (7, "chunk", model, call(6, "{}", "draw", "c1")),
        (8, "end", model),
        (9, "start", tool),
        (10, "end", tool, ToolMessage([_image(PIXEL)], "c1", name="draw")),
    )


def _image(data):
    source = {"type": "base64", "media_type": "image/png", "data": data}
    return {"type": "image", "source": source}


def by_hand():
    """A loop that runs its tools outside the log: their results come with the next question."""
    first = [SystemMessage("Be brief."), HumanMessage("12 + 30?")]
    answer = AIMessage("I add.", tool_calls=[asked("add", "c1", a=12, b=30)])
    second = [*first, answer, ToolMessage("42", "c1", name="add", status="error")]
    third = [*second, AIMessage("It is 42."), HumanMessage("Sure?")]
    trace = Trace()
    runs = [run(trace, "M", "chat_model", model="m", input=given) for given in (first, second)]
    whole = run(trace, "M", "chat_model", model="m", input=third)
    refused = run(trace, "M", "chat_model", model="m", input="And now?")
    no = AIMessageChunk("", response_metadata={"stop_reason": "refusal"})
    return log(
        trace,
        (0, "start", runs[0]),
        (1, "end", runs[0], answer),
        (2, "start", runs[1]),
        (3, "chunk", runs[1], AIMessageChunk("It is 42.")),
        (4, "end", runs[1]),
        (5, "start", whole),
        (
            6,
            "end",
            whole,
            AIMessage(
                [
                    {"type": "thinking", "thinking": "Hm."},
                    {"type": "text", "text": "Yes.", "citations": [{"title": "T", "url": "x"}]},
                ]
            ),
        ),
        (7, "start", refused),
        (8, "chunk", refused, no),
        (9, "end", refused),
    )


def inner_requests():
    """A library's model with its request inside, one that says nothing, and errors told once."""
    trace = Trace()
    agent = run(trace, "agent", input=[["system", "Be brief."], ["user", "Hi"]])
    model = run(trace, "model", "chat_model", agent)
    request = run(trace, "request", "chat_model", model, "m", input="Hi")
    finds = run(trace, "Finder", "retriever", agent, input="Hi")
    broken = run(trace, "M", "chat_model", agent, "m", input="Hi")
    error = ProviderError("m answered 529.", status=529)
    return log(
        trace,
        (0, "start", agent),
        (1, "start", model),
        (2, "start", request),
        (3, "chunk", request, AIMessageChunk("Hello.")),
        (4, "end", request),
        (5, "end", model),
        (6, "start", finds),
        (7, "end", finds, ["a page"]),
        (8, "start", broken),
        (9, "error", broken, error),
        (10, "error", agent, error),
    )


def passes_on():
    """An agent that passes on what its model says, and then fails."""
    trace = Trace()
    agent = run(trace, "agent", input="Hi")
    model = run(trace, "M", "chat_model", agent, "m", input="Hi")
    steps = [(0, "start", agent), (1, "start", model)]
    cut = AIMessageChunk("", response_metadata={"stop_reason": "max_tokens"})
    for at, one in enumerate(
        [thought("Hm."), AIMessageChunk("One"), call(1, "{}", "f", "c1"), cut]
    ):
        steps += [(at + 2, "chunk", model, one), (at + 2, "chunk", agent, one)]
    return log(trace, *steps, (9, "end", model), (10, "error", agent, ValueError("No.")))


def says_more():
    """A chain that adds words to its model's, and says them before it is over."""
    trace = Trace()
    chain = run(trace, "chain", input="Hi")
    model = run(trace, "M", "chat_model", chain, "m", input="Hi")
    return log(
        trace,
        (0, "start", chain),
        (1, "chunk", chain, "The answer, as asked: "),
        (2, "start", model),
        (3, "chunk", model, AIMessageChunk("One")),
        (3, "chunk", chain, "One"),
        (4, "chunk", model, AIMessageChunk(" two")),
    )


def in_branches():
    """Two chains at once, of whose values the outermost makes a dict: that is no text."""
    trace = Trace()
    both = run(trace, "RunnableParallel", input="Hi")
    runs = [run(trace, name, "chat_model", both, "m", input="Hi") for name in ("a", "b")]
    return log(
        trace,
        (0, "start", both),
        (1, "start", runs[0]),
        (1, "start", runs[1]),
        (2, "chunk", runs[0], AIMessageChunk("One")),
        (2, "chunk", both, {"a": "One"}),
        (3, "chunk", runs[1], AIMessageChunk("Two")),
        (3, "chunk", both, {"b": "Two"}),
        (4, "end", runs[0]),
        (4, "end", runs[1]),
        (5, "end", both, {"a": "One", "b": "Two"}),
    )


def alike():
    """Three calls of one tool at once, whose runs have no ids and begin in another order."""
    trace = Trace()
    agent = run(trace, "agent", input="Hi")
    asks = run(trace, "M", "chat_model", agent, "m", input="Hi")
    tools = [run(trace, "f", "tool", agent, input=given) for given in ({"x": 2}, "odd", {"x": 1})]
    steps = [(2 + i, "chunk", asks, call(i, f'{{"x": {i}}}', "f", f"c{i}")) for i in range(3)]
    return log(
        trace,
        (0, "start", agent),
        (1, "start", asks),
        *steps,
        (6, "end", asks),
        *((7 + i, "start", one) for i, one in enumerate(tools)),
        *((12 + i, "end", one, f"gave {i}") for i, one in enumerate(tools)),
        (20, "end", agent),
    )


def approvals():
    """Calls that were allowed, edited and refused, one that waits, and one stopped in its wait."""
    trace = Trace()
    agent = run(trace, "agent", input="Tidy up.")
    asks = run(trace, "M", "chat_model", agent, "m", input="Hi")
    names = ("allowed", "edited", "refused", "waits", "stopped")
    tools = [
        run(trace, "delete", "tool", agent, input=asked("delete", name, path=name))
        for name in names
    ]
    steps = [(0, "start", agent), (0, "start", asks)]
    for index, name in enumerate(names):
        args = f'{{"path": "{name}"}}'
        steps.append((1, "chunk", asks, call(index, args, "delete", name)))
    steps += [(2, "chunk", asks, ASKS), (3, "end", asks)]
    for name, tool in zip(names, tools, strict=True):
        steps.append((4, "start", tool))
        waits = {"verdict": "wait", "args": {"path": name}}
        steps.append((4, "custom", tool, ("tool_approval", waits)))
    edited = {"verdict": "edit", "args": {"path": "/tmp/a"}}
    denied = {"verdict": "deny", "reason": "Not <b>that</b> one."}
    steps += [
        (5, "custom", tools[0], ("tool_approval", {"verdict": "allow"})),
        (5, "custom", tools[1], ("tool_approval", edited)),
        (5, "custom", tools[2], ("tool_approval", denied)),
        (6, "custom", tools[1], ("progress", {"deleted": 1})),
        (7, "end", tools[0], ToolMessage("Gone.", "allowed", name="delete")),
        (7, "end", tools[1], ToolMessage("Gone.", "edited", name="delete")),
        (7, "end", tools[2], ToolMessage("Not that.", "refused", name="delete", status="error")),
        (8, "cancelled", tools[4]),
    ]
    return log(trace, *steps)


CASES = {
    "agent_alike": (alike(), [6]),
    "agent_approvals": (approvals(), [5]),
    "agent_by_hand": (by_hand(), [4]),
    "agent_cited": (cited(), [3]),
    "agent_ends_in_a_parser": (ends_in_a_parser(), [6]),
    "agent_in_branches": (in_branches(), [5]),
    "agent_inner_requests": (inner_requests(), []),
    "agent_parallel_tools": (parallel_tools(), [7, 13]),
    "agent_passes_on": (passes_on(), [4]),
    "agent_pictures": (pictures(), []),
    "agent_running_tool": (running_tool(), [7]),
    "agent_says_more": (says_more(), [3]),
    "agent_server_tools": (server_tools(), [4]),
    "agent_sub_agent": (sub_agent(), [9]),
}
