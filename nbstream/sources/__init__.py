"""Adapters: whatever streams becomes a run in the log."""

from ._open import open_stream

__all__ = ["open_stream"]
