"""Steps: called, streamed, batched, joined."""

import pytest

from .sides import agather, collect, differs, failure, listed, same, ways


@same
async def test_a_model(lc):
    return await ways(lc.chat("Here", " is"), "hi")


@pytest.mark.promise(
    "README.md", "Models, prompts, parsers, tools and chains are Runnables, with LangChain's names"
)
@same
async def test_a_chain(lc):
    prompt = lc.ChatPromptTemplate.from_template("{x}")
    return await ways(prompt | lc.chat("Here", " is") | lc.StrOutputParser(), {"x": 1})


@same
async def test_functions(lc):
    return await ways(lc.RunnableLambda(lambda x: x + 1) | (lambda x: x * 2), 1)


@same
async def test_pipe(lc):
    return await ways(lc.RunnableLambda(lambda x: x + 1).pipe(lambda x: x * 2, str), 1)


@same
async def test_a_function_in_front(lc):
    return await ways((lambda x: x + "!") | lc.RunnableLambda(str.upper), "a")


@same
async def test_a_function_and_its_async_twin(lc):
    async def twin(x):
        return ("async", x)

    return await ways(lc.RunnableLambda(lambda x: ("sync", x), afunc=twin), 1)


@same
async def test_a_coroutine_function_awaited(lc):
    async def add(x):
        return x + 1

    step = lc.RunnableLambda(add)
    return [await step.ainvoke(1), await collect(step.astream(1)), await step.abatch([1, 2])]


@differs(
    "a coroutine function works from the sync side, too",
    "- ('raised', 'bad input')",
    "+ 2",
)
async def test_a_coroutine_function_called(lc):
    async def add(x):
        return x + 1

    return lc.RunnableLambda(add).invoke(1)


@same
async def test_a_generator_function_as_a_step(lc):
    def twice(x):
        yield x
        yield x

    step = lc.RunnableLambda(twice)
    return [step.invoke("a"), list(step.stream("a"))]


@same
async def test_an_async_generator_function_as_a_step(lc):
    async def twice(x):
        yield x
        yield x

    step = lc.RunnableLambda(twice)
    return [await step.ainvoke("a"), await collect(step.astream("a"))]


@same
async def test_a_function_that_returns_a_runnable(lc):
    inner = lc.chat("a", "b") | lc.StrOutputParser()
    return await ways(lc.RunnableLambda(lambda x: inner), "hi")


@same
async def test_a_dict_in_a_chain(lc):
    step = lc.RunnableLambda(lambda x: x + 1) | {"a": lambda x: x * 2, "b": lambda x: x * 3}
    return [step.invoke(1), await step.ainvoke(1), step.batch([1, 2])]


@same
async def test_a_parallel_step_streams_its_branches(lc):
    step = lc.RunnableParallel(a=lc.chat("1", "2") | lc.StrOutputParser(), b=lambda x: "B")
    chunks = list(step.stream("x"))
    achunks = await collect(step.astream("x"))
    by_key = [{k: [c[k] for c in cs if c.get(k)] for k in "ab"} for cs in (chunks, achunks)]
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    return [by_key, {k: total[k] for k in "ab"}]


@same
async def test_a_generator_on_a_stream(lc):
    def shout(texts):
        for text in texts:
            yield text.upper()

    step = lc.chat("a", "b") | lc.StrOutputParser() | lc.RunnableGenerator(shout)
    return [step.invoke("x"), listed(c for c in step.stream("x") if c)]


@same
async def test_an_async_generator_on_a_stream(lc):
    async def shout(texts):
        async for text in texts:
            yield text.upper()

    step = lc.chat("a", "b") | lc.StrOutputParser() | shout
    return [await step.ainvoke("x"), [c for c in await collect(step.astream("x")) if c]]


@differs(
    "an async generator works from the sync side, too",
    "- ('raised', 'bad input')",
    "+ 'A'",
)
async def test_an_async_generator_called(lc):
    async def shout(texts):
        async for text in texts:
            yield text.upper()

    return lc.RunnableGenerator(shout).invoke("a")


@same
async def test_transform(lc):
    step = lc.RunnablePassthrough() | (lambda x: x + "!")
    return [list(step.transform(iter("abc"))), await collect(step.atransform(agather(*"abc")))]


@same
async def test_transform_with_nothing(lc):
    return list(lc.StrOutputParser().transform(iter(())))


@same
async def test_a_function_gets_the_sum_of_a_stream(lc):
    return [
        lc.RunnableLambda(lambda x: x).invoke([1, 2]),
        list(lc.RunnableLambda(lambda x: x).transform(iter([1, 2, 3]))),
        list(lc.RunnableLambda(lambda x: x).transform(iter([{"a": 1}, {"a": 2}]))),
    ]


@same
async def test_passthrough(lc):
    return await ways(lc.RunnablePassthrough(), {"a": 1})


@same
async def test_passthrough_with_a_function(lc):
    seen = []
    step = lc.RunnablePassthrough(seen.append)
    return [await ways(step, "x"), seen]


@same
async def test_assign(lc):
    step = lc.RunnablePassthrough.assign(double=lambda d: d["n"] * 2)
    return [step.invoke({"n": 1}), await step.ainvoke({"n": 1}), step.batch([{"n": 1}, {"n": 2}])]


@same
async def test_assign_streams_what_it_has_first(lc):
    step = lc.RunnablePassthrough.assign(text=lc.chat("a", "b") | lc.StrOutputParser())
    prompt = lc.RunnableLambda(lambda d: "x")
    step = lc.RunnablePassthrough.assign(text=prompt | lc.chat("a", "b") | lc.StrOutputParser())
    return [
        [c for c in step.stream({"n": 1}) if c != {"text": ""}],
        [c async for c in step.astream({"n": 1}) if c != {"text": ""}],
    ]


@same
async def test_assign_replaces_a_key(lc):
    step = lc.RunnablePassthrough.assign(n=lambda d: d["n"] + 1)
    return [step.invoke({"n": 1, "m": 2}), list(step.stream({"n": 1, "m": 2}))]


@same
async def test_assign_needs_a_dict(lc):
    return lc.RunnablePassthrough.assign(a=lambda x: x).invoke([1])


@same
async def test_assign_on_a_chain(lc):
    step = lc.RunnableLambda(lambda x: {"a": x}).assign(b=lambda d: d["a"] + 1)
    return [step.invoke(1), await step.ainvoke(1)]


@same
async def test_pick(lc):
    made = lc.RunnableLambda(lambda x: {"a": x, "b": 2, "c": 3})
    return [await ways(made.pick("a"), 1), await ways(made.pick(["a", "c"]), 1)]


@same
async def test_pick_what_is_not_there(lc):
    made = lc.RunnableLambda(lambda x: {"a": x})
    return [made.pick("z").invoke(1), made.pick(["z"]).invoke(1), list(made.pick("z").stream(1))]


@same
async def test_branch(lc):
    step = lc.RunnableBranch(
        (lambda x: x > 5, lambda x: "big"), (lambda x: x > 2, lambda x: "mid"), lambda x: "small"
    )
    return [step.batch([1, 3, 9]), await step.abatch([1, 3, 9]), list(step.stream(3))]


@same
async def test_map(lc):
    step = lc.RunnableLambda(lambda x: x + 1).map()
    return [step.invoke([1, 2, 3]), await step.ainvoke([1, 2]), step.invoke([])]


@same
async def test_bind(lc):
    def times(text, n=1):
        return text * n

    step = lc.RunnableLambda(times).bind(n=3)
    return [await ways(step, "a"), step.invoke("a", n=2), step.bind(n=4).invoke("a")]


@same
async def test_retry(lc):
    calls = []

    def flaky(x):
        calls.append(x)
        if len(calls) < 3:
            raise ValueError("no")
        return "yes"

    step = lc.RunnableLambda(flaky).with_retry(wait_exponential_jitter=False)
    return [step.invoke(1), len(calls)]


@same
async def test_retry_gives_up(lc):
    calls = []

    async def fails(x):
        calls.append(x)
        raise ValueError("no")

    step = lc.RunnableLambda(fails).with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
    try:
        await step.ainvoke(1)
    except ValueError as error:
        return [failure(error), len(calls)]


@same
async def test_retry_of_one_kind_of_error(lc):
    calls = []

    def fails(x):
        calls.append(x)
        raise KeyError("no")

    step = lc.RunnableLambda(fails).with_retry(retry_if_exception_type=(ValueError,))
    try:
        step.invoke(1)
    except KeyError:
        return len(calls)


@pytest.mark.promise(
    "docs/langchain.md", "with_retry also tries a stream again, until its first chunk has come"
)
@differs(
    "a stream is tried again until its first chunk has come",
    "- ('raised', 'ValueError')",
    "+ 'yes'",
)
async def test_retry_of_a_stream(lc):
    calls = []

    def flaky(x):
        calls.append(x)
        if len(calls) < 2:
            raise ValueError("no")
        return "yes"

    return list(lc.RunnableLambda(flaky).with_retry(wait_exponential_jitter=False).stream(1))
