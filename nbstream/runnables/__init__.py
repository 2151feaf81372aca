"""What every step of a program has in common, and how steps join."""

from .base import Runnable, coerce_to_runnable
from .config import RunnableConfig
from .functions import RunnableLambda
from .sequence import RunnableSequence

__all__ = [
    "Runnable",
    "RunnableConfig",
    "RunnableLambda",
    "RunnableSequence",
    "coerce_to_runnable",
]
