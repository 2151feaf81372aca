"""A runnable of LangChain's as a step of ours: prompt, model, parser, retriever, tool or graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._iterate import aclosing
from ..events._chunks import AddableDict
from ..events._scope import current_scope
from ..messages import merge_chunks
from ..messages._theirs import our_value, their_value
from ..runnables.base import Runnable
from ._langchain import Events, callback_handler, chunk_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ..events import RunType

__all__ = ["LangChainStep"]

_TYPES: tuple[tuple[str, RunType], ...] = (
    ("langchain_core.language_models", "chat_model"),
    ("langchain_core.prompts", "prompt"),
    ("langchain_core.output_parsers", "parser"),
    ("langchain_core.tools", "tool"),
    ("langchain_core.retrievers", "retriever"),
)


class LangChainStep(Runnable[Any, Any]):
    """Any runnable of LangChain's or LangGraph's, as a step in a chain.

    Messages go in and come out as the two sides have them. What runs inside is in our log, under
    this step's run; tags, metadata and ``configurable`` go along.

    Parameters
    ----------
    runnable
        LangChain's object.

    Examples
    --------
    >>> from langchain_core.prompts import PromptTemplate
    >>> from nbstream import RunnablePassthrough, ScriptedChat, StrOutputParser
    >>> chain = RunnablePassthrough() | PromptTemplate.from_template("Tell me of {x}.")
    >>> (chain | ScriptedChat(["A fish."]) | StrOutputParser()).invoke({"x": "the sea"})
    'A fish.'
    """

    run_type: RunType  # type: ignore[misc]  # of each, what it is

    def __init__(self, runnable: Any) -> None:
        self.runnable = runnable
        self.name: str = runnable.get_name()
        homes = [kind.__module__ for kind in type(runnable).__mro__]
        self.run_type = next(
            (kind for start, kind in _TYPES if any(home.startswith(start) for home in homes)),
            "chain",
        )

    def __repr__(self) -> str:
        return repr(self.runnable)

    def __getattr__(self, name: str) -> Any:
        # What only LangChain's object has: a model's bind_tools, a prompt's partial.
        if name.startswith("_") or name == "runnable":
            raise AttributeError(name)
        return getattr(self.runnable, name)

    @property
    def model_label(self) -> str | None:
        """What the view calls the model, where it is one."""
        if self.run_type != "chat_model":
            return None
        names = (getattr(self.runnable, one, None) for one in ("model_name", "model"))
        return next((name for name in names if isinstance(name, str)), self.name)

    def _config(self) -> Any:
        """Return LangChain's config for a call: what ours says, and what tells our log."""
        scope = current_scope()
        if scope is None:
            return None
        config = {**scope.settings, "tags": list(scope.tags), "metadata": dict(scope.metadata)}
        config.pop("callbacks", None)  # they hear of it from the log
        if scope.trace is not None and scope.run is not None:
            events = Events(scope.trace, scope.run, is_inside=True)
            config["callbacks"] = [callback_handler(events)]
        return config

    def _invoke(self, input: Any, **kwargs: Any) -> Any:
        if self.run_type == "chat_model":
            # As our own models: a long answer never waits on one silent request.
            return merge_chunks(list(self._stream(input, **kwargs))).to_message()
        return _ours(self.runnable.invoke(their_value(input), self._config(), **kwargs))

    async def _ainvoke(self, input: Any, **kwargs: Any) -> Any:
        if self.run_type == "chat_model":
            chunks = [chunk async for chunk in self._astream(input, **kwargs)]
            return merge_chunks(chunks).to_message()
        return _ours(await self.runnable.ainvoke(their_value(input), self._config(), **kwargs))

    def _stream(self, input: Any, **kwargs: Any) -> Iterator[Any]:
        yield from map(
            self._piece, self.runnable.stream(their_value(input), self._config(), **kwargs)
        )

    async def _astream(self, input: Any, **kwargs: Any) -> AsyncIterator[Any]:
        source = self.runnable.astream(their_value(input), self._config(), **kwargs)
        async with aclosing(source) as stream:
            async for chunk in stream:
                yield self._piece(chunk)

    def _transform(self, input: Iterator[Any], **kwargs: Any) -> Iterator[Any]:
        source = map(their_value, input)
        yield from map(self._piece, self.runnable.transform(source, self._config(), **kwargs))

    async def _atransform(self, input: AsyncIterator[Any], **kwargs: Any) -> AsyncIterator[Any]:
        theirs = (their_value(chunk) async for chunk in input)
        async with aclosing(self.runnable.atransform(theirs, self._config(), **kwargs)) as stream:
            async for chunk in stream:
                yield self._piece(chunk)

    def _piece(self, chunk: Any) -> Any:
        # A model of LangChain's may give its whole message as the one chunk.
        return chunk_of(chunk) if self.run_type == "chat_model" else _ours(chunk)


def _ours(value: Any) -> Any:
    if type(value).__name__ == "AddableDict":
        return AddableDict({key: _ours(item) for key, item in value.items()})
    return our_value(value)
