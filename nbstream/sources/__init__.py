"""Adapters: whatever streams becomes a run in the log."""

from ._open import NO_INPUT, open_stream

__all__ = ["NO_INPUT", "open_stream"]
