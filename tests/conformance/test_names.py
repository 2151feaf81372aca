"""Every public name of langchain-core's rooms is here, or an error says what to use."""

import importlib
from pathlib import Path

import pytest

import nbstream
from nbstream._elsewhere import _NAMES, where_else

ROOMS = ("runnables", "prompts", "messages", "tools", "output_parsers")
PUBLIC = [
    (room, name)
    for room in ROOMS
    for name in importlib.import_module(f"langchain_core.{room}").__all__
]
DOCS = (Path(__file__).parents[2] / "docs" / "langchain.md").read_text()


@pytest.mark.parametrize(("room", "name"), PUBLIC)
def test_a_name_is_here_or_is_said_where_it_is(room, name):
    if name in nbstream.__all__:
        assert where_else(name) is None
        return
    with pytest.raises(ImportError, match=rf"from langchain_core\.{room} import {name}\. .* here"):
        exec(f"from nbstream import {name}", {})
    assert not hasattr(nbstream, name)
    assert name.startswith("_") or f"`{name}`" in DOCS


def test_no_name_is_in_the_table_that_langchain_does_not_have():
    known = {(room, name) for (room, _), names in _NAMES.items() for name in names}
    assert known <= set(PUBLIC)
