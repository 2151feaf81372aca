"""`Turn`: a prompt with its answer."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from ..events._metrics import Cost
from ..events._plain import text_of
from ..jobs import Job, Watched
from ..messages import AIMessage, BaseMessage, HumanMessage

__all__ = ["Origin", "Turn", "answered", "cost_of_job", "text_of_answer", "usage_of"]


@dataclass(frozen=True)
class Origin:
    """Where a prompt was written, for one that comes from a notebook's cell."""

    key: str
    """The cell."""
    line: str = ""
    """The options, as typed."""
    cell: str = ""
    """The prompt, as typed."""


class Turn(Watched):
    """A prompt and its answer, at its place in a conversation.

    Parameters
    ----------
    id
        Its number in the conversation.
    prompt
        The message that was sent.
    parent
        The turn before it, or None.
    job
        The run that gives the answer; by default one that has not begun.
    model
        What the model is called.
    origin
        The cell it was written in, if it was.

    Examples
    --------
    >>> from nbstream import Conversation, ScriptedChat
    >>> turn = Conversation(ScriptedChat(["Hello!"])).ask("Hi")
    >>> turn.result().text, turn.status
    ('Hello!', 'done')
    """

    def __init__(
        self,
        id: int,
        prompt: HumanMessage,
        parent: Turn | None,
        *,
        job: Job | None = None,
        model: str = "",
        origin: Origin | None = None,
    ) -> None:
        self.id = id
        self.prompt = prompt
        self.parent = parent
        self.model = model
        self.origin = origin
        self._job = job or Job()

    def __repr__(self) -> str:
        return f"<Turn {self.id}: {self.prompt.text[:40]!r}, {self.status}>"

    @property
    def value(self) -> AIMessage | None:
        """The answer, so far; None where there is none."""
        return self.answer

    @property
    def answer(self) -> AIMessage | None:
        """What the model answered, so far; None where it has said nothing."""
        value = self._job.value
        if not isinstance(value, AIMessage):
            value = AIMessage(text_of_answer(value))
        return value if value.content or value.tool_calls else None

    @property
    def path(self) -> list[Turn]:
        """The turns up to this one, the first one first."""
        turns: list[Turn] = []
        turn: Turn | None = self
        while turn is not None:
            turns.append(turn)
            turn = turn.parent
        return turns[::-1]

    @property
    def usage(self) -> tuple[int, int]:
        """Tokens of prompt and answer, as the provider counted them; 0 where it did not say."""
        return usage_of(self._job)


def usage_of(job: Job) -> tuple[int, int]:
    """Return the tokens of input and output that a job's providers counted."""
    if not job.trace.runs:
        return (0, 0)
    metrics = job.trace.metrics()
    return (metrics.input_tokens or 0, metrics.output_tokens or 0)


def cost_of_job(job: Job) -> Cost | None:
    """Return what a job cost by the known prices; None if they are not known for all of it."""
    if not job.trace.runs:
        return None
    metrics = job.trace.metrics()
    return None if metrics.cost is None else Cost(metrics.cost, metrics.priced_by or "")


def text_of_answer(value: Any) -> str:
    """Return what a run gave as text: a message's, or a value as JSON."""
    if value is None:
        return ""
    if hasattr(value, "model_dump_json") and not isinstance(value, BaseMessage):
        return str(value.model_dump_json())
    if isinstance(value, dict) and "messages" in value:
        return _said_by_agent(value)
    return text_of(value)


def answered(
    message: AIMessage,
    *,
    model: str = "",
    is_stopped: bool = False,
    error: Exception | None = None,
) -> Job:
    """Return a job that is over, for an answer that is known already, and for how it ended."""
    job = Job()
    run = job.trace.add_run(
        id=uuid.uuid4().hex,
        name=model or "earlier answer",
        run_type="chat_model",
        input=None,
        model=model or None,
    )
    # When that was is not known.
    job.trace.log("start", run, time=0.0)
    job.trace.log("chunk", run, message, time=0.0)
    if error is not None:
        job.trace.log("error", run, error, time=0.0)
    else:
        job.trace.log("cancelled" if is_stopped else "end", run, time=0.0)
    return job


def _said_by_agent(state: dict[str, Any]) -> str:
    """Return what an agent has said since it was asked: its conversation's last answers."""
    said: list[str] = []
    for message in state["messages"]:
        if isinstance(message, HumanMessage):
            said = []
        elif isinstance(message, AIMessage) and message.text:
            said.append(message.text)
    return "\n\n".join(said)
