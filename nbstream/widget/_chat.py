"""`ChatView`: a conversation in a cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._archive import PAGES, read_page
from ..conversation import Conversation
from ..conversation._archived import restored
from ._chat_page import ChatPage
from ._export import write_as
from ._options import lists_options
from ._static import chat_to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Self

    from ..conversation import Turn
    from ..events import Trace
    from ..messages import BaseMessage

__all__ = ["ChatView"]


class ChatView(ChatPage):
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

    @lists_options(view="markdown")
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
        if conversation is None:
            conversation = Conversation(model, system=system, messages=messages, input=input)
        super().__init__(conversation, {"view": "markdown", "delimiter": "|", **options})
        self._auto = "view" not in options

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
        """Stop every answer that is under way; the text received so far is kept."""
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

    @classmethod
    def load(cls, path: str | Path, model: Any = None, **options: Any) -> Self:
        """Open a conversation that was saved, to look at or to go on with.

        Parameters
        ----------
        path
            A page that `export` has written, ``.html``, or a file of `Conversation.save`, which
            has no times and no tokens.
        model
            Who goes on with it; as for the view itself.
        **options
            As for the view itself: ``view``, ``delimiter``, …

        Raises
        ------
        InputError
            If it cannot be read, or is no such file.

        Examples
        --------
        >>> import tempfile
        >>> from nbstream import ChatView, ScriptedChat
        >>> chat = ChatView(ScriptedChat(["Blub", "."]))
        >>> turn = chat.ask("Say something.").result()
        >>> page = chat.export(tempfile.mkdtemp() + "/chat.html")
        >>> ChatView.load(page, ScriptedChat(["Blub?"])).traces[0].metrics().chunks
        2
        """
        path = Path(path)
        if path.suffix in PAGES:
            conversation = restored(Conversation, read_page(path, "chat"), path.name)
        else:
            conversation = Conversation.load(path)
        if model is not None:
            conversation.model = Conversation(model).model
        return cls(conversation=conversation, **options)

    def export(self, path: str | Path) -> Path:
        """Write the conversation that is displayed to a file, in the form that its name ends with.

        Parameters
        ----------
        path
            ``.html`` for one page that plays, with all branches, no kernel and no network (`load`
            opens it); ``.md`` or ``.txt`` to read, ``.json`` for the messages.

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
            ".json": lambda: json.dumps(said(), ensure_ascii=False),
        }
        return write_as(path, makers, self._page)

    def _seen(self, turn: Turn) -> Turn:
        if self.comm is None:  # nobody sees it stream, and a program may end with its last cell
            turn._job.wait()
        return turn
