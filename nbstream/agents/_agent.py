"""`create_agent`: a model that calls tools until it has its answer, as a Runnable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._iterate import aclosing, close
from .._shown import brief
from ..events._chunks import add_chunks
from ..events._scope import current_scope
from ..messages import BaseMessage, SystemMessage, convert_to_messages
from ..models import BaseChatModel, init_chat_model
from ..runnables import Runnable
from ..runnables.config import inherited
from ._course import Course, Form, Limits
from ._loop import Loop, tools_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from ._course import Budget
    from ._loop import Step

__all__ = ["Agent", "create_agent"]

STEPS = 50
"""Turns of the model and rounds of tools, unless ``recursion_limit`` says otherwise."""

MODES = ("updates", "values", "messages")
_BUDGET = ("tokens", "calls", "seconds")


def create_agent(
    model: Any,
    tools: Sequence[Any] | None = None,
    *,
    system_prompt: str | SystemMessage | None = None,
    response_format: Any = None,
    name: str | None = None,
    approve: Callable[[dict[str, Any]], Any] | str | None = None,
    budget: Budget | None = None,
) -> Agent:
    """Make an agent: a model that calls tools until it has its answer.

    Called as LangChain's: ``agent.invoke({"messages": [...]})`` returns the whole conversation,
    ``{"messages": [...]}``. Calls of one turn run at the same time (eight, or ``max_concurrency``
    in the config). What a tool raises is told to the model as its result.

    Parameters
    ----------
    model
        A chat model that can call tools, or a name as for `init_chat_model`.
    tools
        What it may call: functions with a docstring, `Tool` objects, LangChain's tools, or servers
        of tools (`mcp`).
    system_prompt
        Standing instructions; they come before the conversation and are no part of it.
    response_format
        A pydantic model, ``TypedDict`` or JSON schema: the final answer in that form is the
        result's ``structured_response``.
    name
        What the log calls it; ``"agent"`` by default.
    approve
        Who allows calls. A function, plain or async, gets each call (``name``, ``args``, ``id``)
        and returns True, False, the reason why not, other arguments as a dict, or ``"ask"``.
        ``"ask"`` in its place asks for every call: on the page that shows the run, else in the
        terminal; where nobody can be asked, the call is not made, and the model is told so. By
        default all calls are made.
    budget
        What one run may use: ``tokens``, ``calls`` of tools, ``seconds``; see `Budget`.

    Raises
    ------
    InputError
        If one of these cannot be used.
    AgentLimitError
        When called: after ``recursion_limit`` steps (50 by default), or if the budget is used up.
        It has the conversation so far.

    Examples
    --------
    >>> from nbstream import ScriptedChat, create_agent
    >>> agent = create_agent(ScriptedChat(["Hello."]), system_prompt="Be brief.")
    >>> agent.invoke({"messages": "Hi"})["messages"]
    [HumanMessage(content='Hi'), AIMessage(content='Hello.', id=...)]
    """
    if isinstance(system_prompt, str):
        system_prompt = SystemMessage(system_prompt)
    if not (system_prompt is None or isinstance(system_prompt, SystemMessage)):
        raise InputError(
            f"system_prompt is a text or a SystemMessage, not {brief(system_prompt)}. "
            'Write it as system_prompt="Be brief."'
        )
    _check_budget(budget)
    loop = Loop(
        model if isinstance(model, BaseChatModel) else init_chat_model(model),
        tools_of(tools),
        system=[system_prompt] if system_prompt else [],
        approve=approve,
        form=None if response_format is None else Form(response_format),
    )
    return Agent(loop, name or "agent", budget or {})


def _check_budget(budget: Any) -> None:
    if budget is None:
        return
    if not isinstance(budget, dict) or not all(
        key in _BUDGET and isinstance(value, (int, float)) and value > 0
        for key, value in budget.items()
    ):
        raise InputError(
            f"A budget is a dict of {', '.join(_BUDGET)} with numbers above 0, not "
            f"{budget!r:.80}. Write it as budget={{'tokens': 20_000}}."
        )


class Agent(Runnable[Any, dict[str, Any]]):
    """What `create_agent` makes.

    Examples
    --------
    >>> from nbstream import ScriptedChat, create_agent
    >>> agent = create_agent(ScriptedChat(["Hel", "lo."]))
    >>> for chunk, where in agent.stream("Hi", stream_mode="messages"):
    ...     print(chunk.text, where)
    Hel {'langgraph_node': 'model'}
    lo. {'langgraph_node': 'model'}
    """

    _logs_whole = True  # the models and tools inside have logged all that its updates say

    def __init__(self, loop: Loop, name: str, budget: Budget) -> None:
        self.name = name
        self._loop = loop
        self._budget = budget

    def __repr__(self) -> str:
        return f"Agent({self.name!r})"

    @property
    def model_label(self) -> str | None:
        """The model's."""
        label: str | None = self._loop.model.model_label
        return label

    def _course(self, input: Any) -> Course:
        """Return a new run of it; the log can ask that at any time what it has given."""
        steps: Any = inherited().get("recursion_limit", STEPS)
        if not isinstance(steps, int):
            raise InputError(
                f"recursion_limit must be a whole number, not {steps!r:.80}. "
                f"Leave it out for {STEPS}."
            )
        limits = Limits(
            steps,
            self._budget,
            f"The agent has no answer after {steps} steps, which is its limit. Raise it, as in "
            'config={"recursion_limit": 100}, or go on from the error\'s messages.',
        )
        course = Course(_messages(input), limits, self._loop.form)
        scope = current_scope()
        if scope is not None and scope.trace is not None and scope.run is not None:
            scope.trace.tell_so_far(scope.run, course.state)
        return course

    def _invoke(self, input: Any, **_: Any) -> dict[str, Any]:
        course = self._course(input)
        for _step in self._loop.stream(course):
            pass
        return course.state()

    async def _ainvoke(self, input: Any, **_: Any) -> dict[str, Any]:
        course = self._course(input)
        async for _step in self._loop.astream(course):
            pass
        return course.state()

    def _stream(self, input: Any, *, stream_mode: Any = "updates", **_: Any) -> Iterator[Any]:
        course = self._course(input)
        modes = _Modes(stream_mode, course)
        yield from modes.begin()
        steps = self._loop.stream(course)
        try:
            for step in steps:
                yield from modes.items(step)
        finally:
            close(steps)

    async def _astream(
        self, input: Any, *, stream_mode: Any = "updates", **_: Any
    ) -> AsyncIterator[Any]:
        course = self._course(input)
        modes = _Modes(stream_mode, course)
        for item in modes.begin():
            yield item
        async with aclosing(self._loop.astream(course)) as steps:
            async for step in steps:
                for item in modes.items(step):
                    yield item

    # As a step of a chain it gives one value: updates do not add up to it.

    def _transform(self, input: Iterator[Any], **kwargs: Any) -> Iterator[Any]:
        yield self._invoke(add_chunks(list(input)), **kwargs)

    async def _atransform(self, input: AsyncIterator[Any], **kwargs: Any) -> AsyncIterator[Any]:
        yield await self._ainvoke(add_chunks([chunk async for chunk in input]), **kwargs)


def _messages(input: Any) -> list[BaseMessage]:
    if isinstance(input, dict):
        if "messages" not in input:
            raise InputError(
                f"An agent needs messages, and the input has {', '.join(input) or 'nothing'}. "
                'Call it with {"messages": [...]}, or with a text.'
            )
        return convert_to_messages(input["messages"])
    return convert_to_messages(input)


class _Modes:
    """What a run's steps are in the modes that somebody streams in."""

    def __init__(self, modes: Any, course: Course) -> None:
        self._is_one = isinstance(modes, str)
        self._modes = [modes] if self._is_one else list(modes)
        self._course = course
        for mode in self._modes:
            if mode not in MODES:
                raise InputError(
                    f"stream_mode is one of {', '.join(MODES)}, or a list of them, not {mode!r}. "
                    "What tools tell while they run is in astream_events."
                )

    def begin(self) -> Iterator[Any]:
        """Give what it begins with."""
        return self._values()

    def items(self, step: Step) -> Iterator[Any]:
        """Give what a step is in each mode."""
        message = step.message
        if message is None:
            yield from self._values()
            return
        if not step.is_whole or step.node == "tools":
            yield from self._as("messages", (message, {"langgraph_node": step.node}))
        if step.is_whole:
            update: dict[str, Any] = {"messages": [message]}
            if self._course.has_form and step.node == "tools":
                update["structured_response"] = self._course.structured
            yield from self._as("updates", {step.node: update})

    def _as(self, mode: str, item: Any) -> Iterator[Any]:
        if mode in self._modes:
            yield item if self._is_one else (mode, item)

    def _values(self) -> Iterator[Any]:
        return self._as("values", self._course.state(is_closed=False))
