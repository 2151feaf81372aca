"""What a config's ``callbacks`` may be. The module that calls them comes at first need."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._scope import Scope
    from ._types import Run

__all__ = ["among", "handlers_of", "joined", "listen", "manager_of"]


def handlers_of(given: Any) -> list[Any]:
    """Return the handlers of a config's ``callbacks``: a list of them, or LangChain's manager.

    Raises
    ------
    InputError
        If it is neither.
    """
    handlers = given if isinstance(given, (list, tuple)) else getattr(given, "handlers", None)
    if not isinstance(handlers, (list, tuple)):
        raise InputError(
            f"callbacks in a config are a list of handlers, not {brief(given)}. "
            'Write them as {"callbacks": [handler]}.'
        )
    return list(handlers)


def joined(given: Any, more: Any) -> Any:
    """Return the handlers of two configs, each once."""
    if not given or not more:
        return given or more
    handlers = handlers_of(given)
    return [*handlers, *(one for one in handlers_of(more) if not among(one, handlers))]


def among(handler: Any, handlers: list[Any]) -> bool:
    """Tell whether a handler is one of these, whatever it says to ``==``."""
    return any(one is handler for one in handlers)


def listen(
    scope: Scope, config: Mapping[str, Any], *, is_async: bool
) -> tuple[Scope, Mapping[str, Any]]:
    """Let a config's handlers hear of the run that begins now; see there."""
    from ._handlers import listen as begin

    return begin(scope, config, is_async=is_async)


def manager_of(handlers: Any, run: Run) -> Any:
    """Return what LangChain's own objects take for ``callbacks``: runs in them lie in this run."""
    if "langchain_core" not in sys.modules:
        return handlers
    from langchain_core.callbacks import CallbackManager

    given = handlers_of(handlers)
    manager = CallbackManager(given, inheritable_handlers=given)
    manager.parent_run_id = uuid.UUID(run.id)
    return manager
