"""Tab completion: options, their values, the verbs of ``%chat``, names in a prompt."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..models._providers import PROVIDERS
from ._models import MODELS, is_model
from ._options import KINDS, VIEWS, option_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._session import Session

__all__ = ["add_to"]

_LINE_MAGIC = re.compile(r"^\s*(?:[A-Za-z_]\w*\s*=\s*)?%chat\s+(.*)$", re.DOTALL)
_IN_BRACE = re.compile(r"(?<!\{)\{([A-Za-z_]\w*|)$")


def add_to(completer: Any, session: Session) -> Callable[[], None]:
    """Let IPython ask for completions, in a terminal as in a kernel; return what ends that.

    It is a matcher, not a ``complete_command`` hook: to those IPython adds what Python's own
    completion makes of the line, so that ``--m`` would offer ``memoryview``. IPython before 8.6
    (Colab has 7.34) has matchers for the arguments of magics, which see one line.
    """
    try:
        matchers, matcher = completer.custom_matchers, _matcher(session)
    except ImportError:
        matchers, matcher = completer.magic_arg_matchers, _line_matcher(completer, session)
    matchers.append(matcher)
    return partial(_remove, matchers, matcher)


def _remove(matchers: list[Any], matcher: Any) -> None:
    if matcher in matchers:
        matchers.remove(matcher)


def _matcher(session: Session) -> Callable[[Any], Any]:
    from IPython.core.completer import SimpleCompletion, context_matcher

    @context_matcher(identifier="nbstream.chat")
    def match(context: Any) -> Any:
        before = context.full_text.split("\n")[: context.cursor_line + 1]
        before[-1] = before[-1][: context.cursor_position]
        word, found = _found(session, before)
        return {
            "completions": [SimpleCompletion(text, type="magic") for text in found],
            "matched_fragment": word,
            "suppress": bool(found),
            "ordered": True,
        }

    matching: Callable[[Any], Any] = match
    return matching


def _line_matcher(completer: Any, session: Session) -> Callable[[str], list[str]]:
    def match(line: str) -> list[str]:
        before = completer.text_until_cursor
        word, found = _found(session, [before])
        # What IPython puts a completion in place of: of `anthropic:cl` it is `cl`.
        typed = completer.splitter.split_line(line, len(before))
        return [one[len(word) - len(typed) :] for one in found] if word.endswith(typed) else []

    return match


def _found(session: Session, lines: list[str]) -> tuple[str, list[str]]:
    """Return the word that is being typed, and what it can become."""
    if re.match(r"%%chat(\s|$)", lines[0]):
        if len(lines) > 1:
            place = _IN_BRACE.search(lines[-1])
            word = place[1] if place else ""
            return word, _starting(word, session.shell.user_ns if place else ())
        given = lines[0].removeprefix("%%chat")
        if not given[:1].isspace():
            return "", []
        return _option_or_value(session, given)
    if line := _LINE_MAGIC.match(lines[-1]):
        return _verb_or_value(session, line[1])
    return "", []


def _option_or_value(session: Session, given: str) -> tuple[str, list[str]]:
    known = option_names(type(session.settings).chat.parser)
    words = given.split()
    word = words.pop() if words and not given[-1].isspace() else ""
    if word.startswith("-"):
        option, equals, value = word.partition("=")
        if equals and option in known:
            return value, _starting(value, _values(session, known[option].dest, value))
        return word, _starting(word, (one for one in known if one.startswith("--")))
    options = [one for one in words if one.startswith("-")]
    action = known.get(options[-1]) if options else None
    takes_more = action is not None and action.nargs == "+"
    if action is not None and action.nargs != 0 and (takes_more or words[-1] == options[-1]):
        _, comma, last = word.rpartition(",")
        values = _values(session, action.dest, word)
        return (last, _starting(last, values)) if comma else (word, _starting(word, values))
    return (word, []) if word else (word, [one for one in known if one.startswith("--")])


def _values(session: Session, dest: str, word: str) -> Iterable[str]:
    """Return what can follow an option."""
    names = {name: value for name, value in session.shell.user_ns.items() if _is_own(name)}
    if dest == "model":
        return [*MODELS, *(name for name, value in names.items() if is_model(value))]
    if dest == "view":
        return VIEWS
    if dest == "to":
        return KINDS
    if dest == "each":
        return [name for name, value in names.items() if hasattr(value, "columns")]
    if dest == "chain":
        return [name for name, value in names.items() if _is_chain(value)]
    if dest == "tools":
        return [name for name, value in names.items() if _is_tool(value)]
    if dest == "mcp":
        return [name for name, value in names.items() if type(value).__name__ == "McpServer"]
    if dest == "schema":
        return [name for name, value in names.items() if _is_schema(value)]
    if dest == "image":
        return [*names, *_files(word, (".png", ".jpg", ".jpeg", ".gif", ".webp"))]
    return names if dest == "name" else ()


def _verb_or_value(session: Session, given: str) -> tuple[str, list[str]]:
    from ._verbs import VERBS

    verb, space, rest = given.partition(" ")
    if not space:
        return verb, _starting(verb, filter(None, VERBS))
    rest = rest.lstrip()
    if verb == "model":
        return rest, _starting(rest, _values(session, "model", rest))
    if verb == "help":
        return rest, _starting(rest, filter(None, VERBS))
    if verb == "branch":
        return rest, _starting(rest, session.conversation.leaves)
    if verb == "key":
        with_key = [one.name for one in PROVIDERS.values() if one.key_variable]
        return rest, _starting(rest, [*with_key, "forget", *_files(rest, (".env",))])
    if verb in ("load", "save"):
        return rest, _starting(rest, _files(rest, (".json",)))
    return rest, []


def _files(word: str, suffixes: tuple[str, ...]) -> list[str]:
    """Return the folders and the files with such endings that a path can go on to."""
    folder, slash, _ = word.rpartition("/")
    try:
        found = list(Path(folder + slash or ".").expanduser().iterdir())
    except OSError:
        return []
    return [
        f"{folder}{slash}{one.name}{'/' if one.is_dir() else ''}"
        for one in sorted(found)
        if one.is_dir() or one.name.endswith(suffixes)
    ]


def _starting(word: str, known: Iterable[str]) -> list[str]:
    hidden = word.startswith("_")
    return [one for one in known if one.startswith(word) and (hidden or not one.startswith("_"))]


def _is_own(name: str) -> bool:
    return not name.startswith("_") and name not in ("In", "Out", "exit", "quit", "open")


def _is_chain(value: Any) -> bool:
    return not isinstance(value, type) and hasattr(value, "stream") and hasattr(value, "invoke")


def _is_tool(value: Any) -> bool:
    from ..tools import Tool

    return isinstance(value, Tool) or type(value).__name__ == "function"


def _is_schema(value: Any) -> bool:
    if isinstance(value, dict):
        return "properties" in value
    return isinstance(value, type) and (
        hasattr(value, "model_validate") or hasattr(value, "__total__")
    )
