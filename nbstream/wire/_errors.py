"""What a provider's error says, in whichever of their forms it comes."""

from __future__ import annotations

import re
from typing import Any

from .._exceptions import ProviderError
from ._fields import count, encodable, first, get, items, text_of

__all__ = ["advice", "error_from", "words_of"]

_STATUS = {
    "invalid_request_error": 400,
    "invalid_prompt": 400,
    "invalid_argument": 400,
    "failed_precondition": 400,
    "context_length_exceeded": 400,
    "exceed_context_size_error": 400,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "unauthenticated": 401,
    "billing_error": 402,
    "permission_error": 403,
    "permission_denied": 403,
    "not_found_error": 404,
    "not_found": 404,
    "model_not_found": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "resource_exhausted": 429,
    "insufficient_quota": 429,
    "api_error": 500,
    "server_error": 500,
    "internal_server_error": 500,
    "internal": 500,
    "unavailable": 503,
    "timeout": 504,
    "timeout_error": 504,
    "deadline_exceeded": 504,
    "overloaded_error": 529,
}

_SHORTER = "Shorten the prompt, or use a model with a larger context."
_ADVICE: dict[str | int | None, str] = {
    "context_length_exceeded": _SHORTER,
    "exceed_context_size_error": _SHORTER,
    "insufficient_quota": "Look at the account's plan and credit in the provider's console.",
    400: "Check the request's settings.",
    401: "Check the API key.",
    402: "Look at the account's plan and credit in the provider's console.",
    403: "This key may not use that model; check it in the provider's console.",
    404: "Check the model's name and base_url.",
    413: "Shorten the prompt.",
    429: "Wait a moment, then run this again.",
    500: "The fault is at the provider's end: run this again in a moment.",
    503: "The provider is overloaded: run this again in a moment.",
    504: "The provider took too long: run this again in a moment.",
    529: "The provider is overloaded: run this again in a moment.",
}
_WAIT = re.compile(r"(?:try again|retry) in ([\d.]+) ?(ms|s|m)\b")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def error_from(said: Any, *, status: int | None = None, retry_after: Any = None) -> ProviderError:
    """Return the error that an event, or the body of a refused request, means.

    Parameters
    ----------
    said
        A dict, an SDK's object, or a text.
    status
        The answer's HTTP status; by default the one that such an error has. An error in the middle
        of an answer comes under a 200, which says nothing.
    retry_after
        What the header of that name says.

    Examples
    --------
    >>> error = error_from({"type": "error", "error": {"type": "overloaded_error"}})
    >>> error.status, error.kind
    (529, 'overloaded_error')
    >>> print(error_from({"error": {"code": 429, "message": "Slow down."}}))
    The provider reported 429: Slow down. Wait a moment, then run this again.
    """
    body = _body(said)
    kinds = [_brief(text_of(get(body, name))) for name in ("code", "status", "type")]
    kinds = [kind for kind in kinds if kind and kind.lower() != "error"]
    kind = next((k for k in kinds if k.lower() in _STATUS), next(iter(reversed(kinds)), None))
    if status is None or status < 400:
        numbers = (
            count(first(body, "code", "status_code", "status")),
            count(get(body, "http_code")),
        )
        own = next((n for n in numbers if n and 400 <= n < 600), None)
        status = own or _STATUS.get((kind or "").lower())
    words = words_of(said)
    named = f"{kind} ({status})" if kind and status else kind or status or "an error"
    parts = [f"The provider reported {named}{': ' + words if words else ''}."]
    if hint := advice(kind, status):
        parts.append(hint)
    return ProviderError(
        " ".join(parts), status=status, kind=kind, retry_after=_wait(body, words, retry_after)
    )


def advice(kind: str | None, status: int | None) -> str:
    """Return the next step after an error of this kind; empty where there is none to give."""
    return _ADVICE.get((kind or "").lower()) or _ADVICE.get(status) or ""


def words_of(said: Any) -> str:
    """Return the provider's own words, in one line that is not too long."""
    body = _body(said)
    return _brief(text_of(body) or text_of(first(body, "message", "detail", "msg")))


def _body(said: Any) -> Any:
    said = (items(said) or [said])[0]
    inner = get(said, "error")
    return said if inner is None else inner


def _brief(words: str) -> str:
    """Return one line: proxies answer with whole web pages."""
    words = encodable(words)
    if re.match(r"\s*<(?:!doctype|html)", words, re.IGNORECASE):
        words = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]*>", " ", words[:20_000])
    words = " ".join(words.split())
    return (words if len(words) <= 400 else words[:399] + "…").rstrip(". ")


def _wait(body: Any, words: str, header: Any) -> float | None:
    """Return the seconds to wait, as the header, the body or the words have it."""
    details = (get(one, "retryDelay") for one in items(get(body, "details")))
    given = (header, first(body, "retry_after", "retry_after_seconds"), *details)
    for value in given:
        try:
            seconds = float(str(value).removesuffix("s"))
        except ValueError:
            continue
        if 0 <= seconds < 1e7:
            return seconds
    if wait := _WAIT.search(words):
        try:
            return float(wait[1]) * _SECONDS[wait[2]]
        except ValueError:
            return None
    return None
