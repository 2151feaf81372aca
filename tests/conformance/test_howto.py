"""How-to programs: they give here what they give on LangChain, unchanged but for the import."""

import inspect
from pathlib import Path

import pytest

from .howto import PROGRAMS
from .sides import langchain, ours, run

# What is not the same, with the reason, which docs/langchain.md has, too.
DIFFERENT = {
    # LangChain's `|` refuses a step that is none of its own, and so none of ours can stand there.
    "agents: langchains own in front": ("raised", "TypeError"),
}


def result(program, side):
    async def called(lc):
        value = program(lc)
        return await value if inspect.isawaitable(value) else value

    return run(called, side)


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in DIFFERENT])
def test_a_program_gives_the_same(name):
    theirs = result(PROGRAMS[name], langchain())
    assert not (isinstance(theirs, tuple) and theirs[0] == "raised")
    assert result(PROGRAMS[name], ours()) == theirs


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_differs_on_purpose(name):
    assert result(PROGRAMS[name], ours()) == DIFFERENT[name]
    assert result(PROGRAMS[name], langchain()) != DIFFERENT[name]


def test_nearly_all_of_them_run_unchanged():
    count = len(PROGRAMS)
    assert count >= 80
    assert len(DIFFERENT) <= count // 10
    said = (Path(__file__).parents[2] / "docs" / "langchain.md").read_text()
    assert f"{count} of them" in said
    assert f"and {count - len(DIFFERENT)} of\nthose run unchanged" in said
