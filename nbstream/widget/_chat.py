"""`ChatView`: a conversation in a cell."""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets

from .._exceptions import InputError
from ..conversation import Conversation
from ..conversation._prompt import image_of, images_in
from ..events._frames import frame
from ._export import write_as
from ._page import STATIC, Page
from ._pump import Feed
from ._static import MAX_TEXT, chat_to_html, chat_to_text, to_document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ..conversation import Turn
    from ..events import Trace
    from ..messages import BaseMessage, HumanMessage

__all__ = ["ChatView"]

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


class ChatView(Page):
    """A conversation: write below, and the answer streams in above, with all of `StreamView`.

    It does not block the kernel: other cells run while an answer streams.

    Parameters
    ----------
    model
        A chat model, or its name (see `init_chat_model`), or a chain that takes messages.
    system
        The system prompt: standing instructions for the model.
    messages
        How the conversation begins: messages, or what `convert_to_messages` takes.
    input
        Makes a chain's input of the messages; by default they are the input.
    conversation
        A `Conversation` to show and go on with, instead of the four above.
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

    _model = traitlets.Unicode(help="What the model is called.").tag(sync=True)

    _handlers: ClassVar[dict[str, str]] = {
        **Page._handlers,
        "send": "_on_send",
        "stop": "_on_stop",
        "clear": "_on_clear",
        "retry": "_on_retry",
        "edit": "_on_edit",
        "switch": "_on_switch",
        "export": "_on_export",
        "resync": "_on_resync",
    }

    def __init__(
        self,
        model: Any = None,
        *,
        system: str | None = None,
        messages: Any = (),
        input: Callable[[list[BaseMessage]], Any] | None = None,
        conversation: Conversation | None = None,
        **options: Any,
    ) -> None:
        self._feeds: dict[int, Feed] = {}  # first, for a widget that was never made is closed, too
        self._unwatch: Callable[[], None] | None = None
        if conversation is None:
            conversation = Conversation(model, system=system, messages=messages, input=input)
        self.conversation = conversation
        """The conversation: the turns of all branches, branches by name, saving and loading."""
        label = conversation.model_label
        super().__init__({"view": "markdown", "delimiter": "|", **options}, _model=label)
        self._watch()

    # The conversation

    @property
    def system(self) -> str | None:
        """The system prompt; it can be changed at any time."""
        return self.conversation.system

    @system.setter
    def system(self, text: str | None) -> None:
        self.conversation.system = text

    @property
    def turns(self) -> list[Turn]:
        """The turns that are displayed, the first one first."""
        return self.conversation.turns

    @property
    def messages(self) -> list[BaseMessage]:
        """The messages that are displayed, with the system prompt, without turns that failed."""
        return self.conversation.messages

    @property
    def traces(self) -> list[Trace]:
        """The trace of each turn that is displayed."""
        return [turn.trace for turn in self.turns]

    @property
    def usage(self) -> dict[str, int]:
        """Tokens so far, ``{"input": …, "output": …}``, of all turns, displayed or not."""
        return self.conversation.usage

    def ask(self, text: str, *, images: Sequence[str | Path | bytes] = ()) -> Turn:
        """Send a prompt; see `Conversation.ask`. The answer streams in."""
        return self._seen(self.conversation.ask(text, images=images))

    def retry(self, turn: Turn | None = None) -> Turn:
        """Ask for another answer to a turn's prompt, by default the last one's."""
        return self._seen(self.conversation.retry(turn))

    def edit(self, text: str, turn: Turn | None = None) -> Turn:
        """Send another prompt in a turn's place, by default the last one's: a new branch begins."""
        return self._seen(self.conversation.edit(text, turn))

    def switch(self, turn: Turn) -> None:
        """Show the branch that a turn is in, to its newest end."""
        self.conversation.switch(turn)

    def stop(self) -> None:
        """Stop every answer that is under way; what has come stays."""
        self.conversation.stop()

    def clear(self) -> None:
        """Begin a new conversation: all turns are forgotten."""
        self.conversation.clear()

    def on_turn(self, callback: Callable[[Turn], None]) -> Callable[[], None]:
        """Call ``callback`` with each turn that has ended, in the thread that ran it.

        What it raises goes to Python's log.

        Returns
        -------
        callable
            Call it to be called no more.
        """

        def listen(what: str, value: Any) -> None:
            if what == "over":
                callback(value)

        return self.conversation.watch(listen)

    def export(self, path: str | Path) -> Path:
        """Write the conversation that is displayed to a file, in the form that its name ends with.

        Parameters
        ----------
        path
            ``.md`` or ``.txt`` to read, ``.html`` for a page, ``.json`` for the messages.

        Raises
        ------
        InputError
            If the name ends otherwise.
        """
        text = lambda: chat_to_text(self._shown())  # noqa: E731
        said = lambda: [{"role": m.type, "content": m.content} for m in self.messages]  # noqa: E731
        makers = {
            ".md": text,
            ".txt": text,
            ".html": lambda: to_document(chat_to_html(self._shown(), self.delimiter)),
            ".json": lambda: json.dumps(said(), ensure_ascii=False),
        }
        return write_as(path, makers)

    def _seen(self, turn: Turn) -> Turn:
        if self.comm is None:  # nobody sees it stream, and a program may end with its last cell
            turn._job.wait()
        return turn

    # What changes in the conversation

    def _on_change(self, what: str, value: Any) -> None:
        if what == "turn":
            self._show_turn(value)
        elif what == "over":
            if feed := self._feeds.pop(value.id, None):
                feed.close()
            self._refresh()
        elif what == "notice":
            self._tell({"type": "notice", "text": value})
        else:
            self._show_tree()

    def _show_turn(self, turn: Turn) -> None:
        self._tell({"type": "turn", "turn": _wire(turn)})
        if self.comm is not None:
            self._feeds[turn.id] = Feed(turn.trace, partial(self._tell_of, turn))

    def _show_tree(self) -> None:
        turns = self.conversation.all_turns
        self._tell(
            {
                "type": "tree",
                "turns": [_wire(turn) for turn in turns],
                "leaf": self.conversation.leaf.id if self.conversation.leaf else None,
            }
        )
        self._refresh()

    def _tell_of(self, turn: Turn, message: dict[str, Any]) -> None:
        self._tell({**message, "turn": turn.id})

    # What the page side needs

    def _on_send(self, content: dict[str, Any]) -> None:
        images = [_image_of_page(image) for image in content.get("images", [])]
        self.conversation.ask(str(content.get("text", "")), images=images)

    def _on_stop(self, _: dict[str, Any]) -> None:
        self.stop()

    def _on_clear(self, _: dict[str, Any]) -> None:
        self.clear()

    def _on_retry(self, content: dict[str, Any]) -> None:
        self.conversation.retry(self._turn_of(content))

    def _on_edit(self, content: dict[str, Any]) -> None:
        self.conversation.edit(str(content.get("text", "")), self._turn_of(content))

    def _on_switch(self, content: dict[str, Any]) -> None:
        self.conversation.switch(self._turn_of(content))

    def _on_export(self, content: dict[str, Any]) -> None:
        turn = self._turn_of(content)
        self._tell_of(turn, {"type": "export", "text": turn.trace.to_jsonl()})

    def _on_resync(self, content: dict[str, Any]) -> None:
        turn, seq = self._turn_of(content), content.get("seq")
        if isinstance(seq, int) and seq >= 0:
            self._tell_of(turn, frame(turn.trace, seq))

    def _turn_of(self, content: dict[str, Any]) -> Turn:
        number = content.get("turn")
        for turn in self.conversation.all_turns:
            if turn.id == number:
                return turn
        raise InputError("There is no such turn in this conversation any more.")

    def open(self) -> None:
        """Connect to the page; called by the constructor, and when it is displayed once more."""
        super().open()
        self._watch()

    def _watch(self) -> None:
        if self._unwatch is None:
            self._unwatch = self.conversation.watch(self._on_change)

    def close(self) -> None:
        """Take the view off all pages; the conversation and the transcript stay."""
        for feed in self._feeds.values():
            feed.close()
        self._feeds = {}
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None
        super().close()

    def _saved_log(self) -> dict[str, Any]:
        turns = self.conversation.all_turns
        leaf = self.conversation.leaf
        return {
            "type": "chat",
            "turns": [{**_wire(turn), "frames": [frame(turn.trace)]} for turn in turns],
            "leaf": leaf.id if leaf else None,
        }

    def _transcript(self) -> tuple[str, str]:
        shown = self._shown()
        return chat_to_html(shown, self.delimiter), chat_to_text(shown, MAX_TEXT)

    def _is_over(self) -> bool:
        return True  # a conversation can always go on, and be taken for whole

    def _is_quiet(self) -> bool:
        return not self.conversation.is_running

    def _shown(self) -> list[tuple[str, Any]]:
        return [(_in_words(turn.prompt), turn._job.state) for turn in self.turns]


def _in_words(prompt: HumanMessage) -> str:
    """Return a prompt as a transcript has it: without its images, but saying that there were."""
    count = len(images_in(prompt))
    note = f"[{count} image{'' if count == 1 else 's'}]" if count else ""
    return "\n".join(filter(None, [prompt.text, note]))


def _wire(turn: Turn) -> dict[str, Any]:
    """Return what a page needs to know of a turn beside its log."""
    sources = [block.get("source") for block in images_in(turn.prompt)]
    images = [
        f"data:{source['media_type']};base64,{source['data']}"
        for source in sources
        if isinstance(source, dict)
        and source.get("type") == "base64"
        and source.get("media_type") in IMAGES
    ]
    return {
        "id": turn.id,
        "parent": turn.parent.id if turn.parent else None,
        "text": turn.prompt.text,
        "images": images,
    }


def _image_of_page(url: Any) -> Any:
    """Read a data URL, of which nothing is believed but the bytes."""
    try:
        data = base64.b64decode(str(url).partition(",")[2], validate=True)
    except ValueError:
        raise InputError("The image did not arrive whole. Attach it again.") from None
    return image_of(data)
