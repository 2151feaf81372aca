"""`init_chat_model`: from a string to a model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief
from .anthropic import DEFAULT_MODEL, ChatAnthropic
from .local import LOCAL_MODEL, ChatLocal

if TYPE_CHECKING:
    from .base import BaseChatModel

__all__ = ["init_chat_model"]


def init_chat_model(model: str | None = None, **kwargs: Any) -> BaseChatModel:
    """Make a chat model from its name.

    Parameters
    ----------
    model
        ``"local"``: the embedded model. ``"anthropic:NAME"``, or a name that begins with
        ``claude``: that model through Anthropic's API. None: Claude where ``ANTHROPIC_API_KEY`` is
        set, else the embedded model.
    **kwargs
        Passed to the model: ``max_tokens``, ``system``, …

    Raises
    ------
    InputError
        If the name is of no known provider.

    Examples
    --------
    >>> from nbstream import init_chat_model
    >>> init_chat_model("anthropic:claude-opus-5-5", max_tokens=100)
    ChatAnthropic(model='claude-opus-5-5')
    >>> init_chat_model("local")
    ChatLocal(model='SmolLM2-135M-Instruct')
    """
    if model is None:
        return (
            ChatAnthropic(**kwargs) if os.environ.get("ANTHROPIC_API_KEY") else ChatLocal(**kwargs)
        )
    if not isinstance(model, str):
        raise InputError(
            f"A model's name is a text such as 'local' or 'anthropic:{DEFAULT_MODEL}', not "
            f"{brief(model)}. A model object needs no init_chat_model: use it as it is."
        )
    provider, colon, name = model.partition(":")
    if not colon and model.startswith("claude"):
        provider, name = "anthropic", model
    if provider == "local" and name in ("", LOCAL_MODEL):
        return ChatLocal(**kwargs)
    if provider == "anthropic" and name:
        return ChatAnthropic(name, **kwargs)
    raise InputError(
        f"Unknown model {model!r}. Use 'local' for the embedded model, or 'anthropic:NAME' such as "
        "'anthropic:claude-sonnet-5-5'."
    )
