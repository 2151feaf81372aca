"""Keys, and how they stay unseen: what holds one, and what takes it out of all that is shown."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "MIN_LENGTH",
    "Secret",
    "hide",
    "hide_all",
    "hide_in_error",
    "hider",
    "look_around",
    "quoted_a_key",
    "says_a_key",
]

MIN_LENGTH = 8
"""A shorter key cannot be told from ordinary text, and is not looked for in any."""

# As the providers form them: a prefix, then many characters with a digit among them, so that words
# which are joined by hyphens ("task-specific-prompting") are none.
_LOOKS_LIKE_A_KEY = re.compile(r"(?<![A-Za-z0-9])sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16,}")
_VARIABLES = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "AZURE_OPENAI_API_KEY",
    "DEEPSEEK_API_KEY",
    "FIREWORKS_API_KEY",
    "GEMINI_API_KEY",
    "GROQ_API_KEY",
    "MISTRAL_API_KEY",
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "TOGETHER_API_KEY",
    "XAI_API_KEY",
)

_QUOTED = "_nbstream_quoted_a_key"

_known: tuple[str, ...] = ()


class Secret:
    """Holds a key: it shows as ``…`` in ``vars()``, logs and tracebacks, and is not pickled.

    Every key held by one is taken out of what is shown from then on, in the whole process.

    Parameters
    ----------
    value
        The key.

    Examples
    --------
    >>> secret = Secret("a-key-to-try-with")
    >>> secret, hide("Refused: a-key-to-try-with.")
    (…, 'Refused: ….')
    >>> secret.reveal()
    'a-key-to-try-with'
    """

    __slots__ = ("_reveal",)

    def __init__(self, value: str) -> None:
        # A closure, since an attribute would stand in `vars()` and in debuggers.
        self._reveal: Callable[[], str] = lambda: value
        _know(value)

    def __repr__(self) -> str:
        return "…"

    def reveal(self) -> str:
        """Return the key, for whoever sends it."""
        return self._reveal()

    def __reduce__(self) -> tuple[Any, ...]:
        # A model that goes to another process takes its key from the environment there.
        return (_nothing, ())


def _nothing() -> None:
    return None


def _know(key: str) -> None:
    global _known
    if len(key) >= MIN_LENGTH and key not in _known:
        # The longest first: one key may be the beginning of another.
        _known = tuple(sorted((*_known, key), key=len, reverse=True))


def look_around() -> None:
    """Learn the keys of the environment, which `hide` takes out from then on.

    Too slow for each token: whoever makes something that goes out does this once before.
    """
    for name in _VARIABLES:
        _know(os.environ.get(name, "").strip())


def hide(text: str) -> str:
    """Return a text with every known key in it replaced by ``…``; see `look_around`."""
    for key in _known:
        if key in text:
            text = text.replace(key, "…")
    return text


def hide_all(text: str) -> str:
    """Do what `hide` does, also for keys of the environment and for what only looks like a key."""
    return hider()(text)


def hider() -> Callable[[str], str]:
    """Return what does as `hide_all`, for many texts: it looks into the environment once."""
    look_around()
    return lambda text: _LOOKS_LIKE_A_KEY.sub("…", hide(text))


def hide_in_error(error: BaseException) -> None:
    """Take every key out of an error's own fields; its ``__str__`` is not called."""
    try:
        if _hide_in_fields(error):
            error.__cause__, error.__suppress_context__ = None, True
            error.__dict__[_QUOTED] = True
    except Exception:  # its fields are somebody's code, too: what it says is hidden where it shows
        return


def _hide_in_fields(error: BaseException) -> bool:
    """Return whether there was a key in one."""
    hide_each = hider()
    safe = tuple(hide_each(arg) if isinstance(arg, str) else arg for arg in error.args)
    pairs = zip(safe, error.args, strict=True)
    quoted = any(isinstance(arg, str) and new != arg for new, arg in pairs)
    if quoted:
        error.args = safe
    if isinstance(error, OSError):
        for name in ("filename", "filename2", "strerror"):
            value = getattr(error, name, None)
            if isinstance(value, str) and (new := hide_each(value)) != value:
                setattr(error, name, new)
                quoted = True
    return quoted


def says_a_key(error: BaseException) -> bool:
    """Tell whether an error's words have a key in them."""
    try:
        said = str(error)
    except Exception:  # what it says nobody will see
        return False
    return hide_all(said) != said


def quoted_a_key(error: BaseException) -> bool:
    """Tell whether an error's words have a key in them, or had one that was taken out."""
    return _QUOTED in error.__dict__ or says_a_key(error)
