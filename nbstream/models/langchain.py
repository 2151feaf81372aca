"""`ChatLangChain`: a chat model of LangChain's as one of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, SetupError
from .._shown import brief
from ..sources import chunk_of, family_of
from ..tools import convert_to_tools
from ..wire.openai_chat import chat_messages
from .base import BaseChatModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from ..messages import AIMessage, AIMessageChunk, BaseMessage
    from ..runnables import RunnableBinding

__all__ = ["ChatLangChain", "langchain_model"]


class ChatLangChain(BaseChatModel):
    """Any chat model of LangChain's, as a model of nbstream's.

    It goes where those go: in chains with ``|``, in a tool loop, with a schema. Where a view or a
    conversation takes a model, LangChain's own can be given as it is. `init_chat_model` makes one
    of a model, or of its name: ``"langchain:PROVIDER:NAME"``.

    Parameters
    ----------
    model
        LangChain's model.
    name
        Its name in the log; by default the one of its class.

    Raises
    ------
    InputError
        If it is none.

    Examples
    --------
    >>> from langchain_core.language_models import GenericFakeChatModel
    >>> theirs = GenericFakeChatModel(messages=iter(["Here is a fish."]))
    >>> ChatLangChain(theirs).invoke("Say something.").text
    'Here is a fish.'
    """

    def __init__(self, model: Any, *, name: str | None = None) -> None:
        if family_of(model) != "model":
            raise InputError(
                f"{brief(model)} is no chat model of LangChain's. Pass one, such as "
                "ChatOpenAI(…) of langchain_openai."
            )
        self.model = model
        self.name = name or type(model).__name__

    @property
    def model_label(self) -> str | None:
        """What the view calls this model."""
        named = getattr(self.model, "model_name", None) or getattr(self.model, "model", None)
        return named if isinstance(named, str) else self.get_name()

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> RunnableBinding[Any, AIMessage]:
        """Return this model with tools it may call; the calls are in the message's `tool_calls`.

        Parameters
        ----------
        tools
            Functions, `Tool` objects, pydantic models or JSON schemas; see `convert_to_tool`.
        tool_choice
            As LangChain's model takes it.
        **kwargs
            Further arguments of LangChain's ``bind_tools``.
        """
        bound = [
            {
                "type": "function",
                "function": {
                    "name": one["name"],
                    "description": one.get("description", ""),
                    "parameters": one["input_schema"],
                },
            }
            for one in convert_to_tools(tools)
        ]
        return self.bind(tools=bound, tool_choice=tool_choice, **kwargs)

    def _stream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> Iterator[AIMessageChunk]:
        model, kwargs = self._bound(kwargs)
        for chunk in model.stream(chat_messages(messages), **kwargs):
            yield chunk_of(chunk)

    async def _astream_messages(
        self, messages: list[BaseMessage], **kwargs: Any
    ) -> AsyncIterator[AIMessageChunk]:
        model, kwargs = self._bound(kwargs)
        async for chunk in model.astream(chat_messages(messages), **kwargs):
            yield chunk_of(chunk)

    def _bound(self, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        if tools := kwargs.pop("tools", None):
            choice = kwargs.pop("tool_choice", None)
            chosen = {} if choice is None else {"tool_choice": choice}
            return self.model.bind_tools(tools, **chosen), kwargs
        return self.model, kwargs


def langchain_model(name: str, **kwargs: Any) -> ChatLangChain:
    """Make a model by LangChain's own `init_chat_model`.

    Parameters
    ----------
    name
        ``"PROVIDER:NAME"``, as LangChain takes it.
    **kwargs
        Passed on.

    Raises
    ------
    SetupError
        If the package is missing.
    """
    try:
        from langchain.chat_models import init_chat_model as make

        return ChatLangChain(make(name, **kwargs))
    except ImportError as error:
        raise SetupError(
            f"'langchain:{name}' needs LangChain and its package for that provider "
            f"({error}). Install them, as in: %pip install langchain langchain-openai"
        ) from error
    except ValueError as error:
        raise InputError(
            f"LangChain knows no model {name!r}. Use 'langchain:PROVIDER:NAME', as in "
            f"'langchain:openai:gpt-5.5'. It says: {error}"
        ) from error
