"""Batches, retries and fallbacks, further: each in the ways a step can be called."""

import pytest

from .sides import collect, differs, failure, listed, same


def add_one(x):
    return x + 1


def picky(x):
    if x == 2:
        raise ValueError("two")
    return x


async def apicky(x):
    return picky(x)


def fails(x):
    raise ValueError("no")


def counted(times):
    """Return a function that fails that often, and the list of its calls."""
    calls = []

    def flaky(x):
        calls.append(x)
        if len(calls) <= times:
            raise ValueError("no")
        return x

    return flaky, calls


@same
async def test_a_batch_through_a_chain_keeps_errors_in_place(lc):
    chain = lc.RunnableLambda(picky) | add_one
    return [
        chain.batch([1, 2, 3], return_exceptions=True),
        await chain.abatch([1, 2, 3], return_exceptions=True),
    ]


@same
async def test_a_batch_of_a_chain_raises(lc):
    return (lc.RunnableLambda(add_one) | picky).batch([0, 1, 2])


@same
async def test_an_abatch_raises(lc):
    return await lc.RunnableLambda(apicky).abatch([1, 2, 3])


@same
async def test_batch_as_completed_with_errors(lc):
    step = lc.RunnableLambda(picky)
    done = [*step.batch_as_completed([1, 2, 3], return_exceptions=True)]
    adone = [p async for p in step.abatch_as_completed([1, 2], return_exceptions=True)]
    return [sorted(done, key=lambda p: p[0]), sorted(adone, key=lambda p: p[0])]


@same
async def test_batch_as_completed_of_nothing(lc):
    step = lc.RunnableLambda(picky)
    return [[*step.batch_as_completed([])], [p async for p in step.abatch_as_completed([])]]


@same
async def test_a_batch_of_branches(lc):
    step = lc.RunnableParallel(a=add_one, b=lambda x: x * 2)
    return [step.batch([1, 2]), await step.abatch([1, 2])]


@same
async def test_a_batch_of_models(lc):
    chain = lc.chat("a", "b") | lc.StrOutputParser()
    return [chain.batch(["x", "y"]), await chain.abatch(["x", "y"])]


@same
async def test_a_retry_in_a_batch_repeats_what_failed(lc):
    calls = []

    def flaky(x):
        calls.append(x)
        if x == 2 and calls.count(2) < 3:
            raise ValueError("two")
        return x

    step = lc.RunnableLambda(flaky).with_retry(wait_exponential_jitter=False)
    return [step.batch([1, 2, 3], {"max_concurrency": 1}), sorted(calls)]


@same
async def test_a_retry_in_a_batch_gives_up(lc):
    step = lc.RunnableLambda(picky).with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
    return [
        step.batch([1, 2, 3], return_exceptions=True),
        await step.abatch([1, 2, 3], return_exceptions=True),
    ]


@same
async def test_a_retry_in_a_chain(lc):
    flaky, calls = counted(1)
    chain = lc.RunnableLambda(flaky).with_retry(wait_exponential_jitter=False) | add_one
    return [chain.invoke(1), await chain.ainvoke(2), calls]


@same
async def test_retries_of_one_stop(lc):
    flaky, calls = counted(1)
    step = lc.RunnableLambda(flaky).with_retry(stop_after_attempt=1)
    try:
        return step.invoke(1)
    except ValueError as error:
        return [failure(error), calls]


@same
async def test_a_retried_model(lc):
    step = lc.chat(ValueError("no")).with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
    return step.invoke("x")


@same
async def test_several_fallbacks(lc):
    steps = [lc.RunnableLambda(fails), lc.RunnableLambda(add_one), lc.RunnableLambda(str)]
    step = lc.RunnableLambda(fails).with_fallbacks(steps)
    return [step.invoke(1), await step.ainvoke(1)]


@same
async def test_fallbacks_in_a_batch(lc):
    step = lc.RunnableLambda(picky).with_fallbacks([lc.RunnableLambda(lambda x: x * 10)])
    return [step.batch([1, 2, 3]), await step.abatch([1, 2, 3])]


@same
async def test_fallbacks_in_a_batch_with_errors(lc):
    step = lc.RunnableLambda(picky).with_fallbacks([lc.RunnableLambda(picky)])
    return [
        step.batch([1, 2, 3], return_exceptions=True),
        await step.abatch([1, 2, 3], return_exceptions=True),
    ]


@same
async def test_fallbacks_of_a_chain(lc):
    step = (lc.RunnableLambda(fails) | add_one).with_fallbacks([lc.RunnableLambda(add_one)])
    return [step.invoke(1), listed(step.stream(1)), await collect(step.astream(1))]


@same
async def test_streamed_fallbacks_that_all_fail(lc):
    step = lc.chat(ValueError("no")).with_fallbacks([lc.chat(ValueError("other"))])
    return list(step.stream("x"))


@same
async def test_the_error_key_needs_a_dict(lc):
    step = lc.RunnableLambda(fails).with_fallbacks([lc.RunnableLambda(str)], exception_key="error")
    return step.invoke(1)


@same
async def test_the_error_key_in_a_batch(lc):
    def bad(d):
        raise ValueError("no")

    step = lc.RunnableLambda(bad).with_fallbacks(
        [lc.RunnableLambda(lambda d: [d["n"], type(d["error"]).__name__])], exception_key="error"
    )
    return [step.batch([{"n": 1}, {"n": 2}]), await step.abatch([{"n": 3}])]


@same
async def test_fallbacks_keep_what_is_bound(lc):
    def times(x, n=1):
        return x * n

    step = lc.RunnableLambda(fails).with_fallbacks([lc.RunnableLambda(times)])
    return lc.RunnableLambda(times).bind(n=2).with_fallbacks([step]).invoke("a")


@same
async def test_a_branch_streams(lc):
    model = lc.chat("a", "b") | lc.StrOutputParser()
    step = lc.RunnableBranch((lambda x: x == "m", model), lambda x: "other")
    return [listed(step.stream("m")), await collect(step.astream("m")), step.invoke("z")]


@same
async def test_a_branch_on_a_step(lc):
    step = lc.RunnableBranch((lc.RunnableLambda(bool), add_one), lambda x: "none")
    return step.batch([0, 1])


@same
async def test_a_branch_needs_a_condition(lc):
    return lc.RunnableBranch(lambda x: x)


@same
async def test_a_branch_whose_condition_fails(lc):
    return lc.RunnableBranch((fails, add_one), add_one).invoke(1)


@same
async def test_a_branch_with_async_conditions(lc):
    async def big(x):
        return x > 1

    step = lc.RunnableBranch((big, add_one), lambda x: "small")
    return [await step.ainvoke(1), await step.ainvoke(2)]


@same
async def test_map_with_errors(lc):
    return lc.RunnableLambda(picky).map().invoke([1, 2])


@same
async def test_a_mapped_chain(lc):
    step = lc.RunnableLambda(list) | lc.RunnableLambda(add_one).map() | sum
    return [step.invoke((1, 2)), await step.ainvoke((1, 2)), list(step.stream((1, 2)))]


@same
async def test_a_bound_model_in_every_way(lc):
    step = lc.chat("a", "b").bind(stop=["x"])
    return [step.invoke("x"), listed(step.stream("x")), step.batch(["x"])]


@same
async def test_bound_twice(lc):
    def show(x, **words):
        return sorted(words.items())

    step = lc.RunnableLambda(show).bind(a=1).bind(b=2, a=3)
    return [step.invoke(0), step.invoke(0, c=4)]


@same
async def test_dicts_within_dicts(lc):
    step = lc.RunnablePassthrough() | {"a": {"b": add_one, "c": lambda x: x}, "d": add_one}
    return [step.invoke(1), await step.ainvoke(1)]


@same
async def test_a_dict_in_front_of_a_prompt(lc):
    prompt = lc.ChatPromptTemplate.from_template("{x} {y}")
    chain = {"x": lc.RunnablePassthrough(), "y": lambda x: x * 2} | prompt
    return chain.invoke("a")


@same
async def test_a_constant_in_a_dict(lc):
    return (lc.RunnablePassthrough() | {"a": 1}).invoke(1)


@same
async def test_assign_in_a_row(lc):
    step = lc.RunnablePassthrough.assign(b=lambda d: d["a"] + 1).assign(c=lambda d: d["b"] + 1)
    return [step.invoke({"a": 1}), step.batch([{"a": 1}])]


@same
async def test_assign_a_model_on_a_stream(lc):
    chain = lc.RunnableLambda(lambda x: {"q": x}).assign(
        n=lambda d: len(d["q"]), a=lambda d: d["q"].upper()
    )
    first, *rest = chain.stream("hi")
    for chunk in rest:
        first += chunk
    return dict(sorted(first.items()))


@same
async def test_a_function_that_returns_nothing(lc):
    step = lc.RunnableLambda(lambda x: None)
    return [step.invoke(1), list(step.stream(1)), await collect(step.astream(1))]


@same
async def test_functions_that_return_functions_of_steps(lc):
    deep = lc.RunnableLambda(lambda x: lc.RunnableLambda(lambda y: lc.RunnableLambda(add_one)))
    return [deep.invoke(1), await deep.ainvoke(1)]


@same
async def test_a_function_without_end(lc):
    step = lc.RunnableLambda(lambda x: step)
    try:
        return step.invoke(1, {"recursion_limit": 5})
    except RecursionError:
        return "stopped"


@same
async def test_a_generator_that_makes_more_of_less(lc):
    def twice(texts):
        for text in texts:
            yield text
            yield text

    step = lc.chat("a", "b") | lc.StrOutputParser() | lc.RunnableGenerator(twice)
    return [step.invoke("x"), listed(step.stream("x"))]


@same
async def test_a_generator_that_yields_nothing(lc):
    def nothing(texts):
        for _ in texts:
            yield from ()

    return [list(lc.RunnableGenerator(nothing).stream("x"))]


@same
async def test_a_generator_needs_a_generator_function(lc):
    return lc.RunnableGenerator(add_one)


@same
async def test_numbers_add_up_too(lc):
    """The outputs of a stream are added, whatever they are."""

    def count(_):
        yield from (1, 2, 3)

    return [lc.RunnableGenerator(count).invoke(0), list(lc.RunnableGenerator(count).stream(0))]


@same
async def test_a_stream_is_lazy(lc):
    pulled = []

    def count(_):
        for n in range(5):
            pulled.append(n)
            yield n

    stream = (lc.RunnableGenerator(count) | lc.RunnablePassthrough()).stream(0)
    first, by_then = next(stream), list(pulled)
    stream.close()
    return [first, by_then]


@same
async def test_a_method_as_a_step(lc):
    class Counter:
        def __init__(self):
            self.n = 0

        def up(self, x):
            self.n += x
            return self.n

    return lc.RunnableLambda(Counter().up).batch([1, 2], {"max_concurrency": 1})


@same
async def test_a_class_as_a_step(lc):
    return (lc.RunnableLambda(str) | int | float).invoke(1)


@same
async def test_a_step_that_is_no_function(lc):
    return lc.RunnableLambda(42)


@same
async def test_a_given_name(lc):
    step = lc.RunnableLambda(add_one, name="plus")
    return [step.get_name(), lc.RunnableSequence(step, step, name="two").get_name()]


@pytest.mark.promise(
    "docs/langchain.md", "Where a stream fails, every branch that reads it sees that"
)
@differs(
    "every branch sees that its source failed",
    "- 'the end'",
    "- 'the end'",
    "+ 'ValueError'",
    "+ 'ValueError'",
)
async def test_branches_of_a_source_that_fails(lc):
    saw = []

    def source(_):
        yield "a"
        raise ValueError("no")

    def branch(texts):
        try:
            yield from texts
            saw.append("the end")
        except ValueError as error:
            saw.append(failure(error))
            raise

    generator = lc.RunnableGenerator
    chain = generator(source) | {name: generator(branch) for name in "abc"}
    with pytest.raises(ValueError, match="no"):
        list(chain.stream("x"))
    return sorted(saw)


@pytest.mark.promise("docs/langchain.md", "A chain of any length can be streamed")
@differs("a chain of any length can be streamed", "- ('raised', 'bad input')", "+ 1000")
async def test_a_thousand_steps(lc):
    return list(lc.RunnableSequence(*[lc.RunnableLambda(lambda x: x + 1)] * 1000).stream(0))
