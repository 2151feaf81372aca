"""A conversation's page side: its turns' logs on the way to the front end, and its transcript."""

from __future__ import annotations

import base64
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import traitlets

from .._exceptions import InputError
from .._secrets import hide_all
from .._shown import outgoing
from ..conversation._archived import archived
from ..conversation._prompt import image_of, images_in
from ..events._frames import frame
from ._answers import answer, can_answer
from ._host import host
from ._page import Page
from ._pump import Feed
from ._share import Shared, exported, shared_page, state_of
from ._static import MAX_TEXT, chat_to_html, chat_to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..conversation import Conversation, Turn
    from ..messages import HumanMessage

__all__ = ["ChatPage"]

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


NO_WIDGET = """It is typed into in a widget. On a page that draws none: chat.ask("…").result()."""
NO_PAGE = """A ChatView is typed into on a notebook's page. Here: chat.ask("…").result().text"""


class ChatPage(Page):
    """Has a `Conversation` and shows it; `ChatView` is its public form."""

    _kind = traitlets.Unicode("chat").tag(sync=True)
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
        "approve": "_on_approve",
    }

    # Here, since a widget that could not be made is closed, too.
    _feeds: dict[int, Feed] = {}  # noqa: RUF012  # each has its own once it is made

    def __init__(self, conversation: Conversation, options: dict[str, Any]) -> None:
        self._feeds = {}
        self._told = {turn.id for turn in conversation.all_turns}  # the turns that pages know
        self.conversation = conversation
        """The conversation: the turns of all branches, branches by name, saving and loading."""
        super().__init__(options, _model=conversation.model_label)

    def __repr__(self) -> str:
        count = len(self.conversation.turns)
        return f"<{type(self).__name__}: {count} turn{'' if count == 1 else 's'}>"

    def _listen(self) -> Callable[[], None]:
        return self.conversation.watch(self._on_change)

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
        self._told.add(turn.id)
        turn.trace.readers.append(partial(can_answer, self))
        self._tell({"type": "turn", "turn": _wire(turn)})
        if not turn._job.is_running and turn.trace.events:  # it ran elsewhere
            self._tell_of(turn, frame(turn.trace))
        elif self.comm is not None:
            self._feeds[turn.id] = Feed(turn.trace, partial(self._tell_of, turn))

    def _show_tree(self) -> None:
        turns = self.conversation.all_turns
        for turn in turns:
            if turn.id not in self._told:
                self._show_turn(turn)
        self._tell(
            {
                "type": "tree",
                "turns": [{"id": t.id, "parent": t.parent.id if t.parent else None} for t in turns],
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
        if "turn" not in content:
            self._tell({"type": "export", "text": self._page()})
            return
        turn = self._turn_of(content)
        text = exported(self, turn._job, content)
        self._tell_of(turn, {"type": "export", "text": text})

    def _page(self) -> str:
        """Return the page that plays the conversation, with all its branches."""
        turns = self.conversation.all_turns
        shared = Shared(
            state=state_of(self),
            log=self._saved_log(),
            archive=archived(self.conversation),
            transcript=chat_to_html(self._shown(), self.delimiter, self.price),
            title=turns[0].prompt.text if turns else "",
            runs=[run for turn in turns for run in turn._job.state["runs"]],
            is_running=self.conversation.is_running,
        )
        return shared_page(shared)

    def _on_approve(self, content: dict[str, Any]) -> None:
        answer(self._turn_of(content).trace, content)

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

    def close(self) -> None:
        """Take the view off all pages; the conversation and the transcript stay."""
        for feed in self._feeds.values():
            feed.close()
        self._feeds = {}
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
        text = chat_to_text(shown, MAX_TEXT) if shown or host().has_page else NO_PAGE
        return chat_to_html(shown, self.delimiter, self.price), text

    def _is_over(self) -> bool:
        return True  # a conversation can always go on, and be taken for whole

    def _elsewhere(self) -> str:
        return "" if self.conversation.turns else NO_WIDGET

    def _is_quiet(self) -> bool:
        return not self.conversation.is_running

    def _shown(self) -> list[tuple[str, Any]]:
        return [(_in_words(turn.prompt), turn._job.state) for turn in self.turns]


def _in_words(prompt: HumanMessage) -> str:
    """Return a prompt as a transcript has it: without its images, but saying that there were."""
    count = len(images_in(prompt))
    note = f"[{count} image{'' if count == 1 else 's'}]" if count else ""
    return outgoing(hide_all("\n".join(filter(None, [prompt.text, note]))))


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
        "text": outgoing(hide_all(turn.prompt.text)),
        "images": images,
    }


def _image_of_page(url: Any) -> Any:
    """Read a data URL, of which nothing is believed but the bytes."""
    try:
        data = base64.b64decode(str(url).partition(",")[2], validate=True)
    except ValueError:
        raise InputError("The image did not arrive whole. Attach it again.") from None
    return image_of(data)
