"""Templates in mustache's form: ``{{name}}``, and sections. The one place that knows pystache."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ._exceptions import InputError, SetupError

__all__ = ["mustache_fill", "mustache_variables"]

_TAG = re.compile(r"\{\{\{\s*([^}]*?)\s*\}\}\}|\{\{\s*([#^/&!>=]?)\s*([^}]*?)\s*\}\}")
_ESCAPES = {"&": "&amp;", '"': "&quot;", "<": "&lt;", ">": "&gt;"}


def mustache_variables(template: str) -> list[str]:
    """Return the variables that a template needs, each once: a section's own gaps are its items'.

    Raises
    ------
    InputError
        If it cannot be read.

    Examples
    --------
    >>> mustache_variables("{{a.b}} {{#list}}{{item}}{{/list}}")
    ['a', 'list']
    """
    _parsed(template)
    names: dict[str, None] = {}
    sections: list[str] = []
    for tag in _TAG.finditer(template):
        kind, name = tag[2] or "", tag[1] or tag[3]
        if kind == "/":
            sections.pop()
        elif kind not in ("!", ">", "=") and not sections and name != ".":
            names[name.partition(".")[0]] = None
        if kind in ("#", "^"):
            sections.append(name)
    if sections:
        raise _unreadable(template, f"the section {sections[-1]!r} is not closed")
    return list(names)


def mustache_fill(template: str, values: Mapping[str, Any]) -> str:
    """Return the template with these values; as in LangChain, ``{{name}}`` is escaped for HTML."""
    # Without partials no file is read, and of plain values nothing is called or looked into.
    renderer = _pystache().Renderer(escape=_escaped, partials={}, missing_tags="ignore")
    return str(renderer.render(_parsed(template), _plain(values)))


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _parsed(template: str) -> Any:
    pystache = _pystache()
    if "{{" in _TAG.sub("", template):
        raise _unreadable(template, "a gap is not closed")
    try:
        return pystache.parse(template)
    except pystache.parser.ParsingError as error:
        raise _unreadable(template, str(error)) from None


def _unreadable(template: str, why: str) -> InputError:
    return InputError(
        f"The template {template!r:.120} is none of mustache's: {why}. Close each gap with }}}}, "
        "and each section as in {{#list}}…{{/list}}."
    )


def _pystache() -> Any:
    try:
        import pystache
    except ImportError:
        raise SetupError(
            "Templates of the format 'mustache' need a library. "
            'Run `pip install "nbstream[mustache]"` and restart the kernel.'
        ) from None
    return pystache
