"""Which LangChain the programs are compared with."""

import sys
from importlib.metadata import version
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs" / "langchain.md"


def test_the_docs_name_the_version_that_the_programs_ran_on():
    used, said = version("langchain-core"), DOCS.read_text()
    if sys.version_info < (3, 11):  # the last that this Python can have
        assert used.startswith("1.7.")
        return
    assert f"on langchain-core {used} and" in said
    assert f"| in langchain-core {used.rpartition('.')[0]} |" in said
