"""Images as content blocks."""

from __future__ import annotations

import base64
from typing import Any

__all__ = ["image_block", "image_kind"]

_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}


def image_kind(data: bytes) -> str | None:
    """Return the media type of an image that models take, by how its bytes begin; else None.

    Examples
    --------
    >>> image_kind(b"GIF89a"), image_kind(b"<svg>")
    ('image/gif', None)
    """
    for signature, kind in _SIGNATURES.items():
        if data.startswith(signature):
            return kind
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def image_block(data: bytes, kind: str) -> dict[str, Any]:
    """Return an image as a content block in Anthropic's form.

    Examples
    --------
    >>> image_block(b"...", "image/png")["source"]["media_type"]
    'image/png'
    """
    text = base64.b64encode(data).decode("ascii")
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": text}}
