"""From ``--model`` to a model, and what there is to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import near

if TYPE_CHECKING:
    from ..models import BaseChatModel

__all__ = ["MODELS", "is_model", "make_model", "providers"]

MODELS = ("local", "claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5")
"""Names to complete and to compare a misspelt one with; any other of a provider works, too."""


def make_model(
    name: str | None,
    namespace: dict[str, Any],
    *,
    max_tokens: int | None = None,
    temperature: float | None = None,
) -> BaseChatModel:
    """Return the model of a name, or the one in the variable of that name.

    Parameters
    ----------
    name
        As for `init_chat_model`, or a variable's. None: Claude where there is a key, else the
        embedded model.
    namespace
        The notebook's variables.
    max_tokens, temperature
        None leaves them as they are.

    Raises
    ------
    InputError
        If there is no such model, or it takes no such setting.
    SetupError
        If it needs a key and there is none.
    """
    from ..models import init_chat_model
    from ..models._sdk import SdkChat
    from ..models.anthropic import DEFAULT_MODEL
    from ..models.langchain import ChatLangChain
    from ..sources import family_of

    if name is not None and is_model(namespace.get(name)):
        model = namespace[name]
        if family_of(model) == "model":
            model = ChatLangChain(model)
        return _adjusted(model, name, max_tokens, temperature)
    settings: dict[str, Any] = {"max_tokens": max_tokens}
    if temperature is not None:
        settings["extra_body"] = {"temperature": temperature}
    if name == "anthropic:":
        raise InputError(
            f"'anthropic:' lacks the model's name. Put it behind, as in anthropic:{DEFAULT_MODEL}."
        )
    settings = {key: value for key, value in settings.items() if value is not None}
    try:
        model = init_chat_model(name, **settings)
    except InputError as error:
        if not str(error).startswith("Unknown model"):
            raise
        variables = [one for one, value in namespace.items() if is_model(value)]
        raise InputError(
            f"Unknown model {name!r}.{near(name or '', [*MODELS, *variables])} Use 'local' for the "
            "embedded model, 'PROVIDER:NAME', or a variable that holds a model; %chat models "
            "lists them."
        ) from None
    if isinstance(model, SdkChat):
        model.ensure_key()  # here, where it is a matter of the cell, not of the run
    return model


def is_model(value: Any) -> bool:
    """Tell whether a variable holds a chat model or an agent, ours or another library's."""
    from ..agents import Agent
    from ..models import BaseChatModel
    from ..sources import family_of

    return isinstance(value, (BaseChatModel, Agent)) or family_of(value) not in (None, "chain")


def _adjusted(
    model: Any, name: str, max_tokens: int | None, temperature: float | None
) -> BaseChatModel:
    """Return a variable's model with other settings; the variable keeps its own."""
    from ..models._sdk import SdkChat

    given = {"--max-tokens": max_tokens, "--temperature": temperature}
    if asked := [option for option, value in given.items() if value is not None]:
        if not isinstance(model, SdkChat):
            raise InputError(
                f"{asked[0]}: the model in {name!r} ({type(model).__name__}) takes none. "
                "Leave it out, or set it where the model is made."
            )
        return model.with_settings(max_tokens=max_tokens, temperature=temperature)
    return model  # type: ignore[no-any-return]


def providers(namespace: dict[str, Any]) -> list[list[str]]:
    """Return a row for each provider: name, what it is and has, and what it needs."""
    from ..models._providers import HAS, PROVIDERS, key_of, missing, what_it_has

    rows = []
    for one in PROVIDERS.values():
        needs, key = missing(one), key_of(one)
        if one.key_variable and not key:
            needs += f", or %chat key {one.name}"
        ready = f"a key: found in {key.where}" if key else "nothing"
        if not needs and one.address and not one.key_variable:
            ready = f"a server at {one.address.removesuffix('/v1')}"
        name = one.name if one.name == "local" else f"{one.name}:NAME"
        rows.append([name, one.title, one.dialect, *what_it_has(one), needs or ready])
    for name, value in namespace.items():
        if not name.startswith("_") and is_model(value):
            what = (f"a variable: {type(value).__name__}", "", *("" for _ in HAS))
            rows.append([name, *what, "set up in the notebook"])
    return rows
