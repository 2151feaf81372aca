"""What README, docs and docstrings promise, and which test holds it.

``python -m tests.promises`` prints the list. A test names the sentence that it holds, or a part of
it, in the words of the document::

    @pytest.mark.promise("README.md", "copying leaves them out")

In TypeScript it is a comment above the test: ``// promise("README.md", "…")``. For a docstring the
document is the name of what has it: ``"nbstream.show"``. SECURITY.md names its tests itself. The
list is read off the documents and the tests each time, so there is no copy of it to keep.
"""

import ast
import inspect
import re
import sys
from collections import defaultdict
from pathlib import Path

import nbstream

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "SECURITY.md", "docs/*.md")

NO_BEHAVIOUR = (
    "Watch a language model work",
    "In a shell:",
    "Or in a notebook's cell; then restart",
    "On disk, nbstream takes about",  # measured in a new environment, by hand
    "jupyter lab opens JupyterLab",
    "In a new notebook, two cells:",
    "If not:",
    # What another program does in an environment that it was not installed in.
    "Jupyter runs in another environment",
    "pip install anywidget there",
    "name | what it is | needs",
    "both need Node 20.19+",
    "make lab opens the quickstart",
    "CONTRIBUTING.md, CHANGELOG.md",
    "MIT.",
)
"""Parts of README's sentences that promise nothing which a test could hold."""


def plain(text):
    """Return a text as a reader sees it: without markup, and with one space between words."""
    text = re.sub(r"^```.*?^```$", "\n\n", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<[a-z/][^>]*>", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return text.replace("**", "")


def sentences(text):
    """Yield the sentences of a page, a row of a table as one."""
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*[-|#] ?)", plain(text)):
        words = " ".join(paragraph.split())
        if words.startswith("#") or not re.search(r"[a-z]", words):
            continue
        if words.startswith("|"):
            yield words.strip("| ").replace("`", "")
            continue
        for sentence in re.split(r"(?<=[.!?]) (?=[A-Z`{(%])", words.removeprefix("- ")):
            yield sentence.replace("`", "")


def docstrings():
    """Yield each public name that has a docstring, with what it says before its examples."""
    for name in nbstream.__all__:
        thing = getattr(nbstream, name)
        yield f"nbstream.{name}", inspect.getdoc(thing)
        if inspect.isclass(thing):
            for attribute, value in vars(thing).items():
                if not attribute.startswith("_"):
                    yield f"nbstream.{name}.{attribute}", getattr(value, "__doc__", None)


def documents():
    """Return the sentences of each document, by its name."""
    found = {}
    for pattern in DOCUMENTS:
        for path in sorted(ROOT.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            found[path.relative_to(ROOT).as_posix()] = list(sentences(text))
    for name, text in docstrings():
        if isinstance(text, str) and name.count(".") < 3:
            described = re.split(r"^\s*Examples\n\s*-+$", text, maxsplit=1, flags=re.MULTILINE)[0]
            found[name] = list(sentences(inspect.cleandoc(described)))
    return found


def named():
    """Yield each promise that a test names: the document, the words, the test."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        here = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith(".promise"):
                        document, words = map(ast.literal_eval, mark.args)
                        yield document, words, f"{here}::{node.name}"
    for path in sorted((ROOT / "js" / "tests").rglob("*.test.ts")):
        text = path.read_text(encoding="utf-8")
        for hit in re.finditer(r'^\s*// promise\("([^"]+)", "(.+)"\)$', text, re.MULTILINE):
            title = re.search(r'\b(?:it|test|each\(.*\))\("([^"]+)"', text[hit.end() :])
            where = title[1] if title else "?"
            yield hit[1], hit[2], f"{path.relative_to(ROOT).as_posix()}: {where}"
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    for words, test in re.findall(r"^\| (.+?) \| `((?:tests|js)/[^`]+)` \|$", security, re.M):
        yield "SECURITY.md", words, test


def listed():
    """Return the tests of each sentence by document, and the promises that no document makes."""
    found = documents()
    tests = {name: {sentence: [] for sentence in said} for name, said in found.items()}
    lost = []
    for document, words, test in named():
        part = " ".join(plain(words).replace("`", "").split())
        places = [sentence for sentence in tests.get(document, ()) if part in sentence]
        if not places:
            lost.append(f"{test}: {document} does not say {part!r}")
        for sentence in places:
            tests[document][sentence].append(test)
    return tests, lost


def has_behaviour(sentence):
    return not any(part in sentence for part in NO_BEHAVIOUR)


def untested(document):
    """Return the sentences of a document that promise something and have no test."""
    tests = listed()[0][document]
    return [sentence for sentence, names in tests.items() if not names and has_behaviour(sentence)]


def main():
    tests, lost = listed()
    counts = defaultdict(lambda: [0, 0])
    for document, said in tests.items():
        print(f"\n## {document}\n")
        for sentence, names in said.items():
            kind = document if document.endswith(".md") else "docstrings"
            counts[kind][0] += bool(names)
            counts[kind][1] += 1
            print(f"- {sentence}")
            for name in names or ("(no test names it)",):
                print(f"    - {name}")
    print("\n## How many sentences have a test that names them\n")
    for kind, (held, count) in counts.items():
        print(f"- {kind}: {held} of {count}")
    return "\n".join(lost) or None


if __name__ == "__main__":
    sys.exit(main())
