"""Each sentence that a test names is still said, and README says nothing that no test holds."""

from importlib.metadata import metadata

import pytest

from .promises import NO_BEHAVIOUR, documents, listed, sentences, untested

PAGE = """# Head

One **thing**. `two` is
[here](x.md): so.

- Three

```py
x = 1
```
| a | `b` |
"""


def test_a_page_is_taken_apart_into_sentences():
    assert list(sentences(PAGE)) == ["One thing.", "two is here: so.", "Three", "a | b"]


def test_every_sentence_that_a_test_names_is_still_said():
    assert listed()[1] == []


def test_readme_says_nothing_that_no_test_holds():
    # A new sentence wants a test that names it; if it is none about behaviour, see NO_BEHAVIOUR.
    assert untested("README.md") == []
    said = documents()["README.md"]
    assert [part for part in NO_BEHAVIOUR if not any(part in one for one in said)] == []


@pytest.mark.promise("README.md", "With a key for Claude, pip install nbstream is enough")
def test_claudes_sdk_comes_along():
    needed = metadata("nbstream").get_all("Requires-Dist")
    assert any(one.startswith("anthropic") and "extra" not in one for one in needed)


@pytest.mark.promise("README.md", "Python 3.10 or newer")
def test_pythons():
    assert metadata("nbstream")["Requires-Python"] == ">=3.10"
