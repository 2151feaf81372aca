"""What the readers of all dialects have in common."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from .._exceptions import ProviderError
from ..messages import AIMessageChunk, merge_chunks
from ._fields import encodable
from ._usage import Usage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator

__all__ = ["Reader", "aread_all", "combined", "free_call", "image_at", "read_all", "stop_word"]


class Reader(ABC):
    """Reads one answer of a provider; make one for each.

    An event is a dict off the wire or the SDK's own object of it. Fields that are missing, null or
    of another type than published, and kinds of events that came after this was written, are
    passed over.

    A text is a plain string as long as the answer has nothing but text so far; everything else
    comes as blocks with an ``index``, which add up, and so does text from then on. A citation
    stands in the ``citations`` of its text's block. Where that text was a plain string, it stands
    in ``additional_kwargs["citations"]``, with the stretch of the message's text that it covers
    (``start_index``, ``end_index``); so do sources that belong to no stretch.

    Parameters
    ----------
    in_blocks
        Give every text as a block: for requests whose answers cite.
    """

    def __init__(self, *, in_blocks: bool = False) -> None:
        self.model = ""
        """The model that answers, once it is named."""
        self.stop_reason: str | None = None
        """Why the answer ended, in the words that Anthropic's API has; other ones as they are."""
        self.is_whole = False
        """Whether the end of the answer has come."""
        self.usage = Usage()
        self._has_begun = False
        self._in_blocks = in_blocks
        self._plain: dict[Any, int] = {}  # where the texts that came as plain strings begin
        self._length = 0  # of those texts
        self._halves: dict[tuple[str, Any], str] = {}
        self._last_index = -1  # of the blocks that the reader itself counts
        self._last_kind = ""
        self._text_at: Any = 0  # the index of the last text

    @abstractmethod
    def read(self, event: Any) -> AIMessageChunk | None:
        """Return the chunk an event makes, if it makes one.

        Raises
        ------
        ProviderError
            If the event is an error.
        """

    @abstractmethod
    def _events(self, answer: Any) -> Iterable[Any]:
        """Return events that say what a whole answer says."""

    def read_whole(self, answer: Any) -> AIMessageChunk:
        """Return the one chunk that a whole answer makes, which was not streamed.

        Raises
        ------
        ProviderError
            If it is an error.
        """
        chunks = [self.read(event) for event in self._events(answer)]
        return combined([*chunks, self.finish()]) or AIMessageChunk("")

    def finish(self) -> AIMessageChunk | None:
        """Take note that nothing more comes; return what was held back, if anything was."""
        halves, self._halves = self._halves, {}
        held = [*self._held(), *(self._piece(*key, "\ufffd") for key in halves)]
        if usage := self.usage.take():
            held.append(AIMessageChunk("", usage_metadata=usage))
        return combined(held)

    def ensure_whole(self) -> None:
        """Raise if the answer's end has not come.

        Raises
        ------
        ProviderError
            If it broke off.
        """
        if self.is_whole:
            return
        if not self.has_begun:
            raise ProviderError(
                "The answer is empty: not even its beginning came. Check base_url, and that it "
                "speaks this API; then run this again."
            )
        raise ProviderError(
            "The answer broke off before its end. What came before is kept; run this again for "
            "the rest."
        )

    @property
    def has_begun(self) -> bool:
        """Whether anything of the answer has come."""
        return bool(self.model) or self._has_begun

    @property
    def wants_calls(self) -> bool:
        """Whether the answer ended with the wish to call tools: else its calls are not complete."""
        return self.is_whole and self.stop_reason == "tool_use"

    def _held(self) -> Iterator[AIMessageChunk]:
        """Return the chunks of what waited for more."""
        yield from ()

    # Making chunks

    def _index(self, kind: str) -> int:
        """Return the index of the block under way, or of a new one if this is of another kind."""
        return self._last_index if kind == self._last_kind else self._next_index(kind)

    def _next_index(self, kind: str) -> int:
        self._last_kind = kind
        self._last_index += 1
        return self._last_index

    def _say(self, index: Any, text: str) -> AIMessageChunk | None:
        text = self._joined("text", index, text)
        if not text:
            return None
        self._text_at = index
        if self._in_blocks:
            return AIMessageChunk([{"type": "text", "text": text, "index": index}])
        if index not in self._plain:
            self._plain[index] = self._length
        self._length += len(text)
        return AIMessageChunk(text)

    def _think(self, index: Any, text: str) -> AIMessageChunk | None:
        text = self._joined("thinking", index, text)
        return self._block(index, type="thinking", thinking=text) if text else None

    def _args(self, index: Any, json: str) -> AIMessageChunk | None:
        json = self._joined("args", index, json)
        return AIMessageChunk(tool_call_chunks=[{"args": json, "index": index}]) if json else None

    def _block(self, index: Any, **block: Any) -> AIMessageChunk:
        self._has_begun = self._in_blocks = True
        return AIMessageChunk([{**block, "index": index}])

    def _cite(self, index: Any, *citations: dict[str, Any]) -> AIMessageChunk:
        """Return a chunk that adds citations to the text with this index."""
        # The sum of chunks would take an index for the mark of one thing that comes in pieces.
        citations = tuple({k: v for k, v in one.items() if k != "index"} for one in citations)
        if index not in self._plain:
            return self._block(index, type="text", text="", citations=list(citations))
        span = {"start_index": self._plain[index], "end_index": self._length}
        return self._sources(*({**span, **citation} for citation in citations))

    def _sources(self, *sources: dict[str, Any]) -> AIMessageChunk:
        """Return a chunk with sources that belong to the whole answer."""
        return AIMessageChunk("", additional_kwargs={"citations": list(sources)})

    def _piece(self, kind: str, index: Any, text: str) -> AIMessageChunk | None:
        make = {"text": self._say, "thinking": self._think, "args": self._args}[kind]
        return make(index, text)

    def _joined(self, kind: str, index: Any, text: str) -> str:
        """Return a text with no half characters; one at its end waits for the other half."""
        self._has_begun = True
        if not self._halves and text.isascii():
            return text
        text = self._halves.pop((kind, index), "") + text
        if "\ud800" <= text[-1:] <= "\udbff":
            self._halves[kind, index] = text[-1]
            text = text[:-1]
        return encodable(text)

    # Ends

    def _stop(
        self, reason: str, *, calls: bool = False, refused: bool = False, **metadata: Any
    ) -> AIMessageChunk:
        """Take note why the answer ended; return the chunk that says so.

        The provider's own word is in it as ``finish_reason`` where ours is another one.
        """
        word = stop_word(reason)
        if word == "end_turn":
            # Some say no more than that the answer ended, whatever it ended with.
            word = "refusal" if refused else "tool_use" if calls else word
        self.stop_reason = word
        said = {"model_name": self.model} if self.model else {}
        said["stop_reason"] = word
        if word != reason:
            said["finish_reason"] = reason
        return AIMessageChunk(
            "", response_metadata={**said, **metadata}, usage_metadata=self.usage.take()
        )


def read_all(reader: Reader, events: Iterable[Any]) -> Iterator[AIMessageChunk]:
    """Read a stream to its end; what broke off raises after what came of it.

    Raises
    ------
    ProviderError
        If an event is an error, or the answer's end has not come.
    """
    for event in events:
        if chunk := reader.read(event):
            yield chunk
    if last := reader.finish():
        yield last
    reader.ensure_whole()


async def aread_all(
    reader: Reader, events: AsyncIterable[Any]
) -> AsyncGenerator[AIMessageChunk, None]:
    """Async version of `read_all`."""
    async for event in events:
        if chunk := reader.read(event):
            yield chunk
    if last := reader.finish():
        yield last
    reader.ensure_whole()


def combined(chunks: Iterable[AIMessageChunk | None]) -> AIMessageChunk | None:
    """Return the one chunk that one event's chunks make."""
    there = [chunk for chunk in chunks if chunk is not None]
    return there[0] if len(there) == 1 else merge_chunks(there) if there else None


def free_call(index: Any, texts: list[str]) -> AIMessageChunk:
    """Return the input of a call that is a text, as JSON, which calls have everywhere else."""
    args = json.dumps({"input": encodable("".join(texts))}, ensure_ascii=False)
    return AIMessageChunk(tool_call_chunks=[{"args": args, "index": index}])


def image_at(url: Any) -> dict[str, Any] | None:
    """Return the block of an image with this address, which may hold all of it.

    Examples
    --------
    >>> image_at("data:image/png;base64,iVBO")
    {'type': 'image', 'mime_type': 'image/png', 'base64': 'iVBO'}
    """
    if not isinstance(url, str) or not url:
        return None
    if not url.startswith("data:"):
        return {"type": "image", "url": encodable(url)}
    head, _, data = url.removeprefix("data:").partition(",")
    return {"type": "image", "mime_type": head.partition(";")[0], "base64": data}


def stop_word(reason: str) -> str:
    """Return why an answer ended in the words that Anthropic's API has; other ones as they are."""
    return _STOPS.get(reason.lower(), reason.lower())


_STOPS = {
    "stop": "end_turn",
    "complete": "end_turn",
    "completed": "end_turn",
    "eos": "end_turn",
    "length": "max_tokens",
    "max_output_tokens": "max_tokens",
    "model_length": "model_context_window_exceeded",
    "function_call": "tool_use",
    "tool_call": "tool_use",
    "tool_calls": "tool_use",
    **dict.fromkeys(
        (
            "blocklist",
            "image_prohibited_content",
            "image_recitation",
            "image_safety",
            "prohibited_content",
            "recitation",
            "safety",
            "spii",
        ),
        "content_filter",
    ),
}
