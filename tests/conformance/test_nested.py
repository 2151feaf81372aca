"""Events of steps inside steps: batches, retries, fallbacks, branches, tools."""

import json

from .sides import events, same

VERSIONS = ("v1", "v2")


async def both(runnable, input, **options):
    return [await events(runnable, input, version, **options) for version in VERSIONS]


def add_one(x):
    return x + 1


def fails(x):
    raise ValueError("no")


def is_blank(event):
    """Tell whether it is what a parallel step makes of the empty chunk that ends a model's stream.

    LangChain has one, nbstream has none: a deliberate difference.
    """
    chunk = event["data"].get("chunk")
    values = list(chunk.values()) if isinstance(chunk, dict) else []
    return len(values) == 1 and (values[0] == "" or is_blank_message(values[0]))


def is_blank_message(value):
    return isinstance(value, dict) and value.get("content") == "" and not value["tool_calls"]


async def unordered(runnable, input, **options):
    """What runs at the same time may be shown in any order, and be numbered so."""
    shown = await both(runnable, input, **options)
    plain = [
        [json.dumps({**e, "run": 0, "parents": 0}, sort_keys=True, default=str) for e in s]
        for s in ([e for e in s if not is_blank(e)] for s in shown)
    ]
    return [sorted(s) for s in plain]


@same
async def test_two_branches(lc):
    step = lc.RunnableParallel(a=lambda x: x + 1, b=lambda x: x * 2)
    return await unordered(step, 1)


@same
async def test_two_models_at_once(lc):
    step = lc.RunnableParallel(a=lc.chat("1", "2"), b=lc.chat("3") | lc.StrOutputParser())
    return await unordered(step, "x")


@same
async def test_branches_within_branches(lc):
    step = lc.RunnableParallel(a={"b": add_one})
    return await both(step, 1)


@same
async def test_assign(lc):
    return await unordered(lc.RunnablePassthrough.assign(b=lambda d: d["a"] + 1), {"a": 1})


@same
async def test_assign_with_a_model(lc):
    step = lc.RunnablePassthrough.assign(
        text=lc.RunnableLambda(lambda d: "x") | lc.chat("a", "b") | lc.StrOutputParser()
    )
    return await unordered(step, {"a": 1})


@same
async def test_a_batch_inside_a_function(lc):
    inner = lc.RunnableLambda(add_one)

    def outer(xs):
        return inner.batch(xs, {"max_concurrency": 1})

    return await unordered(lc.RunnableLambda(outer), [1, 2])


@same
async def test_an_abatch_inside_a_function(lc):
    inner = lc.RunnableLambda(add_one)

    async def outer(xs):
        return await inner.abatch(xs)

    return await unordered(lc.RunnableLambda(outer), [1, 2])


@same
async def test_a_mapped_step_inside_a_function(lc):
    inner = lc.RunnableLambda(add_one).map()

    async def outer(xs):
        return await inner.ainvoke(xs)

    return await unordered(lc.RunnableLambda(outer), [1, 2])


@same
async def test_a_mapped_step_in_a_chain_inside_a_function(lc):
    inner = lc.RunnablePassthrough() | lc.RunnableLambda(add_one).map() | sum

    async def outer(xs):
        return await inner.ainvoke(xs)

    shown = await unordered(lc.RunnableLambda(outer), [1, 2])
    return [len(s) for s in shown]


@same
async def test_a_model_bound_inside_a_function(lc):
    model = lc.chat("a").bind(stop=["x"]).with_config(tags=["t"])
    return await both(lc.RunnableLambda(lambda x: model.invoke(x).content), "x")


@same
async def test_three_levels(lc):
    model = lc.chat("a")
    middle = lc.RunnableLambda(lambda x: model.invoke(x).content).with_config(run_name="middle")
    outer = lc.RunnableLambda(lambda x: middle.invoke(x)).with_config(run_name="outer")
    return await both(outer, "x")


@same
async def test_a_model_that_falls_back(lc):
    step = lc.chat(ValueError("no")).with_fallbacks([lc.chat("yes", "!")])
    return await events(step, "x")


@same
async def test_a_tool_called_inside_a_function(lc):
    @lc.tool
    def double(n: int) -> int:
        """Double it."""
        return n * 2

    return await both(lc.RunnableLambda(lambda x: double.invoke({"n": x})), 2)


@same
async def test_a_model_inside_a_tool(lc):
    model = lc.chat("a", "b")

    @lc.tool
    def ask(q: str) -> str:
        """Ask."""
        return model.invoke(q).content

    return await both(ask, {"q": "x"})


@same
async def test_an_async_tool(lc):
    @lc.tool
    async def ask(q: str) -> str:
        """Ask."""
        return q + "!"

    return await both(ask, {"q": "x"})


@same
async def test_a_tool_called_by_a_tool_call(lc):
    @lc.tool
    def double(n: int) -> int:
        """Double it."""
        return n * 2

    return await both(double, {"name": "double", "args": {"n": 2}, "id": "1", "type": "tool_call"})


@same
async def test_a_tool_that_fails(lc):
    @lc.tool
    def bad(n: int) -> int:
        """Fail."""
        raise ValueError("no")

    return await events(bad, {"n": 1})


@same
async def test_a_custom_event_of_a_tool(lc):
    @lc.tool
    def work(n: int) -> int:
        """Work."""
        lc.dispatch_custom_event("progress", n)
        return n

    return await both(work, {"n": 1})


@same
async def test_a_custom_event_of_a_nested_function(lc):
    async def work(x):
        await lc.adispatch_custom_event("progress", {"x": x})
        return x

    inner = lc.RunnableLambda(work)

    async def outer(x):
        return await inner.ainvoke(x)

    return await both(lc.RunnableLambda(outer), 1)


@same
async def test_custom_events_of_a_generator(lc):
    async def work(xs):
        async for x in xs:
            await lc.adispatch_custom_event("saw", x)
            yield x

    return await both(lc.RunnableGenerator(work), "a")


@same
async def test_a_custom_event_with_a_config_given(lc):
    async def work(x, config):
        await lc.adispatch_custom_event("progress", x, config=config)
        return x

    return await both(lc.RunnableLambda(work), 1)


@same
async def test_an_error_caught_inside_a_function(lc):
    inner = lc.RunnableLambda(fails)

    def outer(x):
        try:
            inner.invoke(x)
        except ValueError:
            return "caught"

    return await events(lc.RunnableLambda(outer), 1)


@same
async def test_an_error_in_a_branch(lc):
    return await events(lc.RunnableParallel(a=fails), 1)


@same
async def test_an_error_before_the_first_chunk_of_a_model(lc):
    return await events(lc.chat(ValueError("no")), "x")


@same
async def test_a_prompt_that_lacks_a_value(lc):
    chain = lc.ChatPromptTemplate.from_template("{x}") | lc.chat("a")
    return await events(chain, {})


@same
async def test_a_long_chain(lc):
    step = lc.RunnableLambda(add_one)
    for _ in range(11):
        step = step | add_one
    return [(e["event"], e["tags"]) for e in await events(step, 0)]


@same
async def test_chains_joined_are_one_chain(lc):
    left = lc.RunnableLambda(add_one) | add_one
    right = lc.RunnableLambda(add_one) | add_one
    return [(e["name"], e["tags"]) for e in await events(left | right, 0)]


@same
async def test_the_chain_decorator(lc):
    model = lc.chat("a", "b")

    @lc.chain
    async def ask(x):
        return (await model.ainvoke(x)).content

    return await both(ask, "x")


@same
async def test_a_passthrough_between_streams(lc):
    return await both(lc.chat("a", "b") | lc.RunnablePassthrough() | lc.StrOutputParser(), "x")


@same
async def test_pick_on_a_stream(lc):
    step = lc.RunnableParallel(a=lc.chat("1", "2") | lc.StrOutputParser()).pick("a")
    return await unordered(step, "x")


@same
async def test_a_function_after_a_stream(lc):
    return await both(lc.chat("a", "b") | (lambda m: m.content.upper()), "x")
