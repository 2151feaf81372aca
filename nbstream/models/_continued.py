"""An answer that begins as another one did, and goes on otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._iterate import aclosing, close
from .base import BaseChatModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from ..messages import AIMessageChunk, BaseMessage

__all__ = ["Continued", "ensure_free"]


def ensure_free(kwargs: dict[str, Any]) -> None:
    """Refuse to go on from the beginning of an answer that is held to a form.

    What holds it would have its form start again behind the beginning.

    Raises
    ------
    InputError
        If there are tools or a schema.
    """
    if kwargs.get("tools") or kwargs.get("response_format"):
        raise InputError(
            "An answer that is held to tools or to a schema has no branches: what holds it would "
            "start again behind the beginning. Ask without them."
        )


class Continued(BaseChatModel):
    """A model whose answer has a given beginning, from which the model itself goes on.

    The beginning comes when the model's first word does, so that what is measured is the model.

    Parameters
    ----------
    model
        What goes on.
    beginning
        The chunks that the answer begins with.
    kwargs
        What the model is asked with.
    """

    def __init__(
        self, model: BaseChatModel, beginning: Sequence[AIMessageChunk], kwargs: dict[str, Any]
    ) -> None:
        self.model = model
        self.beginning = [*beginning]
        self.kwargs = kwargs
        self.name = model.get_name()

    @property
    def model_label(self) -> str | None:
        """What the view calls the model."""
        return self.model.model_label

    def _asked(
        self, messages: list[BaseMessage], kwargs: dict[str, Any]
    ) -> tuple[list[BaseMessage], dict[str, Any]]:
        text = "".join(chunk.text for chunk in self.beginning)
        return self.model._begun_with(messages, text, {**self.kwargs, **kwargs})

    def _stream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        messages, kwargs = self._asked(messages, kwargs)
        chunks = self.model._stream_messages(messages, **kwargs)
        before = self.beginning
        try:
            for chunk in chunks:
                yield from (one.copy() for one in before)
                before = []
                yield chunk
        finally:
            close(chunks)
        yield from before

    async def _astream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        messages, kwargs = self._asked(messages, kwargs)
        before = self.beginning
        async with aclosing(self.model._astream_messages(messages, **kwargs)) as chunks:
            async for chunk in chunks:
                for one in before:
                    yield one.copy()
                before = []
                yield chunk
        for one in before:
            yield one.copy()
