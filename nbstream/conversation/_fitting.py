"""What of a conversation fits into a model's context."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..messages import Content
    from ._turn import Turn

__all__ = ["fitting"]

CHARACTERS_PER_TOKEN = 3.5
"""English has four or more, other languages fewer; what is too many is sent to no model."""
TOKENS_PER_IMAGE = 1_600


def fitting(
    turns: Sequence[Turn], content: Content, system: str, room: int | None, answer: int
) -> tuple[list[Turn], int]:
    """Return the latest turns for which a model has room, and how many were left out.

    Parameters
    ----------
    turns
        The conversation before this prompt.
    content, system
        The prompt and the system prompt, which are sent in any case: whether they fit, the model's
        endpoint knows best.
    room
        The model's context in tokens; None where it is not known, and nothing is left out.
    answer
        Tokens to keep free for the answer; at most half of the room is.

    Examples
    --------
    >>> from nbstream import Conversation
    >>> talk = Conversation(messages=[("human", "x" * 350), ("ai", "y" * 350)] * 5)
    >>> kept, left_out = fitting(talk.turns, "Hi", "", room=1000, answer=300)
    >>> [turn.id for turn in kept], left_out
    ([2, 3, 4], 2)
    """
    if room is None:
        return list(turns), 0
    free = room - min(answer, room // 2) - _tokens(content) - _tokens(system)
    kept: list[Turn] = []
    for turn in reversed(turns):
        free -= _tokens(turn.prompt.content)
        free -= _tokens(turn.answer.content) if turn.answer else 0
        if free < 0:
            break
        kept.insert(0, turn)
    return kept, len(turns) - len(kept)


def _tokens(content: Content) -> int:
    """Return how many tokens a content may have, rather too many than too few."""
    if isinstance(content, str):
        return int(len(content) / CHARACTERS_PER_TOKEN) + 4  # what marks the turn
    total = 0
    for block in content:
        text = block if isinstance(block, str) else block.get("text")
        total += _tokens(text) if isinstance(text, str) else TOKENS_PER_IMAGE
    return total
