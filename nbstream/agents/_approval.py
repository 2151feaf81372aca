"""Whether a call may be made: by a function, by somebody at the page or the terminal."""

from __future__ import annotations

import inspect
import json
import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from .._exceptions import InputError
from .._loops import run_in_thread, run_sync
from .._shown import brief, printable
from ..events._question import APPROVAL, Question
from ..events._scope import current_scope

if TYPE_CHECKING:
    from ..tools import Tool

__all__ = ["ALLOWED", "Verdict", "adecide", "asettle", "check_approve", "decide", "settle"]

NOT_ALLOWED = "The user did not allow this call."
NOBODY = "This call needs the user's approval, and nobody is there to give it: it was not made."


class Verdict(NamedTuple):
    """What was decided of one call."""

    verdict: str
    """``"allow"``, ``"deny"``, ``"edit"``, or ``"wait"``: a page is to be asked."""
    args: dict[str, Any] | None = None
    reason: str = ""


ALLOWED = Verdict("allow")


def check_approve(approve: Any) -> None:
    """Refuse what cannot decide.

    Raises
    ------
    InputError
        If it is neither a function, nor "ask", nor None.
    """
    if not (approve is None or approve == "ask" or callable(approve)):
        raise InputError(
            f"approve is a function of a call, or 'ask', not {brief(approve)}. The function gets "
            "the call's name, args and id, and returns True, False, a reason, or other arguments."
        )


def decide(approve: Any, call: dict[str, Any]) -> Verdict:
    """Decide of a call, in the loop's own thread: one after the other."""
    if approve is None:
        return ALLOWED
    said: Any = approve if approve == "ask" else approve(dict(call))
    if inspect.iscoroutine(said):
        said = run_sync(said)
    return _asked(call) if said == "ask" else _read(said)


async def adecide(approve: Any, call: dict[str, Any]) -> Verdict:
    """Do what `decide` does, without blocking the loop."""
    if approve is None:
        return ALLOWED
    if approve == "ask":
        said = approve
    elif inspect.iscoroutinefunction(approve):
        said = await approve(dict(call))
    else:
        said = await run_in_thread(approve, dict(call))
        if inspect.iscoroutine(said):
            said = await said
    if said != "ask":
        return _read(said)
    if (verdict := _by_page()) is not None:
        return verdict
    # A notebook's prompt has to be asked for here, by the cell; a terminal's must not block a loop.
    return _asked(call) if _kernel() else await run_in_thread(_asked, call)


def _read(said: Any) -> Verdict:
    if said is True:
        return ALLOWED
    if said is False:
        return Verdict("deny", None, NOT_ALLOWED)
    if isinstance(said, str):
        return Verdict("deny", None, said)
    if isinstance(said, dict):
        return Verdict("edit", said)
    raise InputError(
        f"approve returned {brief(said)}. It is to return True, False, a reason why not, other "
        "arguments as a dict, or 'ask'."
    )


def _by_page() -> Verdict | None:
    scope = current_scope()
    if scope is not None and scope.trace is not None and scope.trace.is_read():
        return Verdict("wait")
    return None


def _asked(call: dict[str, Any]) -> Verdict:
    """Ask somebody: a page that shows the run, else whoever is at the terminal or the notebook."""
    if found := _by_page():
        return found
    if not _can_type():
        return Verdict("deny", None, NOBODY)
    with _prompting:  # runs side by side ask one after the other
        return _typed(call)


_prompting = threading.Lock()


def _typed(call: dict[str, Any]) -> Verdict:
    args = json.dumps(call["args"], ensure_ascii=False, default=str)
    question = f"\nnbstream: call {call['name']} with {args}? [y]es, [n]o, or other arguments: "
    while True:
        try:
            said = input(printable(question)).strip()
        except EOFError:
            return Verdict("deny", None, NOBODY)
        if said.lower() in ("y", "yes"):
            return ALLOWED
        if said.lower() in ("n", "no"):
            return Verdict("deny", None, NOT_ALLOWED)
        try:
            edited = json.loads(said)
        except ValueError:
            edited = None
        if isinstance(edited, dict):
            return Verdict("edit", edited)
        question = 'Type y, n, or the arguments as JSON, such as {"path": "notes.txt"}: '


def _kernel() -> Any:
    """Return the notebook's kernel that this runs in, or None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None)


def _can_type() -> bool:
    if (kernel := _kernel()) is not None:
        # A notebook's prompt belongs to the cell that runs, which is in the main thread.
        is_main = threading.current_thread() is threading.main_thread()
        return is_main and bool(getattr(kernel, "_allow_stdin", False))
    return bool(sys.stdin and sys.stdin.isatty())


def settle(tool: Tool, call: dict[str, Any], verdict: Verdict) -> Verdict:
    """Return the last word on a call, inside of its run, and note it there."""
    if verdict.verdict == "wait":
        verdict = Verdict(**_question(tool, call).wait())
        _note(verdict)
    elif verdict is not ALLOWED:
        _note(verdict)
    return verdict


async def asettle(tool: Tool, call: dict[str, Any], verdict: Verdict) -> Verdict:
    """Do what `settle` does, without blocking the loop."""
    if verdict.verdict == "wait":
        verdict = Verdict(**await _question(tool, call).wait_async())
        _note(verdict)
    elif verdict is not ALLOWED:
        _note(verdict)
    return verdict


def _question(tool: Tool, call: dict[str, Any]) -> Question:
    """Ask the page, as part of the run that is under way: the tool's."""
    log, run = _logged()
    return Question(log, run, call["args"], lambda args: tool._arguments({**call, "args": args}))


def _note(verdict: Verdict) -> None:
    log, run = _logged()
    if run is not None:
        said: dict[str, Any] = {"args": verdict.args} if verdict.args is not None else {}
        if verdict.reason:
            said["reason"] = verdict.reason
        log.log("custom", run, (APPROVAL, {"verdict": verdict.verdict, **said}))


def _logged() -> tuple[Any, Any]:
    scope = current_scope()
    return (scope.trace, scope.run) if scope and scope.trace else (None, None)
