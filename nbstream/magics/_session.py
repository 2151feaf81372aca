"""One shell's prompts: what is sent, what came of it, what is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import near, printable
from ..conversation import Conversation, Origin
from ..conversation._cells import place_of, put
from ..conversation._turn import cost_of_job, text_of_answer, usage_of
from ..events._metrics import Cost, add_costs, cost_of
from ..messages import HumanMessage
from ..models import BaseChatModel
from ..sources import label_of
from ..widget import BatchView, CompareView, StreamView, host
from ..widget._show import launch
from ._cells import Cells
from ._columns import ask_several
from ._errors import own_names
from ._models import make_model
from ._options import VIEWS, unreplaced
from ._tools import ToolLoop, named_tools, server_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..batch import BatchMetrics
    from ..events import Trace
    from ..jobs import Job, Watched
    from ..messages import Content
    from ..widget._columns import Column

__all__ = ["Answer", "Prompt", "Session"]


def is_kernel(shell: Any) -> bool:
    """Tell whether the shell is a kernel's, with a notebook or another front end before it."""
    return hasattr(shell, "kernel")


@dataclass
class Answer:
    """What ``%chat last`` returns.

    Examples
    --------
    >>> from nbstream import StreamView
    >>> Answer(StreamView(), "local")
    <Answer of local: waiting, ''>
    """

    view: StreamView | CompareView
    """The view; also ``view.metrics``, ``view.export("run.html")``."""
    model: str
    column: Column | None = None
    """Of several answers, the one that the conversation goes on with."""

    @property
    def run(self) -> Watched:
        """The run that gives the answer."""
        run: Any = self.column or self.view
        return run  # type: ignore[no-any-return]

    @property
    def message(self) -> Any:
        """The message, or what a chain or schema gave, so far."""
        return self.run.value

    @property
    def text(self) -> str:
        """The answer's text."""
        return text_of_answer(self.message) if self.message is not None else self.run.text

    @property
    def trace(self) -> Trace:
        """The log of every step."""
        return self.run.trace

    def __repr__(self) -> str:
        shown = shorten(self.text, 60, placeholder="…")
        return f"<Answer of {self.model}: {self.run.status}, {shown!r}>"


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
        self._unwatch: Callable[[], None] = lambda: None
        self.conversation = self._watched(Conversation())
        self.last: Answer | None = None
        self.live: dict[str, StreamView | BatchView | CompareView] = {}
        """What streams, by cell."""
        self.input_tokens = 0
        self.output_tokens = 0
        self._costs: list[Cost | None] = []

    def take(self, conversation: Conversation) -> None:
        """Go on with another conversation."""
        self.conversation = self._watched(conversation)

    def _watched(self, conversation: Conversation) -> Conversation:
        self._unwatch()

        def hear(what: str, value: Any) -> None:
            if what == "notice":
                self.say(f"{value} %chat history shows all.")
            elif what == "over":  # a turn of `%chat view`
                self.count(value._job)

        self._unwatch = conversation.watch(hear)
        return conversation

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
        hint = near(name, (one for one in own_names(names) if one not in ("In", "Out")))
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
        if len(prompt.models or ()) > 1:
            return ask_several(self, prompt)
        branch = self.branch_for(prompt)
        source, given, label = self.prepared(prompt)
        self.end_earlier(prompt.key)
        before = self.last
        view = StreamView(**self.options_for(prompt))
        answer = Answer(view, label)
        view._job.when_over(lambda: self._ended(answer, prompt, branch))
        self.live[prompt.key] = view
        self.last = answer
        try:
            launch(view, source, given, block=self.blocks(prompt))
        finally:
            if view.status == "waiting" and not view._job.is_running:
                # It could not even begin.
                self.live.pop(prompt.key, None)
                self.last = before
        return answer

    def branch_for(self, prompt: Prompt) -> str | None:
        """Return the branch that a prompt's turn belongs to, or None."""
        uses_history = self.settings.history and not prompt.no_history
        return self.conversation.branch if uses_history else None

    def prepared(self, prompt: Prompt) -> tuple[Any, Any, str]:
        """Return what a prompt goes to, what that is given, and what it is called."""
        place = None
        if self.branch_for(prompt) is not None:
            place = place_of(self.conversation, prompt.key, prompt.replace)
        source, model = self._source(prompt)
        if prompt.chain:
            return source, prompt.content, prompt.chain
        return source, self._messages(prompt, model, place), label_of(model)

    def blocks(self, prompt: Prompt) -> bool | None:
        """Tell whether the cell waits; None where it depends on who executes the notebook."""
        if not prompt.bg:
            return True
        if host().is_live:
            return None
        self.say("It streams unseen: %chat last has the answer, %chat stop ends it.")
        return False

    def end_earlier(self, key: str) -> None:
        """Stop what the same cell still has streaming: nobody sees it any more."""
        if earlier := self.live.pop(key, None):
            earlier.stop()

    def stop(self) -> int:
        """Stop what streams, and return how many that were."""
        views = list(self.live.values())
        for view in views:
            view.stop()
        return len(views)

    @property
    def cost(self) -> float | None:
        """What the session's tokens cost; None where that is not known."""
        if price := self.settings.price:
            return cost_of(price, self.input_tokens, self.output_tokens)
        paid = add_costs(self._costs)
        return paid.amount if paid else None

    def told_cost(self) -> str:
        """Return what they cost in words."""
        cost = self.cost
        if self.settings.price:
            return f"{cost:.6g}"
        if cost is not None and (paid := add_costs(self._costs)):
            return f"${cost:.6f} ({paid.source})"
        return "no price known" if self._costs else "nothing yet"

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
        model = make_model(name, self.shell.user_ns, max_tokens=limit, temperature=temperature)
        calls = bool(prompt.tools or prompt.mcp)
        if calls and prompt.schema:
            raise InputError("--tools and --schema exclude each other. Use one of them.")
        if (calls or prompt.schema) and not isinstance(model, BaseChatModel):
            raise InputError(
                f"--tools and --schema are for models, and {name!r} is an agent "
                f"({type(model).__name__}), which brings its own. Leave them out."
            )
        if calls:
            tools = {one: self.variable("--tools", one) for one in prompt.tools or ()}
            servers = [server_of(one, self.variable) for one in prompt.mcp or ()]
            approve = "ask" if prompt.approve else None
            return ToolLoop(model, [*named_tools(tools), *servers], approve=approve), model
        if prompt.approve:
            raise InputError(
                "--approve asks before calls of tools, and there are none: add --tools."
            )
        if prompt.schema:
            return model.with_structured_output(self.variable("--schema", prompt.schema)), model
        return model, model

    def _is_variable(self, name: str | None) -> bool:
        return name is not None and name in self.shell.user_ns

    def _chain(self, prompt: Prompt) -> Any:
        for option in ("model", "system", "max_tokens", "temperature", "tools", "mcp", "schema"):
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
                f"--chain: {prompt.chain!r} is of type {type(chain).__name__}, which cannot "
                "stream. Use a chain, such as prompt | model."
            )
        return chain

    def _messages(self, prompt: Prompt, model: Any, place: int | None) -> Any:
        """Return what the model gets; a prompt alone goes as the text that it is."""
        talk = self.conversation
        system = self.settings.system if prompt.system is None else prompt.system
        before = talk.turns[:place] if place is not None else []
        messages = talk.fitting(HumanMessage(prompt.content), before, model, system=system)
        if len(messages) == 1 and isinstance(prompt.content, str):
            return prompt.content
        return messages

    def view_options(self) -> dict[str, Any]:
        """Return what the settings say of every view."""
        price = dict(self.settings.price)
        return {"delimiter": self.settings.delimiter, **({"price": price} if price else {})}

    def options_for(self, prompt: Prompt) -> dict[str, Any]:
        options = self.view_options()
        if prompt.delimiter is not None:
            options["delimiter"] = prompt.delimiter
        view = prompt.view or ("timeline" if prompt.events else self.settings.view)
        # What nobody has chosen is left to the page.
        if prompt.view or view != VIEWS[0]:
            options["view"] = view
        return options

    def _ended(self, answer: Answer, prompt: Prompt, branch: str | None) -> None:
        """Take in what a run gave, however it ended."""
        self.count(answer.run._job)
        # What an earlier run of the cell gives comes too late: the newer one has its place.
        if self.end(prompt.key, answer.view):
            self.keep(answer, prompt, branch)

    def end(self, key: str, view: StreamView | CompareView) -> bool:
        """Note that a cell's view streams no more; tell whether it is the latest one."""
        if self.live.get(key) is not view:
            return False
        del self.live[key]
        return True

    def keep(self, answer: Answer, prompt: Prompt, branch: str | None) -> None:
        """Make an answer its cell's turn, where it is one."""
        status = answer.run.status
        if status not in ("done", "stopped"):
            return
        if branch is not None and (answer.text.strip() or status == "done"):
            put(
                self.conversation,
                HumanMessage(prompt.content),
                answer.run._job,
                Origin(prompt.key, unreplaced(prompt.line), prompt.cell),
                model=answer.model,
                branch=branch,
                number=prompt.replace,
            )
        if prompt.name and answer.message is not None:
            self.shell.push({prompt.name: answer.message})

    def count(self, job: Job) -> None:
        usage = usage_of(job)
        self.input_tokens += usage[0]
        self.output_tokens += usage[1]
        if any(usage):
            self._costs.append(cost_of_job(job))

    def count_batch(self, metrics: BatchMetrics) -> None:
        """Add what many runs took."""
        self.input_tokens += metrics.input_tokens
        self.output_tokens += metrics.output_tokens
        if metrics.input_tokens or metrics.output_tokens:
            known = metrics.cost is not None
            self._costs.append(
                Cost(metrics.cost or 0.0, "the providers' prices") if known else None
            )

    def say(self, text: str) -> None:
        """Tell the user something that is no error."""
        print(printable(f"nbstream: {text}"))  # noqa: T201
