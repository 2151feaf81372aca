"""What keeps our faults away from the program that is watched."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

from .._exceptions import NbstreamError, Stopped
from .._secrets import hide_all, says_a_key
from .._shown import named

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..events import Run
    from ..events._log import Log

__all__ = ["Guard", "fail"]

T = TypeVar("T")
_logger = logging.getLogger(__name__)


class Guard:
    """Calls what is ours: a fault is logged once, and from then on nothing of it is called.

    Stopping passes: that is how a run ends that somebody has stopped.

    Examples
    --------
    >>> guard = Guard("fish")
    >>> guard(len, "abc"), guard.is_silent
    (3, False)
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_silent = False

    def __call__(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T | None:
        if self.is_silent:
            return None
        try:
            return function(*args, **kwargs)
        except (KeyboardInterrupt, Stopped):
            raise
        except BaseException:
            self.trip()
            return None

    def trip(self) -> None:
        """Take note of a fault, inside the block that handles it."""
        if not self.is_silent:
            self.is_silent = True
            _logger.exception(
                "Watching %s failed, and is off from now on. The watched program goes on.",
                self.name,
            )


def fail(log: Log, run: Run, error: BaseException) -> None:
    """Log how a run failed, and leave the error itself as the program is to see it."""
    if isinstance(error, Exception) and _quotes_a_key(error):
        error = NbstreamError(hide_all(named(error)))
    log.fail(run, error)


def _quotes_a_key(error: Exception) -> bool:
    texts = (arg for arg in error.args if isinstance(arg, str))
    return says_a_key(error) or any(hide_all(text) != text for text in texts)
