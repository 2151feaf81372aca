"""The tool loop: a model is asked, the tools it asks for are called, until it has its answer."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from .._exceptions import InputError
from .._iterate import aclosing, close
from .._shown import brief, listed
from ..messages import BaseMessage, ToolMessage
from ..models._structured import choice_for
from ..runnables.config import max_concurrency
from ..tools import Tool
from ._approval import adecide, check_approve, decide
from ._calls import Call, failed, in_tasks, in_threads

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from ._approval import Verdict
    from ._course import Course, Form

__all__ = ["Loop", "Step", "tools_of"]

AT_ONCE = 8
"""Calls that are made at the same time, unless ``max_concurrency`` says otherwise."""


class Step(NamedTuple):
    """Something new of a run: a chunk of the model's turn, or a whole message."""

    node: Literal["model", "tools"]
    message: BaseMessage | None
    """None: that is all of this turn, or of its calls."""
    is_whole: bool = True


class Loop:
    """A model and its tools.

    Parameters
    ----------
    model
        A chat model that can call tools.
    tools
        What it may call: `Tool` objects, functions with a docstring, dicts that describe tools at
        the provider's end, and what is opened for a run and gives such (an MCP server).
    system
        Messages that come before all others.
    approve
        Who decides of calls; see `create_agent`.
    on_error
        Called with a tool's name and its error, and raises; None tells the model.
    form
        The form of the final answer.
    """

    def __init__(
        self,
        model: Any,
        tools: Sequence[Any],
        *,
        system: Sequence[BaseMessage] = (),
        approve: Any = None,
        on_error: Callable[[str, Exception], Any] | None = None,
        form: Form | None = None,
    ) -> None:
        check_approve(approve)
        self.model = model
        self._given = tools
        self._system = list(system)
        self._approve = approve
        self._on_error = on_error
        self.form = form
        self._bound: dict[str, Any] = {}
        if not any(map(_is_opened, tools)):
            self._bound = self._bind(tools)  # what is wrong with one is said at once

    def _bind(self, tools: Sequence[Any]) -> dict[str, Any]:
        """Return the model with these tools, by what it may do."""
        if not tools and self.form is None:
            return {"any": self.model, "form": self.model}
        if self.form is None:
            return {"any": self.model.bind_tools(list(tools))}
        name = self.form.name
        every = [*tools, self.form.tool]
        choice = choice_for(self.model, name)
        forced = self.model.bind_tools([self.form.tool], tool_choice=choice)
        return {"any": self.model.bind_tools(every) if tools else forced, "form": forced}

    def stream(self, course: Course) -> Iterator[Step]:
        """Run it to its end."""
        with ExitStack() as stack:
            tools: list[Any] = []
            for one in self._given:
                tools += stack.enter_context(one) if _is_opened(one) else [one]
            bound = self._bound or self._bind(_distinct(tools))
            named = {tool.name: tool for tool in tools if isinstance(tool, Tool)}
            while not course.is_over:
                asked = [*self._system, *course.begin_turn()]
                chunks = bound["form" if course.is_forced else "any"].stream(asked)
                try:
                    for chunk in chunks:
                        course.add(chunk)
                        yield Step("model", chunk, False)
                finally:
                    close(chunks)
                yield Step("model", course.end_turn())
                yield Step("model", None)
                for result in course.begin_calls():
                    yield Step("tools", result)
                calls = []
                for call in course.calls:
                    if (told := self._refused(named, call)) is None:
                        verdict = decide(self._approve, call)
                        calls.append(partial(self._call, named[call["name"]], call, verdict))
                    else:
                        yield self._given_by(course, told)
                for result in in_threads(calls, max_concurrency() or AT_ONCE) if calls else ():
                    yield self._given_by(course, result)
                if course.end_calls():
                    yield Step("tools", None)

    async def astream(self, course: Course) -> AsyncIterator[Step]:
        """Do what `stream` does, without blocking the loop."""
        async with AsyncExitStack() as stack:
            tools: list[Any] = []
            for one in self._given:
                tools += await stack.enter_async_context(one) if _is_opened(one) else [one]
            bound = self._bound or self._bind(_distinct(tools))
            named = {tool.name: tool for tool in tools if isinstance(tool, Tool)}
            while not course.is_over:
                asked = [*self._system, *course.begin_turn()]
                chunks = bound["form" if course.is_forced else "any"].astream(asked)
                async with aclosing(chunks):
                    async for chunk in chunks:
                        course.add(chunk)
                        yield Step("model", chunk, False)
                yield Step("model", course.end_turn())
                yield Step("model", None)
                for result in course.begin_calls():
                    yield Step("tools", result)
                calls = []
                for call in course.calls:
                    if (told := self._refused(named, call)) is None:
                        verdict = await adecide(self._approve, call)
                        calls.append(partial(self._acall, named[call["name"]], call, verdict))
                    else:
                        yield self._given_by(course, told)
                if calls:
                    async with aclosing(in_tasks(calls, max_concurrency() or AT_ONCE)) as results:
                        async for result in results:
                            yield self._given_by(course, result)
                if course.end_calls():
                    yield Step("tools", None)

    @staticmethod
    def _given_by(course: Course, result: ToolMessage) -> Step:
        course.give(result)
        return Step("tools", result)

    @staticmethod
    def _refused(tools: dict[str, Tool], call: Any) -> ToolMessage | None:
        """Return what the model is told of a call that it got wrong."""
        name, call_id = call["name"], call["id"]
        if name not in tools:
            said = f"There is no tool {name!r}. There are: {', '.join(tools)}."
            return ToolMessage(said, call_id, name=name, status="error")
        try:
            tools[name]._arguments(call)
        except InputError as error:
            return ToolMessage(str(error), call_id, name=name, status="error")
        return None

    def _call(self, tool: Tool, call: Any, verdict: Verdict) -> ToolMessage:
        try:
            return Call(tool, verdict).invoke(call)  # type: ignore[no-any-return]
        except Exception as error:
            return self._failed(call, error)

    async def _acall(self, tool: Tool, call: Any, verdict: Verdict) -> ToolMessage:
        try:
            return await Call(tool, verdict).ainvoke(call)  # type: ignore[no-any-return]
        except Exception as error:
            return self._failed(call, error)

    def _failed(self, call: Any, error: Exception) -> ToolMessage:
        if self._on_error is not None:
            self._on_error(call["name"], error)
        return failed(call, error)


def _is_opened(tool: Any) -> bool:
    """Tell whether it has to be opened, and then gives tools."""
    return hasattr(tool, "__aenter__") and not isinstance(tool, Tool)


def tools_of(given: Any) -> list[Any]:
    """Return what a model may call: functions become tools.

    Raises
    ------
    InputError
        If one cannot be called, or two have one name.
    """
    tools: list[Any] = []
    for one in listed(given or [], "create_agent", "tools"):
        if isinstance(one, (Tool, dict)) or _is_opened(one):
            tools.append(one)
        elif hasattr(one, "args_schema") and hasattr(one, "invoke"):
            tools.append(_of_langchain(one))
        elif callable(one) and not isinstance(one, type):
            tools.append(Tool(one))
        else:
            raise InputError(
                f"{brief(one)} is no tool. Pass a function with a docstring and typed arguments, "
                "under @tool or not."
            )
    return _distinct(tools)


def _distinct(tools: list[Any]) -> list[Any]:
    names = [tool.name for tool in tools if isinstance(tool, Tool)]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"Two tools are named {name!r}. Give one of them another name.")
    return tools


def _of_langchain(one: Any) -> Tool:
    """Return another library's tool as one of ours."""

    def call(**arguments: Any) -> Any:
        return one.invoke(arguments)

    async def acall(**arguments: Any) -> Any:
        return await one.ainvoke(arguments)

    has_async = getattr(one, "coroutine", None) is not None
    return Tool(
        acall if has_async else call,
        name=one.name,
        description=one.description,
        args_schema=getattr(one, "tool_call_schema", None) or one.args_schema,
    )
