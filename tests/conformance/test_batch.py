"""Batches of chains: a step that does several inputs at once gets them all."""

import importlib

import nbstream

from .sides import events, same


def all_at_once(lc, seen):
    """Make a step with a batch of its own, which notes what it was given."""
    home = nbstream if lc.is_ours else importlib.import_module("langchain_core.runnables")

    class AllAtOnce(home.Runnable):
        def invoke(self, input, config=None, **kwargs):
            return self.batch([input], [config], **kwargs)[0]

        def batch(self, inputs, config=None, *, return_exceptions=False, **kwargs):
            configs = config if isinstance(config, list) else [config or {}] * len(inputs)
            tags = [(one or {}).get("tags") for one in configs]
            seen.append([list(inputs), tags, return_exceptions, kwargs])
            if "boom" in inputs:
                raise ValueError("boom")
            bad = {"bad": ValueError("no")} if return_exceptions else {}
            return [bad.get(one, f"{one}!") for one in inputs]

        async def ainvoke(self, input, config=None, **kwargs):
            return (await self.abatch([input], [config], **kwargs))[0]

        async def abatch(self, inputs, config=None, *, return_exceptions=False, **kwargs):
            return self.batch(inputs, config, return_exceptions=return_exceptions, **kwargs)

    return AllAtOnce()


def double(x):
    return x * 2


async def both(chain, *args, **kwargs):
    return [chain.batch(*args, **kwargs), await chain.abatch(*args, **kwargs)]


@same
async def test_a_step_with_a_batch_of_its_own_gets_all_inputs(lc):
    seen = []
    step = all_at_once(lc, seen)
    chains = [
        step | lc.RunnableLambda(double),
        lc.RunnableLambda(double) | step | lc.RunnableLambda(double),
        lc.RunnableLambda(double) | step.with_config(tags=["own"]),
        lc.RunnableLambda(double) | (step | double).with_config(run_name="inner"),
    ]
    return [[await both(chain, ["a", "b"], {"tags": ["t"]}) for chain in chains], seen]


@same
async def test_arguments_go_to_the_first_step(lc):
    seen = []
    chain = all_at_once(lc, seen) | all_at_once(lc, seen)
    return [await both(chain, ["a", "b"], stop="x"), [one[3] for one in seen]]


@same
async def test_what_failed_goes_no_further(lc):
    seen = []
    step = all_at_once(lc, seen)
    chain = step | step | lc.RunnableLambda(double)
    return [await both(chain, ["a", "bad", "c"], return_exceptions=True), [s[0] for s in seen]]


@same
async def test_a_batch_that_raises(lc):
    chain = lc.RunnableLambda(lambda x: x) | all_at_once(lc, [])
    taken = await both(chain, ["a", "boom"], return_exceptions=True)
    try:
        chain.batch(["a", "boom"])
    except ValueError:
        return [taken, await both(chain, [])]


@same
async def test_each_input_has_a_run_with_its_steps(lc):
    chain = lc.RunnableLambda(double) | all_at_once(lc, []) | lc.RunnableLambda(double)

    async def outer(x):
        return await chain.abatch(["a", "b"], {"max_concurrency": 1})

    shown = await events(lc.RunnableLambda(outer), "x")
    return sorted((e["event"], e["name"], e["tags"], len(e["parents"])) for e in shown)


@same
async def test_a_bound_step_keeps_its_batch(lc):
    seen = []
    step = all_at_once(lc, seen).bind(stop="x").with_config(tags=["own"])
    return [await both(step, ["a", "b"], {"tags": ["t"]}), seen]
