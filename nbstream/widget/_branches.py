"""Another token in an answer, and the model goes on from there: a branch beside the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .._exceptions import InputError
from .._shown import brief
from ..events._plain import has_text, text_of
from ..events._scope import Scope
from ..events._tokens import run_with_tokens, tokens_of
from ..messages import AIMessageChunk, convert_to_messages
from ..models.base import BaseChatModel
from ._again import caller_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..events import Trace
    from ..events._tokens import Token
    from ..events._types import Run
    from ..models._continued import Continued

__all__ = ["Branch", "branch_at", "index_at", "run_named", "why_not"]


class Branch(NamedTuple):
    """What is to run: ``model`` on ``input``, inside ``scope``."""

    model: Continued
    input: Any
    scope: Scope


def branch_at(
    trace: Trace, index: int, token: str, run: Run | None = None, model: Any = None
) -> Branch:
    """Return the branch that has another token in a place of an answer.

    Raises
    ------
    InputError
        If there is no such token, or the model cannot go on from a beginning.
    """
    run = run_with_tokens(trace, run)
    tokens = tokens_of(trace, run)
    if type(index) is not int or not -len(tokens) <= index < len(tokens):
        raise InputError(
            f"A token's number is from 0 to {len(tokens) - 1} in this answer, not {brief(index)}. "
            "See view.tokens()."
        )
    if not isinstance(token, str) or not token:
        raise InputError(
            f"The token to go on with is a text, not {brief(token)}. "
            "Take one of its alternatives: view.tokens()."
        )
    model, kwargs = _model_of(trace, run, model)
    one = tokens[index]
    before = [*_chunks_before(trace, run, tokens, one), _chunk(token, one)]
    messages = convert_to_messages(trace.input(run))
    ensure_goes_on(model, messages, kwargs)
    # Imported here: it needs no model to draw a page.
    from ..models._continued import Continued

    told = {"of": run.id, "at": len(before) - 1, "token": token}
    scope = Scope(trace, None, metadata={"branch": told})
    return Branch(Continued(model, before, kwargs), messages, scope)


def why_not(trace: Trace, run: Run) -> str:
    """Return why an answer has no branches; an empty text: it can have some."""
    try:
        model, kwargs = _model_of(trace, run_with_tokens(trace, run), None)
        ensure_goes_on(model, convert_to_messages(trace.input(run)), kwargs)
    except InputError as error:
        return str(error)
    return ""


def run_named(trace: Trace, run_id: Any) -> Run:
    """Return the run with this id.

    Raises
    ------
    InputError
        If there is none.
    """
    for run in trace.runs:
        if run.id == run_id:
            return run
    raise InputError(f"There is no run {brief(run_id)} in this view. Reload the page.")


def index_at(trace: Trace, run: Run, place: Any, part: Any) -> int:
    """Return which token of an answer a part of one of its texts is.

    Raises
    ------
    InputError
        If there is no such part.
    """
    for index, token in enumerate(tokens_of(trace, run)):
        if (token.place, token.part) == (place, part):
            return index
    raise InputError(f"There is no token in the place {brief(place)} of this answer. Try again.")


def ensure_goes_on(model: BaseChatModel, messages: Any, kwargs: dict[str, Any]) -> None:
    """Refuse a model that cannot go on from a beginning; it says why."""
    model._begun_with(messages, "", kwargs)


def _model_of(trace: Trace, run: Run, given: Any) -> tuple[BaseChatModel, dict[str, Any]]:
    """Return the model that gave an answer, or the one that is given, and its settings."""
    from ..models._continued import Continued

    if given is not None:
        if not isinstance(given, BaseChatModel):
            raise InputError(f"model is a chat model, such as ChatLocal(), not {brief(given)}.")
        return given, {}
    seen = set()
    while run._again is None and run.id not in seen:
        seen.add(run.id)  # a log can be from anywhere
        branch = run.metadata.get("branch")
        of = branch.get("of") if isinstance(branch, dict) else None
        run = next((one for one in trace.runs if one.id == of), run)
    try:
        model, kwargs = caller_of(run)
    except InputError:
        raise InputError(
            f"The model of {run.name!r} is not at hand: this log was loaded, or another library "
            "asked the model. Pass one that goes on: view.branch(..., model=ChatLocal())."
        ) from None
    return (model.model if isinstance(model, Continued) else model), kwargs


def _chunks_before(
    trace: Trace, run: Run, tokens: Sequence[Token], one: Token
) -> list[AIMessageChunk]:
    """Return what the answer said before a token, with what it told of it."""
    found: list[AIMessageChunk] = []
    texts = [event.data for event in trace.events[:] if event.run is run and event.kind == "chunk"]
    place = 0
    for data in texts:
        if place == one.place:
            break
        if not has_text(data):
            continue
        said = getattr(data, "response_metadata", None) or {}
        told = {"logprobs": said["logprobs"]} if "logprobs" in said else {}
        found.append(AIMessageChunk(text_of(data), response_metadata=told))
        place += 1
    # Of a text that is several tokens, those that came before.
    found += [_chunk(token.text, token) for token in tokens if _is_before(token, one)]
    return found


def _is_before(token: Token, one: Token) -> bool:
    return token.place == one.place and token.part < one.part


def _chunk(text: str, token: Token) -> AIMessageChunk:
    """Return a chunk with this text, and what the model thought of it in that place."""
    if not token.odds:
        return AIMessageChunk(text)
    pairs = list(zip(token.odds[2::2], token.odds[3::2], strict=True))
    known = {**dict(reversed(pairs)), token.odds[0]: token.odds[1]}
    if text not in known:
        return AIMessageChunk(text)
    top = [{"token": other, "logprob": logprob} for other, logprob in pairs]
    entry = {"token": text, "logprob": known[text], "top_logprobs": top}
    return AIMessageChunk(text, response_metadata={"logprobs": {"content": [entry]}})
