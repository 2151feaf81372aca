"""`Conversation`: turns, in a tree."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._files import read_whole, write_whole
from .._shown import brief
from ..events._metrics import add_costs, cost_of
from ..messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    convert_to_messages,
)
from ..models._context import context_of
from ..sources import can_be_asked, label_of
from ._fitting import fitting
from ._prompt import images_in, prompt_of
from ._stored import dump, load
from ._turn import Turn, answered, cost_of_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from typing_extensions import Self


__all__ = ["MAIN", "Conversation"]

_logger = logging.getLogger(__name__)

MAX_FILE = 100_000_000
"""Bytes of a stored conversation."""

MAIN = "main"
"""The branch a conversation begins with."""


class Conversation:
    """A conversation with a model: ask, ask again, edit, go back, branch.

    It is a tree of turns. The turns of the present branch are the path to its last one. It needs
    no notebook; `ChatView` shows one, and ``%%chat`` has one for the notebook.

    Parameters
    ----------
    model
        A chat model, its name (see `init_chat_model`), or a chain that takes messages. By default
        what `init_chat_model` picks, when it is first needed.
    system
        The system prompt: standing instructions for the model.
    messages
        How the conversation begins: messages, or what `convert_to_messages` takes.
    input
        Makes a chain's input of the messages; by default they are the input.

    Raises
    ------
    InputError
        If the model cannot be used.

    Examples
    --------
    >>> from nbstream import Conversation, ScriptedChat
    >>> talk = Conversation(ScriptedChat(["Blub", "."]), system="You are a fish.")
    >>> talk.ask("Say something.").result().text
    'Blub.'
    >>> [message.type for message in talk.messages]
    ['system', 'human', 'ai']
    """

    def __init__(
        self,
        model: Any = None,
        *,
        system: str | None = None,
        messages: Any = (),
        input: Callable[[list[BaseMessage]], Any] | None = None,
    ) -> None:
        if isinstance(model, str):
            from ..models import init_chat_model

            model = init_chat_model(model)
        if model is not None and not can_be_asked(model):
            raise InputError(
                f"{brief(model)} is no model or chain. Pass one, or a name such as 'local'."
            )
        self._model = model
        self._input = input
        self._turns: dict[int, Turn] = {}
        self._next_id = 0
        self.branch = MAIN
        """The present branch's name."""
        self.leaves: dict[str, Turn | None] = {MAIN: None}
        """Each branch's last turn, by name."""
        self._lock = threading.RLock()
        self._watchers: list[Callable[[str, Any], None]] = []
        self.system = system
        """The system prompt; it can be changed at any time."""
        for message in convert_to_messages(messages) if messages else []:
            self._take(message)

    def __repr__(self) -> str:
        count = len(self.turns)
        return f"<Conversation: {count} turn{'' if count == 1 else 's'}>"

    # What it holds

    @property
    def model(self) -> Any:
        """The model or chain that is asked."""
        if self._model is None:
            from ..models import init_chat_model

            self._model = init_chat_model()
        return self._model

    @model.setter
    def model(self, model: Any) -> None:
        self._model = model

    @property
    def model_label(self) -> str:
        """What the model is called."""
        return label_of(self.model)

    @property
    def leaf(self) -> Turn | None:
        """The last turn of the present branch; None where nothing was said."""
        return self.leaves[self.branch]

    @property
    def turns(self) -> list[Turn]:
        """The turns of the present branch, the first one first."""
        return self.leaf.path if self.leaf else []

    @property
    def all_turns(self) -> list[Turn]:
        """The turns of all branches, in the order in which they came."""
        with self._lock:
            return list(self._turns.values())

    @property
    def messages(self) -> list[BaseMessage]:
        """The present branch, with the system prompt and without turns that failed."""
        return _messages(self.turns, self.system)

    @property
    def usage(self) -> dict[str, int]:
        """Tokens so far, ``{"input": …, "output": …}``, of the turns of all branches."""
        counts = [turn.usage for turn in self.all_turns]
        return {
            "input": sum(count[0] for count in counts),
            "output": sum(count[1] for count in counts),
        }

    def cost(self, price: Mapping[str, float] | None = None) -> float | None:
        """Return what the conversation cost; None where that is not known.

        Parameters
        ----------
        price
            ``{"input": …, "output": …}`` for a million tokens, in any currency. By default the
            known prices of the models count, in US dollars: ``pip install "nbstream[prices]"``.

        Raises
        ------
        InputError
            If the price has another form.
        """
        if price is not None:
            usage = self.usage
            return cost_of(price, usage["input"], usage["output"])
        paid = add_costs(cost_of_job(turn._job) for turn in self.all_turns if any(turn.usage))
        return paid.amount if paid else None

    @property
    def is_running(self) -> bool:
        """Whether an answer is under way, in any branch."""
        return any(turn._job.is_running for turn in self.all_turns)

    # What it does

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
        return self._begin(prompt_of(text, images), self.leaf)

    def retry(self, turn: Turn | None = None) -> Turn:
        """Ask for another answer to a turn's prompt, by default the last one's."""
        turn = self._known(turn)
        return self._begin(turn.prompt, turn.parent)

    def edit(self, text: str, turn: Turn | None = None) -> Turn:
        """Send another prompt in a turn's place, by default the last one's: a new line of turns."""
        turn = self._known(turn)
        return self._begin(prompt_of(text, images_in(turn.prompt)), turn.parent)

    def switch(self, turn: Turn) -> None:
        """Go to the line of turns that a turn is in, to its newest end."""
        leaf = self._known(turn)
        while after := [one for one in self.all_turns if one.parent is leaf]:
            leaf = after[-1]
        self.leaves[self.branch] = leaf
        self._tell("tree")

    def undo(self) -> Turn:
        """Take the last turn of the present branch away, and return it.

        Raises
        ------
        InputError
            If there is none.
        """
        with self._lock:
            turn = self.leaf
            if turn is None:
                raise InputError(
                    "There is no turn to take back: the conversation is empty. ask() makes one."
                )
            turn.stop()
            self.leaves[self.branch] = turn.parent
            self._forget([turn])
        self._tell("tree")
        return turn

    def use_branch(self, name: str) -> bool:
        """Go to a branch by its name; make it, from the present turns, if there is none.

        Returns
        -------
        bool
            Whether it is new.
        """
        is_new = name not in self.leaves
        if is_new:
            self.leaves[name] = self.leaf
        self.branch = name
        self._tell("tree")
        return is_new

    def stop(self) -> None:
        """Stop every answer that is under way; the text received so far is kept."""
        for turn in self.all_turns:
            turn.stop()

    def reset(self) -> None:
        """Forget the present branch's turns."""
        with self._lock:
            dropped = self.leaf.path[0] if self.leaf else None
            self.leaves[self.branch] = None
            if len(self.leaves) == 1:
                gone = self.all_turns
            else:
                gone = [turn for turn in self.all_turns if turn.path[0] is dropped]
            for turn in gone:
                turn.stop()
            self._forget(gone)
        self._tell("tree")

    def clear(self) -> None:
        """Forget all turns and all branches."""
        self.branch, self.leaves = MAIN, {MAIN: None}
        self.reset()

    def fitting(
        self,
        prompt: HumanMessage,
        turns: Sequence[Turn],
        model: Any,
        *,
        system: str | None = None,
    ) -> list[BaseMessage]:
        """Return the messages to send: system prompt, the latest turns that fit, and the prompt.

        Parameters
        ----------
        prompt
            The prompt.
        turns
            The turns before it.
        model
            What it goes to. Where it has no room for all of the turns, whoever watches is told.
        system
            The system prompt; by default the conversation's.
        """
        system = self.system if system is None else system
        instructions = (system or "") + (getattr(model, "system", None) or "")
        room = context_of(model)
        limit = getattr(model, "max_tokens", None) or 0
        kept, left_out = fitting(turns, prompt.content, instructions, room, limit)
        if left_out:
            label = label_of(model)
            counted = "turn was" if left_out == 1 else "turns were"
            self._tell(
                "notice",
                f"{left_out} earlier {counted} left out: {label} has room for {room:,} tokens.",
            )
        return [*_messages(kept, system), prompt]

    # Stored

    def to_json(self) -> str:
        """Return the conversation as a text to store."""
        return dump(self)

    @classmethod
    def from_json(cls, text: str, name: str = "This text") -> Self:
        """Read what `to_json` wrote.

        Parameters
        ----------
        text
            The text.
        name
            Where it was, for the error.

        Raises
        ------
        InputError
            If it is no such text.

        Examples
        --------
        >>> Conversation.from_json(Conversation(messages=["Hi"]).to_json()).turns
        [<Turn 0: 'Hi', done>]
        """
        talk = cls()
        load(talk, text, name)
        return talk

    def save(self, path: str | Path) -> Path:
        """Store the conversation in a file, and return its path.

        What was in the file stays until all has been written.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        return write_whole(path, self.to_json())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        InputError
            If it cannot be read, or is no such file.

        Examples
        --------
        >>> import tempfile
        >>> path = Conversation(messages=["Hi"]).save(tempfile.mkdtemp() + "/talk.json")
        >>> Conversation.load(path).turns
        [<Turn 0: 'Hi', done>]
        """
        name = Path(path).name
        try:
            text = read_whole(path, MAX_FILE).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InputError(
                f"{name!r} cannot be read: it is no text. Name a file that save() has written."
            ) from None
        return cls.from_json(text, name)

    # Those who watch

    def watch(self, callback: Callable[[str, Any], None]) -> Callable[[], None]:
        """Call ``callback(what, value)`` when something changes, in the thread that changes it.

        ``"turn"``: a turn has begun; ``"over"``: it has ended; ``"tree"``: turns were replaced or
        forgotten, or another branch is the present one (None); ``"notice"``: a sentence.

        Returns
        -------
        callable
            Call it to be called no more.
        """
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def _tell(self, what: str, value: Any = None) -> None:
        for watcher in list(self._watchers):
            try:
                watcher(what, value)
            except Exception:
                _logger.exception("Who watches a conversation failed.")

    # Inside

    def _begin(self, prompt: HumanMessage, parent: Turn | None) -> Turn:
        if self.is_running:
            raise InputError("An answer is still under way. Wait for it, or stop() it.")
        source = self.model
        messages = self.fitting(prompt, parent.path if parent else [], source)
        value = self._input(messages) if self._input else messages
        with self._lock:
            turn = Turn(self._next_id, prompt, parent, model=self.model_label)
            is_async = hasattr(source, "astream")
            stream = turn._job.open(source, value, is_async=is_async)
            self._add(turn)
            self.leaves[self.branch] = turn
        turn._job.when_over(lambda: self._tell("over", turn))
        self._tell("turn", turn)
        # What other libraries keep for their loop is best left in the one that is running.
        turn._job.start(stream, is_apart=is_async)
        return turn

    def _add(self, turn: Turn) -> Turn:
        self._turns[turn.id] = turn
        self._next_id = max(self._next_id, turn.id + 1)
        return turn

    def _fill(self, turns: Iterable[Turn], leaves: dict[str, Turn | None]) -> None:
        for turn in turns:
            self._add(turn)
        self.leaves = leaves or {MAIN: None}

    def _forget(self, turns: Sequence[Turn]) -> None:
        """Drop turns that no branch goes through and no other turn comes after."""
        used = {one.id for leaf in self.leaves.values() if leaf for one in leaf.path}
        for turn in reversed(turns):
            has_more = any(one.parent is turn for one in self._turns.values())
            if turn.id not in used and not has_more:
                self._turns.pop(turn.id, None)

    def _known(self, turn: Turn | None) -> Turn:
        turn = turn or self.leaf
        if turn is None:
            raise InputError("The conversation has no turn yet. ask() makes one.")
        if turn not in self.all_turns:
            raise InputError(
                f"{brief(turn)} is no turn of this conversation. all_turns lists them."
            )
        return turn

    def _take(self, message: BaseMessage) -> None:
        """Begin with a message.

        What is no prompt of a person's (an answer at the very beginning, a tool's message) is part
        of the answer before it, and left out where there is none.
        """
        if isinstance(message, SystemMessage):
            self.system = self.system or message.text
        elif isinstance(message, HumanMessage):
            turn = self._add(Turn(self._next_id, message, self.leaf))
            self.leaves[self.branch] = turn
        elif self.leaf and isinstance(message, AIMessage):
            self.leaf._job = answered(message)


def _messages(turns: Sequence[Turn], system: str | None) -> list[BaseMessage]:
    messages: list[BaseMessage] = [SystemMessage(system)] if system else []
    for turn in turns:
        answer = turn.answer
        # No model takes an answer that is empty.
        if answer and turn.status != "failed" and (answer.text.strip() or answer.tool_calls):
            messages += [turn.prompt, answer]
    return messages
