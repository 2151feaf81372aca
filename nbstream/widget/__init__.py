"""The widget: what a person sees of a run. It knows the log, and no provider."""

from ._cell import remember_cell
from ._chat import ChatView
from ._compare import CompareView, compare
from ._host import host
from ._show import show, stream_to
from ._view import StreamView
from ._watch import watch

__all__ = ["ChatView", "CompareView", "StreamView", "compare", "host", "show", "stream_to", "watch"]

# The cell that imports this has perhaps a button that calls `show`, which needs to know of it.
remember_cell()
