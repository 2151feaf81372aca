"""The reader's word on calls that wait for it, on its way from a page to the run."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from ._host import host, kernel_shell

if TYPE_CHECKING:
    from ..events import Trace
    from ._page import Page

__all__ = ["answer", "can_answer"]


def can_answer(page: Page) -> bool:
    """Tell whether a page can be asked now: it has to be heard while the run waits."""
    if page.comm is None or not host().has_page:
        return False
    # A run in the kernel's main thread keeps that busy: only a subshell hears a page then.
    is_main = threading.current_thread() is threading.main_thread()
    shell = kernel_shell()
    hears = host().hears_at_once and hasattr(page.comm, "_reply_subshell_for")
    return not is_main or shell is None or hears


def answer(trace: Trace, content: dict[str, Any]) -> None:
    """Take a page's word on a call, of which nothing is believed but its form.

    Raises
    ------
    InputError
        If no such call waits, or edited arguments do not fit it.
    """
    question = trace.questions.get(str(content.get("run")))
    if question is None:
        raise InputError("This call does not wait for an answer any more.")
    verdict, args = content.get("verdict"), content.get("args")
    if verdict == "edit" and isinstance(args, dict):
        question.answer({"verdict": "edit", "args": args})
    else:
        question.answer({"verdict": "allow" if verdict == "allow" else "deny"})
