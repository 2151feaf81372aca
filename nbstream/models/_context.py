"""How much a model can read and write at once, where that is known."""

from __future__ import annotations

import os
from typing import Any

from .anthropic import ChatAnthropic
from .local import ChatLocal

__all__ = ["context_of"]

_CLAUDE = 200_000


def context_of(model: Any) -> int | None:
    """Return how many tokens prompt and answer may have together; None where nobody knows.

    Examples
    --------
    >>> from nbstream import ScriptedChat
    >>> context_of(ChatLocal()), context_of(ScriptedChat([]))
    (2048, None)
    """
    if isinstance(model, ChatLocal):
        return model.n_ctx
    is_elsewhere = getattr(model, "base_url", None) or os.environ.get("ANTHROPIC_BASE_URL")
    if isinstance(model, ChatAnthropic) and "claude" in model.model and not is_elsewhere:
        return _CLAUDE
    return None
