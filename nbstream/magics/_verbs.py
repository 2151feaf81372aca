"""The verbs of ``%chat``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._secrets import hide_all
from ..conversation import Conversation
from ._errors import near
from ._models import make_model, providers
from ._render import table
from ._session import Prompt

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..conversation import Turn
    from ._magics import ChatMagics

__all__ = ["VERBS", "run_verb"]

MAX_SHOWN = 400
"""Characters of a prompt or an answer in the table of turns."""


def run_verb(magics: ChatMagics, line: str) -> Any:
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
    if takes and not rest and not takes.startswith("["):
        raise InputError(f"%chat {verb} needs {takes}, as in: {_EXAMPLES[verb]}")
    if not takes and rest:
        raise InputError(f"%chat {verb} stands alone; what is {rest[:40]!r}?")
    return action(magics, rest) if takes else action(magics)


def _status(magics: ChatMagics) -> None:
    session = magics.session
    try:
        model = make_model(magics.model or None, magics.shell.user_ns, session.keys)
        label = model.model_label or model.get_name()
    except Exception as error:  # said in its place: the rest of the table is of use all the same
        label = hide_all(str(error))
    talk = session.conversation
    others = len(talk.leaves) - 1
    rows = [
        ["model", label],
        ["system", magics.system or "none"],
        ["history", _counted(len(talk.turns), "turn") if magics.history else "off"],
        ["branch", talk.branch + (f" (and {_counted(others, 'other')})" if others else "")],
        ["tokens", f"{session.input_tokens:,} in, {session.output_tokens:,} out"],
        ["cost", "no price set" if session.cost is None else f"{session.cost:.6g}"],
    ]
    if session.live:
        rows.append(["streaming", f"{_counted(len(session.live), 'answer')}; %chat stop ends that"])
    table(("", ""), rows)


def _models(magics: ChatMagics) -> None:
    headers = ("name", "what it is", "streams", "needs")
    table(headers, providers(magics.shell.user_ns, magics.session.keys))


def _model(magics: ChatMagics, name: str) -> None:
    if name:
        make_model(name, magics.shell.user_ns, magics.session.keys)  # says if there is none
        magics.model = name
    magics.session.say(f"The model is {magics.model or 'the default one'}.")


def _system(magics: ChatMagics, text: str) -> None:
    if text:
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
        text = text[1:-1] if quoted else text
        magics.system = "" if text == "off" else text
    magics.session.say(f"System: {magics.system}" if magics.system else "There is no system text.")


def _key(magics: ChatMagics, what: str) -> None:
    keys = magics.session.keys
    if not what:
        said = keys.ask()
    elif what == "forget":
        said = keys.forget()
    elif (path := Path(what).expanduser()).name.endswith(".env") or path.is_file():
        said = keys.read(path)
    else:
        # What was typed is not repeated.
        raise InputError(
            "Type no key into a cell: it stays in the notebook and in IPython's history. If this "
            "was one, revoke it. %chat key alone asks for a key, unseen; %chat key .env reads a "
            "file."
        )
    magics.session.say(said)


def _stop(magics: ChatMagics) -> None:
    count = magics.session.stop()
    magics.session.say(f"Stopped {_counted(count, 'answer')}." if count else "Nothing streams.")


def _last(magics: ChatMagics) -> Any:
    if magics.session.last is None:
        raise InputError("There is no answer yet. Run a %%chat cell first.")
    return magics.session.last


def _error(magics: ChatMagics) -> None:
    session = magics.session
    failure = session.cells.last_failure
    if failure is None:
        raise InputError("No cell has failed since %load_ext nbstream.")
    prompt = hide_all(
        "This cell of a Python notebook failed. Explain in a few sentences why, and how to mend "
        f"it.\n\nThe cell:\n```python\n{failure.source.strip()}\n```\n\nThe error:\n```\n"
        f"{failure.said}\n```"
    )
    session.ask(Prompt(prompt, session.key_of(prompt), "--raw", prompt))


def _history(magics: ChatMagics) -> None:
    talk = magics.session.conversation
    if not talk.turns:
        magics.session.say(f"The conversation ({talk.branch}) is empty.")
        return
    rows = [_row(number, turn) for number, turn in enumerate(talk.turns, 1)]
    table(("", "prompt", "answer", "model"), rows, f"Branch: {talk.branch}")


def _row(number: int, turn: Turn) -> list[str]:
    answer = _brief(turn.answer.text if turn.answer else "")
    stopped = " (stopped)" if turn.status == "stopped" else ""
    return [str(number), _brief(_written(turn)), answer + stopped, turn.model]


def _written(turn: Turn) -> str:
    """Return a prompt as it was typed, before variables were put in."""
    return turn.origin.cell if turn.origin else turn.prompt.text


def _reset(magics: ChatMagics) -> None:
    magics.session.conversation.reset()
    magics.session.say("The conversation begins anew.")


def _undo(magics: ChatMagics) -> None:
    turn = magics.session.conversation.undo()
    magics.session.say(f"Taken back: {_brief(_written(turn), 60)!r}.")


def _edit(magics: ChatMagics, number: str) -> None:
    if not number.isdecimal():
        raise InputError(f"%chat edit needs a turn's number, not {number!r}. See %chat history.")
    talk = magics.session.conversation
    turn = talk.turns[talk.index_of(int(number))]
    line = turn.origin.line if turn.origin else ""
    options = f"{line} --replace {int(number)}".strip()
    magics.shell.set_next_input(f"%%chat {options}\n{_written(turn)}", replace=False)


def _branch(magics: ChatMagics, name: str) -> None:
    talk = magics.session.conversation
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
    magics.session.say(f"The conversation goes on in {name!r}, {begins}.")


def _save(magics: ChatMagics, name: str) -> None:
    talk = magics.session.conversation
    # What a prompt or an answer repeats of a key is not stored either.
    text = hide_all(talk.to_json())
    try:
        _path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{name!r} cannot be written: {error.strerror or error}.") from None
    magics.session.say(f"Saved {_counted(len(talk.turns), 'turn')} to {name}.")


def _load(magics: ChatMagics, name: str) -> None:
    try:
        text = _path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        said = getattr(error, "strerror", None) or "it is no text"
        raise InputError(f"{name!r} cannot be read: {said}.") from None
    talk = Conversation.from_json(text, Path(name).name)
    magics.session.take(talk)
    magics.session.say(f"The conversation has {_counted(len(talk.turns), 'turn')} now.")


def _export(magics: ChatMagics, name: str) -> None:
    view = _last(magics).view
    try:
        path = view.export(_path(name))
    except OSError as error:
        raise InputError(f"{name!r} cannot be written: {error.strerror or error}.") from None
    text = path.read_text(encoding="utf-8")
    if (safe := hide_all(text)) != text:
        path.write_text(safe, encoding="utf-8")
    magics.session.say(f"Written: {path}")


def _help(magics: ChatMagics) -> None:
    import inspect

    print(inspect.getdoc(type(magics).chat_line))  # noqa: T201


def _path(name: str) -> Path:
    quoted = len(name) > 1 and name[0] == name[-1] and name[0] in "'\""
    return Path(name[1:-1] if quoted else name).expanduser()


def _brief(text: str, limit: int = MAX_SHOWN) -> str:
    text = text.strip()
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


VERBS: dict[str, tuple[Callable[..., Any], str]] = {
    "": (_status, ""),
    "models": (_models, ""),
    "model": (_model, "[NAME]"),
    "system": (_system, "[TEXT]"),
    "key": (_key, "[.env|forget]"),
    "stop": (_stop, ""),
    "last": (_last, ""),
    "error": (_error, ""),
    "history": (_history, ""),
    "undo": (_undo, ""),
    "edit": (_edit, "a turn's number"),
    "branch": (_branch, "[NAME]"),
    "reset": (_reset, ""),
    "save": (_save, "a file's name"),
    "load": (_load, "a file's name"),
    "export": (_export, "a file's name"),
    "help": (_help, ""),
}
"""What each does, and what it takes; in brackets what may be left out."""
_EXAMPLES = {
    "edit": "%chat edit 2",
    "save": "%chat save talk.json",
    "load": "%chat load talk.json",
    "export": "%chat export run.html",
}
