"""The verbs of ``%chat``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._secrets import hide_all
from .._shown import near, printable
from ..conversation import Conversation
from ..conversation._cells import index_of
from ..models._providers import PROVIDERS
from ..sources import label_of
from ..widget import host
from . import _keys
from ._help import HELP, help_on, overview
from ._models import make_model, providers
from ._render import table
from ._session import Prompt
from ._template import Held

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..conversation import Turn
    from ._session import Session

__all__ = ["VERBS", "run_verb"]

MAX_SHOWN = 400
"""Characters of a prompt or an answer in the table of turns."""


def run_verb(session: Session, line: str) -> Any:
    """Do what a line of ``%chat`` says.

    Raises
    ------
    InputError
        If there is no such verb, or it lacks something.
    """
    verb, _, rest = line.strip().partition(" ")
    if verb not in VERBS:
        raise InputError(
            f"%chat cannot {verb!r}.{near(verb, VERBS)} There are: "
            f"{', '.join(name for name in VERBS if name)}. A prompt goes into a %%chat cell."
        )
    action, takes = VERBS[verb]
    rest = rest.strip()
    if verb != "key":  # what is typed there is not looked at
        rest = _worked_out(session, rest)
    if takes and not rest and not takes.startswith("["):
        raise InputError(f"%chat {verb} needs {takes}, as in: {HELP[verb].example}")
    if not takes and rest:
        raise InputError(
            f"%chat {verb} takes nothing after it, but got {rest[:40]!r}. Leave that out."
        )
    return action(session, rest) if takes else action(session)


def _worked_out(session: Session, text: str) -> str:
    """Return what follows a verb, without quotes around it and with its expressions' values."""
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    held = Held(text[1:-1] if quoted else text, session.settings.names())
    return held.put_back(held.line)


def _status(session: Session) -> None:
    try:
        model = make_model(session.settings.model or None, session.shell.user_ns)
        label = label_of(model)
    except Exception as error:  # said in its place: the rest of the table is of use all the same
        label = hide_all(str(error))
    talk = session.conversation
    others = len(talk.leaves) - 1
    rows = [
        ["model", label],
        ["system", session.settings.system or "none"],
        ["history", _counted(len(talk.turns), "turn") if session.settings.history else "off"],
        ["branch", talk.branch + (f" (and {_counted(others, 'other')})" if others else "")],
        ["tokens", f"{session.input_tokens:,} in, {session.output_tokens:,} out"],
        ["cost", session.told_cost()],
    ]
    if session.live:
        rows.append(["streaming", f"{_counted(len(session.live), 'answer')}; %chat stop ends that"])
    table(("", ""), rows)


def _models(session: Session) -> None:
    from ..models._providers import HAS

    table(("name", "what it is", "dialect", *HAS, "needs"), providers(session.shell.user_ns))


def _model(session: Session, name: str) -> None:
    if name == "default":
        session.settings.model = ""
    elif name:
        make_model(name, session.shell.user_ns)  # says if there is none
        session.settings.model = name
    session.say(f"The model is {session.settings.model or 'the default one'}.")


def _system(session: Session, text: str) -> None:
    if text:
        session.settings.system = "" if text == "off" else text
    session.say(
        f"System: {session.settings.system}"
        if session.settings.system
        else "There is no system prompt."
    )


def _key(session: Session, what: str) -> None:
    words = what.split()
    given = [one for one in words if one in PROVIDERS]
    provider = given[0] if given else _provider_of(session.settings.model)
    rest = [one for one in words if one not in PROVIDERS]
    if len(given) < 2 and not rest:
        said = _keys.ask(provider)
    elif len(given) < 2 and rest == ["forget"]:
        said = _keys.forget(provider)
    elif (path := Path(what).expanduser()).name.endswith(".env") or path.is_file():
        said = _keys.read(path)
    else:
        # What was typed is not repeated.
        raise InputError(
            "Type no key into a cell: it stays in the notebook and in IPython's history. If this "
            "was one, revoke it. %chat key alone asks for a key, unseen, %chat key openai for "
            "that provider's; %chat key .env reads a file."
        )
    session.say(said)


def _provider_of(model: str) -> str:
    """Return the provider of the model that is set, if it is one that wants a key."""
    name = model.partition(":")[0]
    return name if name in PROVIDERS and PROVIDERS[name].key_variable else "anthropic"


def _stop(session: Session) -> None:
    count = session.stop()
    session.say(f"Stopped {_counted(count, 'answer')}." if count else "Nothing streams.")


def _last(session: Session) -> Any:
    if session.last is None:
        raise InputError("There is no answer yet. Run a %%chat cell first.")
    return session.last


def _view(session: Session) -> Any:
    from ..widget import ChatView

    settings, talk = session.settings, session.conversation
    talk.model = make_model(settings.model or None, session.shell.user_ns)
    talk.system = settings.system or talk.system
    return ChatView(conversation=talk, **session.view_options())


def _error(session: Session) -> None:
    failure = session.cells.last_failure
    if failure is None:
        raise InputError(
            "No cell has failed since %load_ext nbstream, so there is no error to explain."
        )
    prompt = hide_all(
        "This cell of a Python notebook failed. Explain in a few sentences why, and how to fix "
        f"it.\n\nThe cell:\n```python\n{failure.source.strip()}\n```\n\nThe error:\n```\n"
        f"{failure.said}\n```"
    )
    session.ask(Prompt(prompt, session.key_of(prompt), "--raw", prompt))


def _history(session: Session) -> None:
    talk = session.conversation
    if not talk.turns:
        session.say(f"The conversation ({talk.branch}) is empty.")
        return
    rows = [_row(number, turn) for number, turn in enumerate(talk.turns, 1)]
    table(("", "prompt", "answer", "model"), rows, f"Branch: {talk.branch}")


def _row(number: int, turn: Turn) -> list[str]:
    answer = _cut(turn.answer.text if turn.answer else "")
    stopped = " (stopped)" if turn.status == "stopped" else ""
    return [str(number), _cut(_written(turn)), answer + stopped, turn.model]


def _written(turn: Turn) -> str:
    """Return a prompt as it was typed, before variables were put in."""
    return turn.origin.cell if turn.origin else turn.prompt.text


def _reset(session: Session) -> None:
    session.conversation.reset()
    session.say("New conversation.")


def _undo(session: Session) -> None:
    turn = session.conversation.undo()
    session.say(f"Taken back: {_cut(_written(turn), 60)!r}.")


def _edit(session: Session, number: str) -> None:
    if not number.isdecimal():
        raise InputError(
            f"%chat edit needs a turn's number, not {number!r}. %chat history lists the turns."
        )
    talk = session.conversation
    turn = talk.turns[index_of(talk, int(number))]
    line = turn.origin.line if turn.origin else ""
    options = f"{line} --replace {int(number)}".strip()
    session.shell.set_next_input(f"%%chat {options}\n{_written(turn)}", replace=False)


def _branch(session: Session, name: str) -> None:
    talk = session.conversation
    if not name:
        rows = [
            [
                branch,
                _counted(len(leaf.path) if leaf else 0, "turn"),
                "here" if branch == talk.branch else "",
            ]
            for branch, leaf in talk.leaves.items()
        ]
        table(("branch", "turns", ""), rows)
        return
    is_new = talk.use_branch(name)
    begins = f"a new branch, with {_counted(len(talk.turns), 'turn')}" if is_new else "there before"
    session.say(f"The conversation goes on in {name!r}, {begins}.")


def _save(session: Session, name: str) -> None:
    talk = session.conversation
    try:
        talk.save(_path(name))
    except OSError as error:
        raise InputError(
            f"{name!r} cannot be written: {error.strerror or error}. Check the path."
        ) from None
    session.say(f"Saved {_counted(len(talk.turns), 'turn')} to {name}.")


def _load(session: Session, name: str) -> None:
    talk = Conversation.load(_path(name))
    session.take(talk)
    session.say(f"The conversation has {_counted(len(talk.turns), 'turn')} now.")


def _export(session: Session, name: str) -> None:
    view = _last(session).view
    try:
        path = view.export(_path(name))
    except OSError as error:
        raise InputError(
            f"{name!r} cannot be written: {error.strerror or error}. Check the path."
        ) from None
    session.say(f"Written: {path}")


def _host(session: Session) -> None:  # noqa: ARG001  # all verbs are called with it
    table(("", ""), host().rows())


def _help(session: Session, verb: str) -> None:  # noqa: ARG001
    verb = verb.removeprefix("%chat").strip()
    if verb and verb not in HELP:
        raise InputError(f"There is no %chat {verb}.{near(verb, HELP)} %chat help lists all.")
    text = help_on(verb) if verb else f"{overview()}\n\n%%chat? explains the prompts."
    print(printable(text))  # noqa: T201


def _path(name: str) -> Path:
    return Path(name).expanduser()


def _cut(text: str, limit: int = MAX_SHOWN) -> str:
    text = text.strip()
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


VERBS: dict[str, tuple[Callable[..., Any], str]] = {
    "": (_status, ""),
    "models": (_models, ""),
    "model": (_model, "[NAME]"),
    "system": (_system, "[TEXT]"),
    "key": (_key, "[PROVIDER] [.env|forget]"),
    "stop": (_stop, ""),
    "last": (_last, ""),
    "view": (_view, ""),
    "error": (_error, ""),
    "history": (_history, ""),
    "undo": (_undo, ""),
    "edit": (_edit, "a turn's number"),
    "branch": (_branch, "[NAME]"),
    "reset": (_reset, ""),
    "save": (_save, "a file's name"),
    "load": (_load, "a file's name"),
    "export": (_export, "a file's name"),
    "host": (_host, ""),
    "help": (_help, "[VERB]"),
}
"""What each does, and what it takes; in brackets what may be left out."""
