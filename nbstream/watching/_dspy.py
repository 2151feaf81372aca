"""The hook into DSPy: a callback that its settings have while somebody watches."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..wire import READERS
from ._asked import turns, unwrapped
from ._guard import Guard, fail
from ._where import RESOLVERS, Holder, around, log_here

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ..events._types import RunType

__all__ = ["tap"]

MAX_HISTORY = 100
"""Entries of a model's history that are looked through for the usage of a call."""


def tap(module: ModuleType) -> Callable[[], None]:
    """Hear of every call that begins while somebody watches; return what undoes that.

    What is set by ``configure`` and ``context`` in the block takes nothing away: it is the reading
    of the settings that ours is added to.
    """
    settings = type(module.settings)
    get = settings.get
    callback = _callback_class(importlib.import_module("dspy.utils.callback"))()

    def watched_get(self: Any, key: str, default: Any = None) -> Any:
        found = get(self, key, default)
        if key == "callbacks" and callback.guard(callback.is_wanted):
            return [*(found or []), callback]
        return found

    settings.get = watched_get
    RESOLVERS.append(callback.current)

    def undo() -> None:
        RESOLVERS.remove(callback.current)
        if settings.get is watched_get:
            settings.get = get

    return undo


def _callback_class(module: Any) -> Any:
    """Return our class: what its base has besides, or will have, does nothing."""

    class Callback(module.BaseCallback):  # type: ignore[misc]
        """Writes DSPy's calls to the log."""

        def __init__(self) -> None:
            self.guard = Guard("DSPy")
            self._holders: dict[str, Holder] = {}
            self._models: dict[str, Any] = {}

        def is_wanted(self) -> bool:
            """Tell whether what is called here is watched."""
            return self.current() is not None or log_here() is not None

        def current(self) -> Holder | None:
            """Return the run that a call made here lies in, as DSPy has it."""
            return self._holders.get(module.ACTIVE_CALL_ID.get())

        def on_module_start(self, call_id: str, instance: Any, inputs: Any) -> None:
            self.guard(self._start, call_id, "chain", type(instance).__name__, inputs)

        on_evaluate_start = on_compile_start = on_module_start

        def on_lm_start(self, call_id: str, instance: Any, inputs: Any) -> None:
            self.guard(self._start_model, call_id, instance, inputs)

        def on_adapter_format_start(self, call_id: str, instance: Any, inputs: Any) -> None:
            # An adapter may call that of the class it is made from.
            given = inputs.get("inputs") or inputs
            self.guard(self._start, call_id, "prompt", type(instance).__name__, given)

        def on_adapter_parse_start(self, call_id: str, instance: Any, inputs: Any) -> None:
            given = inputs.get("completion") or inputs
            self.guard(self._start, call_id, "parser", type(instance).__name__, given)

        def on_tool_start(self, call_id: str, instance: Any, inputs: Any) -> None:
            name = getattr(instance, "name", None) or type(instance).__name__
            self.guard(self._start, call_id, "tool", name, inputs)

        def on_interpreter_execute_start(self, call_id: str, instance: Any, inputs: Any) -> None:
            self.guard(self._start, call_id, "tool", type(instance).__name__, inputs)

        def on_interpreter_tool_call_start(
            self,
            call_id: str,
            instance: Any,  # noqa: ARG002
            inputs: Any,  # noqa: ARG002
        ) -> None:
            self.guard(self._pass_on, call_id)  # the tool itself tells of it

        def on_module_end(
            self, call_id: str, outputs: Any, exception: BaseException | None = None
        ) -> None:
            self.guard(self._end, call_id, outputs, exception)

        on_evaluate_end = on_compile_end = on_tool_end = on_module_end
        on_adapter_format_end = on_adapter_parse_end = on_module_end
        on_interpreter_execute_end = on_module_end

        def on_lm_end(
            self, call_id: str, outputs: Any, exception: BaseException | None = None
        ) -> None:
            self.guard(self._end_model, call_id, outputs, exception)

        def on_interpreter_tool_call_end(self, call_id: str, *_: Any, **__: Any) -> None:
            self._holders.pop(call_id, None)

        # What they come to

        def _start(
            self, call_id: str, kind: RunType, name: str, inputs: Any, model: str | None = None
        ) -> None:
            outer = self.current()
            log = outer.log if outer is not None else log_here()
            if log is None:
                return
            run = log.start(
                name,
                kind,
                inputs if kind == "chat_model" else unwrapped(inputs),
                parent=outer.run if outer is not None else around(log),
                model=model,
            )
            # Where its requests go through a library that is tapped, the tap brings the tokens;
            # DSPy's own client has sockets, which nobody taps.
            self._holders[call_id] = Holder(log, run, wants_tokens=kind == "chat_model")

        def _start_model(self, call_id: str, instance: Any, inputs: Any) -> None:
            said = inputs.get("messages") or inputs.get("prompt")
            asked = turns({"prompt": said}) if isinstance(said, (str, list)) else said or inputs
            model = getattr(instance, "model", None)
            self._start(call_id, "chat_model", type(instance).__name__, asked, model)
            if call_id in self._holders:
                self._models[call_id] = instance

        def _pass_on(self, call_id: str) -> None:
            if (outer := self.current()) is not None:
                self._holders[call_id] = outer

        def _end(self, call_id: str, outputs: Any, error: BaseException | None) -> None:
            holder = self._holders.pop(call_id, None)
            if holder is None:
                return
            holder.is_over = True
            if error is not None:
                fail(holder.log, holder.run, error)
            elif holder.run.run_type == "chat_model":
                holder.log.log("end", holder.run)
            else:
                holder.log.log("end", holder.run, _fields(outputs))

        def _end_model(self, call_id: str, outputs: Any, error: BaseException | None) -> None:
            instance, holder = self._models.pop(call_id, None), self._holders.get(call_id)
            if error is None and holder is not None and not holder.has_begun:
                chunk = READERS["openai_chat"]().read_whole(_answer(instance, outputs))
                if chunk is not None:
                    holder.log.log("chunk", holder.run, chunk)
            self._end(call_id, outputs, error)

    return Callback


def _fields(outputs: Any) -> Any:
    """Return a prediction's fields; all else as it is."""
    return outputs.toDict() if hasattr(outputs, "toDict") else outputs


def _answer(model: Any, outputs: Any) -> dict[str, Any]:
    """Return what a model gave in the form of Chat Completions, which DSPy's outputs are made of.

    The usage is in the model's history, which other threads write to as well: the entry is known
    by what is in it.
    """
    entries = list(getattr(model, "history", None) or ())[-MAX_HISTORY:]
    entry: dict[str, Any] = next(
        (
            one
            for one in reversed(entries)
            if outputs is one.get("outputs") or outputs is one.get("response")
        ),
        {},
    )
    given = entry.get("outputs") or outputs
    first = given[0] if isinstance(given, list) and given else given
    if not isinstance(first, dict):
        first = {"text": first if isinstance(first, str) else getattr(first, "text", None)}
    reason = getattr(entry.get("response"), "finish_reason", None)
    message = {"role": "assistant", "content": first.get("text")}
    message.update({name: first[name] for name in _MORE if first.get(name)})
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {"choices": [choice], "usage": entry.get("usage") or None}


_MORE = ("reasoning_content", "tool_calls")
