"""`Page`: what both widgets are to the front end."""

from __future__ import annotations

import logging
import threading
import uuid
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget
import traitlets

from .._exceptions import NbstreamError
from .._secrets import hide_all
from .._shown import named, printable
from ._cell import in_some_cell, remember_cell
from ._host import host, is_attended, kernel_shell
from ._options import ViewOptions, check_options
from ._pump import _PUMP
from ._script import build, loader, source_of, style
from ._static import note_html, saved_html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Page"]

PAUSE = 0.5
"""Seconds between two updates of one widget's outputs, at least."""
HELLO_BY = 1.0
"""Seconds in which a page says that it takes places, if it does."""

_logger = logging.getLogger(__name__)


class Page(ViewOptions, anywidget.AnyWidget):
    """A widget's front-end side: opening and closing, messages, and what a notebook keeps of it.

    A subclass says what its log is (`_saved_log`), what an output holds once it is over
    (`_transcript`, `_is_over`), and which messages it takes (``_handlers``, by type).
    """

    _esm = loader()
    _css = style()

    _kind = traitlets.Unicode("run", help="Which of the script's front ends it has.").tag(sync=True)
    _build = traitlets.Unicode(help="Names the build of the script.").tag(sync=True)
    _place = traitlets.Unicode(help="Names the transcript that the view stands in for.").tag(
        sync=True
    )
    _auto = traitlets.Bool(True, help="Whether nobody has said which view is on top.").tag(
        sync=True
    )
    _interrupt = traitlets.Unicode(help="How the reader interrupts the kernel.").tag(sync=True)
    _log = traitlets.Dict(help="The log so far, filled in when a page asks for it.").tag(sync=True)

    _handlers: ClassVar[dict[str, str]] = {
        "hello": "_on_hello",
        "open": "_on_open",
        "module": "_on_module",
        "bundle": "_on_bundle",
        "bye": "_on_bye",
    }
    """The method for each type of message that a page sends."""

    # Here, since a widget that could not be made is closed, too.
    _unwatch: Callable[[], None] | None = None

    _sent: ClassVar[set[str]] = set()
    """What a page has been sent of the script; one that opens later asks for it."""
    _brings: tuple[str, ...] = ()
    _shown_in: int | None = None  # the cell that `show` put this view in

    _takes_places: ClassVar[bool] = False
    """Whether this kernel's pages put a view where its transcript is, as one of them has told."""

    def __init__(self, options: dict[str, Any], **state: Any) -> None:
        self._displays: list[Any] = []
        self._shown_in: int | None = None  # the cell that `show` put this view in
        self._outputs = Outputs(self)
        check_options(self, options)
        own = {"_place": uuid.uuid4().hex, "_build": build(), "_interrupt": host().interrupt}
        super().__init__(**own, **options, **state)
        self._auto = self._auto and "view" not in options
        self.on_msg(self._on_page_message)
        self._watch()

    @traitlets.validate("view")
    def _choose_view(self, proposal: Any) -> Any:
        self._auto = False  # also where it is what it was
        return proposal["value"]

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

    def _elsewhere(self) -> str:
        """Return what to do on a page that draws no widget and hears of no end; or nothing."""
        return ""

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
        Page._takes_places = True
        if self._is_over():
            self._refresh()

    def _on_open(self, _: dict[str, Any]) -> None:
        self._tell({"type": "log", "log": self._saved_log()})

    def _on_module(self, content: dict[str, Any]) -> None:
        name = content.get("name")
        if isinstance(name, str) and (source := source_of(name)):
            self._tell({"type": "module", "name": name, "source": source})

    def _on_bundle(self, _: dict[str, Any]) -> None:
        if self._takes_places and self._is_over():
            data, metadata = self._repr_mimebundle_()
            self._tell({"type": "bundle", "data": data, "metadata": metadata})

    def _on_bye(self, _: dict[str, Any]) -> None:
        # No output of any page shows it any more. Displayed once more, it opens again.
        if self._is_quiet():
            self.close()

    # The connection

    def open(self) -> None:
        """Connect to the page; called by the constructor."""
        if is_attended():
            # Without being asked for, once: a kernel that is busy may hear no page.
            self._brings = tuple(name for name in self._scripts() if name not in Page._sent)
            Page._sent.update(self._brings)
            self.layout.open()
            super().open()
            self._brings = ()
            hear_while_busy(self.comm)
            hear_while_captured()
        remember_cell()

    def _scripts(self) -> tuple[str, ...]:
        """Return the names of what draws this kind of widget."""
        return ("widget",) if self._kind == "run" else ("widget", self._kind)

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
        # ipywidgets leaves it open, and with it the page keeps all that it has of the widget.
        if (layout := self._trait_values.get("layout")) is not None:
            layout.close()
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
        if keys is None and self._brings:
            state["_modules"] = {f"{self._build}/{name}": source_of(name) for name in self._brings}
        return state

    def _get_embed_state(self, drop_defaults: bool = False) -> dict[str, Any]:
        # What `ipywidgets.embed` writes a page from, which has no kernel to ask.
        self._brings = self._scripts()
        try:
            state: dict[str, Any] = super()._get_embed_state(drop_defaults=drop_defaults)
        finally:
            self._brings = ()
        return state

    # The notebook's outputs

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._bundle(is_left=self._takes_places, **kwargs)

    def _bundle(self, *, is_left: bool, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what an output holds; ``is_left``: the widget goes out of it when it is over."""
        data: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        # With the widget still in it, a saved notebook would show an error once the kernel is gone.
        if self.comm is not None and not (is_left and self._is_over()):
            data, metadata = super()._repr_mimebundle_(**kwargs) or (data, metadata)
        html, text = self._transcript()
        note = note_html(said) if self.comm is not None and (said := self._elsewhere()) else ""
        data["text/html"] = saved_html(self._place, html + note, text)
        data["text/markdown"] = text
        data["text/plain"] = text or repr(self)
        return data, metadata

    def _ipython_display_(self) -> None:
        # `show` has displayed the view when its cell's last line evaluates to it: once is enough.
        shell = kernel_shell()
        count = shell.execution_count if shell else None
        if self._shown_in is None or self._shown_in != count:
            self._display()
        self._shown_in = None

    def _show_in(self, shell: Any) -> None:
        """Display it in the cell that runs, as `show` does."""
        self._display()
        self._shown_in = shell.execution_count

    def _display(self) -> None:
        from IPython.display import display

        if self.comm is None:
            self.open()
        self._watch()
        data, metadata = self._repr_mimebundle_()
        if not self._displays:
            self._outputs.begin(data)
        data["text/plain"] = printable(data["text/plain"])
        with in_some_cell():
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
        self._began_at = -HELLO_BY

    @property
    def pause(self) -> float:
        """Seconds until the next one may be written."""
        due = self._at + PAUSE
        if not self._page._takes_places:
            # With the widget in it, it would be written once more when the page says hello.
            due = max(due, self._began_at + HELLO_BY)
        return max(0.0, due - monotonic())

    @property
    def is_written(self) -> bool:
        """Whether the outputs have what the page shows now."""
        return self._written == _hash_of(self._made()[0])

    def _made(self) -> tuple[dict[str, Any], dict[str, Any]]:
        # An output that ends with its cell stays as it is then: it ends as the transcript.
        return self._page._bundle(is_left=self._page._takes_places or host().ends_outputs)

    def begin(self, data: dict[str, Any]) -> None:
        """Note what the first output was made with."""
        self._written = _hash_of(data)
        self._began_at = monotonic()

    def flush(self) -> int:
        """Write the transcript where it is not written yet."""
        with self._lock:
            displays = self._page._displays
            if not displays:
                return 0
            self._at = monotonic()  # now: what ends while the transcript is made waits for the next
            data, metadata = self._made()
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


def hear_while_captured() -> None:
    """Let messages from the page be handled while a cell's output is captured.

    ipykernel (7.4) tells the publisher of outputs about each message; the one that ``%%capture``
    puts there (IPython 9.18) does not know how to be told, and the message would be lost.
    """
    if kernel_shell() is None:
        return
    from IPython.core.displaypub import CapturingDisplayPublisher

    if not hasattr(CapturingDisplayPublisher, "set_parent"):
        setattr(CapturingDisplayPublisher, "set_parent", lambda *_: None)  # noqa: B010  # it has none


def hear_while_busy(comm: Any) -> None:
    """Let messages from the page be handled in the thread that JupyterLab sends them to.

    JupyterLab (4.4 and later) addresses a comm's messages to a subshell of its own. ipykernel (7.4)
    sends them on to where that comm was last written from, which is the busy main thread for a
    view that a cell has made. Where kernels have no such detour there is nothing to do.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default  # noqa: ARG005  # called by position
