"""The linter of words finds what it is for, and finds none of it here."""

import pytest

from .words import BETTER, complaints, found, page_texts


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("What has come stays.", ["What has come"]),
        ("The figures stand below,\nbegun anew.", ["stand", "figures", "anew"]),
        ("`{x}` stands for a value; the text stands in for it. A matplotlib figure.", []),
        ("A piece of text", ["piece"]),
    ],
)
def test_a_phrase_with_a_better_one_is_found(text, phrases):
    assert sorted(phrase for _, phrase, _ in found(text)) == sorted(phrases)
    assert all(better in BETTER.values() for *_, better in found(text))


PAGE = """// A figure in a comment
import { figures } from "./figures"; /* "anew" */
const mark = /["`]/; element("b", { title: "Show all figures" }, `${figures(state)} more`);
"""


def test_the_texts_of_the_front_end_are_read_and_nothing_else_of_it():
    assert list(page_texts(PAGE)) == [(3, "Show all figures"), (3, "… more")]


def test_no_page_docstring_message_or_label_has_one():
    assert list(complaints()) == []
