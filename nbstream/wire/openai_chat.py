"""OpenAI's Chat Completions API, and what is compatible with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..messages import AIMessageChunk
from ._base import Reader, combined, free_call, image_at
from ._errors import error_from
from ._fields import as_json, encodable, first, get, has_other, items, plain, text_of
from ._logprobs import as_metadata, logprobs_of
from ._openai_request import chat_messages

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OpenAIChatReader", "chat_messages"]


class OpenAIChatReader(Reader):
    """Reads an answer of the Chat Completions API: OpenAI's, and the many that are like it.

    Of several answers to one prompt (``n``) the first is read. Its end is its finish reason, since
    the SDKs keep the line ``[DONE]`` to themselves. Reasoning that other makers send
    (``reasoning_content``, ``reasoning``, Mistral's blocks) comes as thinking.

    Examples
    --------
    >>> reader = OpenAIChatReader()
    >>> reader.read({"choices": [{"index": 0, "delta": {"content": "Hi"}}]})
    AIMessageChunk(content='Hi')
    >>> last = reader.read({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    >>> last.response_metadata["stop_reason"], reader.is_whole
    ('end_turn', True)
    """

    def __init__(self, *, in_blocks: bool = False) -> None:
        super().__init__(in_blocks=in_blocks)
        self._call = -1  # the call under way
        self._free: dict[int, list[str]] = {}  # inputs that are a text, not JSON
        self._refused = False

    def read(self, event: Any) -> AIMessageChunk | None:
        """Return the chunk an event makes, if it makes one."""
        choices = get(event, "choices")
        if choices is None and (inner := get(event, "data")) is not None:
            event, choices = inner, get(inner, "choices")  # Mistral's SDK wraps what it hands out
        if get(event, "error") is not None:
            raise error_from(event)
        if not self.model:
            self.model = encodable(text_of(get(event, "model")))
        usage = get(event, "usage")
        if usage is not None:
            self._note(usage)
        for choice in items(choices):
            if not get(choice, "index"):
                return self._choice(event, choice)
        if usage is not None and self.is_whole and (new := self.usage.take()):
            return AIMessageChunk("", usage_metadata=new)
        return None

    def _events(self, answer: Any) -> Iterator[Any]:
        yield answer  # a whole answer has a message where an event has a delta

    def _choice(self, event: Any, choice: Any) -> AIMessageChunk | None:
        delta = first(choice, "delta", "message")
        content = get(delta, "content")
        if content is None:
            content = get(choice, "text")  # the older API that this one came from
        chunks: list[AIMessageChunk | None] = []
        has_more = has_other(delta, _PLAIN)
        if has_more:
            chunks += self._before(delta)
        if isinstance(content, str):
            chunks.append(self._text(content))
        else:
            chunks += [self._part(part) for part in items(content)]
        if has_more:
            chunks += self._after(delta)
        if reason := text_of(get(choice, "finish_reason")):
            chunks += self._last(event, reason)
        chunk = combined(chunks)
        if (told := get(choice, "logprobs")) is not None and (odds := _logprobs(told)):
            chunk = chunk or AIMessageChunk("")
            chunk.response_metadata = {**chunk.response_metadata, **as_metadata(odds)}
        return chunk

    def _text(self, text: str) -> AIMessageChunk | None:
        return self._say(self._index("text"), text) if text else None

    def _thought(self, text: str) -> AIMessageChunk | None:
        return self._think(self._index("thinking"), text) if text else None

    def _part(self, part: Any) -> AIMessageChunk | None:
        """Return the chunk of one part of a content that Mistral sends as a list."""
        kind = get(part, "type")
        if kind == "thinking":
            thought = get(part, "thinking")
            parts = [thought] if isinstance(thought, str) else map(_part_text, items(thought))
            return self._thought("".join(parts))
        if kind == "reference":
            return self._sources({"type": "reference", "ids": items(get(part, "reference_ids"))})
        return self._text(part if isinstance(part, str) else _part_text(part))

    def _before(self, delta: Any) -> Iterator[AIMessageChunk | None]:
        """Return the chunks of what is thought before it is said."""
        yield self._thought(text_of(first(delta, "reasoning_content", "reasoning")))
        details = [plain(one) for one in items(get(delta, "reasoning_details"))]
        if any(isinstance(one, dict) and one.keys() & {"signature", "data"} for one in details):
            # They have to go back as they came.
            yield self._block(
                self._index("thinking"), type="thinking", thinking="", reasoning_details=details
            )
        if refusal := text_of(get(delta, "refusal")):
            self._refused = True
            yield self._text(refusal)
        yield self._text(text_of(get(get(delta, "audio"), "transcript")))

    def _after(self, delta: Any) -> Iterator[AIMessageChunk | None]:
        """Return the chunks of what comes beside a text or after it."""
        for image in items(get(delta, "images")):
            if block := image_at(get(get(image, "image_url"), "url")):
                yield self._block(self._next_index("image"), **block)
        cited = [found for one in items(get(delta, "annotations")) if (found := _citation(one))]
        if cited:
            yield self._cite(self._text_at, *cited)
        calls = items(get(delta, "tool_calls"))
        if (one := get(delta, "function_call")) is not None:
            calls.append({"index": 0, "function": one})
        if pieces := [piece for call in calls if (piece := self._call_piece(call))]:
            yield AIMessageChunk(tool_call_chunks=pieces)

    def _call_piece(self, call: Any) -> dict[str, Any] | None:
        told = first(call, "function", "custom")
        name, call_id = (encodable(text_of(v)) for v in (get(told, "name"), get(call, "id")))
        index = get(call, "index")
        if type(index) is int:
            self._call = index
        elif call_id or name or self._call < 0:
            self._call += 1
        args = self._joined("args", self._call, as_json(get(told, "arguments")))
        if get(call, "custom") is not None:
            self._free.setdefault(self._call, []).append(text_of(get(told, "input")))
        elif not (args or name or call_id):
            return None
        return {"name": name or None, "args": args, "id": call_id or None, "index": self._call}

    def _last(self, event: Any, reason: str) -> Iterator[AIMessageChunk]:
        if reason == "error":
            raise error_from({"error": "the model failed while it answered"}, status=500)
        self.is_whole = True
        self._note(get(get(event, "x_groq"), "usage"))
        # Perplexity tells them with every event.
        found = items(get(event, "search_results")) or items(get(event, "citations"))
        if sources := [source for one in found if (source := _source(one))]:
            yield self._sources(*sources)
        yield from self._held()
        yield self._stop(reason, calls=self._call >= 0, refused=self._refused)

    def _held(self) -> Iterator[AIMessageChunk]:
        free, self._free = self._free, {}
        yield from map(free_call, free, free.values())

    def _note(self, usage: Any) -> None:
        read = get(usage, "prompt_tokens_details")
        self.usage.note(
            input=get(usage, "prompt_tokens"),
            output=get(usage, "completion_tokens"),
            cache_read=get(read, "cached_tokens") or get(usage, "prompt_cache_hit_tokens"),
            cache_creation=get(read, "cache_write_tokens"),
            reasoning=get(get(usage, "completion_tokens_details"), "reasoning_tokens"),
        )


_PLAIN = frozenset({"content", "role"})


def _part_text(part: Any) -> str:
    return text_of(get(part, "text"))


def _citation(annotation: Any) -> dict[str, Any] | None:
    found = plain(get(annotation, "url_citation"))
    return {"type": "citation", **found} if isinstance(found, dict) else None


def _source(found: Any) -> dict[str, Any] | None:
    found = {"url": found} if isinstance(found, str) else plain(found)
    return {"type": "citation", **found} if isinstance(found, dict) else None


def _logprobs(told: Any) -> list[dict[str, Any]]:
    if (tokens := items(get(told, "tokens"))) and (values := items(get(told, "token_logprobs"))):
        # As the older API has them: three lists.
        tops = [*items(get(told, "top_logprobs")), *([None] * len(tokens))]
        return logprobs_of(
            [
                {"token": token, "logprob": value, "top_logprobs": _pairs(top)}
                for token, value, top in zip(tokens, values, tops, strict=False)
            ]
        )
    return logprobs_of(first(told, "content", "refusal"))


def _pairs(top: Any) -> list[dict[str, Any]]:
    found = plain(top)
    if not isinstance(found, dict):
        return []
    return [{"token": token, "logprob": value} for token, value in found.items()]
