"""Which cell's output a view is displayed in."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ._host import kernel_shell

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["in_some_cell", "remember_cell"]

_last: dict[str, Any] = {}  # the header of the request that last ran a cell


def remember_cell(_: Any = None) -> None:
    """Note which cell runs now, and from now on which one ran last."""
    shell = kernel_shell()
    header = _header(shell)
    if shell is None or header.get("msg_type") != "execute_request":
        return
    if not _last:
        shell.events.register("pre_run_cell", remember_cell)
    _last.clear()
    _last.update(header)


@contextmanager
def in_some_cell() -> Iterator[None]:
    """Display what the block does in the cell that ran last, where none runs.

    That is so in a button's callback: a page shows what comes from one nowhere, unless an `Output`
    of ipywidgets takes it.
    """
    shell = kernel_shell()
    header = _header(shell)
    is_callback = header.get("msg_type") == "comm_msg"
    if not (is_callback and _last) or _is_taken(header) or not hasattr(shell, "display_pub"):
        yield
        return
    publisher = shell.display_pub
    if not hasattr(publisher, "set_thread_parent"):  # ipykernel before 7
        yield
        return
    token = publisher.set_thread_parent(_last)
    try:
        yield
    finally:
        publisher.reset_thread_parent(token)


def _header(shell: Any) -> dict[str, Any]:
    found = getattr(getattr(shell, "display_pub", None), "parent_header", None)
    return found if isinstance(found, dict) else {}


def _is_taken(header: dict[str, Any]) -> bool:
    """Tell whether an `Output` takes what is displayed."""
    from ipywidgets.widgets import widget

    # Since ipywidgets 8 of the module, before that of the class.
    widgets = getattr(widget, "_instances", None) or widget.Widget.widgets
    own = header.get("msg_id")
    return any(getattr(one, "msg_id", None) == own for one in list(widgets.values()))
