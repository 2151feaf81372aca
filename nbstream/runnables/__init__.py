"""What every step of a program has in common, and how steps join."""

from ..events._chunks import AddableDict
from ._fluent import coerce_to_runnable
from .base import Runnable
from .binding import RunnableBinding, RunnableEach
from .branch import RunnableBranch
from .config import RunnableConfig
from .fallbacks import RunnableWithFallbacks
from .functions import RunnableGenerator, RunnableLambda, chain
from .parallel import RunnableParallel
from .passthrough import RunnableAssign, RunnablePassthrough, RunnablePick
from .retry import RunnableRetry
from .sequence import RunnableSequence

RunnableMap = RunnableParallel

__all__ = [
    "AddableDict",
    "Runnable",
    "RunnableAssign",
    "RunnableBinding",
    "RunnableBranch",
    "RunnableConfig",
    "RunnableEach",
    "RunnableGenerator",
    "RunnableLambda",
    "RunnableMap",
    "RunnableParallel",
    "RunnablePassthrough",
    "RunnablePick",
    "RunnableRetry",
    "RunnableSequence",
    "RunnableWithFallbacks",
    "chain",
    "coerce_to_runnable",
]
