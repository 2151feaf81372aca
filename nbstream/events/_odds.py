"""What a model thought of each token: its log-probability, and what else it might have said.

On the wire a token's **odds** are one flat list: ``[token, logprob, alternative, logprob, …]``, the
likeliest alternative first, as the model gave them. They are bounded, and log-probabilities are
rounded to a ten-thousandth, which is less than a provider means by them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .._exceptions import Stopped
from .._shown import outgoing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "alternatives_of",
    "entropy_of",
    "mean_entropy_of",
    "odds_of",
    "perplexity_of",
    "rank_of",
    "told_in",
]

MAX_TOKENS = 1_000
"""Tokens of one chunk that are kept."""
MAX_ALTERNATIVES = 20
"""Alternatives of one token that are kept: as many as an API gives."""
MAX_TEXT = 100
"""Characters of one token that are kept."""
DIGITS = 4
IMPOSSIBLE = -9999.0
"""As OpenAI writes the logarithm of nothing."""


def odds_of(metadata: Any, digits: int | None = DIGITS) -> list[list[Any]]:
    """Return the odds that a message's response metadata tell, a list for each token.

    Parameters
    ----------
    metadata
        ``{"logprobs": {"content": [{"token": …, "logprob": …, "top_logprobs": […]}, …]}}``; what
        is not as it should be is left out.
    digits
        To how many log-probabilities are rounded; None: they are as they came.

    Examples
    --------
    >>> also = [{"token": "Hi", "logprob": -0.5}, {"token": "Ho", "logprob": -1.0}]
    >>> one = {"token": "Hi", "logprob": -0.5, "top_logprobs": also}
    >>> odds_of({"logprobs": {"content": [one]}})
    [['Hi', -0.5, 'Hi', -0.5, 'Ho', -1.0]]
    """
    said = metadata.get("logprobs") if type(metadata) is dict else None
    content = said.get("content") if type(said) is dict else None
    if type(content) is not list:
        return []
    odds = []
    for told in content[:MAX_TOKENS]:
        if not (one := _pair(told, digits)):
            continue
        others = told.get("top_logprobs")
        if type(others) is list:
            for other in others[:MAX_ALTERNATIVES]:
                one += _pair(other, digits)
        odds.append(one)
    return odds


def _pair(told: Any, digits: int | None) -> list[Any]:
    if type(told) is not dict:
        return []
    token: Any = told.get("token")
    logprob: Any = told.get("logprob")
    if type(token) is not str or type(logprob) not in (float, int):
        return []
    if not math.isfinite(logprob):
        logprob = IMPOSSIBLE
    elif digits is not None:
        logprob = round(logprob, digits) + 0.0  # there is no -0.0
    return [outgoing(token[:MAX_TEXT]), logprob]


def alternatives_of(odds: Sequence[Any]) -> list[tuple[str, float]]:
    """Return what a token's odds list beside it, which mostly has the token itself in it, too."""
    return list(zip(odds[2::2], odds[3::2], strict=True))


def rank_of(odds: Sequence[Any]) -> int | None:
    """Return a token's place among its alternatives, 1 for the likeliest; None: it is in none.

    Examples
    --------
    >>> rank_of(["Ho", -1.0, "Hi", -0.5, "Ho", -1.0])
    2
    """
    if odds[0] not in odds[2::2]:
        return None
    return 1 + len([logprob for logprob in odds[3::2] if logprob > odds[1]])


def told_in(message: Any) -> list[list[Any]]:
    """Return the odds that a message or chunk tells, as exact as it does; others tell none."""
    try:
        metadata = message.response_metadata
        return odds_of(metadata, digits=None) if metadata else []
    except (KeyboardInterrupt, Stopped):
        raise
    except BaseException:  # a value of somebody's, which cannot be asked
        return []


def perplexity_of(tokens: Sequence[Sequence[Any]]) -> float | None:
    """Return the perplexity of some tokens, from their odds.

    Examples
    --------
    >>> perplexity_of([["Hi", math.log(0.5)], ["Ho", math.log(0.125)]])
    4.0
    """
    if not tokens:
        return None
    return math.exp(min(700.0, -math.fsum(odds[1] for odds in tokens) / len(tokens)))


def mean_entropy_of(tokens: Sequence[Sequence[Any]]) -> float | None:
    """Return the mean entropy of those tokens whose alternatives are known, in bits."""
    known = [bits for odds in tokens if (bits := entropy_of(odds)) is not None]
    return math.fsum(known) / len(known) if known else None


def entropy_of(odds: Sequence[Any]) -> float | None:
    """Return how open the choice of a token was, in bits; None without alternatives.

    What the alternatives leave of the probability counts as one more, so this is the least that it
    can have been.

    Examples
    --------
    >>> entropy_of(["Hi", math.log(0.5), "Hi", math.log(0.5), "Ho", math.log(0.5)])
    1.0
    """
    if len(odds) < 4:
        return None
    shares = [math.exp(min(0.0, logprob)) for logprob in odds[3::2]]
    if odds[0] not in odds[2::2]:
        shares.append(math.exp(min(0.0, odds[1])))
    shares.append(max(0.0, 1 - sum(shares)))
    return _bits(shares)


def _bits(shares: Iterable[float]) -> float:
    return -sum(share * math.log2(share) for share in shares if share > 1e-9) + 0.0
