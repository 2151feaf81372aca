"""Output parsers: from what a model said to what a program wants."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from ._exceptions import InputError, ParseError, validation_said
from ._shown import brief
from .messages import BaseMessage
from .messages._json import GrowingJson
from .runnables.base import Runnable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .events import RunType

__all__ = ["BaseOutputParser", "JsonOutputParser", "PydanticOutputParser", "StrOutputParser"]


Value = TypeVar("Value", covariant=True)


class _Parser(Runnable[Any, Value]):
    run_type: ClassVar[RunType] = "parser"

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def parse(self, text: str) -> Value:
        """Read a text, outside of any chain."""
        return self._invoke(text)

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Value:
        return self._invoke(input, **kwargs)

    def _text(self, input: Any) -> str:
        if isinstance(input, str):
            return input
        if isinstance(input, BaseMessage):
            content = input.content
            return content if type(content) is str else str(input.text)
        raise InputError(
            f"{type(self).__name__} reads messages and texts, not {brief(input)}. "
            "Put it behind a model, as in: prompt | model | parser."
        )


class BaseOutputParser(_Parser[Value]):
    """A parser of one's own: it defines ``parse``, which gets the whole text.

    Parameters
    ----------
    **fields
        Values for what the class names with a type, as in ``yes: str = "YES"``.

    Raises
    ------
    InputError
        If the class names no such field.

    Examples
    --------
    >>> from nbstream import BaseOutputParser
    >>> class YesOrNo(BaseOutputParser[bool]):
    ...     yes: str = "YES"
    ...     def parse(self, text):
    ...         return text.strip().upper() == self.yes
    >>> YesOrNo().invoke("yes"), YesOrNo(yes="JA").invoke("yes")
    (True, False)
    """

    def __init__(self, **fields: Any) -> None:
        kinds = type(self).__mro__
        known = {name for kind in kinds for name in vars(kind).get("__annotations__", ())}
        for name, value in fields.items():
            if name not in known:
                raise InputError(
                    f"{type(self).__name__} has no field {name!r}. Name it in the class with its "
                    f"type, as in {name}: {type(value).__name__}."
                )
            setattr(self, name, value)

    def parse(self, text: str) -> Value:
        """Read the whole text; a subclass says how."""
        raise NotImplementedError(f"{type(self).__name__} must define parse().")

    def get_format_instructions(self) -> str:
        """Return words for a prompt that ask the model for this form; a subclass may have some."""
        raise NotImplementedError(f"{type(self).__name__} has no get_format_instructions().")

    def _invoke(self, input: Any, **_: Any) -> Value:
        return self.parse(self._text(input))


class StrOutputParser(_Parser[str]):
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


class JsonOutputParser(_Parser[Value]):
    """Read JSON, also inside a Markdown fence; streamed, yield the value as it grows.

    A text that breaks off is read as far as it goes, and what follows the value is left out.

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

    def __init__(self: JsonOutputParser[Any], pydantic_object: Any = None) -> None:
        if pydantic_object is not None and not hasattr(pydantic_object, "model_json_schema"):
            raise InputError(
                f"{type(self).__name__} needs a pydantic model, not {brief(pydantic_object)}. "
                "Pass the class itself, as in pydantic_object=Fish."
            )
        self.pydantic_object = pydantic_object

    def get_format_instructions(self) -> str:
        """Return words for a prompt that ask the model for such JSON."""
        if self.pydantic_object is None:
            return "Answer with a JSON object and nothing else."
        schema = json.dumps(self.pydantic_object.model_json_schema(), ensure_ascii=False)
        return f"Answer with a JSON object that fits this JSON schema, and nothing else:\n{schema}"

    # `_read` and `_last` are what a parser of this kind makes of each value, and of the whole text.

    def _read(self, growing: GrowingJson) -> Iterator[Any]:
        yield growing.value

    def _last(self, growing: GrowingJson, text: str) -> Any:
        growing.finish()
        if growing.is_broken or not growing.is_there:
            raise ParseError(
                f"The answer is no JSON: {text[:200]!r}. Ask for JSON in the prompt, or use "
                "with_structured_output()."
            )
        return growing.value

    def _invoke(self, input: Any, **_: Any) -> Any:
        text = self._text(input)
        growing = GrowingJson()
        growing.add(text)
        return self._last(growing, text)

    def _transform(self, input: Iterator[Any], **_: Any) -> Iterator[Any]:
        stream = _Stream(self)
        for chunk in input:
            yield from stream.add(self._text(chunk))
        yield from stream.finish()

    async def _atransform(self, input: AsyncIterator[Any], **_: Any) -> AsyncIterator[Any]:
        stream = _Stream(self)
        async for chunk in input:
            for value in stream.add(self._text(chunk)):
                yield value
        for value in stream.finish():
            yield value


class _Stream:
    """One streamed answer: yields what is new, and at the end what makes it whole."""

    def __init__(self, parser: JsonOutputParser[Any]) -> None:
        self.parser = parser
        self.growing = GrowingJson()
        self.texts: list[str] = []
        self.last: Any = _NOTHING

    def add(self, text: str) -> Iterator[Any]:
        self.texts.append(text)
        if self.growing.add(text):
            for value in self.parser._read(self.growing):
                yield from self._new(value)

    def finish(self) -> Iterator[Any]:
        # LangChain ends without a word where nothing could be read; that would look like success.
        yield from self._new(self.parser._last(self.growing, "".join(self.texts)))

    def _new(self, value: Any) -> Iterator[Any]:
        if self.last is _NOTHING or value != self.last:
            self.last = value
            yield value


_NOTHING: Any = object()


class PydanticOutputParser(JsonOutputParser[Value]):
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

    def __init__(self, pydantic_object: type[Value]) -> None:
        if pydantic_object is None:
            raise InputError("PydanticOutputParser needs a pydantic model. Pass its class.")
        super().__init__(pydantic_object)

    def _instance(self, value: Any) -> Any:
        from pydantic import ValidationError

        try:
            return self.pydantic_object.model_validate(value)
        except ValidationError as error:
            raise ParseError(
                f"The answer does not fit {self.pydantic_object.__name__}: "
                f"{validation_said(error)}. It was {value!r:.200}. "
                "Put get_format_instructions() into the prompt, or use with_structured_output()."
            ) from None

    def _last(self, growing: GrowingJson, text: str) -> Any:
        return self._instance(super()._last(growing, text))

    def _read(self, growing: GrowingJson) -> Iterator[Any]:
        try:
            yield self._instance(growing.value)
        except ParseError:
            return
