"""Texts and content blocks with gaps: what variables they need, and how they are filled."""

from __future__ import annotations

import re
from string import Formatter
from typing import Any

from ._exceptions import InputError
from ._mustache import mustache_fill, mustache_variables
from ._shown import brief

__all__ = ["check_format", "content_of", "fill", "filled", "too_wide", "variables", "variables_of"]


def check_format(name: str) -> None:
    """Refuse a template's format that there is none of here.

    Raises
    ------
    InputError
        It says why, and what to use.
    """
    if name in ("f-string", "mustache"):
        return
    if name == "jinja2":
        raise InputError(
            "Templates of the format 'jinja2' can run code of whoever wrote them: there are none "
            "here. Write the gaps as {name}, or render the text with jinja2 yourself."
        )
    raise InputError(f"There is no template format {brief(name)}. Use 'f-string' or 'mustache'.")


def content_of(template: Any) -> Any:
    """Return a template's text, or its blocks, each whole: with its type, an image in a dict."""
    return list(map(_block, template)) if isinstance(template, (list, tuple)) else template


def _block(block: Any) -> Any:
    if isinstance(block, str):
        return {"type": "text", "text": block}
    if not isinstance(block, dict):
        raise InputError(
            f"A message's blocks are texts and dicts, not {brief(block)}. "
            'For a text: {"type": "text", "text": "…"}.'
        )
    if "text" in block and block.keys() <= {"type", "text"}:
        return {**block, "type": "text"}
    if "image_url" not in block or not block.keys() <= {"type", "image_url"}:
        return block
    url = block["image_url"]
    image = {"url": url} if isinstance(url, str) else url
    if not isinstance(image, dict) or "path" in image:
        raise InputError(
            f"An image is given by its address, not by {brief(url)}. "
            'Write {"type": "image_url", "image_url": {"url": "https://…"}}.'
        )
    return {"type": "image_url", "image_url": image}


def variables_of(content: Any, form: str = "f-string") -> list[str]:
    if isinstance(content, str):
        return variables(content, form)
    if isinstance(content, dict):
        return [name for item in content.values() for name in variables_of(item, form)]
    if isinstance(content, (list, tuple)):
        return [name for item in content for name in variables_of(item, form)]
    return []


def filled(content: Any, values: dict[str, Any], form: str = "f-string") -> Any:
    if isinstance(content, str):
        return fill(content, values, form)
    if isinstance(content, dict):
        return {key: filled(item, values, form) for key, item in content.items()}
    if isinstance(content, (list, tuple)):
        return type(content)([filled(item, values, form) for item in content])
    return content


def fill(template: str, values: dict[str, Any], form: str = "f-string") -> str:
    if form == "mustache":
        return mustache_fill(template, values)
    try:
        return Formatter().vformat(template, (), values)
    except (LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"The template {template!r:.120} cannot be filled: {type(error).__name__}: {error}. "
            "Check what follows a ':' or '!' in its braces."
        ) from None


def variables(template: str, form: str = "f-string") -> list[str]:
    if form == "mustache":
        return mustache_variables(template)
    try:
        fields = [field for field in Formatter().parse(template) if field[1] is not None]
    except ValueError as error:
        raise InputError(
            f"The template {template!r:.120} has a stray brace ({error}). "
            "Write a literal brace as {{ or }}."
        ) from None
    names = []
    for _, name, spec, _ in fields:
        if not str(name).isidentifier():
            raise InputError(
                f"The template {template!r:.120} has {{{name}}}, which is not a variable's name. "
                "Write a literal brace as {{ or }}."
            )
        names.append(str(name))
        # Python would fill gaps in here, too, and those could read attributes.
        if spec and ("{" in spec or "}" in spec):
            variables(spec)
            raise InputError(
                f"The template {template!r:.120} has braces after the ':' of {{{name}}}. "
                "Write the format itself there, as in {price:.2f}."
            )
        if spec and (number := too_wide(spec)):
            raise InputError(
                f"The template {template!r:.120} formats {{{name}}} with {number:.20}, which is "
                f"too wide: use {WIDEST:,} at most."
            )
    return names


WIDEST = 10_000


def too_wide(spec: str) -> str | None:
    """Return the number in a format that would make a text longer than anybody reads.

    ``{x:>999999999}`` makes a gigabyte out of nothing.

    Examples
    --------
    >>> too_wide(">999999999"), too_wide(".2f")
    ('999999999', None)
    """
    numbers = re.findall(r"\d+", spec)
    return next((n for n in numbers if len(n) > 20 or int(n) > WIDEST), None)
