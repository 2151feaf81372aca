"""`Page`: what both widgets are to the front end."""

from __future__ import annotations

import logging
import os
import threading
import uuid
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from .._exceptions import NbstreamError
from .._secrets import hide_all
from .._shown import named
from ._host import is_attended
from ._options import ViewOptions, check_options
from ._pump import _PUMP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["MODULES", "Page", "static"]

STATIC = Path(__file__).parent.parent / "static"
MODULES = {name: STATIC / f"{name}.js" for name in ("markdown", "turns")}
"""What a page asks for when it first needs it, instead of with every widget."""

PAUSE = 0.5
"""Seconds between two updates of one widget's outputs, at least."""

_logger = logging.getLogger(__name__)


def static(name: str) -> str | Path:
    """Return a built file's text.

    Of a path anywidget (0.11) makes an object that holds on to every widget that was ever made, so
    as to bring it a new build: only whoever asks for that gets it.
    """
    path = STATIC / name
    return path if os.environ.get("ANYWIDGET_HMR") else path.read_text(encoding="utf-8")


class Page(ViewOptions, anywidget.AnyWidget):
    """A widget's front-end side: opening and closing, messages, and what a notebook keeps of it.

    A subclass says what its log is (`_saved_log`), what an output holds once it is over
    (`_transcript`, `_is_over`), and which messages it takes (``_handlers``, by type).
    """

    _esm = static("widget.js")
    _css = static("widget.css")

    _place = traitlets.Unicode(help="Names the transcript that the view stands in for.").tag(
        sync=True
    )
    _log = traitlets.Dict(help="The log so far, filled in when a page asks for it.").tag(sync=True)

    _handlers: ClassVar[dict[str, str]] = {
        "hello": "_on_hello",
        "module": "_on_module",
        "bundle": "_on_bundle",
        "bye": "_on_bye",
    }
    """The method for each type of message that a page sends."""

    # Here, since a widget that could not be made is closed, too.
    _unwatch: Callable[[], None] | None = None

    def __init__(self, options: dict[str, Any], **state: Any) -> None:
        self._displays: list[Any] = []
        self._outputs = Outputs(self)
        self._takes_places = False  # whether the page puts the view where its transcript stands
        check_options(self, options)
        super().__init__(_place=uuid.uuid4().hex, **options, **state)
        self.on_msg(self._on_page_message)
        self._watch()

    # What a subclass says

    def _listen(self) -> Callable[[], None]:
        """Begin to hear what is to be shown, and return what ends that."""
        raise NotImplementedError

    def _saved_log(self) -> dict[str, Any]:
        """Return all that a page needs that opens now."""
        raise NotImplementedError

    def _transcript(self) -> tuple[str, str]:
        """Return the transcript as HTML and as text."""
        raise NotImplementedError

    def _is_over(self) -> bool:
        """Tell whether the transcript can take the widget's place."""
        raise NotImplementedError

    def _is_quiet(self) -> bool:
        """Tell whether nothing runs that a page would want to see."""
        return self._is_over()

    # Messages

    def _tell(self, message: dict[str, Any]) -> None:
        if self.comm is not None:
            self.send(message)

    def _on_page_message(self, _: Any, content: Any, __: Any) -> None:
        # Runs in the main thread or in a subshell's: what it calls must take that.
        try:
            handler = self._handlers.get(content.get("type"))
            if handler is not None:
                getattr(self, handler)(content)
        except Exception as error:
            is_ours = isinstance(error, NbstreamError)
            if not is_ours:
                _logger.exception("A message of the page's failed.")
            said = str(error) if is_ours else named(error)
            self._tell({"type": "problem", "text": hide_all(said)})

    def _on_hello(self, _: dict[str, Any]) -> None:
        self._takes_places = True
        if self._is_over():
            self._refresh()

    def _on_module(self, content: dict[str, Any]) -> None:
        if path := MODULES.get(content.get("name", "")):
            source = path.read_text(encoding="utf-8")
            self._tell({"type": "module", "name": content["name"], "source": source})

    def _on_bundle(self, _: dict[str, Any]) -> None:
        if self._takes_places and self._is_over():
            data, metadata = self._repr_mimebundle_()
            answer = {"model": self.model_id, "data": data, "metadata": metadata}
            self._tell({"type": "bundle", **answer})

    def _on_bye(self, _: dict[str, Any]) -> None:
        # No output of any page shows it any more. Displayed once more, it opens again.
        if self._is_quiet():
            self.close()

    # The connection

    def open(self) -> None:
        """Connect to the page; called by the constructor."""
        if is_attended():
            super().open()
            hear_while_busy(self.comm)

    def _watch(self) -> None:
        if self._unwatch is None:
            self._unwatch = self._listen()

    def close(self) -> None:
        """Take the view off all pages; what the notebook keeps of it stays.

        What it shows does not hold on to it any more; displayed once more, it opens again.
        """
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        super().close()
        self.__dict__.pop("_repr_mimebundle_", None)  # ipywidgets hides the method

    def get_state(
        self, key: str | Iterable[str] | None = None, drop_defaults: bool = False
    ) -> dict[str, Any]:
        """Return the synced state: what a page gets that opens now.

        The log is put in here and only here, so it goes out once to each page that asks.
        """
        keys = (key,) if isinstance(key, str) else key
        state: dict[str, Any] = super().get_state(key=keys, drop_defaults=drop_defaults)
        if keys is None or "_log" in keys:
            state["_log"] = self._saved_log()
        return state

    # The notebook's outputs

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        # With the widget still in it, a saved notebook would show an error once the kernel is gone.
        if self.comm is not None and not (self._takes_places and self._is_over()):
            data, metadata = super()._repr_mimebundle_(**kwargs) or (data, metadata)
        html, text = self._transcript()
        data["text/html"] = f'<div data-nbstream="{self._place}">{html}</div>'
        data["text/markdown"] = text
        data["text/plain"] = text
        return data, metadata

    def _ipython_display_(self) -> None:
        self._display()

    def _display(self) -> None:
        from IPython.display import display

        if self.comm is None:
            self.open()
        self._watch()
        data, metadata = self._repr_mimebundle_()
        self._displays.append(display(data, metadata=metadata, raw=True, display_id=True))

    def _refresh(self) -> None:
        """Put the transcript into each output, where it stays when the notebook is saved."""
        if self._displays:
            _PUMP.wake(self._outputs, self._outputs.pause, is_last=self._is_over())

    def _settle(self) -> None:
        """Let the outputs have what is new, now: the cell that ran it is about to end."""
        _PUMP.flush(self._outputs)


class Outputs:
    """The outputs that show one widget, on the pump's rounds: at most twice a second."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._lock = threading.Lock()
        self._written: int | None = None  # a hash of it
        self._at = 0.0

    @property
    def pause(self) -> float:
        """Seconds until the next one may be written."""
        return max(0.0, self._at + PAUSE - monotonic())

    @property
    def is_written(self) -> bool:
        """Whether the outputs have what the page shows now."""
        return self._written == _hash_of(self._page._repr_mimebundle_()[0])

    def flush(self) -> int:
        """Write the transcript where it is not written yet."""
        with self._lock:
            displays = self._page._displays
            if not displays:
                return 0
            self._at = monotonic()  # now: what ends while the transcript is made waits for the next
            data, metadata = self._page._repr_mimebundle_()
            written = _hash_of(data)
            if written == self._written:
                return 0
            self._written = written
            for handle in displays:
                # One output that cannot be written must not keep the others from it.
                try:
                    handle.update(data, metadata=metadata, raw=True)
                except Exception:
                    _logger.exception("The output of a view could not be updated.")
            return len(displays)

    def fail(self) -> None:
        """Do nothing: what could not be drawn once may be at the next change."""


def _hash_of(data: dict[str, Any]) -> int:
    return hash((*data, data["text/html"], data["text/plain"]))


def hear_while_busy(comm: Any) -> None:
    """Let messages from the page be handled in the thread that JupyterLab sends them to.

    JupyterLab (4.4 and later) addresses a comm's messages to a subshell of its own. ipykernel (7.4)
    sends them on to where that comm was last written from, which is the busy main thread for a
    view that a cell has made. Where kernels have no such detour there is nothing to do.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default  # noqa: ARG005  # called by position
