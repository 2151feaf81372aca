"""What ``--to`` makes of an answer, and the tables of ``%chat``.

What a model says is hostile text: it is escaped, or shown where it can do nothing.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from html import escape, unescape
from itertools import islice
from typing import TYPE_CHECKING, Any

from .._exceptions import InputError, ParseError
from .._shown import printable
from ..messages import BaseMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["code_blocks", "find_json", "frame_of", "safe_markdown", "safe_math", "show_as", "table"]

MAX_TRIES = 1_000
"""Brackets that are looked at as the beginning of JSON."""
# The lookaheads keep a long row of marks from being tried at every length.
_FENCE = re.compile(
    r"^ {0,3}(`{3,}(?!`)|~{3,}(?!~))[^\n]*\n(.*?)(?:^ {0,3}\1[`~]*[ \t]*$|\Z)", re.M | re.S
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
_SCHEMES = ("http", "https", "mailto")
# TeX that makes links, loads code or hides what it makes: names that MathJax knows.
_TEX = re.compile(
    r"\\(href|url|html\w*|data|style|class|cssId|require|csname|unicode|mmlToken|def|let|edef|gdef"
    r"|newcommand|renewcommand|newenvironment|includegraphics)(?![A-Za-z])"
)


def show_as(kind: str, text: str, value: Any, shell: Any) -> None:
    """Show an answer in another form, below the view.

    Parameters
    ----------
    kind
        One of `KINDS`.
    text
        The answer's text.
    value
        The answer: a message, or what a chain or schema gave.
    shell
        IPython's, which offers new cells.

    Raises
    ------
    ParseError
        If the answer has no code block or no JSON where that is asked for.
    """
    from IPython.display import display

    if kind == "code":
        blocks = code_blocks(text)
        if not blocks:
            raise ParseError(
                "--to code: there is no code block in the answer. Ask for one in the prompt."
            )
        shell.set_next_input("\n\n".join(blocks), replace=False)
        return
    data = {"text/plain": printable(text)}
    if kind == "markdown":
        data["text/markdown"] = safe_markdown(text)
    elif kind == "math":
        data["text/latex"] = safe_math(text)
    elif kind == "html":
        data["text/html"] = frame_of(text)
    elif kind == "json":
        found = _as_json(value) if not isinstance(value, str) else None
        found = find_json(text) if found is None else found
        data["text/plain"] = printable(json.dumps(found, ensure_ascii=False, indent=2))
        data["application/json"] = found
    display(data, raw=True)


def _as_json(value: Any) -> Any:
    if hasattr(value, "model_dump") and not isinstance(value, BaseMessage):
        return value.model_dump(mode="json")
    return value if isinstance(value, (dict, list)) else None


def code_blocks(text: str) -> list[str]:
    r"""Return the fenced blocks of a Markdown text.

    Examples
    --------
    >>> code_blocks("Do this: \n```python\nx = 1\n```\nand be glad.")
    ['x = 1']
    """
    return [block for found in _FENCE.finditer(text) if (block := found[2].strip("\n"))]


def find_json(text: str) -> Any:
    """Return the JSON in an answer: all of it, a code block, or the first object or list in it.

    Raises
    ------
    ParseError
        If there is none.

    Examples
    --------
    >>> find_json('Here you are: {"n": 1} Enjoy!')
    {'n': 1}
    """
    decoder = json.JSONDecoder(strict=False)
    for candidate in (text, *code_blocks(text)):
        with suppress(ValueError, RecursionError):
            return decoder.decode(candidate.strip())
    for start in islice(re.finditer(r"[\[{]", text), MAX_TRIES):
        with suppress(ValueError, RecursionError):
            return decoder.raw_decode(text, start.start())[0]
    raise ParseError(
        f"--to json: there is no JSON in the answer, which begins {text.strip()[:60]!r}. "
        "Ask for JSON in the prompt, raise --max-tokens if it was cut off, or use --schema."
    )


def safe_markdown(text: str) -> str:
    """Return Markdown in which HTML is only text, and links lead to the web or nowhere.

    Notebooks clean what they draw of Markdown; a page made of one by nbconvert does not. A tag is
    broken by a space of no width, for that is as good in text as in code: which of the two a place
    is, Markdown's many readers do not agree on.

    Examples
    --------
    >>> safe_markdown("**Hi** <script>alert(1)</script> 1 < 2").replace("\u200b", "_")
    '**Hi** <_script>alert(1)<_/script> 1 < 2'
    """
    parts, place = [], 0
    for begin, end in _certain_code(text):
        parts += [_broken(text[place:begin]), text[begin:end]]
        place = end
    return "".join([*parts, _broken(text[place:])])


def _certain_code(text: str) -> list[tuple[int, int]]:
    """Return where every reader sees code, so that it can be copied as it is.

    That is between plain fences, in a text that has no other use of what fences are made of.
    """
    marks = list(re.finditer(r"(?m)^.*(?:```|~~~|\$\$|\\\[|\\begin).*$", text))
    plain = [(r"```[\w+#.-]*", r"```")[number % 2] for number in range(len(marks))]
    if len(marks) % 2 or not all(map(_is_all, plain, marks)):
        return []
    return [(a.end(), b.start()) for a, b in zip(marks[::2], marks[1::2], strict=True)]


def _is_all(pattern: str, found: re.Match[str]) -> bool:
    return re.fullmatch(pattern, found[0]) is not None


def _broken(text: str) -> str:
    text = re.sub(r"<(?=[A-Za-z/!?])", "<\u200b", text)
    return re.sub(r"\](\(\s*|:\s*)(?=(\S{1,400}))", _link, text)


def _link(found: re.Match[str]) -> str:
    target = re.sub(r"[\\\x00-\x20]", "", unescape(found[2]))
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", target)
    if scheme and scheme[1].lower() not in _SCHEMES:
        return f"] {found[1]}"  # with a space between, it is no link
    return found[0]


def safe_math(text: str) -> str:
    r"""Return TeX without what is no mathematics: links, scripts, definitions.

    Examples
    --------
    >>> print(safe_math(r"x^2 \href{javascript:alert(1)}{y}"))
    $$x^2 \text{href}{javascript:alert(1)}{y}$$
    """
    blocks = code_blocks(text)
    text = "\n".join(blocks) if blocks else text.strip()
    text = _TEX.sub(r"\\text{\1}", text)
    text = re.sub(r"<(?=[A-Za-z/!?])", "< ", text)  # no tag; in mathematics the same
    has_marks = "$" in text or "\\(" in text or "\\[" in text or "\\begin" in text
    return text if has_marks else f"$${text}$$"


def frame_of(text: str) -> str:
    """Return a frame with the answer's HTML, in which no script runs and nothing is loaded.

    Examples
    --------
    >>> "<script>" in frame_of("<script>alert(1)</script>")
    False
    """
    blocks = code_blocks(text)
    page = "\n".join(blocks) if blocks else text
    page = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">{page}'
    return (
        '<iframe sandbox="" referrerpolicy="no-referrer" title="The answer as a page" '
        'style="width:100%;height:24em;border:1px solid var(--jp-border-color2,#ccc);'
        f'background:#fff" srcdoc="{escape(page)}"></iframe>'
    )


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> None:
    """Display a table, as HTML and as text.

    Raises
    ------
    InputError
        If a row has another length than the headers.
    """
    from IPython.display import display

    if any(len(row) != len(headers) for row in rows):
        raise InputError("A table's rows must be as long as its headers.")
    text = printable(_as_text(headers, rows, caption))
    display({"text/plain": text} | _as_html(headers, rows, caption), raw=True)


def _as_html(headers: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> dict[str, str]:
    style = ' style="text-align:left;white-space:pre-wrap;vertical-align:top"'
    lines = ["<table>"]
    if caption:
        lines.append(f'<caption style="text-align:left">{escape(caption)}</caption>')
    if any(headers):
        heads = "".join(f'<th scope="col"{style}>{escape(head)}</th>' for head in headers)
        lines.append(f"<thead><tr>{heads}</tr></thead>")
    lines.append("<tbody>")
    for row in rows:
        lines.append(f"<tr>{''.join(f'<td{style}>{escape(cell)}</td>' for cell in row)}</tr>")
    return {"text/html": "".join([*lines, "</tbody></table>"])}


def _as_text(headers: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    flat = [[" ".join(cell.split()) for cell in row] for row in (headers, *rows)]
    widths = [max(map(len, column)) for column in zip(*flat, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in flat]
    return "\n".join([caption] * bool(caption) + lines[0 if any(headers) else 1 :])
