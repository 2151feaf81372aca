"""`colab:NAME`: the models that Colab gives its notebooks without a key."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, SetupError
from ..messages import AIMessageChunk, BaseMessage
from .base import BaseChatModel

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ChatColab"]


class ChatColab(BaseChatModel):
    """A model of `google.colab.ai`, by its documented form: it takes one text and streams texts.

    It takes no settings, and tells neither usage nor why an answer ended.

    Parameters
    ----------
    model
        Its name there, such as ``"google/gemini-2.5-flash"``.

    Examples
    --------
    >>> ChatColab("google/gemini-2.5-flash")
    ChatColab(model='google/gemini-2.5-flash')
    """

    def __init__(self, model: str, **settings: Any) -> None:
        self.model = model
        self._refuse(settings)

    def __repr__(self) -> str:
        return f"ChatColab(model={self.model!r})"

    @property
    def model_label(self) -> str:
        """What the view calls it."""
        return f"{self.model} (Colab's)"

    def _refuse(self, settings: dict[str, Any]) -> None:
        for name, value in settings.items():
            if value is not None:
                raise InputError(
                    f"colab:{self.model} takes no {name}: Colab's models have no settings. "
                    "Leave it out."
                )

    def _stream_messages(
        self, messages: list[BaseMessage], **settings: Any
    ) -> Iterator[AIMessageChunk]:
        self._refuse(settings)
        try:
            ai = importlib.import_module("google.colab.ai")
        except ImportError:
            raise SetupError(
                f"colab:{self.model} is there in Colab's notebooks only. Elsewhere use 'local', "
                "or a provider with a key; %chat models lists them."
            ) from None
        for part in ai.generate_text(_as_text(messages), model_name=self.model, stream=True):
            if text := _text_of(part):
                yield AIMessageChunk(text)


def _as_text(messages: list[BaseMessage]) -> str:
    """Return one text: what was said, each with who said it where that is more than a prompt."""
    if len(messages) == 1:
        return messages[0].text
    return "\n\n".join(f"{one.type}: {one.text}" for one in messages)


def _text_of(part: Any) -> str:
    # Texts; earlier it gave the chunks of OpenAI's SDK.
    if isinstance(part, str):
        return part
    return (part.choices[0].delta.content or "") if part.choices else ""
