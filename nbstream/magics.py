"""``%%chat``: a prompt as a cell."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from ._exceptions import InputError, NbstreamError
from .models import init_chat_model
from .widget import show

__all__ = ["ChatMagics", "load_ipython_extension", "unload_ipython_extension"]


class CellError(NbstreamError):
    """Ends the cell with one line instead of a traceback into nbstream."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class CellStopped(KeyboardInterrupt):
    """Ends an interrupted cell with one line."""

    def _render_traceback_(self) -> list[str]:
        return ["Stopped. What had come by then is kept above."]


@magics_class
class ChatMagics(Magics):
    """The magics, bound to one shell."""

    shell: Any  # never None here, whatever IPython's types say

    @magic_arguments()
    @argument(
        "-m",
        "--model",
        help="'local' for the embedded model, or 'anthropic:NAME'. "
        "Default: Claude where ANTHROPIC_API_KEY is set, else the embedded model.",
    )
    @argument("-s", "--system", help="Standing instructions for the model.")
    @argument("-n", "--max-tokens", type=int, help="The longest answer, in tokens.")
    @argument(
        "-d", "--delimiter", default="|", help="Shown between chunks; '' for none. Default: '|'."
    )
    @argument("--as", dest="name", metavar="NAME", help="Store the message in this variable.")
    @cell_magic
    def chat(self, line: str, cell: str) -> None:
        """Send the cell to a chat model and show the answer as it streams.

        Example::

            %%chat --model local --as answer
            Write me a 1 verse song about goldfish on the moon
        """
        args = parse_argstring(self.chat, line)
        try:
            if not cell.strip():
                raise InputError("The cell is empty. Write a prompt below the %%chat line.")
            if args.name is not None and not args.name.isidentifier():
                raise InputError(f"--as needs a variable's name, not {args.name!r}.")
            options = {"system": _unquote(args.system), "max_tokens": args.max_tokens}
            model = init_chat_model(
                args.model, **{name: value for name, value in options.items() if value is not None}
            )
            view = show(model, cell.strip(), delimiter=_unquote(args.delimiter) or "")
        except NbstreamError as error:
            raise CellError(str(error)) from error
        except KeyboardInterrupt:
            raise CellStopped from None
        if args.name:
            self.shell.push({args.name: view.value})


def _unquote(text: str | None) -> str | None:
    # IPython splits the line without removing quotes on some platforms.
    if text and len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def load_ipython_extension(ipython: Any) -> None:
    """Add ``%%chat``; called by ``%load_ext nbstream``."""
    ipython.register_magics(ChatMagics)


def unload_ipython_extension(ipython: Any) -> None:
    """Take ``%%chat`` away again; called by ``%unload_ext nbstream``."""
    ipython.magics_manager.magics["cell"].pop("chat", None)
