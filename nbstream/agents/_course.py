"""How far an agent's run is: pure, so that the sync and the async loop share it."""

from __future__ import annotations

import uuid
from time import monotonic
from typing import TYPE_CHECKING, Any, TypedDict

from .._exceptions import AgentLimitError, InputError, ParseError
from .._shown import brief
from ..messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage, merge_chunks
from ..models._structured import instance_of
from ..tools import convert_to_tool

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Budget", "Course", "Form", "Limits"]

STOPPED = "Stopped before there was a result."
MORE = "Give it a larger budget, or go on from the error's messages."


class Budget(TypedDict, total=False):
    """What one call of an agent may use; it ends with an `AgentLimitError` when that is used up.

    Examples
    --------
    >>> from nbstream import Budget, ScriptedChat, create_agent
    >>> budget: Budget = {"tokens": 20_000, "calls": 10, "seconds": 60}
    >>> agent = create_agent(ScriptedChat(["Hello"]), budget=budget)
    """

    tokens: int
    """Tokens in and out of all of the model's turns, as far as the provider tells."""
    calls: int
    """Calls of tools."""
    seconds: float
    """Seconds since the call began; looked at between two steps."""


class Limits:
    """How long an agent may go on.

    Parameters
    ----------
    steps
        Turns of the model and rounds of tools together.
    budget
        What it may use.
    said
        What the error says when the steps are used up.
    """

    def __init__(self, steps: int, budget: Budget, said: str) -> None:
        self.steps = steps
        self.budget = budget
        self.said = said


class Form:
    """The form of a final answer: a schema, given to the model as a tool of its own.

    Raises
    ------
    InputError
        If it is no schema.
    """

    def __init__(self, schema: Any) -> None:
        if type(schema).__name__ in ("ToolStrategy", "ProviderStrategy", "AutoStrategy"):
            schema = schema.schema  # LangChain's ways to ask for one
        if not isinstance(schema, (dict, type)):
            raise InputError(
                f"response_format is a schema, not {brief(schema)}. Pass a pydantic model, a "
                "TypedDict, or a JSON schema with a title and properties."
            )
        self.schema = schema
        self.tool = convert_to_tool(schema)
        self.name: str = self.tool["name"]

    def read(self, args: dict[str, Any]) -> Any:
        """Return the answer in its form.

        Raises
        ------
        ParseError
            If it does not fit.
        """
        return instance_of(self.schema, self.name, args)


class Course:
    """One run of an agent: the conversation so far, and what comes next.

    Parameters
    ----------
    given
        The messages that the agent was called with.
    limits
        How long it may go on.
    form
        The form of its final answer, if it is to have one.
    """

    def __init__(self, given: Sequence[BaseMessage], limits: Limits, form: Form | None) -> None:
        self._done: list[BaseMessage] = list(given)
        self._limits = limits
        self._form = form
        self._began = monotonic()
        self._steps = 0
        self._tokens = 0
        self._called = 0
        self._writing: list[AIMessageChunk] = []
        self._answer: AIMessage | None = None  # whose calls are under way
        self._results: dict[str, ToolMessage] = {}
        self.is_over = False
        self.is_forced = False
        """Whether the model is to do nothing but give its answer in the form."""
        self.structured: Any = None
        self.has_form = False

    # What it adds up to

    @property
    def messages(self) -> list[BaseMessage]:
        """The conversation so far; every call in it has a result, and says so if it was stopped."""
        return self._messages(is_closed=True)

    def _messages(self, *, is_closed: bool) -> list[BaseMessage]:
        found = list(self._done)
        if text := "".join(chunk.text for chunk in self._writing):
            found.append(AIMessage(text, response_metadata={"stop_reason": "stopped"}))
        if self._answer is not None:
            found.append(self._answer)
            for call in _calls_of(self._answer):
                if call["id"] in self._results:
                    found.append(self._results[call["id"]])
                elif is_closed:
                    found.append(_stopped(call))
        return found

    def state(self, *, is_closed: bool = True) -> dict[str, Any]:
        """Return what the agent gives, as far as it is there.

        Parameters
        ----------
        is_closed
            Whether calls that have no result yet are to have one that says so.
        """
        state: dict[str, Any] = {"messages": self._messages(is_closed=is_closed)}
        if self.has_form:
            state["structured_response"] = self.structured
        return state

    # The model's turn

    def begin_turn(self) -> list[BaseMessage]:
        """Return what the model is asked.

        Raises
        ------
        AgentLimitError
            If it may not go on.
        """
        self._step()
        return list(self._done)

    def add(self, chunk: AIMessageChunk) -> None:
        """Take a chunk of the model's turn."""
        self._writing.append(chunk)

    def end_turn(self) -> AIMessage:
        """Take the model's turn as whole.

        Raises
        ------
        AgentLimitError
            If it was cut off in the middle of its calls.
        """
        message = _identified(merge_chunks(self._writing).to_message())
        self._writing = []
        if usage := message.usage_metadata:
            self._tokens += usage.get("total_tokens") or 0
        reason = message.response_metadata.get("stop_reason")
        calls = _calls_of(message)
        if reason == "pause_turn":  # a long turn of tools at the provider's end: it goes on
            self._done.append(message)
            return message
        # What it had written of a call may not be all that it meant.
        if calls and reason not in (None, "tool_use"):
            self._answer = message
            raise self._limit(
                f"The model's answer ended ({reason}) before its calls of tools were done, so "
                "none was called. Raise max_tokens, or ask for less at a time."
            )
        if calls:
            self._answer = message
            return message
        self._done.append(message)
        if self._form is None or self.has_form:
            self.is_over = True
        elif self.is_forced:
            raise ParseError(
                f"The model did not answer with {self._form.name}, but with {message.text!r:.200}. "
                "Ask for it in the prompt, or raise max_tokens where the answer was cut off."
            )
        else:
            self.is_forced = True  # it has answered in words: once more, in the form
        return message

    # Its calls

    @property
    def calls(self) -> list[Any]:
        """The calls that have no result yet."""
        if self._answer is None:
            return []
        return [call for call in self._answer.tool_calls if call["id"] not in self._results]

    def begin_calls(self) -> list[ToolMessage]:
        """Answer the calls that need no tool: those that cannot be read, and the final answer.

        Raises
        ------
        AgentLimitError
            If no more may be called.
        """
        answer = self._answer
        if answer is None:
            return []
        results = []
        for bad in answer.invalid_tool_calls:
            said = "The arguments are no JSON object."
            results.append(ToolMessage(said, bad["id"] or "", name=bad["name"], status="error"))
        for call in answer.tool_calls:
            if self._form is not None and call["name"] == self._form.name:
                results.append(self._take_form(call))
        for result in results:
            self.give(result)
        if self.calls and not self.has_form:
            self._step()
        self._called += len(self.calls)
        most = self._limits.budget.get("calls")
        if most is not None and self._called > most:
            raise self._limit(f"The agent asks for more than its {most} calls of tools. {MORE}")
        return results

    def _take_form(self, call: Any) -> ToolMessage:
        form = self._form
        assert form is not None  # noqa: S101
        name, call_id = form.name, call["id"]
        try:
            self.structured, self.has_form = form.read(call["args"]), True
        except ParseError as error:
            return ToolMessage(str(error), call_id, name=name, status="error")
        return ToolMessage(f"Returning structured response: {self.structured}", call_id, name=name)

    def give(self, result: ToolMessage) -> None:
        """Take what a call gave."""
        self._results[result.tool_call_id] = result

    def end_calls(self) -> bool:
        """Go on with the results; return whether there were calls."""
        if self._answer is None:
            return False
        self._done = self.messages
        self._answer, self._results = None, {}
        self.is_over = self.has_form
        return True

    # Limits

    def _step(self) -> None:
        limits = self._limits
        if self._steps >= limits.steps:
            raise self._limit(limits.said)
        self._steps += 1
        most = limits.budget.get("tokens")
        if most is not None and self._tokens >= most:
            raise self._limit(f"The agent has used {self._tokens} of its {most} tokens. {MORE}")
        seconds = limits.budget.get("seconds")
        if seconds is not None and monotonic() - self._began >= seconds:
            raise self._limit(f"The agent has had its {seconds:g} seconds. {MORE}")

    def _limit(self, said: str) -> AgentLimitError:
        return AgentLimitError(said, self.messages)


def _calls_of(message: AIMessage) -> list[Any]:
    return [*message.tool_calls, *message.invalid_tool_calls]


def _identified(message: AIMessage) -> AIMessage:
    """Give each call an id of its own, where it has none or another's: a result names its call."""
    known: set[str] = set()
    for call in _calls_of(message):
        if not call["id"] or call["id"] in known:
            call["id"] = f"call_{uuid.uuid4().hex[:12]}"
        known.add(call["id"])
    return message


def _stopped(call: Any) -> ToolMessage:
    return ToolMessage(STOPPED, call["id"], name=call["name"], status="error")
