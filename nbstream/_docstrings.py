"""What a docstring in Google's style says of a function and its arguments."""

from __future__ import annotations

import inspect
import re

__all__ = ["described"]

_SECTIONS = r"(?:Args|Arguments|Returns?|Yields?|Raises|Examples?|Notes?)"


def described(docstring: str) -> tuple[str, dict[str, str]]:
    r"""Return what comes before the section ``Args:``, and that section's words by argument.

    Examples
    --------
    >>> described("Add.\n\nArgs:\n    a: The first\n        number.\n    b (int): The other.")
    ('Add.', {'a': 'The first number.', 'b': 'The other.'})
    """
    text = inspect.cleandoc(docstring)
    head, *sections = re.split(rf"^({_SECTIONS}):[ \t]*$", text, flags=re.M)
    found: dict[str, str] = {}
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        if not title.startswith("Arg"):
            continue
        name = ""
        for line in inspect.cleandoc(body).splitlines():
            if begun := re.match(r"\*{0,2}(\w+)(?: *\([^)]*\))?: *(.*)", line):
                name = begun[1]
                found[name] = begun[2]
            elif name and line.strip():
                found[name] = f"{found[name]} {line.strip()}".strip()
    return " ".join(head.split()), found
