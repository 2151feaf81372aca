"""``%%watch`` and ``%watch``: cells whose model calls are shown, whatever library makes them."""

from __future__ import annotations

import ast
import inspect
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from .._exceptions import InputError
from .._loops import run_sync
from .._shown import near
from ..widget import StreamView
from ..widget._watch import watch_in
from ._errors import one_line
from ._options import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["WatchMagics"]

_OWN = ("%%watch", "%watch", "%%chat", "%chat")


@magics_class
class WatchMagics(Magics):
    """The magics, bound to one shell."""

    shell: Any  # never None here, whatever IPython's types say
    _depth = 0  # of watched cells that are running

    @no_var_expand
    @magic_arguments("%watch")
    @argument("--view", choices=VIEWS, help="What is on top.")
    @argument("--delimiter", help="Shown between chunks; empty for none.")
    @argument("--as", dest="name", metavar="NAME", help="The view, in a variable.")
    @argument(
        "--stream-invoke",
        action="store_true",
        help="Let LangChain's models stream inside invoke, which changes what they send.",
    )
    @argument("--every", action="store_true", help="As %%watch on has it: say nothing of no call.")
    @cell_magic
    def watch(self, line: str, cell: str) -> Any:
        """Run the cell, and show every model call in it as it streams.

        The code can be anybody's: what it asks of models by HTTP is read on its way, and agents,
        chains and tools of the frameworks are the runs around it. Stop ends the cell at the next
        token. Example::

            %%watch
            agent.invoke({"messages": [{"role": "user", "content": "What is a goldfish?"}]})
        """
        with one_line():
            args = parse_argstring(type(self).watch, line)
            given = {"view": args.view, "delimiter": args.delimiter}
            view = StreamView(**{name: value for name, value in given.items() if value is not None})
        if args.name:
            self.shell.user_ns[args.name] = view
        result = None
        with watch_in(view, stream_invoke=args.stream_invoke), self._running():
            result = run_cell(self.shell, cell)
        if not view.trace.runs and not args.every:
            print("nbstream: no call to a model was seen in this cell.")  # noqa: T201
        return result

    @line_magic("watch")  # type: ignore[arg-type]  # it takes a name, whatever its types say
    def watch_line(self, line: str) -> None:
        """Watch all cells that follow, or none of them any more.

        Example::

            %watch on      as if each cell began with %%watch
            %watch off
        """
        with one_line():
            word = line.strip() or "on"
            if word not in ("on", "off"):
                raise InputError(
                    f"%watch is on or off, not {word!r}.{near(word, ('on', 'off'))} "
                    "%%watch on top of a cell watches that one."
                )
            self.stop()
            if word == "on":
                self.shell.input_transformers_cleanup.append(self._begin)

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Take what the block runs for a part of the cell, and not for one of its own."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def is_on(self) -> bool:
        """Tell whether all cells are watched."""
        return self._begin in self.shell.input_transformers_cleanup

    def stop(self) -> None:
        """Watch no further cells."""
        if self.is_on():
            self.shell.input_transformers_cleanup.remove(self._begin)

    def _begin(self, lines: list[str]) -> list[str]:
        """Put the magic on top of a cell."""
        if self._depth:
            return lines
        first = next((line.split()[0] for line in lines if line.strip()), "")
        return lines if not first or first in _OWN else ["%%watch --every\n", *lines]

    _begin.has_side_effects = True  # type: ignore[attr-defined]  # not for looking ahead


def run_cell(shell: Any, cell: str) -> Any:
    """Run code as a cell of its own, also where it awaits; return the value of its last line."""
    source = shell.transform_cell(cell)
    name = shell.compile.cache(source, shell.execution_count, raw_code=cell)
    tree = shell.transform_ast(shell.compile.ast_parse(source, name))
    last: ast.expr | None = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not cell.rstrip().endswith(";"):
        last = tree.body.pop().value
    with shell.compile.extra_flags(ast.PyCF_ALLOW_TOP_LEVEL_AWAIT):
        code = shell.compile(tree, name, "exec")
        value = shell.compile(ast.Expression(last), name, "eval") if last is not None else None
    _run(shell, code)
    return _run(shell, value) if value is not None else None


def _run(shell: Any, code: Any) -> Any:
    result = eval(code, shell.user_global_ns, shell.user_ns)  # noqa: S307  # the reader's own cell
    return run_sync(result) if code.co_flags & inspect.CO_COROUTINE else result
