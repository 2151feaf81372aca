"""Adapters: whatever streams becomes a run in the log."""

from ._open import open_stream, text_of

__all__ = ["open_stream", "text_of"]
