"""Answers in the form of a schema, by way of a tool that the model has to call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from .._exceptions import ParseError
from ..messages import AIMessage
from ..runnables import Runnable, RunnableLambda, RunnableParallel, RunnablePassthrough
from ..tools import convert_to_tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ..events import RunType
    from .base import BaseChatModel

__all__ = ["structured"]


def structured(model: BaseChatModel, schema: Any, include_raw: bool) -> Runnable[Any, Any]:
    """Return the model and what reads the tool's arguments, as one step."""
    tool = convert_to_tool(schema)
    bound = model.bind_tools([tool], tool_choice=tool["name"])
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
    def _model(self) -> Any:
        return self.schema if hasattr(self.schema, "model_validate") else None

    def _invoke(self, input: Any, **_: Any) -> Any:
        for call in input.tool_calls if isinstance(input, AIMessage) else ():
            if call["name"] == self.tool_name:
                return self._instance(call["args"])
        said = getattr(input, "text", input)
        raise ParseError(f"The model did not answer with {self.tool_name}, but {said!r:.200}.")

    async def _ainvoke(self, input: Any, **_: Any) -> Any:
        return self._invoke(input)

    def attempt(self, found: dict[str, Any]) -> dict[str, Any]:
        """Return the answer, or the error in its place."""
        try:
            return {"parsed": self._invoke(found["raw"]), "parsing_error": None}
        except ParseError as error:
            return {"parsed": None, "parsing_error": error}

    def _instance(self, args: dict[str, Any]) -> Any:
        if self._model is None:
            return args
        from pydantic import ValidationError

        try:
            return self._model.model_validate(args)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise ParseError(
                f"The answer does not fit {self.tool_name}: {wrong}. It was {args!r:.200}."
            ) from None

    def _grow(self, total: Any, chunk: Any) -> tuple[Any, Any]:
        total = chunk if total is None else total + chunk
        calls = [c for c in total.tool_calls if c["name"] == self.tool_name]
        return total, calls[0]["args"] if calls else None

    def _transform(self, input: Iterator[Any], **_: Any) -> Iterator[Any]:
        total = last = None
        for chunk in input:
            if getattr(chunk, "tool_call_chunks", None):
                total, args = self._grow(total, chunk)
                if self._model is None and args is not None and args != last:
                    last = args
                    yield args
        if self._model is not None or last is None:
            yield self._invoke(total)

    async def _atransform(self, input: AsyncIterator[Any], **_: Any) -> AsyncIterator[Any]:
        total = last = None
        async for chunk in input:
            if getattr(chunk, "tool_call_chunks", None):
                total, args = self._grow(total, chunk)
                if self._model is None and args is not None and args != last:
                    last = args
                    yield args
        if self._model is not None or last is None:
            yield self._invoke(total)
