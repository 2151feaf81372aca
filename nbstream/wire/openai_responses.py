"""OpenAI's Responses API."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..messages import AIMessageChunk
from ._base import Reader, combined, free_call
from ._errors import error_from
from ._fields import as_json, encodable, first, get, items, plain, text_of
from ._logprobs import as_metadata, logprobs_of
from ._openai_request import response_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["OpenAIResponsesReader", "response_items"]


class OpenAIResponsesReader(Reader):
    """Reads an answer of OpenAI's Responses API.

    Reasoning comes as thinking, with the id and the secret that take it back. Tools at the
    provider's end keep the API's form. Of a picture that was made there is an image, beside the
    call that made it.

    Examples
    --------
    >>> reader = OpenAIResponsesReader()
    >>> reader.read({"type": "response.output_text.delta", "output_index": 0, "delta": "Hi"})
    AIMessageChunk(content='Hi')
    >>> reader.is_whole
    False
    """

    def __init__(self, *, in_blocks: bool = False) -> None:
        super().__init__(in_blocks=in_blocks)
        self._id = ""
        self._places: dict[str, int] = {}  # of the items, by their ids
        self._at = 0  # the item under way
        self._begun: dict[Any, set[str]] = {}  # by item, which of its fields have gone out
        self._free: dict[int, list[str]] = {}  # inputs that are a text, not JSON
        self._has_calls = False
        self._refused = False

    def read(self, event: Any) -> AIMessageChunk | None:
        """Return the chunk an event makes, if it makes one."""
        kind = text_of(get(event, "type"))
        if kind == "response.output_text.delta":
            return _with_odds(event, self._text(event))
        if (make := _MAKE.get(kind)) is not None:
            return make(self, event)
        if kind == "error" or (not kind and get(event, "error") is not None):
            raise error_from(event)
        if kind in _BEGINNINGS:
            self._note(get(event, "response"))
        return None

    def _events(self, answer: Any) -> Iterator[Any]:
        output = get(answer, "output")
        if get(answer, "error") is not None and not output:
            yield {"type": "error", "error": get(answer, "error")}
        self._note(answer)
        for at, item in enumerate(items(output)):
            yield {"type": "response.output_item.done", "output_index": at, "item": item}
        yield {"type": f"response.{text_of(get(answer, 'status'))}", "response": answer}

    def _place(self, event: Any) -> int:
        """Return the number of the item an event belongs to; llama.cpp tells only its id."""
        index, item = get(event, "output_index"), get(event, "item")
        item_id = text_of(get(event, "item_id") if item is None else get(item, "id"))
        if type(index) is int:
            self._at = index
        elif item_id in self._places:
            self._at = self._places[item_id]
        elif item is not None:
            self._at = max(self._places.values(), default=-1) + 1
        if item is not None and item_id:
            self._places[item_id] = self._at
        return self._at

    def _part(self, event: Any) -> int | str:
        """Return the number of the text an event belongs to: an item can have several."""
        return _part(self._place(event), get(event, "content_index"))

    # Increments

    def _text(self, event: Any) -> AIMessageChunk | None:
        part = self._part(event)
        self._fields(part).add("text")
        return self._say(part, text_of(get(event, "delta")))

    def _refusal(self, event: Any) -> AIMessageChunk | None:
        self._refused = True
        return self._text(event)

    def _thought(self, event: Any) -> AIMessageChunk | None:
        place = self._place(event)
        self._fields(place).add("text")
        return self._think(place, text_of(get(event, "delta")))

    def _next_thought(self, event: Any) -> AIMessageChunk | None:
        return self._think(self._place(event), "\n\n") if get(event, "summary_index") else None

    def _arguments(self, event: Any) -> AIMessageChunk | None:
        place = self._place(event)
        self._fields(place).add("arguments")
        return self._args(place, text_of(get(event, "delta")))

    def _free_input(self, event: Any) -> None:
        self._free.setdefault(self._place(event), []).append(text_of(get(event, "delta")))

    def _grow(self, event: Any, field: str) -> AIMessageChunk | None:
        place = self._place(event)
        self._fields(place).add(field)
        return self._piece(field, place, self._joined(field, place, text_of(get(event, "delta"))))

    def _piece(self, kind: str, index: Any, text: str) -> AIMessageChunk | None:
        if (tool := _GROWING.get(kind)) is None:
            return super()._piece(kind, index, text)
        return self._block(index, type=tool, **{kind: text}) if text else None

    def _annotation(self, event: Any) -> AIMessageChunk | None:
        part = self._part(event)
        self._fields(part).add("annotations")
        return self._cited(part, get(event, "annotation"))

    def _cited(self, part: int | str, annotation: Any) -> AIMessageChunk | None:
        found = plain(annotation)
        if not isinstance(found, dict):
            return None
        return self._cite(part, {**found, "type": "citation"})

    def _fields(self, place: Any) -> set[str]:
        return self._begun.setdefault(place, set())

    # Items

    def _item_begins(self, event: Any) -> AIMessageChunk | None:
        place, item = self._place(event), get(event, "item")
        kind = text_of(get(item, "type"))
        if kind in _CALLS:
            return self._call_begins(place, item)
        if kind == "reasoning":
            return self._thought_begins(place, item)
        if kind in ("message", ""):
            return None
        named = {
            name: encodable(value)
            for name in ("type", "id", "name", "server_label")
            if (value := text_of(get(item, name)))
        }
        self._fields(place).update(named)
        return self._block(place, **named)

    def _item_ends(self, event: Any) -> AIMessageChunk | None:
        place, item = self._place(event), get(event, "item")
        kind = text_of(get(item, "type"))
        if kind == "message":
            return combined(self._message(place, item))
        if kind == "reasoning":
            return combined(self._reasoning(place, item))
        if kind in _CALLS:
            return combined(self._call_ends(place, item))
        return combined(self._tool_ends(place, item)) if kind else None

    def _message(self, place: int, item: Any) -> Iterator[AIMessageChunk | None]:
        """Return what of a message has not come in increments."""
        for at, content in enumerate(items(get(item, "content"))):
            part = _part(place, at)
            done = set(self._fields(part))
            if "text" not in done:
                self._refused |= get(content, "type") == "refusal"
                chunk = self._say(part, text_of(first(content, "text", "refusal")))
                yield _with_odds(content, chunk)
            if "annotations" not in done:
                for annotation in items(get(content, "annotations")):
                    yield self._cited(part, annotation)

    def _reasoning(self, place: int, item: Any) -> Iterator[AIMessageChunk | None]:
        begun = self._fields(place)
        if not begun:
            yield self._thought_begins(place, item)
        if "text" not in begun:
            thoughts = items(get(item, "summary")) or items(get(item, "content"))
            yield self._think(place, "\n\n".join(text_of(get(one, "text")) for one in thoughts))
        if secret := text_of(get(item, "encrypted_content")):
            yield self._block(place, type="thinking", encrypted_content=encodable(secret))

    def _thought_begins(self, place: int, item: Any) -> AIMessageChunk:
        # In the first of its chunks: of two ids under one index, the second would begin anew.
        named = {"id": encodable(name)} if (name := text_of(get(item, "id"))) else {}
        self._fields(place).add("id")
        return self._block(place, type="thinking", thinking="", **named)

    def _call_begins(self, place: int, item: Any) -> AIMessageChunk:
        self._has_calls = True
        self._fields(place).add("call")
        names = {
            name: encodable(text_of(get(item, name)))
            for name in ("id", "call_id", "name")
            if get(item, name) is not None
        }
        chunk = self._block(place, type="function_call", **names)
        call = {"name": names.get("name"), "args": "", "id": names.get("call_id"), "index": place}
        return AIMessageChunk(chunk.content, tool_call_chunks=[call])

    def _call_ends(self, place: int, item: Any) -> Iterator[AIMessageChunk | None]:
        if "call" not in self._fields(place):
            yield self._call_begins(place, item)
        if get(item, "input") is not None:
            self._free[place] = [text_of(get(item, "input"))]
            yield from self._held()
        elif "arguments" not in self._fields(place):
            yield self._args(place, as_json(get(item, "arguments")))

    def _held(self) -> Iterator[AIMessageChunk]:
        free, self._free = self._free, {}
        yield from map(free_call, free, free.values())

    def _tool_ends(self, place: int, item: Any) -> Iterator[AIMessageChunk | None]:
        fields = plain(item)
        if not isinstance(fields, dict):
            return
        result = fields.pop("result", None) if fields.get("type") == _IMAGE else None
        begun = self._fields(place)
        out = begun | ({"id", "index"} if begun else {"index"})
        more = {name: v for name, v in fields.items() if name == "type" or name not in out}
        yield self._block(place, **more)
        if isinstance(result, str) and result:
            kind = f"image/{fields.get('output_format') or 'png'}"
            yield self._block(f"{place}.image", type="image", mime_type=kind, base64=result)

    # Ends

    def _ends(self, event: Any) -> AIMessageChunk | None:
        response = get(event, "response")
        self._note(response)
        self.is_whole = True
        reason = text_of(get(get(response, "incomplete_details"), "reason"))
        if not reason:
            reason = text_of(get(event, "type")).removeprefix("response.")
        metadata = {"id": self._id} if self._id else {}
        stop = self._stop(reason, calls=self._has_calls, refused=self._refused, **metadata)
        return combined([*self._held(), stop])

    def _fails(self, event: Any) -> None:
        response = get(event, "response")
        self._note(response)
        said = get(response, "error")
        raise error_from({"error": "The answer was cancelled." if said is None else said})

    def _note(self, response: Any) -> None:
        self.model = encodable(text_of(get(response, "model"))) or self.model
        self._id = encodable(text_of(get(response, "id"))) or self._id
        usage = get(response, "usage")
        read = get(usage, "input_tokens_details")
        self.usage.note(
            input=get(usage, "input_tokens"),
            output=get(usage, "output_tokens"),
            cache_read=get(read, "cached_tokens"),
            cache_creation=get(read, "cache_write_tokens"),
            reasoning=get(get(usage, "output_tokens_details"), "reasoning_tokens"),
        )


_GROWING = {"arguments": "mcp_call", "code": "code_interpreter_call"}
_IMAGE = "image_generation_call"
_CALLS = frozenset({"function_call", "custom_tool_call"})
_BEGINNINGS = frozenset({"response.created", "response.in_progress", "response.queued"})
_R = OpenAIResponsesReader
_MAKE: dict[str, Callable[[_R, Any], AIMessageChunk | None]] = {
    "response.refusal.delta": _R._refusal,
    "response.audio.transcript.delta": _R._text,
    "response.reasoning_text.delta": _R._thought,
    "response.reasoning_summary_text.delta": _R._thought,
    "response.reasoning_summary_part.added": _R._next_thought,
    "response.function_call_arguments.delta": _R._arguments,
    "response.custom_tool_call_input.delta": _R._free_input,
    "response.mcp_call_arguments.delta": partial(_R._grow, field="arguments"),
    "response.code_interpreter_call_code.delta": partial(_R._grow, field="code"),
    "response.output_text.annotation.added": _R._annotation,
    "response.output_item.added": _R._item_begins,
    "response.output_item.done": _R._item_ends,
    "response.completed": _R._ends,
    "response.incomplete": _R._ends,
    "response.failed": _R._fails,
    "response.cancelled": _R._fails,
}


def _part(place: int, at: Any) -> int | str:
    return f"{place}.{at}" if type(at) is int and at > 0 else place


def _with_odds(event: Any, chunk: AIMessageChunk | None) -> AIMessageChunk | None:
    if odds := logprobs_of(get(event, "logprobs")):
        chunk = chunk or AIMessageChunk("")
        chunk.response_metadata = as_metadata(odds)
    return chunk
