"""What an engine is, and what it is given to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ...events._scope import Scope
    from .._attempt import Attempt

__all__ = ["Engine", "Work"]


class Work(Protocol):
    """The runs to do: an engine takes them from here, and says here what becomes of them.

    All may be called from any thread.
    """

    chain: Any
    config: Any
    around: Scope | None
    """Where the batch was begun: what runs there belongs to whoever watches that."""

    def take(self) -> Attempt | None:
        """Wait until a run may begin, and return it; None where there is none any more."""

    def poll(self) -> Attempt | float | None:
        """Do what `take` does without waiting: a number is the seconds to wait at most."""

    def began(self, attempt: Attempt, worker: str) -> None:
        """Note that a run begins, at a worker with this name; from then on its log is read."""

    def ended(
        self, attempt: Attempt, output: Any = None, error: BaseException | None = None
    ) -> bool:
        """Note what a run gave or raised; return whether that is its first outcome, and counts."""

    def fail(self, error: BaseException) -> None:
        """Let nothing begin any more, and the error be raised by whoever waits."""

    def finish(self) -> None:
        """Note that the engine has nothing more to do."""


class Engine(Protocol):
    """Where runs run.

    It takes them from its `Work` as it has room, writes what happens to their logs, and says how
    they end.
    """

    room: int
    """How many runs at a time, where the user does not say."""

    def start(self, work: Work) -> None:
        """Begin to take runs, elsewhere: it returns at once."""

    def cancel(self, attempt: Attempt) -> None:
        """Break off a run that is under way; it must be noted as ended before long."""

    def wake(self) -> None:
        """Look again whether a run may begin: something has changed. It must not wait."""
