"""Answers in the form of a schema: the endpoint holds the model to it, or it has to call a tool."""

from __future__ import annotations

import inspect
import re
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from .._exceptions import InputError, ParseError, validation_said
from .._shown import brief
from ..events._chunks import add_chunks
from ..messages import AIMessage, AIMessageChunk
from ..messages._json import GrowingJson, parse_whole
from ..runnables import Runnable, RunnableLambda, RunnableParallel, RunnablePassthrough
from ..tools import convert_to_tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from ..events import RunType
    from .base import BaseChatModel

__all__ = ["choice_for", "instance_of", "structured"]


_METHODS = ("json_schema", "function_calling", "json_mode")


def structured(
    model: BaseChatModel,
    schema: Any,
    include_raw: bool,
    method: str | None = None,
    strict: bool | None = None,
) -> Runnable[Any, Any]:
    """Return the model and what reads its answer, as one step."""
    if method not in (None, *_METHODS):
        raise InputError(
            f"There is no method {brief(method)} of structured output. Use one of "
            f"{', '.join(_METHODS)}, or leave it out."
        )
    if not (isinstance(schema, (dict, type)) or callable(schema)):
        raise InputError(
            f"{brief(schema)} is no schema. Pass a pydantic model, a TypedDict, or a JSON schema "
            "with a title and properties."
        )
    tool = convert_to_tool(schema)
    bound: Runnable[Any, Any]
    parser: _Answer
    held = None if method in ("function_calling", "json_mode") else model._held_to(tool)
    if method == "json_schema" and held is None:
        raise InputError(
            f"{model.get_name()} cannot hold an answer to a schema. Leave method out: then it is "
            "asked to call a tool."
        )
    if held is not None:
        bound, parser = model.bind(**_strictly(held, strict)), _Text(tool["name"], schema)
    elif method == "json_mode":
        bound, parser = model.bind(**model._json_mode()), _Text(tool["name"], schema)
    else:
        bound, parser = _calling(model, tool, strict), _Arguments(tool["name"], schema)
    if not include_raw:
        return bound | parser
    return (
        RunnableParallel(raw=bound)
        | RunnablePassthrough.assign(both=RunnableLambda(parser.attempt))
        | RunnableLambda(lambda found: {"raw": found["raw"], **found["both"]})
    )


def _strictly(held: Any, strict: bool | None) -> Any:
    """Return what holds an answer, with its word on strictness replaced where there is one."""
    if strict is None or not isinstance(held, dict):
        return held
    return {k: strict if k == "strict" else _strictly(v, strict) for k, v in held.items()}


def _calling(model: BaseChatModel, tool: dict[str, Any], strict: bool | None) -> Runnable[Any, Any]:
    """Return the model, made to call the tool."""
    takes_strict = "strict" in inspect.signature(model.bind_tools).parameters
    more = {"strict": strict} if strict is not None and takes_strict else {}
    return model.bind_tools([tool], tool_choice=choice_for(model, tool["name"]), **more)


def choice_for(model: Any, name: str) -> str:
    """Return what makes a model call this one tool."""
    # A model that thinks first refuses to be forced; it then nearly always calls it by itself.
    thinks = (getattr(model, "thinking", None) or {}).get("type") not in (None, "disabled")
    return "auto" if thinks else name


def instance_of(schema: Any, name: str, args: dict[str, Any]) -> Any:
    """Return an answer in its form: an instance of a pydantic model, else the dict that it is.

    Raises
    ------
    ParseError
        If it does not fit.
    """
    if not hasattr(schema, "model_validate"):
        return args
    from pydantic import ValidationError

    try:
        return schema.model_validate(args)
    except ValidationError as error:
        raise ParseError(
            f"The answer does not fit {name}: {validation_said(error)}. "
            f"It was {args!r:.200}. Describe the fields in the schema, or ask again."
        ) from None


class _Answer(Runnable[Any, Any]):
    """Takes the answer out of messages: a dict that grows, or an instance."""

    run_type: ClassVar[RunType] = "parser"

    def __init__(self, tool_name: str, schema: Any) -> None:
        self.tool_name = tool_name
        self.schema = schema

    def __repr__(self) -> str:
        return f"{type(self).__name__.strip('_')}({self.tool_name!r})"

    def get_name(self) -> str:
        """Return what the log calls it."""
        return "StructuredOutputParser"

    @property
    def is_model(self) -> bool:
        """Whether the answer is to be an instance, which there is only at the end."""
        return hasattr(self.schema, "model_validate")

    def _invoke(self, input: Any, **_: Any) -> Any:
        return self.invoke_whole(input)

    @abstractmethod
    def found(self, message: AIMessage) -> dict[str, Any] | None:
        """Return what the whole message has of it, if it has all."""

    @abstractmethod
    def pieces(self) -> Callable[[AIMessageChunk], str]:
        """Return what takes the next stretch of its JSON out of each chunk of one message."""

    def invoke_whole(self, input: Any) -> Any:
        """Return what the whole message says."""
        found = self.found(input) if isinstance(input, AIMessage) else None
        if found is not None:
            return self._instance(found)
        said = getattr(input, "text", input)
        raise ParseError(
            f"The model did not answer with {self.tool_name}, but with {said!r:.200}. Ask for it "
            "in the prompt, or raise max_tokens where the answer was cut off."
        )

    async def _ainvoke(self, input: Any, **_: Any) -> Any:
        return self._invoke(input)

    def attempt(self, found: dict[str, Any]) -> dict[str, Any]:
        """Return the answer, or the error in its place."""
        try:
            return {"parsed": self._invoke(found["raw"]), "parsing_error": None}
        except ParseError as error:
            return {"parsed": None, "parsing_error": error}

    def _instance(self, args: dict[str, Any]) -> Any:
        return instance_of(self.schema, self.tool_name, args)

    def _transform(self, input: Iterator[Any], **_: Any) -> Iterator[Any]:
        growing = _Growing(self)
        for chunk in input:
            yield from growing.add(chunk)
        yield from growing.finish()

    async def _atransform(self, input: AsyncIterator[Any], **_: Any) -> AsyncIterator[Any]:
        growing = _Growing(self)
        async for chunk in input:
            for value in growing.add(chunk):
                yield value
        for value in growing.finish():
            yield value


class _Arguments(_Answer):
    """Takes it out of the call of the one tool."""

    def found(self, message: AIMessage) -> dict[str, Any] | None:
        """Return the call's arguments."""
        named = (call["args"] for call in message.tool_calls if call["name"] == self.tool_name)
        return next(named, None)

    def pieces(self) -> Callable[[AIMessageChunk], str]:
        """Return what follows the first call."""
        index: list[Any] = []

        def piece(chunk: AIMessageChunk) -> str:
            calls = chunk.tool_call_chunks
            if not index:
                index.extend(c["index"] for c in calls if c["name"] == self.tool_name)
            return "".join(call["args"] or "" for call in calls if call["index"] in index[:1])

        return piece


class _Text(_Answer):
    """Takes it out of the text, all of which is JSON."""

    def found(self, message: AIMessage) -> dict[str, Any] | None:
        """Return the object that the text is."""
        try:
            value = parse_whole(_FENCES.sub("", message.text))
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def pieces(self) -> Callable[[AIMessageChunk], str]:
        """Return what reads the text."""
        return lambda chunk: chunk.text


_FENCES = re.compile(r"\A\s*```\w*\s|```\s*\Z")


class _Growing:
    """One answer on its way: dicts that grow, or at its end the instance."""

    def __init__(self, parser: _Answer) -> None:
        self.parser = parser
        self.seen: list[Any] = []
        self.json = GrowingJson()
        self.piece = parser.pieces()
        self.yielded = False

    def add(self, chunk: Any) -> Iterator[Any]:
        self.seen.append(chunk)
        if self.parser.is_model:
            return
        grew = isinstance(chunk, AIMessageChunk) and self.json.add(self.piece(chunk))
        if grew and isinstance(self.json.value, dict):
            self.yielded = True
            yield self.json.value

    def finish(self) -> Iterator[Any]:
        # Read once more as a whole: an answer that broke off must not pass for a short one.
        whole = add_chunks(self.seen)
        value = self.parser.invoke_whole(
            whole.to_message() if isinstance(whole, AIMessageChunk) else whole
        )
        if not self.yielded or value != self.json.value:
            yield value
