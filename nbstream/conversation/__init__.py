"""A conversation: turns in a tree, with no widget and no IPython in it."""

from ._conversation import Conversation
from ._turn import Origin, Turn

__all__ = ["Conversation", "Origin", "Turn"]
