"""``%%chat`` and ``%chat``, and their settings."""

from __future__ import annotations

import os
from typing import Any

import traitlets
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import magic_arguments

from .._exceptions import InputError
from ..widget._traits import Choice, Number, Price, Switch, Text
from ._complete import add_to
from ._each import ask_each
from ._errors import one_line
from ._help import overview
from ._options import VIEWS, chat_options, parse, split
from ._render import show_as
from ._session import Prompt, Session
from ._template import fill, join_blocks
from ._values import attached
from ._verbs import run_verb

__all__ = ["ChatMagics"]


@magics_class
class ChatMagics(Magics):
    """The magics, bound to one shell, and what they do where a cell does not say.

    Set these in a profile (``c.ChatMagics.model = "local"``), in a notebook
    (``%config ChatMagics.model = "local"``), or in the environment (``NBSTREAM_MODEL=local``).
    """

    shell: Any  # never None here, whatever IPython's types say

    model = Text(help="The model; empty: Claude where there is a key, else local.").tag(
        config=True, example='"local"'
    )
    system = Text(help="Standing instructions for the model.").tag(
        config=True, example='"Answer in one line."'
    )
    max_tokens = Number(
        1, whole=True, help="The longest answer, in tokens; by default the model's."
    ).tag(config=True, example="100")
    temperature = Number(0, help="How freely the model picks its words.").tag(
        config=True, example="0.2"
    )
    view = Choice(VIEWS, help="What is on top of an answer.").tag(config=True, example='"markdown"')
    delimiter = Text(help="Shown between chunks; empty for none.").tag(config=True, example='"/"')
    history = Switch(help="Whether prompts belong to one conversation.").tag(
        config=True, example="False"
    )
    price = Price(
        help="{'input': …, 'output': …} for a million tokens, in any currency; "
        "in the environment NBSTREAM_PRICE=3,15."
    ).tag(config=True, example='{"input": 3, "output": 15}')

    def __init__(self, shell: Any = None, **kwargs: Any) -> None:
        super().__init__(shell, **kwargs)
        self.session = Session(shell, self)
        self.stop_completing = add_to(shell.Completer, self.session)

    @traitlets.default("model")
    def _default_model(self) -> str:
        return _environment("MODEL")

    @traitlets.default("system")
    def _default_system(self) -> str:
        return _environment("SYSTEM")

    @traitlets.default("max_tokens")
    def _default_max_tokens(self) -> int | None:
        value: int | None = _number("MAX_TOKENS", int)
        return value

    @traitlets.default("temperature")
    def _default_temperature(self) -> float | None:
        value: float | None = _number("TEMPERATURE", float)
        return value

    @traitlets.default("view")
    def _default_view(self) -> str:
        view = _environment("VIEW") or VIEWS[0]
        if view not in VIEWS:
            raise InputError(f"NBSTREAM_VIEW is one of {', '.join(VIEWS)}, not {view!r}.")
        return view

    @traitlets.default("delimiter")
    def _default_delimiter(self) -> str:
        return os.environ.get("NBSTREAM_DELIMITER", "|")

    @traitlets.default("history")
    def _default_history(self) -> bool:
        return _environment("HISTORY").lower() not in ("0", "no", "off", "false")

    @traitlets.default("price")
    def _default_price(self) -> dict[str, float]:
        said = _environment("PRICE")
        try:
            return (
                dict(zip(("input", "output"), map(float, said.split(",")), strict=True))
                if said
                else {}
            )
        except ValueError:
            raise InputError(
                f"NBSTREAM_PRICE is two numbers, such as 3,15 for input and output, not {said!r}."
            ) from None

    # Expressions are put in here, since IPython would put a value in before the words are split.
    @no_var_expand
    @magic_arguments("%chat")
    @chat_options
    @cell_magic
    def chat(self, line: str, cell: str) -> None:
        """Send the cell to a chat model and show the answer as it streams.

        Example::

            %%chat --model local --as answer
            Write me a 1 verse song about {animal} on the moon

        The options that are used most::

            %%chat --model claude-sonnet-5-5       another model; %chat models lists them
            %%chat -m local -m claude-haiku-5-5    both, side by side
            %%chat --system "Answer in one line."  standing instructions
            %%chat --as answer                     the message in a variable
            %%chat --max-tokens 100                a shorter answer
            %%chat --bg                            go on working while it streams
            %%chat --each df --as answers          for each row: {column} stands for its value

        `{animal}` stands for a variable's value, and so does any expression that uses one:
        `{df.head()}` sends a table, `{figure}` an image, `{In[3]}`, `{Out[3]}` and
        `{Err[3]}` an earlier cell, its result, its error. `{{` and `}}` are braces. Values of
        options can be expressions, too: `--system {rules}`.

        All prompts of a notebook belong to one conversation. A cell that is run again takes its
        own turn's place, and the turns after it stay. `%chat?` tells of the conversation.
        """
        with one_line(debug=_asks_for_debug(line)):
            self._chat(line, cell)

    def _chat(self, line: str, cell: str) -> None:
        args = parse(type(self).chat.parser, line, self.names())
        text = cell.strip()
        if not text:
            raise InputError("The cell is empty. Write a prompt below the %%chat line.")
        if args.bg and args.to:
            raise InputError(
                "--to shows the whole answer, which --bg does not wait for. Leave one of them out."
            )
        if args.each:
            key = self.session.key_of(text)
            prompt = Prompt(text, key, line.strip(), text, vars(args))
            ask_each(self.session, prompt, self.names())
            return
        notices: list[str] = []
        content: Any = text if args.raw else fill(text, self.names(), notices)
        if args.image:
            images = [attached(name, self.shell.user_ns) for name in args.image]
            content = join_blocks([*(content if isinstance(content, list) else [content]), *images])
        for notice in notices:
            self.session.say(notice)
        key = self.session.key_of(text)
        answer = self.session.ask(Prompt(content, key, line.strip(), text, vars(args)))
        if args.to and answer.run.status == "done":
            show_as(args.to, answer.text, answer.message, self.shell)

    @no_var_expand
    @line_magic("chat")  # type: ignore[arg-type]  # it takes a name, whatever its types say
    def chat_line(self, line: str) -> Any:
        """Show and steer the conversation; the text below is what ``%chat?`` shows."""
        with one_line():
            return run_verb(self.session, line)

    _line_help: Any = chat_line  # IPython's types know nothing of it
    _line_help.__doc__ = (
        f"Show and steer the conversation that the %%chat cells are.\n\n{overview()}\n\n"
        "%%chat? explains how prompts are written, %config ChatMagics lists what can be set for "
        "all of them."
    )
    del _line_help

    def names(self) -> dict[str, Any]:
        """Return what a prompt's expressions can use."""
        names = self.session.cells.names()
        err = {"Err": names.pop("Err")}  # the notebook may use this name for something of its own
        return {**err, **self.shell.user_ns, **names}


def _asks_for_debug(line: str) -> bool:
    try:
        return not {"-D", "--debug"}.isdisjoint(split(line))
    except ValueError:
        return False


def _environment(name: str) -> str:
    return os.environ.get(f"NBSTREAM_{name}", "").strip()


def _number(name: str, kind: type[Any]) -> Any:
    said = _environment(name)
    try:
        return kind(said) if said else None
    except ValueError:
        raise InputError(f"NBSTREAM_{name} is a number, not {said!r}.") from None
