"""A model that may use tools, until it has its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from .._exceptions import InputError, NbstreamError
from .._iterate import aclosing
from ..agents._course import Course, Limits
from ..agents._loop import Loop
from ..agents._mcp import McpServer, mcp
from ..messages import AIMessage, AIMessageChunk, convert_to_messages, merge_chunks
from ..runnables import Runnable
from ..tools import Tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from ..agents._loop import Step

__all__ = ["MAX_ROUNDS", "ToolLoop", "named_tools", "server_of"]

MAX_ROUNDS = 8
"""How often a model may ask for tools before it must answer."""

LIMITS = Limits(
    2 * MAX_ROUNDS,
    {},
    f"The model still asks for tools after {MAX_ROUNDS} rounds. "
    "Say in the prompt when it is to answer, or give it fewer tools.",
)


class ToolError(NbstreamError):
    """A tool raised an error."""


class ToolLoop(Runnable[Any, AIMessageChunk]):
    """An agent's loop whose answer is one message: the texts of all turns of its model.

    Parameters
    ----------
    model
        A chat model that can call tools.
    tools
        What it may call.
    approve
        Who allows calls, as for `create_agent`.

    Raises
    ------
    ToolError
        If a tool raises. What a model got wrong (a tool that is not there, arguments that do not
        fit) is told to the model instead.
    AgentLimitError
        If it still asks for tools after `MAX_ROUNDS` rounds.
    """

    name = "tools"

    def __init__(self, model: Any, tools: Sequence[Any], *, approve: Any = None) -> None:
        self._loop = Loop(model, tools, approve=approve, on_error=_raise)

    def _stream(self, input: Any, **_: Any) -> Iterator[AIMessageChunk]:
        texts = _Texts()
        for step in self._loop.stream(Course(convert_to_messages(input), LIMITS, None)):
            yield from texts.of(step)

    async def _astream(self, input: Any, **_: Any) -> AsyncIterator[AIMessageChunk]:
        texts = _Texts()
        steps = self._loop.astream(Course(convert_to_messages(input), LIMITS, None))
        async with aclosing(steps):
            async for step in steps:
                for chunk in texts.of(step):
                    yield chunk

    def _invoke(self, input: Any, **_: Any) -> Any:
        return merge_chunks(self._stream(input)).to_message()


class _Texts:
    """The texts of all turns as one message's, with a blank line between two."""

    def __init__(self) -> None:
        self._between = ""
        self._has_text = False

    def of(self, step: Step) -> Iterator[AIMessageChunk]:
        message = step.message
        if step.node == "tools" or message is None:
            return
        if isinstance(message, AIMessageChunk):
            # Blocks and calls of different turns share their indexes: only texts add up.
            if text := message.text:
                yield AIMessageChunk(text if self._has_text else self._between + text)
                self._has_text = True
        elif isinstance(message, AIMessage):
            self._between = "\n\n" if self._has_text else self._between
            self._has_text = False
            yield AIMessageChunk(
                "",
                usage_metadata=message.usage_metadata,
                response_metadata=message.response_metadata,
            )


def _raise(name: str, error: Exception) -> NoReturn:
    raise ToolError(
        f"The tool {name!r} failed: {type(error).__name__}: {error}. Correct it, then run "
        "this cell again; --debug shows where it failed."
    ) from error


def named_tools(found: dict[str, Any]) -> list[Tool]:
    """Return variables as tools.

    Parameters
    ----------
    found
        `Tool` objects, or functions with a docstring, by name.

    Raises
    ------
    InputError
        If one is neither.
    """
    tools = []
    for name, value in found.items():
        if isinstance(value, Tool):
            tools.append(value)
        elif callable(value) and hasattr(value, "__name__"):
            tools.append(Tool(value))
        else:
            raise InputError(
                f"--tools: {name!r} is of type {type(value).__name__}, not a tool. "
                "Write a function with a docstring and typed arguments, under @tool."
            )
    return tools


def server_of(said: str, variable: Callable[[str, str], Any]) -> McpServer:
    """Return the server of tools that ``--mcp`` names.

    Parameters
    ----------
    said
        A variable's name, a command or a URL.
    variable
        Returns the variable that an option names.

    Raises
    ------
    InputError
        If the variable holds none.
    """
    if not said.isidentifier():
        return mcp(said)
    value = variable("--mcp", said)
    if isinstance(value, McpServer):
        return value
    raise InputError(
        f"--mcp: {said!r} is of type {type(value).__name__}, not a server of tools. Make one: "
        f'{said} = nbstream.mcp("npx -y some-server").'
    )
