"""Adding the magics to a shell, and taking them away again."""

from __future__ import annotations

from typing import Any

from ._magics import ChatMagics

__all__ = ["load_ipython_extension", "unload_ipython_extension"]

_NAME = "ChatMagics"


def load_ipython_extension(ipython: Any) -> None:
    """Add ``%%chat`` and ``%chat``; called by ``%load_ext nbstream``."""
    magics = ChatMagics(ipython)
    ipython.register_magics(magics)
    magics.session.cells.start()
    if magics.matcher is not None:
        ipython.Completer.custom_matchers.append(magics.matcher)


def unload_ipython_extension(ipython: Any) -> None:
    """Take them away again; called by ``%unload_ext nbstream``."""
    manager = ipython.magics_manager
    for kind in ("cell", "line"):
        manager.magics[kind].pop("chat", None)
    magics = manager.registry.pop(_NAME, None)
    if magics is None:
        return
    magics.session.stop()
    magics.session.cells.stop()
    ipython.configurables.remove(magics)
    if magics.matcher in getattr(ipython.Completer, "custom_matchers", ()):
        ipython.Completer.custom_matchers.remove(magics.matcher)
