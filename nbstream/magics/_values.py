"""What a value of the notebook looks like in a prompt."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

from .._exceptions import InputError
from .._files import read_whole
from ..conversation._prompt import MAX_IMAGE
from ..messages import BaseMessage
from ..messages._images import image_block, image_kind

__all__ = ["MAX_ROWS", "attached", "rendered", "table"]

MAX_ROWS = 50
"""Rows of a table that are sent."""
MAX_COLUMNS = 30
MAX_CELL = 200
"""Characters of one cell of a table."""


def rendered(value: Any, shown: str, notices: list[str]) -> str | dict[str, Any]:
    """Return a value as text, or as a content block where it is an image.

    Parameters
    ----------
    value
        A table becomes Markdown, a figure or image an attachment, a message its text, a list or
        dict JSON, and the rest what ``str`` makes of it.
    shown
        The expression, for notices.
    notices
        Gets a line where not all of a table is sent.

    Examples
    --------
    >>> rendered({"a": [1, 2]}, "{x}", [])
    '{"a":[1,2]}'
    """
    if isinstance(value, str):
        return value
    if isinstance(value, BaseMessage):
        return value.text
    if (columns_and_rows := _as_table(value)) is not None:
        return table(*columns_and_rows, shown, notices)
    if (image := _as_image(value)) is not None:
        return image_block(*image)
    if isinstance(value, (dict, list, tuple)):
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
        except (TypeError, ValueError):  # keys that JSON has not, or a list that holds itself
            return str(value)
    return str(value)


def table(
    columns: list[str], rows: list[list[Any]], count: int, shown: str, notices: list[str]
) -> str:
    """Return a Markdown table; what is left out is said in it and in the notices.

    Parameters
    ----------
    columns, rows
        What is sent of it.
    count
        How many rows the whole table has.
    shown, notices
        As for `rendered`.

    Examples
    --------
    >>> print(table(["fish", "n"], [["koi", 2]], 1, "{df}", []))
    | fish | n |
    | --- | --- |
    | koi | 2 |
    """
    left_out = len(columns) - MAX_COLUMNS
    columns = columns[:MAX_COLUMNS]
    lines = [columns, ["---"] * len(columns)]
    lines += [[_cell(item) for item in row[:MAX_COLUMNS]] for row in rows]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    missing = []
    if count > MAX_ROWS:
        missing.append(f"{count - MAX_ROWS:,} more rows")
    if left_out > 0:
        missing.append(f"{left_out:,} more columns")
    if missing:
        said = " and ".join(missing)
        text += f"\n(… {said})"
        notices.append(
            f"Of the table {shown} the first {MAX_ROWS} rows and {MAX_COLUMNS} columns are sent at "
            f"most; {said} are left out. A text such as {{df.to_csv()}} is sent whole."
        )
    return text


def _cell(value: Any) -> str:
    is_missing = isinstance(value, float) and math.isnan(value)
    text = "" if is_missing else f"{value:.6g}" if isinstance(value, float) else str(value)
    text = " ".join(text.split()).replace("|", "\\|")
    return text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"


def _as_table(value: Any) -> tuple[list[str], list[list[Any]], int] | None:
    """Read pandas' and polars' tables, without importing either."""
    kind = type(value).__name__
    if kind == "Series" and hasattr(value, "to_frame"):
        value = value.to_frame()
    elif kind != "DataFrame":
        return None
    if hasattr(value, "itertuples"):
        head = value.head(MAX_ROWS)
        columns = [_cell(name) for name in value.columns]
        rows = [list(row) for row in head.itertuples(index=False, name=None)]
        if type(value.index).__name__ != "RangeIndex":
            columns = [_cell(value.index.name or ""), *columns]
            rows = [[at, *row] for at, row in zip(head.index, rows, strict=True)]
        return columns, rows, len(value)
    if hasattr(value, "rows"):
        head = value.head(MAX_ROWS).rows()
        return [_cell(name) for name in value.columns], [list(r) for r in head], len(value)
    return None


def _as_image(value: Any) -> tuple[bytes, str] | None:
    """Read matplotlib's figures, Pillow's and IPython's images, and the bytes of image files."""
    if isinstance(value, (bytes, bytearray)):
        kind = image_kind(bytes(value))
        return (bytes(value), kind) if kind else None
    module = type(value).__module__.partition(".")[0]
    if module == "matplotlib" and not hasattr(value, "savefig") and hasattr(value, "get_figure"):
        value = value.get_figure()
    if module == "matplotlib" and hasattr(value, "savefig"):
        buffer = io.BytesIO()
        value.savefig(buffer, format="png")
        return buffer.getvalue(), "image/png"
    if module == "PIL" and hasattr(value, "save"):
        buffer = io.BytesIO()
        value.save(buffer, format="PNG")
        return buffer.getvalue(), "image/png"
    if module == "IPython" and type(value).__name__ == "Image" and isinstance(value.data, bytes):
        return _as_image(value.data)
    return None


def attached(name: str, namespace: dict[str, Any]) -> dict[str, Any]:
    """Return the image that ``--image`` names: a variable, or else a file.

    Raises
    ------
    InputError
        If there is neither, or it is no image that models take.
    """
    value = namespace.get(name, name)
    if isinstance(value, (str, Path)):
        try:
            value = read_whole(Path(value).expanduser(), MAX_IMAGE)
        except InputError as error:
            raise InputError(
                f"--image: {name!r} is no variable, and {error} Give a path, or the name of a "
                "figure or image."
            ) from None
    if (image := _as_image(value)) is None:
        what = "a file" if isinstance(value, bytes) else f"of type {type(value).__name__}"
        raise InputError(
            f"--image: {name!r} is {what}, and no image. "
            "Use a PNG, JPEG, GIF or WebP, a matplotlib figure or a Pillow image."
        )
    return image_block(*image)
