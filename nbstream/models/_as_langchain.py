"""A model of ours as a chat model of LangChain's: for its agents, graphs and chains."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .._exceptions import SetupError
from ..messages import convert_to_messages
from ..messages._theirs import their_message
from ..tools import convert_to_tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from .base import BaseChatModel

__all__ = ["as_langchain"]


def as_langchain(model: BaseChatModel) -> Any:
    """Return the model as one of LangChain's.

    Raises
    ------
    SetupError
        If LangChain is not installed.
    """
    try:
        return _class()(inner=model, name=model.get_name())
    except ImportError as error:
        raise SetupError(
            f"as_langchain() needs LangChain ({error}). Install it: %pip install langchain-core"
        ) from error


@cache
def _class() -> Any:
    from langchain_core.language_models import BaseChatModel as Base
    from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

    class NbstreamChat(Base):
        """A model of nbstream's."""

        inner: Any

        @property
        def _llm_type(self) -> str:
            return "nbstream"

        def _get_ls_params(self, stop: Any = None, **kwargs: Any) -> Any:
            told = super()._get_ls_params(stop, **kwargs)
            label = self.inner.model_label
            return {**told, "ls_model_name": label} if label else told

        def bind_tools(
            self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
        ) -> Any:
            described = [convert_to_tool(one) for one in tools]
            if tool_choice is not None:
                kwargs["tool_choice"] = tool_choice
            kwargs = {name: value for name, value in kwargs.items() if not name.startswith("ls_")}
            return self.model_copy(update={"inner": self.inner.bind_tools(described, **kwargs)})

        def _generate(
            self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
        ) -> ChatResult:
            del run_manager  # what comes at once has no tokens to tell
            said = self.inner.invoke(convert_to_messages(messages), **_given(stop, kwargs))
            return ChatResult(generations=[ChatGeneration(message=their_message(said))])

        async def _agenerate(
            self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
        ) -> ChatResult:
            del run_manager
            said = await self.inner.ainvoke(convert_to_messages(messages), **_given(stop, kwargs))
            return ChatResult(generations=[ChatGeneration(message=their_message(said))])

        def _stream(
            self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
        ) -> Iterator[Any]:
            for said in self.inner.stream(convert_to_messages(messages), **_given(stop, kwargs)):
                made: Any = their_message(said)
                chunk = ChatGenerationChunk(message=made)
                if run_manager:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

        async def _astream(
            self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any
        ) -> AsyncIterator[Any]:
            given = convert_to_messages(messages)
            async for said in self.inner.astream(given, **_given(stop, kwargs)):
                made: Any = their_message(said)
                chunk = ChatGenerationChunk(message=made)
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    return NbstreamChat


def _given(stop: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    return kwargs if stop is None else {**kwargs, "stop": stop}
