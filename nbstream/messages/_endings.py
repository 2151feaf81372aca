"""Why an answer ended before its time, in words. ``js/src/state.ts`` has the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ENDINGS", "ending_of"]

_CUT_OFF = "The answer was cut off at max_tokens."
_FILTERED = "The provider's filter held back the answer, or the rest of it."

ENDINGS = {
    "refusal": "The model refused to answer, or to go on.",
    "content_filter": _FILTERED,
    "model_context_window_exceeded": "The answer was cut off: the model's context is full.",
    "max_tokens": _CUT_OFF,
    "length": _CUT_OFF,
    "pause_turn": "The model paused in the middle of its turn; asked again, it goes on.",
}
"""By the stop reason; what is first counts more."""


def ending_of(reasons: Iterable[Any]) -> str | None:
    """Return what there is to say of some answers' stop reasons, in their order; None: nothing.

    Examples
    --------
    >>> ending_of(["pause_turn", "end_turn"])
    >>> ending_of([None, "max_tokens"])
    'The answer was cut off at max_tokens.'
    """
    known = [reason for reason in reasons if isinstance(reason, str)]
    # A pause that was followed by an answer is over.
    found = {one for at, one in enumerate(known) if one != "pause_turn" or at == len(known) - 1}
    return next((words for reason, words in ENDINGS.items() if reason in found), None)
