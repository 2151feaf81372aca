"""LangChain's callback handlers, with and without LangChain; `tests/conformance` compares them."""

import asyncio
import subprocess
import sys
import uuid
import warnings

import pytest
from langchain_core.callbacks import BaseCallbackHandler, CallbackManager
from langchain_core.runnables import RunnableLambda as TheirLambda

from nbstream import (
    ChatPromptTemplate,
    InputError,
    RunnableLambda,
    ScriptedChat,
    StrOutputParser,
    Trace,
    dispatch_custom_event,
    watch,
)
from nbstream.events import _handlers

CHAIN = ChatPromptTemplate([("human", "{x}")]) | ScriptedChat(["He", "llo"]) | StrOutputParser()
TOLD = ["chain_start"] * 2 + ["chain_end", "chat_model_start", "llm_new_token", "llm_new_token"]


class Notes:
    """A handler that is none of LangChain's."""

    def __init__(self):
        self.heard = []

    def __getattr__(self, name):
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda *args, **known: self.heard.append((name[3:], args, known))

    @property
    def names(self):
        return [name for name, _, _ in self.heard]


for hook in ("chain_start", "chain_end", "chain_error", "chat_model_start", "llm_new_token"):
    # Of a class it is asked, too, what it has.
    setattr(
        Notes,
        f"on_{hook}",
        lambda self, *args, hook=hook, **known: self.heard.append((hook, args, known)),
    )

WAYS = {
    "invoke": lambda step, config: step.invoke(1, config),
    "ainvoke": lambda step, config: asyncio.run(step.ainvoke(1, config)),
    "stream": lambda step, config: list(step.stream(1, config)),
    "batch": lambda step, config: step.batch([1], config),
    "abatch": lambda step, config: asyncio.run(step.abatch([1], config)),
    "with_config": lambda step, config: step.with_config(config).invoke(1),
    "a chain": lambda step, config: (step | step).invoke(1, config),
    "events": lambda step, config: list(step.stream_events(1, config)),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_handler_hears_whichever_way_it_is_called(way):
    notes = Notes()
    way(RunnableLambda(lambda x: x), {"callbacks": [notes]})
    runs = 3 if way is WAYS["a chain"] else 1
    assert sorted(notes.names) == ["chain_end"] * runs + ["chain_start"] * runs


def test_it_works_without_langchain_and_costs_nothing_without_handlers():
    program = """
import sys
from nbstream import RunnableLambda, ScriptedChat
(RunnableLambda(str) | ScriptedChat(["a", "b"])).invoke(1, {"tags": ["t"]})
assert "nbstream.events._handlers" not in sys.modules
class Tokens:
    def on_llm_new_token(self, token, *, chunk, run_id, **more):
        print(token, chunk.message.content, run_id.version)
    def on_llm_end(self, response, **more):
        print(response.generations[0][0].message.content)
(RunnableLambda(str) | ScriptedChat(["a", "b"])).invoke(1, {"callbacks": [Tokens()]})
assert "langchain_core" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split("\n")[:3] == ["a a 4", "b b 4", "ab"], done.stderr


@pytest.mark.parametrize("hook", ["chain_start", "llm_new_token", "llm_end", "chain_end"])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_handler_that_raises_harms_nobody_unless_it_says_so(hook, is_async, caplog):
    def raises(self, *_, **__):
        raise ValueError("mine")

    async def araises(self, *_, **__):
        raise ValueError("mine")

    kind = type("Bad", (), {f"on_{hook}": araises if is_async else raises})
    ways = [
        lambda config: CHAIN.invoke({"x": "Hi"}, config),
        lambda config: asyncio.run(CHAIN.ainvoke({"x": "Hi"}, config)),
        lambda config: "".join(CHAIN.stream({"x": "Hi"}, config)),
    ]
    for way in ways:
        assert way({"callbacks": [kind()]}) == "Hello"
        assert f"Error in Bad.on_{hook} callback: ValueError('mine')" in caplog.text
        insists = kind()
        insists.raise_error = True
        with Trace() as trace, pytest.raises(ValueError, match="mine"):
            way({"callbacks": [insists]})
        ended = [event.run for event in trace.events if event.kind not in ("start", "chunk")]
        assert set(ended) == set(trace.runs)  # none is left open


class Later:
    """An async handler of LangChain's form that takes its time."""

    def __init__(self, out):
        self.out = out

    async def on_chain_start(self, *_, name, **__):
        await asyncio.sleep(0)
        self.out.append(f"start {name}")

    async def on_llm_new_token(self, token, **_):
        await asyncio.sleep(0)
        self.out.append(token)

    async def on_chain_error(self, error, **_):
        await asyncio.sleep(0)
        self.out.append(str(error))


def test_an_async_run_waits_for_async_handlers_before_it_goes_on():
    out = []

    async def program():
        async for chunk in CHAIN.astream({"x": "Hi"}, {"callbacks": [Later(out)]}):
            out.append(f"got {chunk}")

    asyncio.run(program())
    model = ["He", "start StrOutputParser", "got He", "llo", "got llo"]
    assert out == ["start RunnableSequence", "start ChatPromptTemplate", *model]


@pytest.mark.parametrize("way", ["ainvoke", "astream", "abatch"])
def test_an_async_handler_hears_of_an_error_before_the_caller_does(way):
    def boom(_):
        raise OSError("boom")

    async def program():
        out = []
        step = RunnableLambda(boom).with_config(callbacks=[Later(out)])
        calls = {
            "ainvoke": lambda: step.ainvoke(1),
            "astream": lambda: anext(step.astream(1)),
            "abatch": lambda: step.abatch([1]),
        }
        with pytest.raises(OSError, match="boom"):
            await calls[way]()
        return out

    assert asyncio.run(program()) == ["start boom", "boom"]


def test_async_handlers_of_a_chain_of_which_a_step_has_its_own_batch():
    class Own(RunnableLambda):
        async def abatch(self, inputs, config=None, **_):
            await asyncio.sleep(0)
            return [str(one) for one in inputs]

    async def program():
        out = []
        assert await (Own(str) | len).abatch([1, 22], {"callbacks": [Later(out)]}) == [1, 2]
        return out

    started = ["start RunnableSequence"] * 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing is patched into the loop
        assert asyncio.run(program()) == [*started, *["start len"] * 2]


@pytest.mark.parametrize("has_loop", [False, True])
def test_a_sync_run_has_run_its_async_handlers_when_it_returns(has_loop):
    out = []

    async def program():
        CHAIN.invoke({"x": "Hi"}, {"callbacks": [Later(out)]})
        return list(out)

    if has_loop:
        asyncio.run(program())
    else:
        CHAIN.invoke({"x": "Hi"}, {"callbacks": [Later(out)]})
    names = ["RunnableSequence", "ChatPromptTemplate"]
    assert out == [*(f"start {n}" for n in names), "He", "llo", "start StrOutputParser"]


def test_async_handlers_run_in_the_callers_loop():
    """As LangChain's AsyncIteratorCallbackHandler needs it: its queue is the loop's own."""

    async def program():
        queue = asyncio.Queue()

        class Queued:
            async def on_llm_new_token(self, token, **_):
                queue.put_nowait((token, asyncio.get_running_loop()))

        task = asyncio.ensure_future(CHAIN.ainvoke({"x": "Hi"}, {"callbacks": [Queued()]}))
        tokens = [await queue.get(), await queue.get()]
        await task
        assert {loop for _, loop in tokens} == {asyncio.get_running_loop()}
        return [token for token, _ in tokens]

    assert asyncio.run(program()) == ["He", "llo"]


def test_a_chain_that_a_handler_runs_is_no_part_of_the_run():
    class Asks(Notes):
        def on_llm_new_token(self, *args, **known):
            self.heard.append(("llm_new_token", args, known))
            CHAIN.invoke({"x": "inside"})

    with Trace() as trace:
        CHAIN.invoke({"x": "Hi"}, {"callbacks": [notes := Asks()]})
    assert notes.names.count("llm_new_token") == 2
    assert len(trace.runs) == 4


def test_a_handler_given_twice_hears_once():
    notes = Notes()
    inner = RunnableLambda(lambda x, config: CHAIN.invoke({"x": x}, config))
    inner.with_config(callbacks=[notes]).invoke("Hi", {"callbacks": [notes]})
    assert notes.names.count("chat_model_start") == 1
    assert notes.names.count("chain_start") == 4


def test_a_handler_given_to_a_step_hears_of_that_step():
    outer, inner = Notes(), Notes()
    chain = RunnableLambda(str) | RunnableLambda(len).with_config(callbacks=[inner])
    chain.invoke(12, {"callbacks": [outer]})
    assert inner.names == ["chain_start", "chain_end"]
    assert len(outer.names) == 6
    # It lies in the chain's run, of which this handler has not heard.
    (_, _, known), _ = inner.heard
    assert known["parent_run_id"] == outer.heard[0][2]["run_id"]
    assert isinstance(known["run_id"], uuid.UUID)


def test_what_a_handler_ignores_it_is_not_told():
    notes = Notes()
    notes.ignore_chain = notes.ignore_llm = True
    CHAIN.invoke({"x": "Hi"}, {"callbacks": [notes]})
    assert notes.names == ["chat_model_start"]


@pytest.mark.parametrize("is_langchains", [False, True])
def test_a_handler_that_knows_no_chat_models_gets_the_prompt_as_a_text(is_langchains):
    prompts = []

    class Old(*([BaseCallbackHandler] if is_langchains else [])):
        def on_llm_start(self, serialized, prompts_, **_):
            prompts.extend([serialized["name"], *prompts_])

    CHAIN.invoke({"x": "Hi"}, {"callbacks": [Old()]})
    assert prompts == ["ScriptedChat", "Human: Hi"]


def test_what_cannot_be_called_is_said_once():
    class Retries:
        def on_retry(self, *_, **__): ...
        def on_chain_end(self, *_, **__): ...

    cases = ((object(), "object has none"), (Retries(), "all methods of Retries but on_retry"))
    for handler, said in cases:
        _handlers._look_at.cache_clear()
        with pytest.warns(UserWarning, match=said) as told:
            CHAIN.invoke({"x": "Hi"}, {"callbacks": [handler]})
        assert told[0].filename == __file__
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            CHAIN.invoke({"x": "Hi"}, {"callbacks": [handler]})


@pytest.mark.parametrize("given", ["handler", 5, Notes])
def test_callbacks_that_are_no_handlers_are_refused(given):
    with pytest.raises(InputError, match=r"callbacks in a config are a list of handlers"):
        CHAIN.invoke({"x": "Hi"}, {"callbacks": given})


def test_no_callbacks_are_none():
    for given in ([], None, ()):
        assert RunnableLambda(len).invoke("x", {"callbacks": given}) == 1


def test_a_stream_that_is_left_has_ended_and_one_that_is_stopped_has_failed():
    notes = Notes()
    stream = CHAIN.stream({"x": "Hi"}, {"callbacks": [notes]})
    next(stream)
    stream.close()
    assert notes.names[-1] == "chain_end"
    assert notes.heard[-1][1] == ("He",)

    class Cancelled(Notes):
        def on_llm_error(self, error, **_):
            self.heard.append((type(error).__name__, (), {}))

    async def program():
        async def cancels(_):
            task.cancel()
            await asyncio.sleep(0)

        chain = RunnableLambda(cancels).with_config(callbacks=[notes])
        task = asyncio.ensure_future(chain.ainvoke(1))
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(program())
    assert notes.names[-1] == "chain_error"
    assert isinstance(notes.heard[-1][1][0], asyncio.CancelledError)


class Theirs(BaseCallbackHandler):
    def __init__(self):
        self.runs = {}
        self.names = []

    def on_chain_start(self, serialized, inputs, *, run_id, parent_run_id=None, name=None, **_):
        self.runs[run_id] = parent_run_id
        self.names.append(name)

    def on_custom_event(self, name, data, **_):
        self.names.append((name, data))


def test_langchains_object_called_with_a_functions_config_lies_in_that_functions_run():
    handler = Theirs()
    step = RunnableLambda(lambda x, config: TheirLambda(str).invoke(x, config))
    assert step.invoke(1, {"callbacks": [handler]}) == "1"
    (ours, above), (_, between) = handler.runs.items()
    assert (above, between) == (None, ours)


def test_a_chain_called_inside_langchains_lies_in_its_run():
    handler = Theirs()
    outer = TheirLambda(lambda x, config: CHAIN.invoke({"x": x}, config))
    outer.invoke("Hi", {"callbacks": [handler]})
    (root, nothing), (_, above), *_ = handler.runs.items()
    assert (nothing, above) == (None, root)
    assert handler.names[1:] == ["RunnableSequence", "ChatPromptTemplate", "StrOutputParser"]


def test_langchains_manager_is_taken_as_its_handlers():
    handler = Theirs()
    tell = RunnableLambda(lambda x: dispatch_custom_event("half", x))
    tell.invoke(1, {"callbacks": CallbackManager([handler])})
    assert handler.names == ["RunnableLambda", ("half", 1)]


def test_a_watch_does_not_see_twice_what_langchain_hands_on():
    with watch() as view:
        TheirLambda(lambda x, config: CHAIN.invoke({"x": x}, config)).invoke("Hi")
    assert [run.name for run in view.trace.runs].count("RunnableSequence") == 1
