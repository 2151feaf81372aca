"""The conversation a notebook holds: turns, branches of them, and what fits into a model."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from ..messages import AIMessage, BaseMessage, HumanMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..messages import Content

__all__ = ["MAIN", "Conversation", "Turn", "fitting", "messages_of"]

MAIN = "main"
"""The branch a conversation begins with."""
CHARACTERS_PER_TOKEN = 3.5
"""English has four or more, other languages fewer; what is too many is sent to no model."""
TOKENS_PER_IMAGE = 1_600


@dataclass
class Turn:
    """A prompt and its answer. Tool calls on the way are not kept: the answer holds their gist."""

    key: str
    """The cell it belongs to."""
    line: str
    """The options, as typed."""
    cell: str
    """The prompt, as typed."""
    content: Content
    """The prompt, as sent."""
    answer: str
    model: str
    stopped: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None


class Conversation:
    """Branches of turns, one of them the present one.

    Examples
    --------
    >>> talk = Conversation()
    >>> talk.put(Turn("cell-1", "", "Hi", "Hi", "Hello!", "local"))
    >>> talk.put(Turn("cell-1", "", "Hey", "Hey", "Hello again!", "local"))
    >>> [turn.answer for turn in talk.turns]
    ['Hello again!']
    """

    def __init__(self) -> None:
        self.branch = MAIN
        self.branches: dict[str, list[Turn]] = {MAIN: []}

    @property
    def turns(self) -> list[Turn]:
        """The present branch's turns."""
        return self.branches[self.branch]

    def place(self, key: str, replaces: int | None = None) -> int:
        """Return where the turn of a cell stands, or would.

        Parameters
        ----------
        key
            The cell. Run again, it takes its own turn's place; the turns after that stay.
        replaces
            The number, from 1, of the turn whose place a cell takes that has none yet.
        """
        for index, turn in enumerate(self.turns):
            if turn.key == key:
                return index
        return len(self.turns) if replaces is None else self.number(replaces)

    def number(self, number: int) -> int:
        """Return a turn's index.

        Raises
        ------
        InputError
            If there is no turn of this number.
        """
        if not 1 <= number <= len(self.turns):
            there = f"1 to {len(self.turns)}" if self.turns else "none yet"
            raise InputError(f"There is no turn {number}; there are: {there}. See %chat history.")
        return number - 1

    def put(self, turn: Turn, *, branch: str | None = None, replaces: int | None = None) -> None:
        """Add a turn, or put it in its cell's place.

        The branch can be another than the present one: a turn that streamed on in the background
        belongs where it began. If that is gone, so is the turn.
        """
        turns = self.branches.get(branch or self.branch)
        if turns is None:
            return
        for index, known in enumerate(turns):
            if known.key == turn.key:
                turns[index] = turn
                return
        if replaces is not None and replaces <= len(turns):
            turns[replaces - 1] = turn
        else:
            turns.append(turn)

    def switch(self, name: str) -> bool:
        """Go to a branch; make it, from the present one's turns, if there is none of this name.

        Returns
        -------
        bool
            Whether it is new.
        """
        is_new = name not in self.branches
        if is_new:
            self.branches[name] = list(self.turns)
        self.branch = name
        return is_new

    def reset(self) -> None:
        """Forget the present branch's turns."""
        self.branches[self.branch] = []

    def undo(self) -> Turn:
        """Take the last turn away and return it.

        Raises
        ------
        InputError
            If there is none.
        """
        if not self.turns:
            raise InputError("There is no turn to take back: the conversation is empty.")
        return self.turns.pop()

    def to_json(self) -> str:
        """Return the conversation as a text to store."""
        branches = {name: [asdict(turn) for turn in turns] for name, turns in self.branches.items()}
        whole = {"nbstream": "conversation", "version": 1, "branch": self.branch}
        return json.dumps({**whole, "branches": branches}, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, name: str) -> Conversation:
        """Read what `to_json` wrote; ``name`` says where it was, for the error.

        Raises
        ------
        InputError
            If it is no such text.

        Examples
        --------
        >>> Conversation.from_json(Conversation().to_json(), "talk.json").branch
        'main'
        """
        talk = cls()
        try:
            whole = json.loads(text)
            if whole["nbstream"] != "conversation" or whole["version"] != 1:
                raise ValueError("it has another form")
            talk.branches = {
                str(branch): [_turn(one) for one in turns]
                for branch, turns in whole["branches"].items()
            }
            talk.branch = whole["branch"]
            if talk.branch not in talk.branches:
                raise ValueError(f"it lacks its branch {talk.branch!r}")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise InputError(
                f"{Path(name).name!r} is no conversation that %chat save wrote: {what}."
            ) from None
        return talk


def _turn(values: dict[str, Any]) -> Turn:
    known = {field.name for field in fields(Turn)}
    turn = Turn(**{name: value for name, value in values.items() if name in known})
    texts = (turn.key, turn.line, turn.cell, turn.answer, turn.model)
    if not all(isinstance(text, str) for text in texts) or not isinstance(turn.content, str | list):
        raise ValueError("a turn has fields of other types")
    return turn


def messages_of(turns: Sequence[Turn]) -> list[BaseMessage]:
    """Return turns as messages; one without an answer is left out, for no model takes it."""
    return [
        message
        for turn in turns
        if turn.answer.strip()
        for message in (HumanMessage(turn.content), AIMessage(turn.answer))
    ]


def fitting(
    turns: Sequence[Turn], content: Content, system: str, room: int | None, answer: int
) -> tuple[list[Turn], int]:
    """Return the latest turns for which a model has room, and how many were left out.

    Parameters
    ----------
    turns
        The conversation before this prompt.
    content, system
        The prompt and the standing instructions, which are sent in any case: whether they fit,
        the model's endpoint knows best.
    room
        The model's context in tokens; None where it is not known, and nothing is left out.
    answer
        Tokens to keep free for the answer; at most half of the room is.

    Examples
    --------
    >>> turns = [Turn(str(n), "", "", "x" * 350, "y" * 350, "local") for n in range(5)]
    >>> kept, left_out = fitting(turns, "Hi", "", room=1000, answer=300)
    >>> [turn.key for turn in kept], left_out
    (['2', '3', '4'], 2)
    """
    if room is None:
        return list(turns), 0
    free = room - min(answer, room // 2) - _tokens(content) - _tokens(system)
    kept: list[Turn] = []
    for turn in reversed(turns):
        free -= _tokens(turn.content) + _tokens(turn.answer)
        if free < 0:
            break
        kept.insert(0, turn)
    return kept, len(turns) - len(kept)


def _tokens(content: Content) -> int:
    """Return how many tokens a content may have, rather too many than too few."""
    if isinstance(content, str):
        return int(len(content) / CHARACTERS_PER_TOKEN) + 4  # what marks the turn
    return sum(
        _tokens(block["text"]) if block.get("type") == "text" else TOKENS_PER_IMAGE
        for block in content
    )
