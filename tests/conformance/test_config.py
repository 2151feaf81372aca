"""The config: how it is merged, inherited and seen."""

import inspect
import uuid
from functools import partial

import pytest

from .sides import events, langchain, ours, run, same

PARTS = ("tags", "metadata", "configurable", "max_concurrency")


def look(x, config):
    """Return what is in the config, except what is empty: nbstream leaves it out."""
    return {part: config[part] for part in PARTS if config.get(part)}


@same
async def test_tags_are_merged_without_doubles(lc):
    step = lc.RunnableLambda(look).with_config(tags=["b", "a"])
    return step.invoke(1, {"tags": ["c", "a"]})["tags"]


@same
async def test_metadata_given_later_wins(lc):
    step = lc.RunnableLambda(look).with_config(metadata={"m": 1, "n": 1})
    return step.invoke(1, {"metadata": {"m": 2}})["metadata"]


@same
async def test_with_config_takes_a_dict_and_words(lc):
    return lc.RunnableLambda(look).with_config({"tags": ["a"]}, metadata={"m": 1}).invoke(1)


@same
async def test_configurable_values_are_merged(lc):
    step = lc.RunnableLambda(look).with_config(configurable={"a": 1, "b": 1})
    return step.invoke(1, {"configurable": {"b": 2}})["configurable"]


@same
async def test_configurable_values_in_the_metadata(lc):
    step = lc.RunnableLambda(look)
    return step.invoke(1, {"configurable": {"user": "u", "n": 1, "__hidden": "h", "list": []}})


@same
async def test_tags_of_the_places_in_a_chain(lc):
    """The tags that name a place (seq:step:2) are the run's, not the config's."""
    chain = lc.RunnablePassthrough() | lc.RunnableLambda(look) | lc.RunnablePassthrough()
    return chain.invoke(1, {"tags": ["t"]})["tags"]


@same
async def test_a_nested_call_with_the_config_handed_on(lc):
    inner = lc.RunnableLambda(look)

    def outer(x, config):
        return inner.invoke(x, config)

    return lc.RunnableLambda(outer).invoke(1, {"tags": ["outer"], "metadata": {"m": 1}})


@same
async def test_a_nested_async_call_inherits(lc):
    inner = lc.RunnableLambda(look)

    async def outer(x):
        return await inner.ainvoke(x)

    return await lc.RunnableLambda(outer).ainvoke(1, {"tags": ["o"], "configurable": {"c": 1}})


@same
async def test_a_returned_runnable_inherits(lc):
    outer = lc.RunnableLambda(lambda x: lc.RunnableLambda(look))
    return outer.invoke(1, {"tags": ["o"], "metadata": {"m": 1}})


@same
async def test_generator_functions_take_the_config(lc):
    def gen(texts, config):
        for text in texts:
            yield text + str(config["tags"])

    return list(lc.RunnableGenerator(gen).stream("x", {"tags": ["t"]}))


@same
async def test_a_run_name_is_not_inherited(lc):
    step = lc.RunnableLambda(lambda x: x) | (lambda x: x)
    shown = await events(step, 1, config={"run_name": "whole"})
    return [e["name"] for e in shown]


@same
async def test_a_run_id_is_the_outermost_runs_alone(lc):
    run_id = uuid.uuid4()
    step = lc.RunnableLambda(lambda x: x) | (lambda x: x)
    ids = [e["run_id"] async for e in step.astream_events(1, {"run_id": run_id}, version="v2")]
    return [i == str(run_id) for i in ids]


@same
async def test_a_fallback_inherits_the_config(lc):
    def fails(x):
        raise ValueError("no")

    step = lc.RunnableLambda(fails).with_fallbacks([lc.RunnableLambda(look)])
    return step.invoke(1, {"tags": ["t"], "metadata": {"m": 1}})


@same
async def test_a_retried_step_inherits_the_config(lc):
    tries = []

    def flaky(x, config):
        tries.append(look(x, config))
        if len(tries) % 2:
            raise ValueError("no")
        return tries

    step = lc.RunnableLambda(flaky).with_retry(wait_exponential_jitter=False)
    config = {"tags": ["t"], "metadata": {"m": 1}, "configurable": {"c": 1}}
    return [step.invoke(1, config), await step.ainvoke(1, config)]


@same
async def test_a_batch_shares_one_config(lc):
    return lc.RunnableLambda(look).batch([1, 2], {"tags": ["t"], "max_concurrency": 1})


@same
async def test_mapped_steps_inherit_the_config(lc):
    return lc.RunnableLambda(look).map().invoke([1, 2], {"tags": ["t"], "configurable": {"c": 1}})


@same
async def test_a_tool_takes_the_config(lc):
    seen = lc.RunnableLambda(look)

    @lc.tool
    def ask(x: int) -> str:
        """Ask."""
        return str(seen.invoke(x)["metadata"])

    return ask.invoke({"x": 1}, {"metadata": {"m": 1}})


@same
async def test_the_given_config_is_not_changed(lc):
    config = {"tags": ["a"], "metadata": {"m": 1}}
    lc.RunnableLambda(look).with_config(tags=["b"], metadata={"n": 1}).invoke(1, config)
    return config


# What a function sees


def seen_config(x, config):
    return {"tags": config.get("tags"), "metadata": config.get("metadata")}


@same
async def test_a_function_sees_its_config(lc):
    step = lc.RunnableLambda(seen_config)
    config = {"tags": ["a"], "metadata": {"m": 1}}
    return [
        step.invoke(1, config),
        await step.ainvoke(1, config),
        (lc.RunnablePassthrough() | step).invoke(1, config),
        step.with_config(tags=["b"], metadata={"n": 2}).invoke(1, config),
    ]


@same
async def test_a_nested_call_sees_the_config_around_it(lc):
    inner = lc.RunnableLambda(lambda x, config: config["metadata"]["m"])

    def outer(x):
        return inner.invoke(x)

    return lc.RunnableLambda(outer).invoke(1, {"metadata": {"m": 1}})


@same
async def test_configurable_values_reach_all_steps(lc):
    step = lc.RunnableLambda(lambda x, config: config["configurable"]["who"])
    return (lc.RunnablePassthrough() | step).invoke(1, {"configurable": {"who": "me"}})


@same
async def test_a_binding_of_a_binding(lc):
    def told(x, config, a=0, b=0):
        return [look(x, config), a, b]

    step = lc.RunnableLambda(told).with_config(tags=["t"], metadata={"m": 1}).bind(a=1).bind(b=2)
    return [step.invoke(1), await step.ainvoke(1, {"tags": ["u"]}), step.batch([1])]


# Functions that return steps that return steps


def limited(lc, returns, deep):
    """Make a step that returns itself so many times, and tells the limits it has seen."""
    seen = []

    def turn(x, config):
        seen.append(config["recursion_limit"])
        return returns(lc.RunnableLambda(turn)) if len(seen) < deep else x

    return lc.RunnableLambda(turn), seen


async def outcomes(make, config):
    """Call such a step in each way, and say how it ended and what limits it saw."""

    def streamed(step):
        return list(step.stream(1, config))

    async def astreamed(step):
        return [chunk async for chunk in step.astream(1, config)]

    async def called(call):
        step, seen = make()
        try:
            value = call(step)
            value = await value if inspect.isawaitable(value) else value
        except RecursionError:
            value = "too deep"
        return [value, seen]

    calls = (
        lambda step: step.invoke(1, config),
        lambda step: step.ainvoke(1, config),
        streamed,
        astreamed,
    )
    return [await called(call) for call in calls]


@pytest.mark.parametrize("limit", [None, 0, -1, 2, 3, 8])
@pytest.mark.parametrize("deep", [1, 4, 30])
def test_the_recursion_limit(limit, deep):
    async def program(lc):
        config = {} if limit is None else {"recursion_limit": limit}
        returns = (lambda step: step, lambda step: lc.RunnablePassthrough() | step)
        makes = [partial(limited, lc, one, deep) for one in returns]
        return [await outcomes(make, config) for make in makes]

    mine = run(program, ours())
    assert mine == run(program, langchain())
    assert isinstance(mine, list)


@same
async def test_a_recursion_limit_that_is_no_number(lc):
    step, _ = limited(lc, lambda step: step, 4)
    try:
        return step.invoke(1, {"recursion_limit": "many"})
    except (TypeError, ValueError):
        return "refused"
