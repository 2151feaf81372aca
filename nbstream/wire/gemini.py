"""Google's Gemini API: generateContent and streamGenerateContent."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from ..messages import AIMessageChunk
from ._base import Reader, combined
from ._errors import error_from
from ._fields import as_json, count, encodable, first, get, items, mended, plain, text_of
from ._logprobs import as_metadata, logprobs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["GeminiReader"]


class GeminiReader(Reader):
    """Reads an answer of Gemini's generateContent, streamed or not: each event has the same form.

    Thoughts come as thinking. What has to go back with a part (``thought_signature``) is kept on
    its block; on a plain text, in ``additional_kwargs``. A call that comes without an id is given
    one.

    Examples
    --------
    >>> reader = GeminiReader()
    >>> reader.read({"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]})
    AIMessageChunk(content='Hi')
    >>> reader.read({"candidates": [{"finishReason": "STOP"}]}).response_metadata["stop_reason"]
    'end_turn'
    """

    def __init__(self, *, in_blocks: bool = False) -> None:
        super().__init__(in_blocks=in_blocks)
        self._id = ""
        self._calls = 0
        self._growing: dict[str, Any] | None = None  # a call whose input comes in pieces
        self._said = bytearray()  # the text, in whose bytes its places are counted
        self._grounds: Any = None

    def read(self, event: Any) -> AIMessageChunk | None:
        """Return the chunk an event makes, if it makes one."""
        if get(event, "error") is not None:
            raise error_from(event)
        if not self.model:
            self.model = encodable(text_of(_get(event, "modelVersion")))
        if not self._id:
            self._id = encodable(text_of(_get(event, "responseId")))
        if (usage := _get(event, "usageMetadata")) is not None:
            self._note(usage)
        for candidate in items(get(event, "candidates")):
            if not get(candidate, "index"):
                return self._candidate(candidate)
        feedback = _get(event, "promptFeedback")
        if reason := text_of(_get(feedback, "blockReason")):
            self.is_whole = True
            return self._stop("content_filter", finish_reason=encodable(reason))
        if usage is not None and self.is_whole and (new := self.usage.take()):
            return AIMessageChunk("", usage_metadata=new)
        return None

    def _events(self, answer: Any) -> Iterator[Any]:
        yield answer

    def _candidate(self, candidate: Any) -> AIMessageChunk | None:
        chunks: list[AIMessageChunk | None] = []
        for part in items(get(get(candidate, "content"), "parts")):
            chunks += self._part(part)
        if (found := _get(candidate, "groundingMetadata")) is not None:
            self._grounds = found
        if (cited := _get(candidate, "citationMetadata")) is not None:
            for one in items(first(cited, "citations", "citationSources")):
                chunks.append(self._at_place(one, _source(one)))
        reason = text_of(_get(candidate, "finishReason"))
        if reason and reason != "FINISH_REASON_UNSPECIFIED":
            self.is_whole = True
            calls = self._calls > 0 and self._growing is None
            chunks += self._held()
            chunks.append(self._stop(reason, calls=calls))
        chunk = combined(chunks)
        if (told := _get(candidate, "logprobsResult")) is not None and (odds := _odds(told)):
            chunk = chunk or AIMessageChunk("")
            chunk.response_metadata = {**chunk.response_metadata, **as_metadata(odds)}
        return chunk

    def _part(self, part: Any) -> Iterator[AIMessageChunk | None]:
        signature = _signature(part)
        text = text_of(get(part, "text"))
        if get(part, "thought") is True:
            index = self._index("thinking")
            yield self._think(index, text)
            if signature:
                yield self._block(index, type="thinking", thinking="", **signature)
        elif text or (signature and get(part, "text") is not None):
            yield self._text(text, signature)
        elif (call := _get(part, "functionCall")) is not None:
            yield self._call(call, signature)
        elif block := _tool_block(part) or _media_block(part):
            yield self._block(self._next_index("other"), **block, **signature)

    def _text(self, text: str, signature: dict[str, str]) -> AIMessageChunk | None:
        index = self._index("text")
        self._said += encodable(text).encode()
        chunk = self._say(index, text)
        if not signature:
            return chunk
        if index not in self._plain and self._in_blocks:
            return combined([chunk, self._block(index, type="text", text="", **signature)])
        return combined([chunk, AIMessageChunk("", additional_kwargs=dict(signature))])

    def _call(self, call: Any, signature: dict[str, str]) -> AIMessageChunk | None:
        pieces = items(_get(call, "partialArgs"))
        goes_on = _get(call, "willContinue") is True
        chunk = None
        if self._growing is None:
            chunk = self._call_begins(call, signature)
            if not pieces and not goes_on:
                args = as_json(get(call, "args"))
                return combined([chunk, self._args(self._calls - 1, args)])
            self._growing = {}
        for piece in pieces:
            _put(self._growing, piece)
        return chunk if goes_on else combined([chunk, self._call_ends()])

    def _call_begins(self, call: Any, signature: dict[str, str]) -> AIMessageChunk:
        name = encodable(text_of(get(call, "name")))
        call_id = encodable(text_of(get(call, "id"))) or f"{self._id or 'call'}_{self._calls}"
        piece = {"name": name, "args": "", "id": call_id, "index": self._calls}
        self._calls += 1
        block = {"type": "function_call", "name": name, "id": call_id, **signature}
        chunk = self._block(self._next_index("call"), **block)
        return AIMessageChunk(chunk.content, tool_call_chunks=[piece])

    def _call_ends(self) -> AIMessageChunk | None:
        args, self._growing = self._growing, None
        return self._args(self._calls - 1, as_json(args))

    def _held(self) -> Iterator[AIMessageChunk]:
        if self._growing is not None and (chunk := self._call_ends()):
            yield chunk
        found, self._grounds = self._grounds, None
        sources = [_source(one) for one in items(_get(found, "groundingChunks"))]
        told = set()
        for support in items(_get(found, "groundingSupports")):
            numbers = items(_get(support, "groundingChunkIndices"))
            for number in numbers:
                if type(number) is int and 0 <= number < len(sources):
                    told.add(number)
                    yield self._at_place(get(support, "segment"), sources[number])
        if rest := [source for at, source in enumerate(sources) if at not in told]:
            yield self._sources(*rest)

    def _at_place(self, place: Any, source: dict[str, Any]) -> AIMessageChunk:
        """Return a citation of the text between two places, which are counted in bytes."""
        start = count(_get(place, "startIndex")) or 0
        end = count(_get(place, "endIndex"))
        spans = ((0, start), (start, end))
        begin, covered = (self._said[a:b].decode(errors="ignore") for a, b in spans)
        span = {"start_index": len(begin), "end_index": len(begin) + len(covered)}
        return self._cite(self._text_at, {**source, "cited_text": covered, **span})

    def _note(self, usage: Any) -> None:
        thoughts = count(_get(usage, "thoughtsTokenCount")) or 0
        tools = count(_get(usage, "toolUsePromptTokenCount")) or 0
        self.usage.note(
            input=tools + (count(_get(usage, "promptTokenCount")) or 0),
            output=thoughts + (count(_get(usage, "candidatesTokenCount")) or 0),
            cache_read=_get(usage, "cachedContentTokenCount"),
            reasoning=thoughts,
        )


def _get(value: Any, name: str) -> Any:
    """Return a field, which the wire names in camel case and the SDK in snake case."""
    found = get(value, name)
    return get(value, _snake(name)) if found is None else found


@cache
def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda capital: f"_{capital[0].lower()}", name)


def _signature(part: Any) -> dict[str, str]:
    if (found := _get(part, "thoughtSignature")) is None:
        return {}
    found = plain(found)
    return {"thought_signature": found} if isinstance(found, str) and found else {}


def _tool_block(part: Any) -> dict[str, Any] | None:
    """Return the block of a tool at the provider's end, or of its result."""
    if (code := _get(part, "executableCode")) is not None:
        return {"type": "executable_code", **_only(code, "id", "language", "code")}
    if (done := _get(part, "codeExecutionResult")) is not None:
        return {"type": "code_execution_result", **_only(done, "id", "outcome", "output")}
    for kind, name, field in _SERVER_TOOLS:
        if (tool := _get(part, name)) is not None:
            tool_name = encodable(text_of(_get(tool, "toolType")))
            return {"type": kind, "name": tool_name, **_only(tool, "id", field)}
    return None


_SERVER_TOOLS = (
    ("server_tool_call", "toolCall", "args"),
    ("server_tool_result", "toolResponse", "response"),
)


def _media_block(part: Any) -> dict[str, Any] | None:
    inline = _get(part, "inlineData")
    linked = _get(part, "fileData")
    found = linked if inline is None else inline
    kind = encodable(text_of(_get(found, "mimeType")))
    if inline is not None:
        content = {"base64": plain(get(inline, "data"))}
    else:
        content = {"url": encodable(text_of(_get(linked, "fileUri")))}
    if not all(isinstance(one, str) and one for one in content.values()):
        return None
    return {"type": "image" if kind.startswith("image/") else "file", "mime_type": kind, **content}


def _only(value: Any, *names: str) -> dict[str, Any]:
    return {name: found for name in names if (found := plain(get(value, name))) is not None}


def _source(found: Any) -> dict[str, Any]:
    source: dict[str, Any] = {"type": "citation"}
    kinds = (_get(found, name) for name in ("web", "retrievedContext", "maps", "image"))
    inner = next((one for one in kinds if one is not None), found)
    for name, names in (("url", ("uri", "sourceUri")), ("title", ("title",))):
        if text := next(filter(None, (text_of(_get(inner, one)) for one in names)), ""):
            source[name] = encodable(text)
    return source


def _odds(told: Any) -> list[dict[str, Any]]:
    chosen = items(_get(told, "chosenCandidates"))
    tops = [*items(_get(told, "topCandidates")), *([None] * len(chosen))]
    return logprobs_of(
        [
            {
                "token": get(token, "token"),
                "logprob": _get(token, "logProbability"),
                "top_logprobs": get(top, "candidates"),
            }
            for token, top in zip(chosen, tops, strict=False)
        ]
    )


_STEP = re.compile(r"[^.\[\]$'\"]+")


def _put(args: dict[str, Any], piece: Any) -> None:
    """Put a piece of a call's input at its place: texts add up there."""
    steps: list[Any] = _STEP.findall(text_of(_get(piece, "jsonPath")))
    steps = [int(step) if step.isdecimal() and len(step) < 4 else step for step in steps]
    found = (_get(piece, name) for name in ("stringValue", "numberValue", "boolValue"))
    value = mended(next((one for one in found if one is not None), None))
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # the SDK has every number as one with a point
    inside: Any = args
    for at, step in enumerate(steps):
        is_last = at == len(steps) - 1
        new: Any = value if is_last else [] if isinstance(steps[at + 1], int) else {}
        if isinstance(inside, list) and isinstance(step, int):
            inside += [None] * (step + 1 - len(inside))
            old = inside[step]
        elif isinstance(inside, dict):
            old = inside.get(str(step))
            step = str(step)
        else:
            return
        if not is_last and isinstance(old, (list, dict)):
            inside = old
            continue
        inside[step] = old + new if isinstance(old, str) and isinstance(new, str) else new
        inside = inside[step]
