"""Handlers in a config's callbacks: they are told the same, in the same order."""

import asyncio

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler

from .sides import _number, langchain, normal, ours, run

HOOKS = [
    *(f"on_{kind}_{what}" for kind in ("chain", "tool") for what in ("start", "end", "error")),
    *("on_chat_model_start", "on_llm_new_token", "on_llm_end", "on_llm_error", "on_custom_event"),
]


def noting(base, *, is_async=False):
    """Return a handler of LangChain's that notes what it is told, with the runs numbered."""

    class Notes(base):
        def __init__(self):
            self.seen, self.notes = {}, []

        def note(self, hook, args, known):
            numbers = [_number(self.seen, known["run_id"])]
            if known.get("parent_run_id"):
                numbers.append(_number(self.seen, known["parent_run_id"]))
            # A custom event has all tags of its run here, in LangChain not those of its place.
            tags = [t for t in known["tags"] if hook != "on_custom_event" or ":step:" not in t]
            labels = [tags, plain(known.get("metadata"))]
            self.notes.append([hook, numbers, *labels, *told(hook, args, known)])

    for hook in HOOKS:

        def method(self, *args, hook=hook, **known):
            self.note(hook, args, known)

        async def amethod(self, *args, hook=hook, **known):
            await asyncio.sleep(0)
            self.note(hook, args, known)

        setattr(Notes, hook, amethod if is_async else method)
    return Notes()


def plain(metadata):
    return {k: v for k, v in (metadata or {}).items() if not k.startswith(("ls_", "lc_"))}


def told(hook, args, known):
    """Return what of a call is the same on both sides."""
    if hook == "on_llm_new_token":
        return [args[0] if args else known["token"], normal(known["chunk"].message)]
    if hook == "on_llm_end":
        message = normal(args[0].generations[0][0].message)
        return [{**message, "type": "ai"}]
    if hook == "on_llm_error":
        return [type(args[0]).__name__]
    if hook == "on_chat_model_start":
        return [[normal(one) for one in args[1][0]]]
    if hook == "on_tool_start":
        return [args[1], known["inputs"], known["tool_call_id"]]
    if hook.endswith("_error"):
        return [repr(args[0])]
    if hook == "on_chain_start":
        # What it is given while it streams, LangChain says at the end only.
        return [known["name"], known.get("run_type")]
    return [normal(one) for one in args]


def made(lc):
    """Return programs to run with handlers, each with its input."""

    def boom(x):
        raise ValueError("boom")

    def tell(x):
        lc.dispatch_custom_event("half", {"done": x})
        return x

    @lc.tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    prompt = lc.ChatPromptTemplate.from_messages([("system", "Be kind."), ("human", "{x}")])
    call = {"name": "add", "args": {"a": 1, "b": 2}, "id": "c", "type": "tool_call"}
    text = prompt | lc.chat("He", "llo") | lc.StrOutputParser()
    return {
        "a chain": (text, {"x": "Hi"}),
        "a model": (lc.chat("He", "llo"), "Hi"),
        "a function": (lc.RunnableLambda(lambda x: {"y": x}), 1),
        "branches": (lc.RunnableParallel(a=lambda x: x), 1),
        "a branch": (lc.RunnableBranch((lambda x: x > 1, str), repr), 1),
        "a tool": (add, {"a": 1, "b": 2}),
        "a tool's call": (add, call),
        "a function that fails": (lc.RunnableLambda(boom) | str, 1),
        "a model that fails": (lc.chat("a", ValueError("boom")), "Hi"),
        "an event of one's own": (lc.RunnableLambda(tell) | str, 1),
        "assigned": (lc.RunnablePassthrough.assign(y=lambda d: d["x"] + 1), {"x": 1}),
        "a config in the chain": (
            (prompt | lc.chat("Hi").with_config(tags=["own"], run_name="mine")),
            {"x": "Hi"},
        ),
        "a chain called in a function with its config": (
            lc.RunnableLambda(lambda x, config: text.invoke({"x": x}, config)),
            "Hi",
        ),
        "a chain called in a function": (lc.RunnableLambda(lambda x: text.invoke({"x": x})), "Hi"),
        "tried again": (lc.RunnableLambda(boom).with_retry(stop_after_attempt=1), 1),
        "fallbacks": (lc.RunnableLambda(boom).with_fallbacks([lc.RunnableLambda(str)]), 1),
        "each": (lc.RunnableLambda(str).map(), [1]),
    }


WAYS = ["invoke", "ainvoke", "stream", "astream", "batch"]
# docs/langchain.md says why: LangChain names no parent there, or does not try a stream again.
DIFFERENT = {
    *(("fallbacks", way) for way in ("invoke", "ainvoke")),
    *(("tried again", way) for way in ("stream", "astream")),
}
PROGRAMS = [(name, way) for name in made(ours()) for way in WAYS if (name, way) not in DIFFERENT]


async def called(step, given, way, config):
    if way == "invoke":
        step.invoke(given, config)
    elif way == "ainvoke":
        await step.ainvoke(given, config)
    elif way == "stream":
        list(step.stream(given, config))
    elif way == "astream":
        [chunk async for chunk in step.astream(given, config)]
    else:
        step.batch([given], config)


def notes(side, name, way, *, is_async=False):
    handler = noting(AsyncCallbackHandler if is_async else BaseCallbackHandler, is_async=is_async)
    step, given = made(side)[name]

    async def program(_):
        await called(step, given, way, config={"callbacks": [handler], "tags": ["t"]})

    outcome = run(program, side)
    # Here models stream also inside of `invoke`. LangChain ends each stream with an empty chunk.
    streams = way.endswith("stream") and "called in" not in name
    return outcome, [n for n in handler.notes if n[0] != "on_llm_new_token" or (streams and n[4])]


@pytest.mark.parametrize(("name", "way"), PROGRAMS)
def test_handlers_are_told_the_same(name, way):
    assert notes(ours(), name, way) == notes(langchain(), name, way)


@pytest.mark.parametrize("name", ["a chain", "a function that fails", "a tool"])
@pytest.mark.parametrize("way", ["invoke", "ainvoke", "astream"])
def test_async_handlers_are_told_the_same(name, way):
    theirs = notes(langchain(), name, way, is_async=True)
    assert notes(ours(), name, way, is_async=True) == theirs


@pytest.mark.parametrize(("name", "way"), sorted(DIFFERENT))
def test_what_differs_on_purpose(name, way):
    (mine, told), (theirs, told_there) = (notes(side, name, way) for side in (ours(), langchain()))
    assert mine == theirs
    if name == "fallbacks":
        assert [n[1] for n in told] == [[0], [1, 0], [1, 0], [2, 0], [2, 0], [0]]
        assert [n[1] for n in told_there] == [[0], [1], [1], [2], [2], [0]]
    else:
        assert [n[0] for n in told] == ["on_chain_start"] * 2 + ["on_chain_error"] * 2
        assert [n[0] for n in told_there] == ["on_chain_start", "on_chain_error"]


def test_langchains_tracers_make_the_same_tree():
    def tree(run):
        return [run.name, run.run_type, run.error, [tree(one) for one in run.child_runs]]

    trees = []
    for side in (ours(), langchain()):
        tracer = RunCollectorCallbackHandler()
        step, given = made(side)["a chain called in a function"]
        step.invoke(given, {"callbacks": [tracer]})
        (run,) = tracer.traced_runs
        trees.append(tree(run))
    assert trees[0] == trees[1]
