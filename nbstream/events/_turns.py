"""The runs whose texts are read, one after the other. ``js/src/turns.ts`` is its twin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._state import RunState

__all__ = ["text_of_turns", "turns"]


def turns(runs: Sequence[RunState]) -> list[int]:
    """Return the places of the runs that are shown as turns.

    Each outermost run is one. Where it has streamed no text of its own, as an agent or a chain that
    was invoked, the chat models inside it are in its place; so are its own text or error behind
    them, where they are not what a model has said already.
    """
    root: list[int] = []
    is_told: list[bool] = []  # whether a run is, or lies in, a model that has a turn
    models: dict[int, list[int]] = {}
    for index, run in enumerate(runs):
        if run["parent"] is None:
            root.append(index)
            is_told.append(False)
            models[index] = []
            continue
        root.append(root[run["parent"]])
        is_first = not is_told[run["parent"]] and run["type"] == "chat_model" and _says(run)
        is_told.append(is_first or is_told[run["parent"]])
        if is_first:
            models[root[index]].append(index)
    shown: list[int] = []
    for index, inside in models.items():
        run = runs[index]
        if not inside or run["asides"] or (run["texts"] and not run["at_once"]):
            shown.append(index)
            continue
        shown += inside
        if _adds(run, [runs[one] for one in inside]):
            shown.append(index)
    return shown


def text_of_turns(runs: Sequence[RunState]) -> str:
    """Return what the runs that are shown as turns have said, with a blank line between two."""
    texts = ("".join(runs[place]["texts"]) for place in turns(runs))
    return "\n\n".join(text for text in texts if text)


def _says(run: RunState) -> bool:
    return bool(run["texts"] or run["asides"] or run["error"])


def _adds(run: RunState, models: list[RunState]) -> bool:
    """Tell whether a run has more to say than the models in it have."""
    if run["error"]:
        return all(model["error"] is None for model in models)
    if not run["at_once"]:
        return False
    output = run["output"]
    if not isinstance(output, str) and not (isinstance(output, dict) and "content" in output):
        return False  # a value, which the timeline has
    text = run["texts"][0]
    return all("".join(model["texts"]) != text for model in models)
