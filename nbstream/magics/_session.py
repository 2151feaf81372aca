"""One shell's prompts: what is sent, what came of it, what is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from ..messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from ._cells import Cells
from ._conversation import Conversation, Turn, fitting, messages_of
from ._errors import near
from ._keys import Keys
from ._models import context_of, make_model
from ._options import unreplaced
from ._run import begin, is_kernel, run
from ._tools import ToolLoop, named_tools

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..events import Event, Trace
    from ..messages import Content
    from ..widget import StreamView

__all__ = ["Answer", "Prompt", "Session"]


@dataclass
class Answer:
    """What ``%chat last`` returns.

    Examples
    --------
    >>> from nbstream import AIMessage, StreamView
    >>> Answer(StreamView(), AIMessage("Hello!"), "local")
    <Answer of local: waiting, 'Hello!'>
    """

    view: StreamView
    """The view; also ``view.metrics``, ``view.export("run.html")``."""
    message: Any
    """The message, or what a chain or schema gave; None while it is on its way."""
    model: str

    @property
    def text(self) -> str:
        """The answer's text."""
        return _text_of(self.message, self.view)

    @property
    def trace(self) -> Trace:
        """The log of every step."""
        return self.view.trace

    def __repr__(self) -> str:
        text = " ".join(self.text.split())
        shown = text if len(text) <= 60 else f"{text[:59]}…"
        return f"<Answer of {self.model}: {self.view.status}, {shown!r}>"


@dataclass
class Prompt:
    """A prompt on its way."""

    content: Content
    key: str
    """The cell that the turn belongs to."""
    line: str = ""
    cell: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    """The options, by the names argparse gives them."""

    def __getattr__(self, name: str) -> Any:
        # An option that is not given counts as its default, None or False.
        if name.startswith("__"):
            raise AttributeError(name)
        return self.args.get(name)


class Session:
    """Keeps one shell's conversation and what it cost."""

    def __init__(self, shell: Any, settings: Any) -> None:
        self.shell = shell
        self.settings = settings
        self.cells = Cells(shell)
        self.conversation = Conversation()
        self.keys = Keys()
        self.last: Answer | None = None
        self.live: list[StreamView] = []
        self.input_tokens = 0
        self.output_tokens = 0

    def key_of(self, text: str) -> str:
        """Return what a turn of the running cell is known by.

        That is the cell's id. A front end that gives its cells none is taken at its text; in a
        terminal, which has no cells to run again, each prompt is its own.
        """
        if place := self.cells.next_place():
            return f"cell:{place}"
        return f"text:{text}" if is_kernel(self.shell) else f"time:{time.time_ns()}"

    def variable(self, option: str, name: str) -> Any:
        """Return the variable an option names.

        Raises
        ------
        InputError
            If there is none.
        """
        names = self.shell.user_ns
        if name in names:
            return names[name]
        hint = near(name, (one for one in names if not one.startswith("_")))
        raise InputError(
            f"{option}: there is no variable {name!r}.{hint} Run the cell that makes it first."
        )

    def ask(self, prompt: Prompt) -> Answer:
        """Run a prompt and keep its turn, if it has an answer; a failed one changes nothing.

        Raises
        ------
        KeyboardInterrupt
            If it is interrupted; the turn is kept with the text that had come.
        Exception
            What the run raised.
        """
        uses_history = self.settings.history and not prompt.no_history
        place = self.conversation.place(prompt.key, prompt.replace) if uses_history else None
        source, model = self._source(prompt)
        is_chain = bool(prompt.chain)
        given = prompt.content if is_chain else self._messages(prompt, model, place)
        label = prompt.chain if is_chain else (model.model_label or model.get_name())
        branch = self.conversation.branch if uses_history else None
        options = {**self._view_options(prompt), "trace": self._trace()}

        def started(view: StreamView) -> None:
            self.live.append(view)
            self.last = Answer(view, None, label)

        def ended(view: StreamView) -> Answer:
            self.live = [one for one in self.live if one is not view]
            return self._keep(view, prompt, label, branch)

        if prompt.bg:
            view = begin(source, given, self.shell, started, ended, **options)
            if not is_kernel(self.shell):
                self.say("It streams unseen: %chat last has the answer, %chat stop ends it.")
            return Answer(view, None, label)
        begun: list[StreamView] = []

        def note(view: StreamView) -> None:
            begun.append(view)
            started(view)

        try:
            view = run(source, given, self.shell, note, **options)
        except BaseException:
            for view in begun:
                ended(view)
            raise
        return ended(view)

    def stop(self) -> int:
        """Stop what streams, and return how many that were."""
        views = self.live
        for view in views:
            view.stop()
        return len(views)

    @property
    def cost(self) -> float | None:
        """What the session's tokens cost, where a price is set."""
        price = self.settings.price
        if not price:
            return None
        tokens = self.input_tokens * price["input"] + self.output_tokens * price["output"]
        return float(tokens / 1_000_000)

    def _source(self, prompt: Prompt) -> tuple[Any, Any]:
        """Return what the prompt goes to, and the model in it."""
        if prompt.chain:
            return self._chain(prompt), None
        settings = self.settings
        name = prompt.model or settings.model or None
        asked = prompt.max_tokens is not None or prompt.temperature is not None
        limit, temperature = prompt.max_tokens, prompt.temperature
        if asked or not self._is_variable(name):  # a variable's own settings come before ours
            limit = settings.max_tokens if limit is None else limit
            temperature = settings.temperature if temperature is None else temperature
        model = make_model(
            name, self.shell.user_ns, self.keys, max_tokens=limit, temperature=temperature
        )
        if prompt.tools and prompt.schema:
            raise InputError("--tools and --schema exclude each other. Use one of them.")
        if prompt.tools:
            tools = {one: self.variable("--tools", one) for one in prompt.tools}
            return ToolLoop(model, named_tools(tools)), model
        if prompt.schema:
            return model.with_structured_output(self.variable("--schema", prompt.schema)), model
        return model, model

    def _is_variable(self, name: str | None) -> bool:
        return name is not None and name in self.shell.user_ns

    def _chain(self, prompt: Prompt) -> Any:
        for option in ("model", "system", "max_tokens", "temperature", "tools", "schema"):
            if prompt.args.get(option) is not None:
                raise InputError(
                    f"--{option.replace('_', '-')} does not go with --chain: a chain brings its "
                    "own. Leave it out, or set it where the chain is made."
                )
        if not isinstance(prompt.content, str):
            raise InputError(
                "A chain gets the prompt's text, and this one has an image. Leave it out, or send "
                "it to a model."
            )
        chain = self.variable("--chain", prompt.chain)
        if isinstance(chain, type) or not hasattr(chain, "stream"):
            raise InputError(
                f"--chain: {prompt.chain!r} is a {type(chain).__name__}, which cannot stream. Use "
                "a chain, such as prompt | model."
            )
        return chain

    def _messages(self, prompt: Prompt, model: Any, place: int | None) -> Any:
        """Return what the model gets; a prompt alone goes as the text that it is."""
        system = self.settings.system if prompt.system is None else prompt.system
        before: list[Turn] = []
        if place is not None:
            room = context_of(model)
            limit = getattr(model, "max_tokens", None) or 0
            own = getattr(model, "system", None) or ""
            before, left_out = fitting(
                self.conversation.turns[:place], prompt.content, system + own, room, limit
            )
            if left_out:
                turns = "turn was" if left_out == 1 else "turns were"
                label = model.model_label or model.get_name()
                self.say(
                    f"{left_out} earlier {turns} left out: {label} has room for "
                    f"{room:,} tokens. %chat history shows all."
                )
        history = messages_of(before)
        if not history and not system and isinstance(prompt.content, str):
            return prompt.content
        instructions: list[BaseMessage] = [SystemMessage(system)] if system else []
        return [*instructions, *history, HumanMessage(prompt.content)]

    def _trace(self) -> Trace:
        """Return a log whose errors quote no key: a view shows them, and the notebook keeps that.

        It hears of an error before the view does, which comes later.
        """
        from ..events import Trace

        def hide(event: Event) -> None:
            if event.kind == "error":
                self.keys.redact_error(event.data)

        trace = Trace()
        trace.subscribe(hide)
        return trace

    def _view_options(self, prompt: Prompt) -> dict[str, Any]:
        settings = self.settings
        delimiter = settings.delimiter if prompt.delimiter is None else prompt.delimiter
        view = prompt.view or ("timeline" if prompt.events else settings.view)
        options = {"delimiter": delimiter, "view": view}
        return {**options, "price": dict(settings.price)} if settings.price else options

    def _keep(self, view: StreamView, prompt: Prompt, label: str, branch: str | None) -> Answer:
        """Take in what a run gave, however it ended."""
        value = view.value
        message = value.to_message() if isinstance(value, AIMessageChunk) else value
        answer = Answer(view, message, label)
        if self.last is None or self.last.view is view:  # else another has begun since
            self.last = answer
        figures = view.trace.metrics() if view.trace.runs else None
        tokens = (figures.input_tokens, figures.output_tokens) if figures else (None, None)
        self.input_tokens += tokens[0] or 0
        self.output_tokens += tokens[1] or 0
        if view.status not in ("done", "stopped"):
            return answer
        text = _text_of(value, view)
        if branch is not None and (text.strip() or view.status == "done"):
            turn = Turn(
                key=prompt.key,
                line=unreplaced(prompt.line),
                cell=prompt.cell,
                content=prompt.content,
                answer=text,
                model=label,
                stopped=view.status == "stopped",
                input_tokens=tokens[0],
                output_tokens=tokens[1],
            )
            self.conversation.put(turn, branch=branch, replaces=prompt.replace)
        if prompt.name and message is not None:
            self.shell.push({prompt.name: message})
        return answer

    def say(self, text: str) -> None:
        """Tell the user something that is no error."""
        print(f"nbstream: {text}")  # noqa: T201


def _text_of(value: Any, view: StreamView) -> str:
    """Return an answer as text: a message's, else what the view shows, else the value as JSON."""
    if isinstance(value, AIMessage):
        return value.text
    if isinstance(value, str):
        return value
    if value is None:
        return view.text
    from ._values import rendered

    if hasattr(value, "model_dump_json"):
        return str(value.model_dump_json())
    text = rendered(value, "", [])
    return text if isinstance(text, str) else view.text
