"""The hook into LlamaIndex: a handler of the spans and events of its instrumentation."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ..messages import AIMessageChunk
from ..wire import READERS
from ..wire._fields import get
from ._asked import turns, unwrapped
from ._guard import Guard, fail
from ._where import RESOLVERS, Holder, around, log_here

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from ..events._types import RunType

__all__ = ["tap"]

_KINDS: dict[str, tuple[RunType, frozenset[str]]] = {
    "BaseLLM": (
        "chat_model",
        frozenset({"chat", "complete", "stream_chat", "stream_complete"}),
    ),
    "BaseTool": ("tool", frozenset({"__call__", "call"})),
    "BaseRetriever": ("retriever", frozenset({"retrieve"})),
    "BaseQueryEngine": ("chain", frozenset({"query"})),
    "BaseChatEngine": ("chain", frozenset({"chat", "stream_chat"})),
    "BaseSynthesizer": ("chain", frozenset({"synthesize"})),
    "Workflow": ("chain", frozenset({"run"})),
}
"""By the name of a base class: what its calls are, and the methods; ``achat`` is as ``chat``."""
_OWN_STEPS = ("AgentWorkflow.", "BaseWorkflowAgent.")
"""Steps of the library's own agents, which only hand on what lies in them."""
_PLAIN = (str, int, float, bool, list, dict)


@dataclass(eq=False)
class _Step(Holder):
    """A run, and what tells of it."""

    span: str = ""
    """The span that it is; spans inside may be parts of it only."""
    told: set[str] = field(default_factory=set)
    """The spans whose events tell of tokens and of the end."""
    speaker: str | None = None
    """The span whose events bring the tokens, where no HTTP library does."""
    instance: Any = None
    """What was called."""

    def is_made_of(self, kind: RunType, instance: Any) -> bool:
        """Tell whether a call in it is a part of it only, as a model's ``complete`` in ``chat``."""
        is_same = instance is not None and instance is self.instance
        return kind == self.run.run_type and (is_same or kind == "chat_model")


_model: ContextVar[_Step | None] = ContextVar("nbstream_llama_index_model", default=None)
_handlers: list[_Handler] = []  # one, which stays where a run is under way as the watch ends


def tap(module: ModuleType) -> Callable[[], None]:
    """Hear of every call that begins while somebody watches; return what undoes that."""
    if not _handlers:
        _handlers.append(_Handler(module))
    _handlers[0].begin()
    return _handlers[0].end


class _Handler:
    """Writes the library's spans to the log. The library keeps its faults, and Stop, to itself.

    So what is stopped ends at its next token or request, where the tap raises it.
    """

    open_spans: ClassVar[dict[str, Any]] = {}  # the library drops what is in it

    def __init__(self, module: Any) -> None:
        self._root = module.root_dispatcher
        self._active = module.span.active_span_id
        self._guard = Guard("LlamaIndex")
        self._steps: dict[str, _Step] = {}
        self._is_on = False

    def begin(self) -> None:
        """Be there from now on."""
        self._leave()
        self._is_on = True
        self._guard.is_silent = False
        self._root.span_handlers.append(self)
        self._root.event_handlers.append(self)
        RESOLVERS.append(self._current)

    def end(self) -> None:
        """Be there no more, once the runs that are under way have come to their ends."""
        self._is_on = False
        RESOLVERS.remove(self._current)
        if self._guard.is_silent or all(one.is_over for one in self._steps.values()):
            self._leave()

    def _leave(self) -> None:
        for handlers in (self._root.span_handlers, self._root.event_handlers):
            handlers[:] = [one for one in handlers if one is not self]

    # What the library calls

    def span_enter(
        self,
        id_: str,
        bound_args: Any,
        instance: Any = None,
        parent_id: str | None = None,
        **_: Any,
    ) -> None:
        self._guard(self._enter, id_, bound_args, instance, parent_id)

    def span_exit(self, id_: str, result: Any = None, **_: Any) -> None:
        self._guard(self._exit, id_, result)

    def span_drop(self, id_: str, err: BaseException | None = None, **_: Any) -> None:
        self._guard(self._end, id_, error=err or GeneratorExit())

    def handle(self, event: Any, **_: Any) -> None:
        self._guard(self._event, event)

    async def ahandle(self, event: Any, **_: Any) -> None:
        self._guard(self._event, event)

    def capture_propagation_context(self) -> dict[str, Any]:
        return {}

    def restore_propagation_context(self, context: Any) -> None:
        pass

    def close(self) -> None:
        pass

    # What they come to

    def _current(self) -> Holder | None:
        """Return the run that a call made here lies in, as the library has it."""
        model = _model.get()
        if model is not None and not model.is_over:
            return model  # its stream is read when its span is over
        return self._steps.get(self._active.get() or "")

    def _enter(self, id_: str, bound_args: Any, instance: Any, parent_id: str | None) -> None:
        outer = self._steps.get(parent_id or "")
        log = outer.log if outer is not None else log_here() if self._is_on else None
        if log is None:
            return
        kind = _kind(id_, instance)
        if kind is None or (outer is not None and outer.is_made_of(kind, instance)):
            if outer is not None:
                self._steps[id_] = outer
            return
        given, is_model = _given(bound_args.arguments), kind == "chat_model"
        run = log.start(
            _name(id_, instance, kind),
            kind,
            _turns(given) if is_model else given,
            parent=outer.run if outer is not None else around(log),
            model=_model_name(instance) if is_model else None,
        )
        step = _Step(log, run, wants_tokens=is_model, span=id_, instance=instance)
        self._steps[id_] = step
        if is_model:
            _model.set(step)

    def _exit(self, id_: str, result: Any) -> None:
        step = self._steps.get(id_)
        if step is None or id_ in step.told:
            return  # its end is told, maybe when its stream has been read
        if step.run.run_type != "chat_model":
            self._end(id_, _gave(result))
        elif _is_whole(result):
            self._end(id_, _chunk(result))
        elif step.told:
            del self._steps[id_]  # those that are a part of it go on
        else:
            self._end(id_)

    def _event(self, event: Any) -> None:
        id_ = event.span_id or ""
        step = self._steps.get(id_)
        if step is None or step.run.run_type != "chat_model":
            return
        kind = type(event).__name__
        if kind in ("LLMChatStartEvent", "LLMCompletionStartEvent"):
            step.told.add(id_)
        elif kind in ("LLMChatInProgressEvent", "LLMCompletionInProgressEvent"):
            delta = event.response.delta
            if delta and (step.speaker == id_ or not step.has_begun):
                step.speaker, step.has_begun = id_, True
                step.log.log("chunk", step.run, AIMessageChunk(delta))
        elif kind in ("LLMChatEndEvent", "LLMCompletionEndEvent"):
            self._end(id_, _chunk(event.response))
        elif kind == "ExceptionEvent":
            self._end(id_, error=event.exception)

    def _end(self, id_: str, gave: Any = None, error: BaseException | None = None) -> None:
        """End a run, unless this is a part of it only."""
        step = self._steps.pop(id_, None)
        if step is not None and not step.is_over and step.span not in self._steps:
            is_whole = step.run.run_type == "chat_model" and not step.has_begun
            step.is_over = True
            if error is not None:
                fail(step.log, step.run, error)
            elif step.run.run_type != "chat_model":
                step.log.log("end", step.run, gave)
            else:
                if is_whole and gave is not None:
                    step.log.log("chunk", step.run, gave)
                step.log.log("end", step.run)
        if not self._is_on and all(one.is_over for one in self._steps.values()):
            self._leave()


def _kind(id_: str, instance: Any) -> RunType | None:
    """Return what kind of a step a span is; None if it is none."""
    method = id_.partition("-")[0].rpartition(".")[2]
    if instance is None:
        return None if id_.startswith(_OWN_STEPS) else "chain"
    for base in type(instance).__mro__:
        if base.__name__ in _KINDS:
            kind, methods = _KINDS[base.__name__]
            return kind if methods & {method, method.removeprefix("a")} else None
    return None


def _name(id_: str, instance: Any, kind: RunType) -> str:
    if instance is None:
        return id_.partition("-")[0]
    known = _field(_field(instance, "metadata"), "name") if kind == "tool" else None
    return str(known or type(instance).__name__)


def _model_name(instance: Any) -> str | None:
    known = _field(instance, "model") or _field(_field(instance, "metadata"), "model_name")
    return str(known) if known else None


def _field(value: Any, name: str) -> Any:
    """Return an attribute, or what a property makes; None where there is none."""
    return getattr(value, name, None)


def _given(arguments: dict[str, Any]) -> Any:
    """Return what a call was given, without the wrapping of its signature."""
    named = {name: value for name, value in arguments.items() if value is not None}
    if "start_event" in named:  # a workflow: the rest is its own
        event = named["start_event"]
        names = (*getattr(type(event), "model_fields", ()), *event)  # declared, and others
        found = {name: getattr(event, name, None) for name in names}
        return {name: value for name, value in found.items() if isinstance(value, _PLAIN)}
    return unwrapped(named)


def _turns(given: dict[str, Any]) -> Any:
    """Return what a model was given as messages, each with its role."""
    said = next((given[name] for name in ("messages", "prompt", "args") if name in given), given)
    if not isinstance(said, (str, list, tuple)):
        return given
    said = said if isinstance(said, str) else [_turn(one) for one in said]
    return turns({"messages": said})


def _turn(message: Any) -> Any:
    role = _field(message, "role")
    if role is None:
        return {"role": "user", "content": str(message)}
    blocks = _field(message, "blocks") or ()
    calls = [one.model_dump() for one in blocks if not hasattr(one, "text")]
    return {"role": _field(role, "value"), "content": _field(message, "content") or calls}


def _is_whole(result: Any) -> bool:
    return not hasattr(result, "__next__") and not hasattr(result, "__anext__")


def _chunk(response: Any) -> AIMessageChunk | None:
    """Return an answer that came as a whole, and that no HTTP library brought."""
    if response is None:
        return None
    if _field(response.raw, "choices") is not None:
        return READERS["openai_chat"]().read_whole(response.raw)
    text = _field(response, "text") or _field(_field(response, "message"), "content")
    return AIMessageChunk(str(text)) if text else None


def _said(message: Any) -> str:
    """Return the text of a message, which may be a dict here."""
    blocks = get(message, "blocks") or ()
    return "".join(str(get(one, "text") or "") for one in blocks)


def _gave(result: Any) -> Any:
    """Return what a step gave, as it is read best; of streams nothing, since reading takes it."""
    if isinstance(result, list) and all(hasattr(one, "get_content") for one in result):
        return [one.get_content() for one in result]
    if (content := _field(result, "content")) is not None:
        return content  # of a tool
    if isinstance(said := _field(result, "response"), str):
        return said  # of an engine
    if type(result).__name__.endswith("StopEvent"):
        said = get(result.result, "response")
        return _said(said) or result.result
    return result if result is None or isinstance(result, _PLAIN) else type(result).__name__
