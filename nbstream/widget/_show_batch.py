"""`show_batch`: many runs, live in one cell."""

from __future__ import annotations

import inspect
from typing import Any

from ..batch import Batch
from ..batch._terminal import follow
from ._batch import BatchView
from ._host import host, kernel_shell
from ._options import lists_options
from ._show import say_that_it_waits

__all__ = ["launch_batch", "show_batch"]


@lists_options()
def show_batch(chain: Any, inputs: Any, *, block: bool | None = None, **options: Any) -> BatchView:
    """Run many inputs through a chain and show them all in one live table.

    In a notebook the cell is done at once, and the runs go on while other cells run:
    ``runs.results()`` waits for them. In a terminal one line says how far they are.

    Parameters
    ----------
    chain
        A model, a chain, or what becomes one.
    inputs
        A list, a generator, or a DataFrame, whose rows are dicts.
    block
        Whether to wait for the end; by default as for `show`.
    **options
        As for `Batch`: ``max_concurrency``, ``retries``, …; and as for `StreamView`, for the lines
        that are opened: ``view``, ``max_height``, …

    Returns
    -------
    BatchView
        The view, with the results: ``runs.results()``, ``runs.to_frame()``, ``await runs``.

    Raises
    ------
    InputError
        If something of that cannot be used. A run that fails raises nothing here: its line says so.
    KeyboardInterrupt
        If the kernel is interrupted while this waits: the runs are stopped, what came is kept.

    Examples
    --------
    >>> from nbstream import ScriptedChat, show_batch
    >>> runs = show_batch(ScriptedChat(["Blub", "."]), ["Say something.", "And now?"])
    ... # doctest: +ELLIPSIS
    [====================] 2 of 2 runs · 2 done · ...
    >>> [message.text for message in runs.results()]
    ['Blub.', 'Blub.']
    """
    own = {name: options.pop(name) for name in batch_options() if name in options}
    view = BatchView(Batch(chain, inputs, **own), **options)
    launch_batch(view, block=block)
    return view


def batch_options() -> list[str]:
    """Return the names of what a `Batch` takes beside its chain and inputs."""
    return [*inspect.signature(Batch).parameters][2:]


def launch_batch(view: BatchView, *, block: bool | None) -> None:
    """Begin the runs and show them, as `show_batch` does."""
    here, shell = host(), kernel_shell()
    if block is None:
        block = here.waits or view.comm is None
        if here.waits and here.has_page:
            say_that_it_waits(here.title, "show_batch")
    if shell is not None and here.displays:
        view._show_in(shell)
    view.start()
    if not block:
        return
    try:
        if here.name == "terminal":
            follow(view.batch)
        else:
            view.wait()
    finally:
        view._settle()
