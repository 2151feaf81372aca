"""The options of ``%%chat``: what they are, and how a line of them is read."""

from __future__ import annotations

import argparse
import keyword
import re
import shlex
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import argument

from .._exceptions import InputError
from .._shown import near
from ._template import Held

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["KINDS", "VIEWS", "chat_options", "option_names", "parse", "unreplaced"]

VIEWS = ("tokens", "markdown", "transcript", "events", "timeline")
KINDS = ("markdown", "code", "json", "html", "math", "text")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"needs a whole number from 1, not {text!r}")
    return int(text)


def _temperature(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < 100:
        raise argparse.ArgumentTypeError(f"needs a number from 0, such as 0.7, not {text!r}")
    return value


def _variable(text: str) -> str:
    if not text.isidentifier() or keyword.iskeyword(text):
        raise argparse.ArgumentTypeError(f"needs a variable's name, not {text!r}")
    return text


def _one_of(*known: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in known:
            hint = near(text, known)
            raise argparse.ArgumentTypeError(f"is one of {', '.join(known)}, not {text!r}.{hint}")
        return text

    return check


# A line of help each, in the order of %%chat?: first what is used most.
_OPTIONS = (
    argument(
        "-m",
        "--model",
        action="append",
        help="'local' for the embedded model, 'anthropic:NAME' or 'claude-…', or a variable that "
        "holds a model. Given again, all of them answer, side by side. Default: Claude where there "
        "is a key, else the embedded model.",
    ),
    argument("-s", "--system", help="Standing instructions for the model; '' for none."),
    argument(
        "-a",
        "--as",
        dest="name",
        metavar="NAME",
        type=_variable,
        help="Store the answer in this variable: the message, or what --schema or --chain gives.",
    ),
    argument("-n", "--max-tokens", metavar="N", type=_count, help="The longest answer, in tokens."),
    argument(
        "-b",
        "--bg",
        action="store_true",
        help="Return at once and stream on while other cells run; %%chat stop ends it.",
    ),
    argument(
        "-t",
        "--temperature",
        metavar="T",
        type=_temperature,
        help="How freely the model picks its words, from 0; where the endpoint takes it.",
    ),
    argument(
        "-v",
        "--view",
        metavar="VIEW",
        type=_one_of(*VIEWS),
        help=f"Which tab is on top: {', '.join(VIEWS)}. Default: tokens, "
        "or the transcript where there is more than one call.",
    ),
    argument("-e", "--events", action="store_true", help="The same as --view timeline."),
    argument(
        "-d", "--delimiter", metavar="TEXT", help="Shown between chunks; '' for none. Default: '|'."
    ),
    argument(
        "-r", "--raw", action="store_true", help="Send the cell as it is: braces are only braces."
    ),
    argument(
        "-N",
        "--no-history",
        action="store_true",
        help="Neither send the conversation so far nor add this turn to it.",
    ),
    argument(
        "-R",
        "--replace",
        metavar="N",
        type=_count,
        help="Put the answer in the place of turn N; %%chat edit N writes this.",
    ),
    argument(
        "-c",
        "--chain",
        metavar="NAME",
        help="Send the text through this variable's chain instead of to a model.",
    ),
    argument(
        "-T",
        "--tools",
        metavar="NAME",
        nargs="+",
        help="Functions that the model may call until it has its answer.",
    ),
    argument(
        "--mcp",
        metavar="NAME|COMMAND|URL",
        action="append",
        help="A server of tools: a variable that holds one (nbstream.mcp), its URL or, in quotes, "
        "the command that starts it. Can be given again.",
    ),
    argument(
        "--approve",
        action="store_true",
        help="Ask before each call of a tool: allow it, edit its arguments, or do not allow it.",
    ),
    argument(
        "-S",
        "--schema",
        metavar="NAME",
        help="Answer in the form of this pydantic model, TypedDict or JSON schema; not with "
        "'local'.",
    ),
    argument(
        "-i",
        "--image",
        metavar="PATH|NAME",
        action="append",
        help="Attach an image file, or a variable's figure or image. Can be given again.",
    ),
    argument(
        "-E",
        "--each",
        metavar="NAME",
        help="Send the cell for each row of this DataFrame or list of dicts: {column} stands for "
        "its value. --as gives a DataFrame.",
    ),
    argument(
        "-o",
        "--to",
        metavar="KIND",
        type=_one_of(*KINDS),
        help="At the end show the answer as markdown, json, html (in a frame where no script "
        "runs), math or text; code offers its code blocks as a new cell.",
    ),
    argument(
        "-D", "--debug", action="store_true", help="Where something fails, show the traceback."
    ),
)


def chat_options(function: Any) -> Any:
    """Decorate the cell magic with its options."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def option_names(parser: Any) -> dict[str, Any]:
    """Return what argparse knows of each option, by its short and its long name."""
    return dict(parser._option_string_actions)


def parse(parser: Any, line: str, names: dict[str, Any]) -> Any:
    """Read a line of options.

    Quotes group words as in a shell. A backslash is only a backslash, since Windows' paths are
    full of them. Values can be expressions, as in ``--system {rules}``.

    Raises
    ------
    InputError
        If an option is unknown or lacks its value, if something is left over, or an expression
        cannot be worked out.
    """
    held = Held(line, names)
    try:
        words = [held.put_back(word) for word in split(held.line)]
    except ValueError:
        raise InputError(
            f"A quote is not closed in: {line.strip()[:60]!r}. Use \" around a text that has a '."
        ) from None
    try:
        args, rest = parser.parse_known_args(words)
    except UsageError as error:
        raise InputError(_said(str(error))) from None
    if rest:
        raise InputError(_left_over(rest[0], parser))
    args.models = args.model or []
    args.model = args.models[0] if args.models else None
    if args.tools:
        args.tools = [name for word in args.tools for name in word.split(",") if name]
    return args


def split(line: str) -> list[str]:
    r"""Split a line into words, at spaces outside quotes.

    Examples
    --------
    >>> split(r"-d ' / ' --image C:\fish.png")
    ['-d', ' / ', '--image', 'C:\\fish.png']
    """
    lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    lexer.escape = ""
    return list(lexer)


def unreplaced(line: str) -> str:
    """Return a line of options without ``--replace``.

    Examples
    --------
    >>> unreplaced("-m local --replace 2 -n 8")
    '-m local -n 8'
    """
    return re.sub(r"(?:^|\s)(?:-R|--replace)(?:\s+|=|(?<=-R))\d+", "", line).strip()


def _said(message: str) -> str:
    # argparse's own form: "argument -n/--max-tokens: …"
    found = re.match(r"argument (?:-\w/)?(--[\w-]+): (.*)", message, re.DOTALL)
    said = f"{found[1]} {found[2]}" if found else message
    return f"{said.rstrip('.?')}{'?' if said.endswith('?') else '.'} %%chat? explains the options."


def _left_over(word: str, parser: Any) -> str:
    if word.startswith("-"):
        name = word.partition("=")[0]
        hint = near(name, (one for one in option_names(parser) if one.startswith("--")))
        return f"There is no option {name}.{hint} %%chat? lists them."
    return (
        f"What is {word!r}? The prompt goes below the %%chat line, and a value follows its option, "
        f"as in --model {word}. Put a text with spaces in quotes."
    )
