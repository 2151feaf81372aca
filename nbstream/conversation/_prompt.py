"""A prompt as a message: text, and images from files or bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._exceptions import InputError
from .._files import read_whole
from .._shown import brief
from ..messages import HumanMessage
from ..messages._images import image_block, image_kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["MAX_IMAGE", "image_of", "images_in", "prompt_of"]

MAX_IMAGE = 5_000_000
"""Bytes of one image."""


def prompt_of(text: str, images: Sequence[Any] = ()) -> HumanMessage:
    """Return the message to send.

    Parameters
    ----------
    text
        The prompt.
    images
        Files, bytes, or content blocks that are images already.

    Raises
    ------
    InputError
        If there is nothing to send, or something is no image.
    """
    if not text.strip() and not images:
        raise InputError("The prompt is empty. Write a text, or attach an image.")
    if not images:
        return HumanMessage(text)
    blocks = [one if isinstance(one, dict) else image_of(one) for one in images]
    return HumanMessage([*blocks, {"type": "text", "text": text}] if text.strip() else blocks)


def images_in(prompt: HumanMessage) -> list[dict[str, Any]]:
    """Return a prompt's images, as content blocks."""
    blocks = prompt.content if isinstance(prompt.content, list) else []
    return [one for one in blocks if isinstance(one, dict) and one.get("type") == "image"]


def image_of(image: str | Path | bytes) -> dict[str, Any]:
    """Return an image as a content block.

    Raises
    ------
    InputError
        If it cannot be read, is no PNG, JPEG, GIF or WebP, or is too large.
    """
    data = image if isinstance(image, bytes) else read_whole(image, MAX_IMAGE)
    kind = image_kind(data)
    if kind is None:
        raise InputError(
            f"{brief(image)} is no PNG, JPEG, GIF or WebP. Save the image as one of these."
        )
    if len(data) > MAX_IMAGE:
        raise InputError(
            f"The image has {len(data):,} bytes, and {MAX_IMAGE:,} can be sent. Make it smaller."
        )
    return image_block(data, kind)
