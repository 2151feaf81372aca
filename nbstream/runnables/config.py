"""What a caller can say about a run, and how calls inside it inherit that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, cast

from .._exceptions import InputError
from .._shown import brief, mapped
from ..events._callbacks import joined, manager_of
from ..events._scope import Scope, current_scope

if TYPE_CHECKING:
    from concurrent.futures import Executor

__all__ = [
    "RunnableConfig",
    "checked",
    "current_config",
    "inherited",
    "inner_scope",
    "max_concurrency",
    "merge_configs",
    "one_deeper",
    "one_each",
    "step_config",
]


class RunnableConfig(TypedDict, total=False):
    """Settings for one call; every key may be left out.

    Calls inside that call inherit all but ``run_name`` and ``run_id``, with nothing passed on.
    Further keys may be added; they are inherited as they are.

    Examples
    --------
    >>> from nbstream import RunnableConfig, RunnableLambda, Trace
    >>> config: RunnableConfig = {"run_name": "double", "tags": ["sums"]}
    >>> with Trace() as trace:
    ...     RunnableLambda(lambda x: 2 * x).invoke(2, config)
    4
    >>> trace.runs[0].name, trace.runs[0].tags
    ('double', ['sums'])
    """

    tags: list[str]
    """Labels for the run and those inside it."""
    metadata: dict[str, Any]
    """Facts about the run, for it and those inside it."""
    run_name: str
    """Name of this run in the log; by default that of the step."""
    run_id: Any
    """A UUID for this run; by default a new one."""
    max_concurrency: int | None
    """How many inputs of a batch run at a time; by default all (async) or a pool's worth."""
    executor: Executor
    """Where a batch runs its calls; by default a pool of threads that ends with the batch."""
    callbacks: Any
    """LangChain's callback handlers, or any object with their methods, to hear of the run."""
    configurable: dict[str, Any]
    """Settings for steps that look for them here."""
    recursion_limit: int
    """How often functions may return a step in place of a value, one inside the other; 25 times."""


RECURSION_LIMIT = 25

# What one call keeps for itself. `step_tag` says which place of a chain the call is for, and
# `step_scope` of which of the chain's runs, where it is not the one around the call.
_OWN = {"tags", "metadata", "run_name", "run_id", "step_tag", "step_scope"}


def step_config(tag: str | None) -> RunnableConfig | None:
    """Return the config for a chain's call of one of its steps, marked by a tag in the log.

    None where nobody listens, so that such calls stay as cheap as they can be.
    """
    if tag is None or (scope := current_scope()) is None or scope.trace is None:
        return None
    return cast("RunnableConfig", {"step_tag": tag})


def inner_scope(scope: Scope | None, config: RunnableConfig | None) -> Scope:
    """Return what calls inside a call with this config inherit, its run aside."""
    scope = scope or Scope(None, None)
    if not config:
        return scope
    try:
        scope = cast("Scope", config.get("step_scope", scope))
        if isinstance(tags := config.get("tags") or (), str):
            raise TypeError
        given = tuple(tags)
        settings = {key: value for key, value in config.items() if key not in _OWN}
        if settings.get("callbacks"):
            settings["callbacks"] = joined(scope.settings.get("callbacks"), settings["callbacks"])
        return scope._replace(
            tags=(*(tag for tag in scope.tags if tag not in given), *dict.fromkeys(given)),
            metadata={**scope.metadata, **(config.get("metadata") or {})},
            settings={**scope.settings, **settings} if settings else scope.settings,
        )
    except (AttributeError, TypeError):
        checked(config)  # it says what is wrong
        raise


def checked(config: Any) -> RunnableConfig:
    """Return a config, or refuse what is none.

    Raises
    ------
    InputError
        It names the part that is of the wrong kind.
    """
    config = mapped(config, "A config", "settings")
    for part in ("metadata", "configurable"):
        mapped(config.get(part), f"{part} in a config", "values")
    tags = config.get("tags")
    is_list = isinstance(tags, (list, tuple, set, frozenset))
    if tags is not None and not (is_list and all(isinstance(tag, str) for tag in tags)):
        raise InputError(
            f"tags in a config are a list of texts, not {brief(tags)}. "
            'Write them as {"tags": ["draft"]}.'
        )
    return cast("RunnableConfig", config)


def current_config() -> RunnableConfig:
    """Return the config that a function inside a run sees."""
    scope = current_scope() or Scope(None, None)
    config = {
        # Code for LangChain counts on these two being there.
        "configurable": {},
        "recursion_limit": RECURSION_LIMIT,
        **scope.settings,
        "tags": list(scope.tags),
        "metadata": dict(scope.metadata),
    }
    if scope.run is not None and scope.settings.get("callbacks"):
        config["callbacks"] = manager_of(scope.settings["callbacks"], scope.run)
    return cast("RunnableConfig", config)


def merge_configs(*configs: RunnableConfig | None) -> RunnableConfig:
    """Merge configs: tags are united, metadata and ``configurable`` merged, else the last wins.

    Examples
    --------
    >>> merge_configs({"tags": ["b"], "run_name": "x"}, {"tags": ["a"], "run_name": "y"})
    {'tags': ['a', 'b'], 'run_name': 'y'}
    """
    merged: dict[str, Any] = {}
    for config in configs:
        for key, value in checked(config).items():
            if key == "tags":
                merged[key] = sorted({*merged.get(key, ()), *(value or ())})  # type: ignore[misc]
            elif key == "callbacks" and value:
                merged[key] = joined(merged.get(key), value)
            elif key in ("metadata", "configurable"):
                merged[key] = {**merged.get(key, {}), **(value or {})}  # type: ignore[dict-item]
            elif value is not None:
                merged[key] = value
    return cast("RunnableConfig", merged)


def max_concurrency(config: RunnableConfig | None = None) -> int | None:
    """Return how many calls may run at a time: what the config says, else what is inherited.

    Raises
    ------
    InputError
        If it is no whole number from 1.
    """
    limit: Any = inherited(config).get("max_concurrency")
    if limit is None or (isinstance(limit, int) and limit >= 1):
        return limit
    raise InputError(
        f"max_concurrency must be a whole number from 1, not {limit!r:.80}. "
        "Leave it out for as many calls as there is room for."
    )


def one_deeper(name: str) -> RunnableConfig:
    """Return the config for a step that a function gave in place of a value.

    Raises
    ------
    RecursionError
        If that has been done as often as ``recursion_limit`` says.
    InputError
        If the limit is no whole number.
    """
    limit: Any = inherited().get("recursion_limit", RECURSION_LIMIT)
    if not isinstance(limit, int):
        raise InputError(
            f"recursion_limit must be a whole number, not {limit!r:.80}. "
            f"Leave it out for {RECURSION_LIMIT}."
        )
    if limit <= 0:
        raise RecursionError(
            f"{name} gave a step in place of a value once more than the recursion limit allows. "
            'Raise it, as in config={"recursion_limit": 100}, or let the function end with a value.'
        )
    return {"recursion_limit": limit - 1}


def inherited(config: RunnableConfig | None = None) -> RunnableConfig:
    """Return the settings that calls here inherit, with this config on top."""
    scope = current_scope()
    return merge_configs(cast("RunnableConfig", dict(scope.settings) if scope else {}), config)


def one_each(config: Any, count: int) -> list[RunnableConfig | None]:
    """Return a config for each input of a batch, from one for all or a list of them.

    A ``run_id`` names one run, so only the first call gets it.

    Raises
    ------
    InputError
        If there are not as many configs as inputs.
    """
    if isinstance(config, (list, tuple)):
        if len(config) != count:
            raise InputError(
                f"There are {count} inputs and {len(config)} configs. Give one config for all, "
                "or one for each input."
            )
        return list(config)
    if "run_id" in checked(config) and count > 1:
        rest = {key: value for key, value in config.items() if key != "run_id"}
        return [config, *[cast("RunnableConfig", rest)] * (count - 1)]
    return [config] * count
