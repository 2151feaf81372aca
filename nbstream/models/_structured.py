"""Answers in the form of a schema, by way of a tool that the model has to call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .._exceptions import InputError, ParseError, validation_said
from .._shown import brief
from ..events._chunks import add_chunks
from ..messages import AIMessage, AIMessageChunk
from ..messages._json import GrowingJson
from ..runnables import Runnable, RunnableLambda, RunnableParallel, RunnablePassthrough
from ..tools import convert_to_tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ..events import RunType
    from .base import BaseChatModel

__all__ = ["structured"]


def structured(model: BaseChatModel, schema: Any, include_raw: bool) -> Runnable[Any, Any]:
    """Return the model and what reads the tool's arguments, as one step."""
    if not (isinstance(schema, (dict, type)) or callable(schema)):
        raise InputError(
            f"{brief(schema)} is no schema. Pass a pydantic model, a TypedDict, or a JSON schema "
            "with a title and properties."
        )
    tool = convert_to_tool(schema)
    # A model that thinks first refuses to be forced; it then nearly always calls it by itself.
    thinks = (getattr(model, "thinking", None) or {}).get("type") not in (None, "disabled")
    bound = model.bind_tools([tool], tool_choice="auto" if thinks else tool["name"])
    parser = _Arguments(tool["name"], schema)
    if not include_raw:
        return bound | parser
    return (
        RunnableParallel(raw=bound)
        | RunnablePassthrough.assign(both=RunnableLambda(parser.attempt))
        | RunnableLambda(lambda found: {"raw": found["raw"], **found["both"]})
    )


class _Arguments(Runnable[Any, Any]):
    """Takes a tool call's arguments out of messages: a dict that grows, or an instance."""

    run_type: ClassVar[RunType] = "parser"

    def __init__(self, tool_name: str, schema: Any) -> None:
        self.tool_name = tool_name
        self.schema = schema

    def __repr__(self) -> str:
        return f"Arguments({self.tool_name!r})"

    def get_name(self) -> str:
        """Return what the log calls it."""
        return "StructuredOutputParser"

    @property
    def is_model(self) -> bool:
        """Whether the answer is to be an instance, which there is only at the end."""
        return hasattr(self.schema, "model_validate")

    def _invoke(self, input: Any, **_: Any) -> Any:
        return self.invoke_whole(input)

    def invoke_whole(self, input: Any) -> Any:
        """Return what the whole message says."""
        for call in input.tool_calls if isinstance(input, AIMessage) else ():
            if call["name"] == self.tool_name:
                return self._instance(call["args"])
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
        if not self.is_model:
            return args
        from pydantic import ValidationError

        try:
            return self.schema.model_validate(args)
        except ValidationError as error:
            raise ParseError(
                f"The answer does not fit {self.tool_name}: {validation_said(error)}. "
                f"It was {args!r:.200}. Describe the fields in the schema, or ask again."
            ) from None

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


class _Growing:
    """One answer on its way: dicts that grow, or at its end the instance."""

    def __init__(self, parser: _Arguments) -> None:
        self.parser = parser
        self.seen: list[Any] = []
        self.args = GrowingJson()
        self.index: Any = None
        self.yielded = False

    def add(self, chunk: Any) -> Iterator[Any]:
        self.seen.append(chunk)
        if self.parser.is_model:
            return
        for call in getattr(chunk, "tool_call_chunks", ()):
            if self.index is None and call["name"] == self.parser.tool_name:
                self.index = (call["index"],)
            if self.index == (call["index"],) and self.args.add(call["args"] or ""):
                self.yielded = True
                yield self.args.value

    def finish(self) -> Iterator[Any]:
        # Read once more as a whole: an answer that broke off must not pass for a short one.
        whole = add_chunks(self.seen)
        value = self.parser.invoke_whole(
            whole.to_message() if isinstance(whole, AIMessageChunk) else whole
        )
        if not self.yielded or value != self.args.value:
            yield value
