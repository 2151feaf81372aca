"""Adding the magics to a shell, and taking them away again."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from .._threads import start_thread
from ._magics import ChatMagics
from ._session import is_kernel
from ._watch import WatchMagics

__all__ = ["load_ipython_extension", "unload_ipython_extension"]

_logger = logging.getLogger(__name__)

_NAME, _WATCH = "ChatMagics", "WatchMagics"


def load_ipython_extension(ipython: Any) -> None:
    """Add ``%%chat``, ``%chat``, ``%%watch`` and ``%watch``; called by ``%load_ext nbstream``.

    Examples
    --------
    >>> from IPython.testing.globalipapp import start_ipython
    >>> _ = start_ipython()  # a notebook has one
    >>> from IPython import get_ipython
    >>> load_ipython_extension(get_ipython())
    >>> get_ipython().find_cell_magic("chat") is None
    False
    >>> unload_ipython_extension(get_ipython())
    """
    magics = ChatMagics(ipython)
    ipython.register_magics(magics, WatchMagics(ipython))
    magics.session.cells.start()
    if is_kernel(ipython):
        start_thread(partial(_warm_up, magics), "nbstream-warm-up")  # it is only quicker with it


def _warm_up(magics: ChatMagics) -> None:
    """Load what the first prompt will need: half of its time goes into that."""
    from ..models._engine import warm_up
    from ..models._providers import PROVIDERS, key_of

    try:
        import anthropic  # noqa: F401

        is_default = not (magics.model or key_of(PROVIDERS["anthropic"]))
        if is_default or magics.model == "local":
            warm_up()
    except Exception:  # whoever asks will be told
        _logger.debug("What a prompt needs could not be loaded ahead.", exc_info=True)


def unload_ipython_extension(ipython: Any) -> None:
    """Take them away again; called by ``%unload_ext nbstream``.

    Examples
    --------
    >>> from IPython.testing.globalipapp import start_ipython
    >>> _ = start_ipython()  # a notebook has one
    >>> from IPython import get_ipython
    >>> load_ipython_extension(get_ipython())
    >>> unload_ipython_extension(get_ipython())
    >>> get_ipython().find_cell_magic("chat") is None
    True
    """
    manager = ipython.magics_manager
    for kind in ("cell", "line"):
        for name in ("chat", "watch"):
            manager.magics[kind].pop(name, None)
    watcher = manager.registry.pop(_WATCH, None)
    if watcher is not None:
        watcher.stop()
        ipython.configurables.remove(watcher)
    magics = manager.registry.pop(_NAME, None)
    if magics is None:
        return
    magics.session.stop()
    magics.session.cells.stop()
    ipython.configurables.remove(magics)
    magics.stop_completing()
