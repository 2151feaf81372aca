"""Adapters: whatever streams becomes a run in the log."""

from ._open import NO_INPUT, open_stream
from ._opened import is_lent

__all__ = ["NO_INPUT", "is_lent", "open_stream"]
