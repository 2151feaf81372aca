"""What ``%chat help`` says."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["HELP", "help_on", "overview"]


class Help(NamedTuple):
    """What is said of one verb."""

    written: str
    """With what it takes."""
    brief: str
    more: str
    example: str


_GROUPS = {
    "The conversation": (
        Help("history", "the turns so far", "Numbered, with their models.", "%chat history"),
        Help(
            "view",
            "the conversation as a ChatView, to go on in it",
            "What is written there is a turn of the same conversation.",
            "%chat view",
        ),
        Help(
            "undo",
            "take back the last turn",
            "The cell that made it can be run again.",
            "%chat undo",
        ),
        Help(
            "edit N",
            "open turn N in a new cell, which takes its place",
            "The turns after it stay. %chat history has the numbers.",
            "%chat edit 2",
        ),
        Help(
            "branch NAME",
            "make a branch of the conversation, or go to one",
            "A new one begins with the turns so far. Without a name it lists the branches.",
            "%chat branch other",
        ),
        Help("reset", "forget this branch's turns", "Other branches stay.", "%chat reset"),
    ),
    "The answer": (
        Help(
            "last",
            "the last answer: .view, .trace, .message",
            "Also .text and .model; .view.metrics has the times, in seconds.",
            "answer = %chat last",
        ),
        Help(
            "stop",
            "stop what streams in the background",
            "The text received so far is kept.",
            "%chat stop",
        ),
        Help(
            "error",
            "let the model explain the last error",
            "It is sent the code of the cell that failed, and the traceback, without keys.",
            "%chat error",
        ),
    ),
    "The model": (
        Help("models", "which there are, and what each needs", "Variables, too.", "%chat models"),
        Help(
            "model NAME",
            "use this one from now on; default goes back",
            "A name as for %%chat --model, or a variable. Without a name it says which it is.",
            "%chat model claude-sonnet-5-5",
        ),
        Help(
            "system TEXT",
            "standing instructions; off for none",
            "{rules} stands for a variable's value. Without a text it says what they are.",
            "%chat system Answer in one line.",
        ),
        Help(
            "key [PROVIDER]",
            "enter an API key, unseen; .env reads all in it, forget removes one",
            "Without a provider it is the set model's, else Claude's. It is stored in the system's "
            'keyring; that and .env need "nbstream[keyring]".',
            "%chat key openai",
        ),
    ),
    "Files": (
        Help(
            "save FILE", "store the conversation", "As JSON, without keys.", "%chat save talk.json"
        ),
        Help(
            "load FILE",
            "go on with a stored one",
            "It takes the place of this notebook's conversation.",
            "%chat load talk.json",
        ),
        Help(
            "export FILE",
            "the last run as .jsonl, .md, .txt or .html",
            "StreamView.from_jsonl opens a .jsonl file again.",
            "%chat export run.html",
        ),
    ),
    "Help": (
        Help(
            "host",
            "where this runs, what works there, and the versions",
            "In words that a bug report can paste; nbstream.host() returns them.",
            "%chat host",
        ),
        Help("help VERB", "more about one of these", "Alone: this list.", "%chat help branch"),
    ),
}
HELP = {one.written.split()[0]: one for group in _GROUPS.values() for one in group}
"""By verb."""


def overview() -> str:
    """Return the list of verbs, in groups.

    Examples
    --------
    >>> overview().splitlines()[0]
    '%chat                    model, system prompt, turns, tokens and cost so far'
    """
    lines = [_line("", "model, system prompt, turns, tokens and cost so far")]
    for title, group in _GROUPS.items():
        lines += ["", title, *(_line(one.written, one.brief) for one in group)]
    return "\n".join(lines)


def _line(written: str, brief: str) -> str:
    return f"{'%chat ' + written:<25}{brief}".rstrip()


def help_on(verb: str) -> str:
    """Return all that is said of one verb.

    Examples
    --------
    >>> print(help_on("undo"))
    %chat undo               take back the last turn
    The cell that made it can be run again.
    For example: %chat undo
    """
    one = HELP[verb]
    return f"{_line(one.written, one.brief)}\n{one.more}\nFor example: {one.example}"
