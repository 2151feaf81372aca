"""How chunks of messages add up.

Every function here takes all parts at once, so that the work is linear in their size, and is
associative: whichever neighbours are added first, the sum is the same. That is what lets a page, a
log and a program each add up the stretch they have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .._exceptions import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ._types import Content, UsageMetadata

__all__ = ["add_usage", "merge_contents", "merge_dicts", "merge_lists", "merge_logprobs"]

# They say what a thing is; joined like texts they would name nothing.
_NAMES = frozenset({"id", "index", "media_type", "mime_type", "name", "type"})


def merge_contents(contents: Sequence[Content]) -> Content:
    """Add up contents: texts join, blocks merge by their index, the rest is listed."""
    if all(isinstance(content, str) for content in contents):
        return "".join(cast("Sequence[str]", contents))
    blocks: list[Any] = []
    for content in contents:
        blocks += [content] if isinstance(content, str) else content
    return _join_texts(merge_lists(blocks))


def merge_lists(items: Iterable[Any]) -> list[Any]:
    """Merge the dicts that share an ``index``, each at the place of the first; keep the rest.

    Of two dicts with one index and different ids, the second begins a new one: some endpoints give
    every tool call index 0.
    """
    merged: list[Any] = []
    groups: dict[Any, _Group] = {}
    for item in items:
        index = item.get("index") if isinstance(item, dict) else None
        if not isinstance(index, (int, str)):
            merged.append(item)
            continue
        group = groups.get(index)
        item_id = item.get("id") or None
        if group is None or (item_id is not None and item_id != group.id):
            group = groups[index] = _Group(item_id)
            merged.append(group)
        group.parts.append(item)
    return [merge_dicts(item.parts) if isinstance(item, _Group) else item for item in merged]


class _Group:
    def __init__(self, id: str | None) -> None:
        self.id = id
        self.parts: list[dict[str, Any]] = []


def merge_dicts(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Merge dicts key by key: texts join, dicts and lists merge, of other values the last counts.

    Raises
    ------
    InputError
        If a key has values of different types.
    """
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, list[Any]] = {}
    for part in parts:
        for key, value in part.items():
            columns.setdefault(key, []).append(value)
    return {key: _merge_values(key, values) for key, values in columns.items()}


def _merge_values(key: str, values: list[Any]) -> Any:
    values = [value for value in values if value is not None]
    if len(values) <= 1:
        return values[0] if values else None
    kind = type(values[0])
    for value in values:
        if type(value) is not kind:
            raise InputError(
                f"Chunks disagree on {key!r}: {values[0]!r:.40} and {value!r:.40} do not add up. "
                "Give it one type in all of them."
            )
    if key in _NAMES:
        return values[0]
    if kind is str:
        return "".join(values)
    if kind is dict:
        return merge_dicts(values)
    if kind is list:
        return merge_lists([item for value in values for item in value])
    return values[-1]


def merge_logprobs(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Join what chunks tell of their tokens, list by list; of other values the last counts."""
    merged: dict[str, Any] = {}
    for part in parts:
        for key, value in part.items():
            if isinstance(value, list) and isinstance(merged.get(key), list):
                merged[key] += value
            elif value is not None or key not in merged:
                merged[key] = [*value] if isinstance(value, list) else value
    return merged


def _join_texts(blocks: list[Any]) -> list[Any]:
    joined: list[Any] = []
    texts: list[str] = []
    for block in blocks:
        if (text := _plain_text(block)) is not None:
            texts.append(text)
            continue
        joined += _text_block(texts)
        texts = []
        joined.append(block)
    return joined + _text_block(texts)


def _text_block(texts: list[str]) -> list[Any]:
    text = "".join(texts)
    return [{"type": "text", "text": text}] if text else []


def _plain_text(block: Any) -> str | None:
    """Return the text of a block that is nothing but text: neighbours of this kind become one."""
    if isinstance(block, str):
        return block
    if isinstance(block, dict) and block.keys() == {"type", "text"} and block["type"] == "text":
        return cast("str", block["text"])
    return None


def add_usage(left: UsageMetadata | None, right: UsageMetadata | None) -> UsageMetadata | None:
    """Add up two counts of tokens, with their details."""
    if left is None or right is None:
        return left or right
    return cast("UsageMetadata", _add_counts(cast("Any", left), cast("Any", right)))


def _add_counts(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    total = dict(left)
    for key, value in right.items():
        if isinstance(value, dict):
            total[key] = _add_counts(total.get(key) or {}, value)
        else:
            total[key] = (total.get(key) or 0) + (value or 0)
    return total
