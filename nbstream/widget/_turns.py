"""A conversation as a tree: each turn is a prompt and its answer, and can have alternatives."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ..events import Trace
from ..events._fold import Fold
from ..events._state import status
from ..messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from ._stop import Stop, wait_out

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Future

    from ..events._state import Status

__all__ = ["Turn", "read_turns"]


class Turn:
    """A prompt and what came of it.

    Parameters
    ----------
    id
        Its number in the conversation.
    prompt
        The message.
    parent
        The turn before it, or None.

    Examples
    --------
    >>> from nbstream import ChatView, ScriptedChat
    >>> chat = ChatView(ScriptedChat(["Hello!"]))
    >>> turn = chat.ask("Hi")
    >>> turn.result().text, turn.status
    ('Hello!', 'done')
    """

    def __init__(self, id: int, prompt: HumanMessage, parent: Turn | None) -> None:
        self.id = id
        self.prompt = prompt
        self.parent = parent
        self.trace = Trace()
        self._stop = Stop()
        self._job: Future[None] | None = None
        self._state = Fold(self.trace)

    def __repr__(self) -> str:
        return f"<Turn {self.id}: {self.prompt.text[:40]!r}, {self.status}>"

    @property
    def answer(self) -> AIMessage | None:
        """What the model said, so far; None where it has said nothing."""
        if not self.trace.runs:
            return None
        value = self.trace.output(self.trace.runs[0])
        if hasattr(value, "to_message"):
            value = value.to_message()
        if not isinstance(value, AIMessage):
            value = AIMessage("" if value is None else str(value))
        return value if value.content or value.tool_calls else None

    @property
    def status(self) -> Status:
        """``"waiting"``, ``"streaming"``, ``"done"``, ``"stopped"`` or ``"failed"``."""
        return status(self._state())

    def result(self, timeout: float | None = None) -> AIMessage | None:
        """Wait until the answer is over, and return it.

        Raises
        ------
        TimeoutError
            If it takes longer than ``timeout`` seconds.
        Exception
            What the model or chain raised.
        """
        if self._job is not None:
            wait_out(self._job, self._stop, timeout)
        return self.answer

    @property
    def path(self) -> list[Turn]:
        """The turns up to this one, the first one first."""
        turns: list[Turn] = []
        turn: Turn | None = self
        while turn is not None:
            turns.append(turn)
            turn = turn.parent
        return turns[::-1]


def read_turns(messages: Sequence[BaseMessage]) -> tuple[str | None, list[Turn]]:
    """Return the system prompt and the turns that messages make up.

    What is no prompt of a person's (an answer at the very beginning, a tool's message) is part of
    the answer before it, and left out where there is none.
    """
    system: str | None = None
    turns: list[Turn] = []
    for message in messages:
        if isinstance(message, SystemMessage):
            system = message.text
        elif isinstance(message, HumanMessage):
            turns.append(Turn(len(turns), message, turns[-1] if turns else None))
        elif turns and isinstance(message, AIMessage):
            trace = turns[-1].trace
            run = trace.add_run(
                id=uuid.uuid4().hex, name="earlier answer", run_type="chat_model", input=None
            )
            # When that was is not known.
            trace.log("start", run, time=0.0)
            trace.log("chunk", run, message, time=0.0)
            trace.log("end", run, time=0.0)
    return system, turns
