"""The words we use: ``python -m tests.words`` lists what a reader would stumble over.

It reads the pages, the notebooks of examples, the docstrings and texts in ``nbstream/``, and the
texts of the front end (labels, titles, messages) in ``js/src/``: what people read. One word for one
thing, the field's own where it has one, and no idiom of ours.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ("*.md", "docs/*.md", "examples/*.ipynb")
# What the wire formats are called is their own business.
LEFT_OUT = ROOT / "nbstream" / "wire"

BETTER = {
    r"what (?:has|had) come": "the text received so far",
    r"\bstands?\b(?! (?:in )?for\b)": "is, is displayed",
    r"\bon show\b": "displayed",
    r"\brooms\b": "modules",
    r"(?<!matplotlib's )\bfigures\b": "metrics: a figure is a picture",
    r"\bmakes? (?:the )?rounds\b": "sends",
    r"\banew\b": "again",
    r"\bpage's side\b": "front end",
    r"\bpieces?\b": "chunk, delta or part",
    r"\bmend(?:s|ed)?\b": "fix, correct",
    r"\bended by\b": "stop reason",
    r"\bbranch (?:before|after)\b": "previous version, next version",
    r"\bsimply\b|\bjust works\b|\bseamless": "(leave it out)",
}


def found(text):
    """Return each phrase in a text that has a better one, with that."""
    hits = []
    for pattern, better in BETTER.items():
        for hit in re.finditer(pattern, text, re.IGNORECASE):
            hits.append((text.count("\n", 0, hit.start()), hit[0], better))
    return hits


def texts(path):
    """Yield the texts of a Python module that people read, with the line of each."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


# A text in TypeScript. Comments and patterns are read over.
SCRIPT = re.compile(
    r"""//[^\n]* | /\*.*?\*/
    | (?<=[=(,:!&|?\s]) / (?: [^/\\\n[] | \\. | \[ (?: [^]\\\n] | \\. )* \] )+ /
    | ( "(?: [^"\\\n] | \\. )*" | ` (?: [^`\\] | \\. )* ` )""",
    re.DOTALL | re.VERBOSE,
)


def page_texts(source):
    """Yield the texts of a TypeScript module that people read, with the line of each.

    One word alone that begins small is a name for the program: of a class, an event, a key.
    """
    for hit in SCRIPT.finditer(source):
        text = re.sub(r"\$\{[^}]*\}", "…", (hit[1] or "")[1:-1])  # what is in there is code
        if " " in text.strip() or text[:1].isupper():
            yield source.count("\n", 0, hit.start()) + 1, text


def complaints():
    for pattern in PAGES:
        for path in sorted(ROOT.glob(pattern)):
            for line, phrase, better in found(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(ROOT)}:{line + 1}: {phrase!r}: better: {better}"
    for path in sorted((ROOT / "js" / "src").rglob("*.ts")):
        for begin, text in page_texts(path.read_text(encoding="utf-8")):
            for line, phrase, better in found(text):
                yield f"{path.relative_to(ROOT)}:{begin + line}: {phrase!r}: better: {better}"
    for path in sorted((ROOT / "nbstream").rglob("*.py")):
        if LEFT_OUT in path.parents:
            continue
        for begin, text in texts(path):
            for line, phrase, better in found(text):
                yield f"{path.relative_to(ROOT)}:{begin + line}: {phrase!r}: better: {better}"


if __name__ == "__main__":
    sys.exit("\n".join(complaints()) or None)
