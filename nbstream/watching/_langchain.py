"""The hook into LangChain and LangGraph: the runs of all that they run, and their tokens."""

from __future__ import annotations

import importlib
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ..messages import AIMessageChunk
from ._guard import Guard, fail
from ._langchain_message import chunk_of, turns
from ._where import RESOLVERS, Holder, around, log_here, watch_here

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType
    from uuid import UUID

    from ..events._types import RunType

__all__ = ["tap"]

_KINDS: dict[str, RunType] = {"prompt": "prompt", "parser": "parser"}
_model: ContextVar[Holder | None] = ContextVar("nbstream_langchain_model", default=None)
_hooks: list[Hook] = []  # there is no way to take it out of LangChain: one serves for good


def tap(module: ModuleType) -> Callable[[], None]:
    """Hear of every run that begins while somebody watches; return what undoes that.

    LangChain imports the module when its first run begins.
    """
    if not _hooks:
        _hooks.append(Hook(module))
    hook = _hooks[0]
    hook.begin()
    return hook.end


class Hook:
    """What LangChain looks into for handlers, as if it were a context variable."""

    def __init__(self, module: Any) -> None:
        kind = _handler_class()
        self._plain, self._streaming = kind(), _streaming_class(kind)()
        self._is_on = False
        module.register_configure_hook(self, inheritable=True)

    def begin(self) -> None:
        """Be there from now on."""
        self._is_on = True
        for one in (self._plain, self._streaming):
            one.guard.is_silent = False
        RESOLVERS.append(self._current)

    def end(self) -> None:
        """Be there no more. Runs that are under way are followed to their ends."""
        self._is_on = False
        RESOLVERS.remove(self._current)

    def get(self) -> Any:
        """Return the handler of the watch that this is part of, if there is one."""
        watch = watch_here() if self._is_on else None
        if watch is None or log_here() is None:
            return None
        return self._streaming if watch.streams_invoke else self._plain

    def _current(self) -> Holder | None:
        """Return the run that a call made here lies in, as LangChain has it."""
        model = _model.get()
        if model is not None and not model.is_over:
            return model
        module = sys.modules.get("langchain_core.runnables.config")
        variable = getattr(module, "var_child_runnable_config", None)
        config = variable.get() if variable is not None else None
        run_id = getattr((config or {}).get("callbacks"), "parent_run_id", None)
        for handler in (self._plain, self._streaming):
            if (holder := handler.holders.get(run_id)) is not None:
                return holder  # type: ignore[no-any-return]
        return None


def _handler_class() -> Any:
    base = importlib.import_module("langchain_core.callbacks.base").BaseCallbackHandler

    class Handler(base):  # type: ignore[misc, valid-type]
        """Writes LangChain's runs to the log."""

        is_of_nbstream = True
        run_inline = True  # in the caller's own context, and in order

        def __init__(self) -> None:
            self.guard = Guard("LangChain")
            self.holders: dict[UUID, Holder] = {}

        def on_chain_start(
            self, serialized: Any, inputs: Any, *, run_id: UUID, **said: Any
        ) -> None:
            kind = _KINDS.get(said.get("run_type") or "", "chain")
            self.guard(self._start, kind, serialized, inputs, run_id, **said)

        def on_chat_model_start(
            self, serialized: Any, messages: Any, *, run_id: UUID, **said: Any
        ) -> None:
            self.guard(self._start_model, serialized, lambda: turns(messages[0]), run_id, **said)

        def on_llm_start(
            self, serialized: Any, prompts: Sequence[str], *, run_id: UUID, **said: Any
        ) -> None:
            self.guard(self._start_model, serialized, lambda: prompts[0], run_id, **said)

        def on_tool_start(
            self, serialized: Any, input_str: str, *, run_id: UUID, **said: Any
        ) -> None:
            given = said.pop("inputs", None) or input_str
            self.guard(self._start, "tool", serialized, given, run_id, **said)

        def on_retriever_start(
            self, serialized: Any, query: str, *, run_id: UUID, **said: Any
        ) -> None:
            self.guard(self._start, "retriever", serialized, query, run_id, **said)

        def on_llm_new_token(
            self, token: str, *, chunk: Any = None, run_id: UUID, **_: Any
        ) -> None:
            self.guard(self._token, token, chunk, run_id)

        def on_chain_end(self, outputs: Any, *, run_id: UUID, **_: Any) -> None:
            self.guard(self._end, run_id, outputs)

        def on_tool_end(self, output: Any, *, run_id: UUID, **_: Any) -> None:
            self.guard(self._end, run_id, getattr(output, "content", output))

        def on_retriever_end(self, documents: Any, *, run_id: UUID, **_: Any) -> None:
            self.guard(self._end, run_id, documents)

        def on_llm_end(self, response: Any, *, run_id: UUID, **_: Any) -> None:
            self.guard(self._end_model, response, run_id)

        def on_chain_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
            self.guard(self._fail, run_id, error)

        on_tool_error = on_llm_error = on_retriever_error = on_chain_error

        def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **_: Any) -> None:
            if (holder := self.holders.get(run_id)) is not None:
                self.guard(holder.log.log, "custom", holder.run, (name, data))

        # What they come to

        def _start(
            self,
            kind: RunType,
            serialized: Any,
            given: Any,
            run_id: UUID,
            *,
            parent_run_id: UUID | None = None,
            tags: Sequence[str] | None = None,
            metadata: dict[str, Any] | None = None,
            name: str | None = None,
            **_: Any,
        ) -> Holder | None:
            known = self.holders.get(parent_run_id) if parent_run_id else None
            log = known.log if known is not None else log_here()
            if log is None:
                return None
            metadata = metadata or {}
            run = log.start(
                name or _name(serialized) or kind,
                kind,
                given,
                parent=known.run if known is not None else around(log),
                tags=tags or (),
                metadata=metadata,
                run_id=str(run_id),
                model=metadata.get("ls_model_name") if kind == "chat_model" else None,
            )
            holder = self.holders[run_id] = Holder(log, run)
            return holder

        def _start_model(
            self, serialized: Any, given: Callable[[], Any], run_id: UUID, **said: Any
        ) -> None:
            _model.set(self._start("chat_model", serialized, given(), run_id, **said))

        def _token(self, token: str, chunk: Any, run_id: UUID) -> None:
            holder = self.holders.get(run_id)
            if holder is None:
                return
            holder.has_begun = True
            message = getattr(chunk, "message", None)
            ours = AIMessageChunk(token) if message is None else chunk_of(message)
            if ours is not None:
                holder.log.log("chunk", holder.run, ours)

        def _end(self, run_id: UUID, output: Any = None) -> None:
            holder = self.holders.pop(run_id, None)
            if holder is not None:
                holder.is_over = True
                holder.log.log("end", holder.run, output)

        def _end_model(self, response: Any, run_id: UUID) -> None:
            holder = self.holders.get(run_id)
            if holder is not None and not holder.has_begun:
                # It came as a whole.
                (first, *_), *_ = response.generations
                message = getattr(first, "message", None)
                ours = AIMessageChunk(first.text) if message is None else chunk_of(message)
                if ours is not None:
                    holder.log.log("chunk", holder.run, ours)
            self._end(run_id)

        def _fail(self, run_id: UUID, error: BaseException) -> None:
            if "GraphBubbleUp" in (kind.__name__ for kind in type(error).__mro__):
                self._end(run_id)  # LangGraph waits for somebody: that is no failure
                return
            holder = self.holders.pop(run_id, None)
            if holder is not None:
                holder.is_over = True
                fail(holder.log, holder.run, error)

    return Handler


def _streaming_class(base: Any) -> Any:
    class Streaming(base):  # type: ignore[misc]
        """One that models stream for, inside ``invoke`` too: they look for these methods."""

        def tap_output_iter(self, run_id: UUID, output: Any) -> Any:  # noqa: ARG002
            return output

        def tap_output_aiter(self, run_id: UUID, output: Any) -> Any:  # noqa: ARG002
            return output

    return Streaming


def _name(serialized: Any) -> str | None:
    said = serialized or {}
    path = said.get("id")
    return said.get("name") or (path[-1] if path else None)
