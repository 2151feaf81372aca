"""Adapters: whatever streams becomes a run in the log."""

from ._ask import can_be_asked, family_of, label_of
from ._langchain import chunk_of
from ._open import NO_INPUT, open_stream
from ._opened import is_lent

__all__ = [
    "NO_INPUT",
    "can_be_asked",
    "chunk_of",
    "family_of",
    "is_lent",
    "label_of",
    "open_stream",
]
