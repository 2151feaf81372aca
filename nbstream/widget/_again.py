"""Calling a model again, as a run of a log did, with other messages or settings."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .._exceptions import InputError
from .._shown import brief
from ..events import Run, Trace
from ..events._log import OVER
from ..jobs import Job
from ..messages import convert_to_messages
from ._columns import Column

if TYPE_CHECKING:
    from ..messages import BaseMessage

__all__ = [
    "asked_of",
    "call_again",
    "caller_of",
    "part_of",
    "read_settings",
    "retold",
    "run_of",
    "settings_of",
]

MODEL = "Pass one: view.run_again(run, model=…)."
_ENDS = ("/chat/completions", "/responses", "/v1/messages")
SETTINGS = ("max_tokens", "temperature")
_HERE = ("localhost", "127.0.0.1", "::1")


def run_of(trace: Trace, run: Any) -> Run:
    """Return the model call that is meant: a run, its place in the trace, or the last one.

    Raises
    ------
    InputError
        If there is none, it is no model's, or it has not ended.
    """
    if run is None:
        models = [one for one in trace.runs if one.run_type == "chat_model"]
        if not models:
            raise InputError("No model was called here yet, so there is none to call again.")
        run = models[-1]
    elif type(run) is int and 0 <= run < len(trace.runs):
        run = trace.runs[run]
    if not isinstance(run, Run) or all(run is not one for one in trace.runs):
        raise InputError(f"{brief(run)} is no run of this view. Pass one of view.trace.runs.")
    if run.run_type != "chat_model":
        raise InputError(f"{run.name} is a {run.run_type}: only a model's call can be repeated.")
    if not any(event.run is run and event.kind in OVER for event in trace.events):
        raise InputError(f"{run.name} has not ended yet. Wait for it, or stop it, first.")
    return run


def asked_of(trace: Trace, run: Run) -> list[BaseMessage]:
    """Return the messages that a model was given.

    Raises
    ------
    InputError
        If they are not known in a form that can be sent.
    """
    given = trace.input(run)
    if isinstance(given, dict) and "messages" in given:
        given = given["messages"]
    if isinstance(given, list) and len(given) == 1 and isinstance(given[0], list):
        (given,) = given  # LangChain's list of the prompts of one batch
    try:
        return convert_to_messages(given)
    except InputError:
        raise InputError(
            f"What {run.name} was given is not known as messages. "
            "Pass them: view.run_again(run, messages)."
        ) from None


def caller_of(run: Run) -> tuple[Any, dict[str, Any]]:
    """Return the model to call again, and the settings of that call.

    A call that was watched, or is read from a file, is known by its address. A key goes only to
    the provider that it is of.

    Raises
    ------
    InputError
        If the model is not known.
    """
    if run._again is not None:
        model, settings = run._again
        return model, dict(settings)
    from ..models import init_chat_model
    from ..models._providers import PROVIDERS
    from ..models.openai import ChatOpenAI

    url, name = run.metadata.get("url"), run.model
    end = next((end for end in _ENDS if isinstance(url, str) and url.endswith(end)), None)
    if end is None or not isinstance(url, str) or not name:
        raise InputError(f"The model that {run.name} called is not at hand. {MODEL}")
    address, host = url.removesuffix(end), urlsplit(url).hostname or ""
    kinds: dict[str, Any] = {"use_responses_api": True} if end == "/responses" else {}
    if url == "https://api.anthropic.com/v1/messages":
        return init_chat_model(f"anthropic:{name}"), {}
    if address == "https://api.openai.com/v1":
        return init_chat_model(f"openai:{name}", **kinds), {}
    for provider, row in PROVIDERS.items():
        if row.address and row.address.rstrip("/") == address and end != "/v1/messages":
            return init_chat_model(f"{provider}:{name}", **kinds), {}
    if host in _HERE and end != "/v1/messages":
        return ChatOpenAI(name, base_url=address, key_variable=None, **kinds), {}
    raise InputError(f"Nothing is known of {host!r}, where {run.name} called {name}. {MODEL}")


def part_of(trace: Trace, run: Run) -> Trace:
    """Return a trace of one run alone, as far as it is logged, with its times.

    Examples
    --------
    >>> from nbstream import ScriptedChat, StrOutputParser
    >>> with Trace() as trace:
    ...     text = (ScriptedChat(["Blub"]) | StrOutputParser()).invoke("Hi")
    >>> [run.name for run in part_of(trace, trace.runs[1]).runs]
    ['ScriptedChat']
    """
    part = Trace()
    events = [event for event in trace.events if event.run is run]
    begin = events[0].time if events else 0.0
    twin = part.add_run(
        input=trace.input(run),
        id=run.id,
        name=run.name,
        run_type=run.run_type,
        tags=run.tags,
        metadata=run.metadata,
        model=run.model,
        _again=run._again,
    )
    for event in events:
        part.log(event.kind, twin, event.data, time=event.time - begin)
    return part


def call_again(
    trace: Trace,
    run: Run,
    messages: Any = None,
    *,
    model: Any = None,
    max_tokens: int | None = None,
    temperature: float | None = None,
) -> tuple[list[Column], list[tuple[Job, Any]]]:
    """Return the columns that show a call and its repetition, and what the latter has to run.

    Raises
    ------
    InputError
        If the model, or what it was given, is not known, or it takes no such setting.
    """
    from ..models._sdk import SdkChat

    given = asked_of(trace, run) if messages is None else convert_to_messages(messages)
    model, settings = caller_of(run) if model is None else (model, {})
    if isinstance(model, str):
        from ..models import init_chat_model

        model = init_chat_model(model)
    if max_tokens is not None or temperature is not None:
        if not isinstance(model, SdkChat):
            raise InputError(
                f"{brief(model)} takes no max_tokens and no temperature. Leave them out, or pass "
                "another model."
            )
        model = model.with_settings(max_tokens=max_tokens, temperature=temperature)
        for name in SETTINGS:
            settings.pop(name, None)
    again = Job()
    source = model.bind(**settings) if settings else model
    stream = again.open(source, given, is_async=hasattr(source, "astream"))
    columns = [Column("before", Job(part_of(trace, run))), Column("again", again)]
    return columns, [(again, stream)]


def settings_of(model: Any, given: dict[str, Any]) -> dict[str, Any] | None:
    """Return the settings that a call can be made again with, as they were; None: it takes none."""
    from ..models._sdk import SdkChat

    if not isinstance(model, SdkChat):
        return None
    known = {**(model.extra_body or {}), "max_tokens": model.max_tokens, **given}
    return {name: known.get(name) for name in SETTINGS}


def read_settings(settings: Any) -> dict[str, Any]:
    """Return the settings that a page has sent.

    Raises
    ------
    InputError
        If one is no such number.
    """
    found = settings if isinstance(settings, dict) else {}
    limit, temperature = (found.get(name) for name in SETTINGS)
    if limit is not None and (type(limit) is not int or limit < 1):
        raise InputError(f"max_tokens is a whole number from 1, not {brief(limit)}.")
    if temperature is not None and (type(temperature) not in (int, float) or temperature < 0):
        raise InputError(f"temperature is a number from 0, not {brief(temperature)}.")
    return {"max_tokens": limit, "temperature": temperature}


def retold(messages: list[BaseMessage], texts: dict[Any, Any]) -> list[BaseMessage]:
    """Return messages with other texts, by their places; what is no text stays."""
    told = []
    for at, message in enumerate(messages):
        text = texts.get(str(at))
        if isinstance(text, str) and text != message.text:
            others = (
                [block for block in message.content if not _is_text(block)]
                if isinstance(message.content, list)
                else []
            )
            message = copy.copy(message)
            message.content = [*others, {"type": "text", "text": text}] if others else text
        told.append(message)
    return told


def _is_text(block: Any) -> bool:
    return isinstance(block, str) or (isinstance(block, dict) and block.get("type") == "text")
