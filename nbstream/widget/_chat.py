"""`ChatView`: a conversation in a cell."""

from __future__ import annotations

import base64
import json
import uuid
from concurrent import futures
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from .._exceptions import InputError, NbstreamError
from ..events._frames import frame
from ..messages import BaseMessage, HumanMessage, SystemMessage, convert_to_messages
from ..messages._images import image_block, image_kind
from ..sources import open_stream
from ._host import is_attended
from ._look import Look, check_options
from ._pump import Feed
from ._show import begin
from ._static import MAX_TEXT, chat_to_html, chat_to_text, to_document
from ._stop import hear_while_busy
from ._turns import Turn, read_turns
from ._view import MODULES, STATIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["ChatView"]

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
MAX_IMAGE = 5_000_000
"""Bytes of one image."""


class ChatView(Look, anywidget.AnyWidget):
    """A conversation: write below, and the answer streams in above, with all of `StreamView`.

    It does not block the kernel: other cells run while an answer streams.

    Parameters
    ----------
    model
        A chat model, or its name (see `init_chat_model`), or a chain that takes messages.
    system
        Standing instructions for the model.
    messages
        How the conversation begins: messages, or what `convert_to_messages` takes.
    input
        Makes a chain's input of the messages; by default they are the input.
    **options
        As for `StreamView`: ``view`` (here ``"markdown"`` by default), ``delimiter``, …

    Raises
    ------
    InputError
        If the model cannot be used, or an option is unknown.

    Examples
    --------
    >>> from nbstream import ChatView, ScriptedChat
    >>> chat = ChatView(ScriptedChat(["Blub", "."]), system="You are a fish.")
    >>> chat.ask("Say something.").result().text
    'Blub.'
    >>> [message.type for message in chat.messages]
    ['system', 'human', 'ai']
    """

    _esm = STATIC / "chat.js"
    _css = STATIC / "widget.css"

    _model = traitlets.Unicode(help="What the model is called.").tag(sync=True)
    _place = traitlets.Unicode(help="Names the transcript that this stands in for.").tag(sync=True)
    _log = traitlets.Dict(help="All turns, filled in when a page asks for them.").tag(sync=True)

    def __init__(
        self,
        model: Any = None,
        *,
        system: str | None = None,
        messages: Any = (),
        input: Callable[[list[BaseMessage]], Any] | None = None,
        **options: Any,
    ) -> None:
        self._feeds: list[Feed] = []  # first, for a widget that was never made is closed, too
        if model is None or isinstance(model, str):
            from ..models import init_chat_model

            model = init_chat_model(model)
        if not hasattr(model, "stream"):
            raise InputError(
                f"{model!r:.80} is no model or chain. Pass one, or a name such as 'local'."
            )
        begun, turns = read_turns(convert_to_messages(messages) if messages else [])
        self.system = system or begun
        """Standing instructions for the model; can be changed at any time."""
        self._source = model
        self._make_input = input
        self._turns = turns
        self._leaf: Turn | None = turns[-1] if turns else None
        self._listeners: list[Callable[[Turn], None]] = []
        self._displays: list[Any] = []
        self._takes_places = False
        check_options(self, options)
        label = getattr(model, "model_label", None) or getattr(model, "name", None)
        super().__init__(
            **{"view": "markdown", "delimiter": "|", **options},
            _model=str(label or type(model).__name__),
            _place=uuid.uuid4().hex,
        )
        self.on_msg(self._on_page_message)

    # The conversation

    @property
    def turns(self) -> list[Turn]:
        """The turns on show, the first one first."""
        return self._leaf.path if self._leaf else []

    @property
    def messages(self) -> list[BaseMessage]:
        """The conversation on show, with the system prompt and without turns that failed."""
        return self._messages(self.turns)

    @property
    def traces(self) -> list[Any]:
        """The log of each turn on show."""
        return [turn.trace for turn in self.turns]

    @property
    def usage(self) -> dict[str, int]:
        """Tokens so far, ``{"input": …, "output": …}``, of all turns, also those not on show."""
        total = {"input": 0, "output": 0}
        for turn in self._turns:
            for run in turn._state()["runs"]:
                if run["type"] == "chat_model" and run["usage"]:
                    total["input"] += run["usage"]["input"]
                    total["output"] += run["usage"]["output"]
        return total

    def ask(self, text: str, *, images: Sequence[str | Path | bytes] = ()) -> Turn:
        """Send a prompt. It returns at once; the answer streams in.

        Parameters
        ----------
        text
            The prompt.
        images
            Files or bytes: PNG, JPEG, GIF or WebP.

        Returns
        -------
        Turn
            ``turn.result()`` waits for the answer.

        Raises
        ------
        InputError
            If there is nothing to send, or an answer is still under way.
        """
        return self._begin_turn(_prompt(text, [_image(image) for image in images]), self._leaf)

    def retry(self, turn: Turn | None = None) -> Turn:
        """Ask for another answer to a turn's prompt, the last one's by default."""
        turn = self._known(turn)
        return self._begin_turn(turn.prompt, turn.parent)

    def edit(self, text: str, turn: Turn | None = None) -> Turn:
        """Send another prompt in a turn's place, the last one's by default: a new branch begins."""
        turn = self._known(turn)
        blocks = turn.prompt.content if isinstance(turn.prompt.content, list) else []
        images = [b for b in blocks if isinstance(b, dict) and b.get("type") == "image"]
        return self._begin_turn(_prompt(text, images), turn.parent)

    def switch(self, turn: Turn) -> None:
        """Show the branch that a turn is in, to its newest end."""
        leaf = self._known(turn)
        while after := [one for one in self._turns if one.parent is leaf]:
            leaf = after[-1]
        self._show_leaf(leaf)

    def stop(self) -> None:
        """Stop the answer that is under way; what has come stays."""
        if self._leaf is not None:
            self._leaf._stop.ask()

    def clear(self) -> None:
        """Begin anew, with nothing said."""
        self.stop()
        for feed in self._feeds:
            feed.close()
        self._turns, self._leaf, self._feeds = [], None, []
        self._tell({"type": "cleared"})
        self._refresh()

    def on_turn(self, callback: Callable[[Turn], None]) -> Callable[[], None]:
        """Call ``callback`` with each turn that is over, in the thread that ran it.

        Returns
        -------
        callable
            Call it to be called no more.
        """
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def export(self, path: str | Path) -> Path:
        """Write the conversation on show to a file, in the form that its name ends with.

        Parameters
        ----------
        path
            ``.md`` or ``.txt`` to read, ``.html`` for a page, ``.json`` for the messages.

        Raises
        ------
        InputError
            If the name ends otherwise.
        """
        path = Path(path)
        makers = {
            ".md": lambda: chat_to_text(self._shown()),
            ".txt": lambda: chat_to_text(self._shown()),
            ".html": lambda: to_document(chat_to_html(self._shown(), self.delimiter)),
            ".json": lambda: json.dumps(
                [{"role": m.type, "content": m.content} for m in self.messages], ensure_ascii=False
            ),
        }
        if path.suffix not in makers:
            raise InputError(f"{path.name!r} should end with one of: {', '.join(makers)}.")
        path.write_text(makers[path.suffix](), encoding="utf-8", errors="replace")
        return path

    def _messages(self, turns: Sequence[Turn]) -> list[BaseMessage]:
        messages: list[BaseMessage] = [SystemMessage(self.system)] if self.system else []
        for turn in turns:
            if (answer := turn.answer) is not None and turn.status != "failed":
                messages += [turn.prompt, answer]
        return messages

    def _begin_turn(self, prompt: HumanMessage, parent: Turn | None) -> Turn:
        if self._leaf is not None and self._leaf._job and not self._leaf._job.done():
            raise InputError("An answer is still under way. Wait for it, or stop() it.")
        turn = Turn(len(self._turns), prompt, parent)
        before = parent.path if parent else []
        messages = [*self._messages(before), prompt]
        value = self._make_input(messages) if self._make_input else messages
        is_apart = hasattr(self._source, "astream")
        stream = open_stream(self._source, value, trace=turn.trace, is_async=is_apart)
        self._turns.append(turn)
        self._leaf = turn
        self._tell({"type": "turn", "turn": _wire(turn)})
        if self.comm is not None:
            self._feeds.append(Feed(turn.trace, partial(self._tell_of, turn)))
        begin(turn, stream, is_apart=is_apart)
        job: Any = turn._job
        job.add_done_callback(lambda _: self._over(turn))
        if self.comm is None:  # nobody sees it stream, and a program may end with its last cell
            futures.wait([job])
        return turn

    def _over(self, turn: Turn) -> None:
        self._refresh()
        for listener in list(self._listeners):
            listener(turn)

    def _known(self, turn: Turn | None) -> Turn:
        turn = turn or self._leaf
        if turn is None or turn not in self._turns:
            raise InputError("There is no such turn in this conversation.")
        return turn

    def _show_leaf(self, leaf: Turn | None) -> None:
        self._leaf = leaf
        self._tell({"type": "leaf", "turn": leaf.id if leaf else None})
        self._refresh()

    # The page

    def _tell(self, message: dict[str, Any]) -> None:
        if self.comm is not None:
            self.send(message)

    def _tell_of(self, turn: Turn, message: dict[str, Any]) -> None:
        self._tell({**message, "turn": turn.id})

    def _on_page_message(self, _: Any, content: dict[str, Any], __: Any) -> None:
        try:
            self._answer(content)
        except NbstreamError as error:
            self._tell({"type": "problem", "text": str(error)})

    def _answer(self, content: dict[str, Any]) -> None:
        kind = content.get("type")
        number = content.get("turn")
        is_known = isinstance(number, int) and 0 <= number < len(self._turns)
        turn = self._turns[number] if is_known else None  # type: ignore[index]
        if kind == "send":
            images = [_image_of_page(image) for image in content.get("images", [])]
            self._begin_turn(_prompt(str(content.get("text", "")), images), self._leaf)
        elif kind == "stop":
            self.stop()
        elif kind == "clear":
            self.clear()
        elif kind == "hello":
            self._takes_places = True
            self._refresh()
        elif kind == "module" and content.get("name") in MODULES:
            source = MODULES[content["name"]].read_text(encoding="utf-8")
            self._tell({"type": "module", "name": content["name"], "source": source})
        elif turn is None:
            return
        elif kind == "retry":
            self.retry(turn)
        elif kind == "edit":
            self.edit(str(content.get("text", "")), turn)
        elif kind == "switch":
            self.switch(turn)
        elif kind == "export":
            self._tell_of(turn, {"type": "export", "text": turn.trace.to_jsonl()})
        elif kind == "resync":
            seq = content.get("seq")
            if isinstance(seq, int) and seq >= 0:
                self._tell_of(turn, frame(turn.trace, seq))

    def open(self) -> None:
        """Connect to the page; called by the constructor."""
        if is_attended():
            super().open()
            hear_while_busy(self.comm)

    def close(self) -> None:
        """Take the view off all pages."""
        for feed in self._feeds:
            feed.close()
        self._feeds = []
        super().close()

    def get_state(
        self, key: str | Iterable[str] | None = None, drop_defaults: bool = False
    ) -> dict[str, Any]:
        """Return the synced state: what a page gets that opens now."""
        keys = (key,) if isinstance(key, str) else key
        state: dict[str, Any] = super().get_state(key=keys, drop_defaults=drop_defaults)
        if keys is None or "_log" in keys:
            turns = [{**_wire(turn), "frames": [frame(turn.trace)]} for turn in self._turns]
            state["_log"] = {
                "type": "chat",
                "turns": turns,
                "leaf": self._leaf.id if self._leaf else None,
            }
        return state

    def _shown(self) -> list[tuple[str, Any]]:
        return [(_in_words(turn.prompt), turn._state()) for turn in self.turns]

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        # As for StreamView: a saved notebook is to have the transcript and not the widget.
        if self.comm is not None and not self._takes_places:
            data, metadata = super()._repr_mimebundle_(**kwargs) or (data, metadata)
        shown = self._shown()
        html = chat_to_html(shown, self.delimiter)
        text = chat_to_text(shown, MAX_TEXT)
        data["text/html"] = f'<div data-nbstream="{self._place}">{html}</div>'
        data["text/markdown"] = text
        data["text/plain"] = text
        return data, metadata

    def _ipython_display_(self) -> None:
        from IPython.display import display

        data, metadata = self._repr_mimebundle_()
        self._displays.append(display(data, metadata=metadata, raw=True, display_id=True))

    def _refresh(self) -> None:
        data, metadata = self._repr_mimebundle_()
        for handle in self._displays:
            handle.update(data, metadata=metadata, raw=True)


def _in_words(prompt: HumanMessage) -> str:
    """Return a prompt as a transcript has it: without its images, but saying that there were."""
    blocks = prompt.content if isinstance(prompt.content, list) else []
    count = sum(isinstance(block, dict) and block.get("type") == "image" for block in blocks)
    note = f"[{count} image{'' if count == 1 else 's'}]" if count else ""
    return "\n".join(filter(None, [prompt.text, note]))


def _wire(turn: Turn) -> dict[str, Any]:
    """Return what a page needs to know of a turn beside its log."""
    content = turn.prompt.content if isinstance(turn.prompt.content, list) else []
    images = [
        f"data:{source['media_type']};base64,{source['data']}"
        for block in content
        if isinstance(block, dict)
        and isinstance(source := block.get("source"), dict)
        and source.get("type") == "base64"
        and source.get("media_type") in IMAGES
    ]
    return {
        "id": turn.id,
        "parent": turn.parent.id if turn.parent else None,
        "text": turn.prompt.text,
        "images": images,
    }


def _prompt(text: str, images: Sequence[Any]) -> HumanMessage:
    if not text.strip() and not images:
        raise InputError("There is nothing to send: write something first.")
    if not images:
        return HumanMessage(text)
    return HumanMessage([*images, {"type": "text", "text": text}] if text.strip() else [*images])


def _image(image: str | Path | bytes) -> dict[str, Any]:
    try:
        data = image if isinstance(image, bytes) else Path(image).read_bytes()
    except OSError as error:
        raise InputError(f"The image {str(image)!r} cannot be read: {error.strerror}.") from None
    kind = image_kind(data)
    if kind is None:
        raise InputError("An image is a PNG, JPEG, GIF or WebP file; this is none of them.")
    if len(data) > MAX_IMAGE:
        raise InputError(f"The image has {len(data):,} bytes; at most {MAX_IMAGE:,} can be sent.")
    return image_block(data, kind)


def _image_of_page(url: Any) -> dict[str, Any]:
    """Read a data URL, of which nothing is believed but the bytes."""
    try:
        return _image(base64.b64decode(str(url).partition(",")[2], validate=True))
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError("The image did not arrive whole. Attach it again.") from None
