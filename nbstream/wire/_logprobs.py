"""Log-probabilities in the shape of OpenAI's Chat Completions API, whoever told them."""

from __future__ import annotations

import math
from typing import Any

from ._fields import encodable, first, get, items, text_of

__all__ = ["as_metadata", "logprobs_of"]


def as_metadata(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Return response metadata that hold these, or empty ones."""
    return {"logprobs": {"content": entries}} if entries else {}


def logprobs_of(tokens: Any) -> list[dict[str, Any]]:
    """Return each token with its log-probability and its alternatives.

    Examples
    --------
    >>> logprobs_of([{"token": "Hi", "logprob": -0.5, "top_logprobs": None}])
    [{'token': 'Hi', 'logprob': -0.5, 'top_logprobs': []}]
    """
    return [
        {**one, "top_logprobs": [alternative for a in items(top) if (alternative := _entry(a))]}
        for token in items(tokens)
        if (one := _entry(token))
        for top in [get(token, "top_logprobs")]
    ]


def _entry(token: Any) -> dict[str, Any] | None:
    text = first(token, "token", "text")
    logprob = first(token, "logprob", "logProbability", "log_probability")  # Gemini's
    if text is None or isinstance(logprob, bool) or not isinstance(logprob, (int, float)):
        return None
    if not math.isfinite(logprob):
        logprob = -9999.0  # as OpenAI writes what is as good as impossible
    entry: dict[str, Any] = {"token": encodable(text_of(text)), "logprob": logprob}
    if raw := get(token, "bytes"):
        entry["bytes"] = [byte for byte in items(raw) if isinstance(byte, int)]
    return entry
