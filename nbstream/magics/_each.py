"""``%%chat --each``: the cell's prompt for each row of a table."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._shown import brief, near
from ..batch import Batch
from ..runnables import RunnableLambda
from ..widget import BatchView
from ..widget._show_batch import launch_batch
from ._template import fill, names_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._session import Prompt, Session

__all__ = ["ask_each"]

_APART = {
    "to": "shows one answer",
    "image": "would be sent with each of them",
    "replace": "is for one turn of the conversation",
    "raw": "leaves the braces as they are, and these are the columns",
}


def ask_each(session: Session, prompt: Prompt, names: dict[str, Any]) -> BatchView:
    """Send the cell's prompt for each row of a variable, with its columns as variables.

    None of it becomes a turn of the conversation, nor is that sent along.

    Parameters
    ----------
    session
        Whose models and settings are used.
    prompt
        The cell; its ``content`` is the text as it is written.
    names
        What the prompt's expressions can use beside the columns.

    Raises
    ------
    InputError
        If the variable is no table, a column is missing, or an option does not go with it.
    """
    for option, why in _APART.items():
        if prompt.args.get(option):
            raise InputError(f"--{option} {why}, and --each sends many. Leave one of them out.")
    table = _table(session.variable("--each", prompt.each), prompt.each)
    text = str(prompt.content)
    _check(text, prompt.each, [str(one) for one in table.columns], names)
    source, model = session._source(prompt)

    def given(row: dict[str, Any]) -> Any:
        content = fill(text, {**names, **row}, [])
        filled = replace(prompt, content=content)
        return content if prompt.chain else session._messages(filled, model, None)

    options = session.options_for(prompt)
    view = BatchView(Batch(RunnableLambda(given, name="prompt") | source, table), **options)
    session.end_earlier(prompt.key)
    session.live[prompt.key] = view

    def keep() -> None:
        if session.live.get(prompt.key) is not view:
            return
        del session.live[prompt.key]
        session.count_batch(view.metrics())
        if prompt.name:
            session.shell.push({prompt.name: view.to_frame()})

    try:
        launch_batch(view, block=session.blocks(prompt))
    except BaseException:
        keep()  # what came of it is kept
        raise
    view.when_over(keep)
    return view


@dataclass
class _Rows:
    """A list of dicts as a DataFrame: its columns are the keys that all of them have."""

    rows: Sequence[Mapping[str, Any]]

    @property
    def columns(self) -> list[str]:
        first = self.rows[0] if self.rows else {}
        return [key for key in first if all(key in row for row in self.rows)]

    def __len__(self) -> int:
        return len(self.rows)

    def itertuples(self, index: bool = False, name: str | None = None) -> Iterator[tuple[Any, ...]]:  # noqa: ARG002  # as pandas has it
        columns = self.columns
        for row in self.rows:
            yield tuple(row[one] for one in columns)


def _table(table: Any, name: str) -> Any:
    """Return what has columns and rows.

    Raises
    ------
    InputError
        If it has none, or there is nothing in it.
    """
    if isinstance(table, Sequence) and all(isinstance(row, Mapping) for row in table):
        table = _Rows(table)
    elif not (hasattr(table, "columns") and hasattr(table, "__len__")):
        raise InputError(
            f"--each needs a DataFrame or a list of dicts, and {name!r} is {brief(table)}. "
            "For a list of texts: [{'text': one} for one in texts]."
        )
    if not len(table):
        raise InputError(f"--each: {name!r} has no rows. Fill it, and run the cell again.")
    return table


def _check(text: str, name: str, columns: list[str], names: dict[str, Any]) -> None:
    """Refuse a prompt for a table that lacks its columns.

    Raises
    ------
    InputError
        It names what is missing, and the columns that there are.
    """
    used = names_in(text)
    known = {*columns, *names, *dir(builtins)}
    there = f"{name} has: {', '.join(columns)}."
    if missing := [one for one in used if one not in known]:
        hint = near(missing[0], columns)
        what = "column" if len(missing) == 1 else "columns"
        said = ", ".join(map(repr, missing))
        raise InputError(f"{name} has no {what} {said}.{hint} {there}")
    if not set(used) & set(columns):
        raise InputError(
            f"The prompt uses no column of {name}, so all would be the same. "
            f"Write one as {{{columns[0] if columns else 'column'}}}. {there}"
        )
