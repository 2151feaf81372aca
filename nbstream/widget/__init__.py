"""The widget: what a person sees of a run. It knows the log, and no provider."""

from ._batch import BatchView
from ._cell import remember_cell
from ._chat import ChatView
from ._compare import CompareView, compare
from ._host import host
from ._show import show, stream_to
from ._show_batch import show_batch
from ._view import StreamView
from ._watch import watch

__all__ = [
    "BatchView",
    "ChatView",
    "CompareView",
    "StreamView",
    "compare",
    "host",
    "show",
    "show_batch",
    "stream_to",
    "watch",
]

# The cell that imports this has perhaps a button that calls `show`, which needs to know of it.
remember_cell()
