"""Output parsers: from what a model said to what a program wants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from ._exceptions import InputError, ParseError
from .messages import BaseMessage
from .messages._json import parse_partial
from .runnables.base import Runnable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .events import RunType

__all__ = ["JsonOutputParser", "PydanticOutputParser", "StrOutputParser"]


class _Parser(Runnable[Any, Any]):
    run_type: ClassVar[RunType] = "parser"

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Any:
        return self._invoke(input, **kwargs)

    def _text(self, input: Any) -> str:
        if isinstance(input, str):
            return input
        if isinstance(input, BaseMessage):
            return input.text
        raise InputError(
            f"{type(self).__name__} reads messages and texts, not "
            f"{type(input).__name__} {input!r:.80}."
        )


class StrOutputParser(_Parser):
    """Take the text out of messages, chunk by chunk where they stream in.

    Examples
    --------
    >>> from nbstream import AIMessage, StrOutputParser
    >>> StrOutputParser().invoke(AIMessage("Hello"))
    'Hello'
    """

    def _invoke(self, input: Any, **_: Any) -> str:
        return self._text(input)

    def _transform(self, input: Iterator[Any], **_: Any) -> Iterator[str]:
        for chunk in input:
            yield self._text(chunk)

    async def _atransform(self, input: AsyncIterator[Any], **_: Any) -> AsyncIterator[str]:
        async for chunk in input:
            yield self._text(chunk)


class JsonOutputParser(_Parser):
    """Read JSON, also inside a Markdown fence; streamed, yield the value as it grows.

    Parameters
    ----------
    pydantic_object
        A model whose schema `get_format_instructions` shows; the values stay plain.

    Raises
    ------
    ParseError
        If the whole text is no JSON.

    Examples
    --------
    >>> from nbstream import JsonOutputParser, ScriptedChat
    >>> chain = ScriptedChat(['{"fish": ["go', 'ld', '"]}']) | JsonOutputParser()
    >>> list(chain.stream("x"))
    [{'fish': ['go']}, {'fish': ['gold']}]
    """

    def __init__(self, pydantic_object: Any = None) -> None:
        self.pydantic_object = pydantic_object

    def get_format_instructions(self) -> str:
        """Return words for a prompt that ask the model for such JSON."""
        if self.pydantic_object is None:
            return "Answer with a JSON object and nothing else."
        schema = json.dumps(self.pydantic_object.model_json_schema())
        return f"Answer with a JSON object that fits this JSON schema, and nothing else:\n{schema}"

    def _invoke(self, input: Any, **_: Any) -> Any:
        text = self._text(input)
        try:
            return parse_partial(_unfenced(text))
        except ValueError:
            raise ParseError(
                f"The answer is no JSON: {text[:200]!r}. Ask for JSON in the prompt, or use "
                "with_structured_output()."
            ) from None

    def _transform(self, input: Iterator[Any], **_: Any) -> Iterator[Any]:
        growing = _Growing()
        for chunk in input:
            if growing.add(self._text(chunk)):
                yield growing.value

    async def _atransform(self, input: AsyncIterator[Any], **_: Any) -> AsyncIterator[Any]:
        growing = _Growing()
        async for chunk in input:
            if growing.add(self._text(chunk)):
                yield growing.value


_NOTHING: Any = object()


class _Growing:
    """A JSON value on its way. Each look at it reads the whole text anew.

    That makes the work grow with the square of the text, as the values that are yielded do
    themselves: each one is whole. jiter reads some 100 MB a second, so an answer of 20 kB in 5,000
    pieces costs half a second in all.
    """

    def __init__(self) -> None:
        self.value: Any = _NOTHING
        self._text = ""

    def add(self, piece: str) -> bool:
        """Tell whether the value has changed."""
        self._text += piece
        try:
            value = parse_partial(_unfenced(self._text))
        except ValueError:
            return False
        if value == self.value:
            return False
        self.value = value
        return True


class PydanticOutputParser(JsonOutputParser):
    """Read JSON into a pydantic model; streamed, yield an instance whenever one can be made.

    Parameters
    ----------
    pydantic_object
        The model class.

    Raises
    ------
    ParseError
        If the whole text is no JSON, or does not fit the model.

    Examples
    --------
    >>> from pydantic import BaseModel
    >>> from nbstream import PydanticOutputParser
    >>> class Fish(BaseModel):
    ...     name: str
    >>> PydanticOutputParser(pydantic_object=Fish).invoke('{"name": "Goldie"}')
    Fish(name='Goldie')
    """

    def __init__(self, pydantic_object: Any) -> None:
        super().__init__(pydantic_object)

    def _instance(self, value: Any) -> Any:
        from pydantic import ValidationError

        try:
            return self.pydantic_object.model_validate(value)
        except ValidationError as error:
            raise ParseError(
                f"The answer does not fit {self.pydantic_object.__name__}: "
                f"{'; '.join(_said(one) for one in error.errors())}. It was {value!r:.200}."
            ) from None

    def _invoke(self, input: Any, **kwargs: Any) -> Any:
        return self._instance(super()._invoke(input, **kwargs))

    def _fitting(self, value: Any) -> list[Any]:
        try:
            return [self._instance(value)]
        except ParseError:
            return []

    def _transform(self, input: Iterator[Any], **kwargs: Any) -> Iterator[Any]:
        for value in super()._transform(input, **kwargs):
            yield from self._fitting(value)

    async def _atransform(self, input: AsyncIterator[Any], **kwargs: Any) -> AsyncIterator[Any]:
        async for value in super()._atransform(input, **kwargs):
            for instance in self._fitting(value):
                yield instance


def _said(error: Any) -> str:
    place = ".".join(map(str, error["loc"]))
    said: str = error["msg"]
    return f"{place}: {said}" if place else said


def _unfenced(text: str) -> str:
    """Return what is in a Markdown fence, whole or not; the text itself where there is none."""
    before, fence, after = text.partition("```")
    if not fence or before.strip().startswith(("{", "[", '"')):
        return text.strip()
    inside = after.removeprefix("json").removeprefix("JSON")
    return inside.partition("```")[0].strip() if not inside.startswith("`") else ""
