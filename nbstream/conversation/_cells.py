"""The turns of a notebook's cells: a cell that runs again takes the place of its earlier turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._exceptions import InputError
from ._turn import Turn

if TYPE_CHECKING:
    from ..jobs import Job
    from ..messages import HumanMessage
    from ._conversation import Conversation
    from ._turn import Origin

__all__ = ["index_of", "place_of", "put"]


def place_of(talk: Conversation, key: str, number: int | None = None) -> int:
    """Return the index of a cell's turn in the present branch, or where it would come.

    Parameters
    ----------
    key
        The cell.
    number
        The turn, from 1, whose place a cell takes that has none yet.

    Raises
    ------
    InputError
        If there is no turn of this number.
    """
    turns = talk.turns
    for index, turn in enumerate(turns):
        if turn.origin and turn.origin.key == key:
            return index
    if number is None:
        return len(turns)
    return index_of(talk, number)


def index_of(talk: Conversation, number: int) -> int:
    """Return the index of a turn that is named by its number, from 1.

    Raises
    ------
    InputError
        If there is no turn of this number.
    """
    count = len(talk.turns)
    if not 1 <= number <= count:
        there = f"1 to {count}" if count else "none yet"
        raise InputError(
            f"There is no turn {number}; there are: {there}. %chat history lists them."
        )
    return number - 1


def put(
    talk: Conversation,
    prompt: HumanMessage,
    job: Job,
    origin: Origin,
    *,
    model: str = "",
    branch: str | None = None,
    number: int | None = None,
) -> Turn | None:
    """Add a turn that ran elsewhere; it takes the place of its cell's earlier one.

    The turns after that stay. The branch can be another than the present one: an answer that
    streamed on in the background belongs where it began. If that is gone, so is the turn.
    """
    with talk._lock:
        name = branch or talk.branch
        if name not in talk.leaves:
            return None
        leaf = talk.leaves[name]
        path = leaf.path if leaf else []
        places = [i for i, t in enumerate(path) if t.origin and t.origin.key == origin.key]
        if not places and number is not None and number <= len(path):
            places = [number - 1]
        index = places[0] if places else len(path)
        parent = path[index - 1] if index else None
        turn = talk._add(Turn(talk._next_id, prompt, parent, job=job, model=model, origin=origin))
        talk.leaves[name] = turn
        elsewhere = {one.id for known in talk.leaves.values() if known for one in known.path}
        last = turn
        for later in path[index + 1 :]:
            if later.id in elsewhere:
                # Another branch goes through it, where it stays.
                copy = Turn(
                    talk._next_id,
                    later.prompt,
                    last,
                    job=later._job,
                    model=later.model,
                    origin=later.origin,
                )
                last = talk._add(copy)
            else:
                later.parent = last
                last = later
        talk.leaves[name] = last
        talk._forget(path[index : index + 1])
    talk._tell("tree")
    return turn
