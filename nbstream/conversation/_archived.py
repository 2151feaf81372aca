"""A conversation whole, as a page that plays has it packed: what is stored, and each turn's log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from .._exceptions import InputError
from .._shown import outgoing
from ..events import Trace
from ..jobs import Job

if TYPE_CHECKING:
    from ._conversation import Conversation

    C = TypeVar("C", bound=Conversation)

__all__ = ["archived", "restored"]


def archived(talk: Conversation) -> str:
    """Return a conversation as JSON, with the log of each turn."""
    logs = {turn.id: turn.trace.to_jsonl() for turn in talk.all_turns}
    return outgoing(json.dumps({"conversation": talk.to_json(), "logs": logs}))


def restored(kind: type[C], archive: str, name: str) -> C:
    """Return the conversation that `archived` was given, with the logs of its turns.

    Parameters
    ----------
    kind
        The class.
    archive
        What `archived` has returned.
    name
        Where it was, for the error.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        whole = json.loads(archive)
        stored, logs = whole["conversation"], whole["logs"]
        if not isinstance(stored, str) or not isinstance(logs, dict):
            raise TypeError
    except (ValueError, LookupError, TypeError, RecursionError):
        raise InputError(
            f"{name!r} cannot be opened: what it holds is damaged. Name a .html file that export() "
            "has written, as it was written."
        ) from None
    talk = kind.from_json(stored, name)
    for turn in talk.all_turns:
        log = logs.get(str(turn.id))
        # A text that could be no log would be taken for a file's path.
        if isinstance(log, str) and log.startswith("{"):
            turn._job = Job(Trace.from_jsonl(log))
    return talk
