"""A prompt that goes to several models: their answers side by side, one of them the turn."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from .._exceptions import InputError
from ..jobs import Job
from ..widget import CompareView, host
from ..widget._columns import MOST, Column
from ..widget._compare import launch_columns

if TYPE_CHECKING:
    from ._session import Answer, Prompt, Session

__all__ = ["ask_several"]


def ask_several(session: Session, prompt: Prompt) -> Answer:
    """Run a prompt on several models, and keep the first one's turn until another is taken.

    Raises
    ------
    InputError
        If there are too many, or one of them cannot be used.
    Exception
        What the first run raised, where all of them failed.
    """
    from ._session import Answer

    names = prompt.models
    if len(names) > MOST:
        raise InputError(f"{len(names)} models are too many to read side by side: {MOST} at most.")
    alone = [replace(prompt, args={**prompt.args, "model": name}) for name in names]
    prepared = [session.prepared(one) for one in alone]
    columns = [Column(name, Job()) for name in _distinct(names)]
    streams = [
        (column._job, column._job.open(source, given, is_async=hasattr(source, "astream")))
        for column, (source, given, _) in zip(columns, prepared, strict=True)
    ]
    session.end_earlier(prompt.key)
    view = CompareView(columns, **session.options_for(prompt))
    answers = [
        Answer(view, label, column) for column, (_, _, label) in zip(columns, prepared, strict=True)
    ]
    choice = Choice(session, prompt, view, answers)
    session.live[prompt.key] = view
    session.last = answer = answers[0]
    launch_columns(view, streams, block=session.blocks(prompt), name="%%chat")
    choice.raise_if_none()
    if choice.is_kept and not host().has_page:  # which shows it
        taken = columns[view._taken or 0].name
        other = next(column.name for column in columns if column.name != taken)
        session.say(
            f"The conversation goes on with {taken}. To take another: answer = %chat last, "
            f"then answer.view.take({other!r})."
        )
    return session.last or answer


class Choice:
    """Which of several answers is the turn: the first that is one, until another is taken."""

    def __init__(
        self, session: Session, prompt: Prompt, view: CompareView, answers: list[Answer]
    ) -> None:
        self._session = session
        self._prompt = prompt
        self._view = view
        self._answers = answers
        self._branch = session.branch_for(prompt)
        self._left = len(answers)
        self.is_kept = False
        """Whether one of them is the conversation's turn."""
        for column in view._columns:
            column._job.when_over(partial(self._ended, column))
        if self._branch is not None:
            view._taker = self.take
            view._taken = 0

    def take(self, at: int) -> None:
        """Let the conversation go on with an answer, now or when it has come."""
        self._session.last = self._answers[at]
        if self._left == 0:
            self._session.keep(self._answers[at], self._prompt, self._branch)

    def raise_if_none(self) -> None:
        """Raise the first error, where all columns are over and none has an answer."""
        jobs = [column._job for column in self._view._columns]
        if all(job.status == "failed" for job in jobs) and not any(job.is_running for job in jobs):
            jobs[0].result()

    def _ended(self, column: Column) -> None:
        self._session.count(column._job)
        with self._view._lock:
            self._left -= 1
            if self._left:
                return
        if not self._session.end(self._prompt.key, self._view):
            return
        at = self._view._taken or 0
        order = [at, *(i for i in range(len(self._answers)) if i != at)]
        good = [i for i in order if self._answers[i].run.status in ("done", "stopped")]
        if not good:
            return
        self.is_kept = self._branch is not None
        if self._branch is not None:
            self._view._taken = good[0]
        self.take(good[0])


def _distinct(names: list[str]) -> list[str]:
    """Return the names, each once: a model that is asked twice is counted."""
    return [
        f"{name} ({names[: at + 1].count(name)})" if names.count(name) > 1 else name
        for at, name in enumerate(names)
    ]
