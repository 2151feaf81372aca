"""LangChain's own chains, watched: its runs are runs, and no call is there twice."""

import asyncio
import subprocess
import sys
import threading

import anthropic
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel
from langchain_core.tools import tool

from nbstream import RunnableLambda as Ours
from nbstream import ScriptedChat, show, watch

from .endpoint import Endpoint, answers, refuses, says_for_ever, talks, text_block, tool_block
from .test_watch import ASKED, KEY, client_of, clients, stop_at_first_token, texts


@pytest.fixture
def server():
    with Endpoint(talks("Blub", ".")) as one:
        yield one
    while clients:
        clients.pop().close()


def model_at(server, **options):
    return ChatAnthropic(
        model="fish", api_key=KEY, base_url=server.url, max_retries=0, max_tokens=9, **options
    )


def tree(trace, run=None):
    """Return the runs by name, each with those inside it."""
    inside = [one for one in trace.runs if one.parent is run]
    return [(one.name, tree(trace, one)) if tree(trace, one) else one.name for one in inside]


def kinds(trace):
    return {event.kind for event in trace.events}


PROMPT = ChatPromptTemplate.from_template("{a}?")
CHAIN = [
    (
        "RunnableSequence",
        ["ChatPromptTemplate", "ChatAnthropic", "StrOutputParser"],
    )
]


def invoked(chain):
    return chain.invoke({"a": "Hi"})


def streamed(chain):
    return [*chain.stream({"a": "Hi"})]


def ainvoked(chain):
    return asyncio.run(chain.ainvoke({"a": "Hi"}))


def astreamed(chain):
    async def main():
        return [chunk async for chunk in chain.astream({"a": "Hi"})]

    return asyncio.run(main())


def batched(chain):
    return chain.batch([{"a": "Hi"}, {"a": "Ho"}])


def with_events(chain):
    async def main():
        events = chain.astream_events({"a": "Hi"}, version="v2")
        return [(event["event"], event["name"]) async for event in events]

    return asyncio.run(main())


WAYS = [invoked, streamed, ainvoked, astreamed, batched, with_events]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_chain_is_seen_and_gives_what_it_gives_unseen(way):
    with Endpoint(talks("Blub", ".")) as server:
        chain = PROMPT | model_at(server) | StrOutputParser()
        unseen = way(chain)
        with watch() as view:
            seen = way(chain)
    assert seen == unseen
    assert tree(view.trace) == CHAIN * (2 if way is batched else 1)
    models = [run for run in view.trace.runs if run.run_type == "chat_model"]
    assert [view.trace.output(run).text for run in models] == ["Blub."] * len(models)
    assert models[0].model == "fish"
    assert view.trace.output(models[0]).usage_metadata["output_tokens"] == 2
    assert kinds(view.trace) == {"start", "chunk", "end"}


def test_the_programs_own_callbacks_hear_the_same(server):
    heard = []

    class Ears(BaseCallbackHandler):
        def on_llm_new_token(self, token, **_):
            heard.append(token)

        def on_llm_end(self, *_, **__):
            heard.append("end")

    chain = PROMPT | model_at(server)
    chain.invoke({"a": "Hi"}, {"callbacks": [Ears()]})
    unseen, heard[:] = [*heard], []
    with watch():
        chain.invoke({"a": "Hi"}, {"callbacks": [Ears()]})
    assert heard == unseen


@pytest.mark.parametrize("asked", [False, True])
def test_invoke_streams_inside_only_where_that_is_asked_for(server, asked):
    with watch(stream_invoke=asked) as view:
        model_at(server).invoke("Hi")
    assert ("stream" in server.requests[0]) is asked
    chunks = [event for event in view.trace.events if event.kind == "chunk"]
    assert (len(chunks) > 1) is asked


def test_calls_of_tools_are_there():
    @tool
    def look(at: str) -> str:
        """Look."""

    blocks = [text_block(0, "I look."), tool_block(1, "c1", "look", '{"at": "', 'fish"}')]
    with Endpoint(answers(*blocks, stop_reason="tool_use")) as server, watch() as view:
        [*model_at(server).bind_tools([look]).stream("Hi")]
    output = view.trace.output(view.trace.runs[0])
    assert output.text == "I look."
    assert [(call["name"], call["args"]) for call in output.tool_calls] == [
        ("look", {"at": "fish"})
    ]


# Twelve mixtures: whose call is it?


def a_tool_that_asks(server):
    @tool
    def ask(question: str) -> str:
        """Ask."""
        return "".join(texts(client_of(server)))

    ask.invoke({"question": "Hi"})
    return [("ask", ["Anthropic-compatible"])]


def a_tool_in_a_chain_that_asks(server):
    @tool
    def ask(question: str) -> str:
        """Ask."""
        return "".join(texts(client_of(server)))

    (RunnableLambda(lambda _: {"question": "Hi"}).with_config(run_name="first") | ask).invoke(1)
    return [("RunnableSequence", ["first", ("ask", ["Anthropic-compatible"])])]


def a_model_then_a_raw_call(server):
    def both(_):
        model_at(server).invoke("Hi")
        return texts(client_of(server))

    RunnableLambda(both).invoke(1)
    return [("both", ["ChatAnthropic", "Anthropic-compatible"])]


def a_raw_call_in_the_loop_over_a_model(server):
    for _ in model_at(server).stream("Hi"):
        texts(client_of(server))
        break
    return ["ChatAnthropic", "Anthropic-compatible"]


def a_raw_call_in_the_loop_over_a_chain(server):
    for _ in (PROMPT | model_at(server)).stream({"a": "Hi"}):
        texts(client_of(server))
        break
    return [("RunnableSequence", ["ChatPromptTemplate", "ChatAnthropic"]), "Anthropic-compatible"]


def our_step_in_their_chain(server):
    def step(_):
        return ScriptedChat(["Yes"], name="ours").invoke("Hi").text

    (PROMPT | RunnableLambda(step)).invoke({"a": "Hi"})
    return [("RunnableSequence", ["ChatPromptTemplate", ("step", ["ours"])])]


def their_chain_in_our_step(server):
    ours = Ours(lambda _: (PROMPT | model_at(server)).invoke({"a": "Hi"}))
    ours.with_config({"run_name": "ours"}).invoke(1)
    return [("ours", [("RunnableSequence", ["ChatPromptTemplate", "ChatAnthropic"])])]


def ours_in_theirs_in_ours(server):
    def step(_):
        return (Ours(lambda _: texts(client_of(server))).with_config({"run_name": "inner"})).invoke(
            1
        )

    outer = Ours(lambda _: RunnableLambda(step).invoke(1)).with_config({"run_name": "outer"})
    outer.invoke(1)
    return [("outer", [("step", [("inner", ["Anthropic-compatible"])])])]


def four_at_once(server):
    async def main():
        chain = RunnableLambda(lambda _: texts(client_of(server))).with_config(run_name="one")
        await asyncio.gather(*(chain.ainvoke(1) for _ in range(4)))

    asyncio.run(main())
    return [("one", ["Anthropic-compatible"])] * 4


def branches_in_threads(server):
    chain = RunnableParallel(
        a=RunnableLambda(lambda _: texts(client_of(server))).with_config(run_name="a"),
        b=model_at(server),
    )
    chain.invoke("Hi")
    return [("RunnableParallel<a,b>", [("a", ["Anthropic-compatible"]), "ChatAnthropic"])]


def a_bare_thread_in_a_chain(server):
    def step(_):
        thread = threading.Thread(target=texts, args=(client_of(server),))
        thread.start()
        thread.join()

    RunnableLambda(step).invoke(1)
    # A thread without its starter's context says nothing of where it belongs.
    return ["step", "Anthropic-compatible"]


def a_view_in_their_chain(server):
    def step(_):
        return show(ScriptedChat(["Yes"], name="ours"), "Hi").result().text

    (PROMPT | RunnableLambda(step)).invoke({"a": "Hi"})
    return [("RunnableSequence", ["ChatPromptTemplate", ("step", ["ours"])])]


def a_model_that_asks_another(server):
    class Wrapper(GenericFakeChatModel):
        def _generate(self, messages, *_, **__):
            text = "".join(texts(client_of(server)))
            self.messages = iter([AIMessage(text)])
            return super()._generate(messages)

    Wrapper(messages=iter([])).invoke("Hi")
    return ["Wrapper"]


def a_view_of_their_chain(server):
    show(PROMPT | model_at(server), {"a": "Hi"}).result()
    # The stream that is shown tells of its steps: nobody else is to.
    return [("RunnableSequence", ["ChatPromptTemplate", "ChatAnthropic"])]


MIXTURES = [
    a_view_of_their_chain,
    a_tool_that_asks,
    a_tool_in_a_chain_that_asks,
    a_model_then_a_raw_call,
    a_raw_call_in_the_loop_over_a_model,
    a_raw_call_in_the_loop_over_a_chain,
    our_step_in_their_chain,
    their_chain_in_our_step,
    ours_in_theirs_in_ours,
    four_at_once,
    branches_in_threads,
    a_bare_thread_in_a_chain,
    a_view_in_their_chain,
    a_model_that_asks_another,
]


@pytest.mark.parametrize("mixture", MIXTURES, ids=lambda one: one.__name__)
def test_every_call_is_there_once_and_in_its_place(server, mixture):
    with watch() as view:
        wanted = mixture(server)
    found = tree(view.trace)
    # What runs at the same time may begin in any order.
    assert sorted(map(ordered, found)) == sorted(map(ordered, wanted))


def ordered(one):
    return repr(one) if isinstance(one, str) else repr((one[0], sorted(map(ordered, one[1]))))


# Ends


def test_a_failure_is_the_programs_own():
    with Endpoint(refuses(400, "invalid_request_error", "No fish.")) as server:
        chain = PROMPT | model_at(server)
        with pytest.raises(anthropic.BadRequestError) as unseen:
            chain.invoke({"a": "Hi"})
        with pytest.raises(anthropic.BadRequestError) as seen, watch() as view:
            chain.invoke({"a": "Hi"})
    assert str(seen.value) == str(unseen.value)
    failed = [event.run.name for event in view.trace.events if event.kind == "error"]
    assert failed == ["ChatAnthropic", "RunnableSequence"]


@pytest.mark.parametrize("way", [streamed, astreamed], ids=lambda way: way.__name__)
def test_stop_ends_the_chain_and_the_request(way):
    with Endpoint(says_for_ever) as server:
        chain = PROMPT | model_at(server) | StrOutputParser()
        with watch() as view:
            stop_at_first_token(view)
            way(chain)
        assert server.broken_off.wait(20)
    assert view.status == "stopped"
    last = {event.run.name: event.kind for event in view.trace.events}
    assert (last["ChatAnthropic"], last["RunnableSequence"]) == ("cancelled", "cancelled")


def test_nothing_is_heard_after_the_block(server):
    with watch() as view:
        pass
    (PROMPT | model_at(server)).invoke({"a": "Hi"})
    assert view.trace.runs == []


def test_a_watch_in_a_watch_shares_the_runs(server):
    chain = PROMPT | model_at(server) | StrOutputParser()
    with watch() as outer:
        chain.invoke({"a": "Hi"})
        with watch() as inner:
            chain.invoke({"a": "Hi"})
    assert (tree(outer.trace), tree(inner.trace)) == (CHAIN * 2, CHAIN)


@pytest.mark.parametrize(
    "line",
    [
        "from langchain_core.runnables import RunnableLambda",
        "from langchain_core.runnables.base import RunnableLambda",
        "import langchain_core.callbacks.manager; "
        "from langchain_core.runnables import RunnableLambda",
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_it_may_be_imported_before_or_in_the_block(line, before):
    program = f"""
from nbstream import watch
{line if before else ""}
with watch() as view:
    {line}
    RunnableLambda(lambda x: x).invoke(1)
assert [run.name for run in view.trace.runs] == ["RunnableLambda"], view.trace.runs
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_prompts_words_are_the_models_input(server):
    with watch() as view:
        model_at(server).invoke([("system", "Be a fish."), ("human", "Hi")])
    assert view.trace.input(view.trace.runs[0]) == [("system", "Be a fish."), ("human", "Hi")]
    assert KEY not in view.trace.to_jsonl()
    assert ASKED["messages"][0]["content"] == "Hi"
