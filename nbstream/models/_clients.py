"""A client of an SDK's as a model: for addresses, credentials and transports of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .anthropic import ChatAnthropic
from .openai import ChatOpenAI

if TYPE_CHECKING:
    from ._sdk import SdkChat

__all__ = ["is_client", "model_of"]

_OF_THE_CLIENT = ("api_key", "base_url", "key_variable", "max_retries", "timeout")


def is_client(thing: Any) -> bool:
    """Tell whether this is a client of OpenAI's or Anthropic's SDK, or of one made in their way."""
    return _kind_of(thing) is not None


def model_of(client: Any, name: str | None, **settings: Any) -> SdkChat:
    """Return a model that asks by a client.

    Raises
    ------
    InputError
        If it has no name, or a setting is the client's.
    """
    kind = _kind_of(client)
    assert kind is not None  # noqa: S101
    if theirs := [one for one in _OF_THE_CLIENT if one in settings]:
        raise InputError(f"{theirs[0]} is the client's own. Set it where the client is made.")
    if not name:
        raise InputError(
            f"A client of {type(client).__name__} has no model. Name it: "
            'init_chat_model("NAME", client=…).'
        )
    model: SdkChat = kind(name, **settings)
    model._lend(client)
    return model


def _kind_of(thing: Any) -> Any:
    bases = {base.__name__ for base in type(thing).__mro__}
    if not bases & {"SyncAPIClient", "AsyncAPIClient"}:
        return None
    if hasattr(thing, "chat"):
        return ChatOpenAI
    return ChatAnthropic if hasattr(thing, "messages") else None
