"""The versions that `docs/watch.md` says were tested are those that the tests are run with."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PINS = ("constraints.txt", "tests/interop/constraints.txt")
ROW = re.compile(r"^\| ([^|]+) \| ([^|]*\d\.\d[^|]*) \|", re.MULTILINE)
VERSION = re.compile(r"\d+(?:\.\d+)+")
PIN = re.compile(r"^([\w.-]+)==([^\s;]+)", re.MULTILINE)
PACKAGES = {"opentelemetry": "opentelemetry-api", "pydantic-ai": "pydantic-ai-slim"}
"""What is installed, where it has not the library's name."""

ROWS = ROW.findall((ROOT / "docs/watch.md").read_text(encoding="utf-8"))


def pinned(names):
    """Return the versions that these packages are pinned to, for one Python or another."""
    texts = ((ROOT / path).read_text(encoding="utf-8") for path in PINS)
    pins = [pin for text in texts for pin in PIN.findall(text)]
    return {version for name, version in pins if name.lower().replace("_", "-") in names}


def packages(row, versions):
    names = [name.strip().lower().replace("_", "-") for name in row.split(",")]
    if "core" in versions:
        names += [f"{name}-core" for name in names]
    return {PACKAGES.get(name, name) for name in names}


def test_both_tables_are_found():
    names = [name for name, _ in ROWS]
    assert {"openai", "transformers", "httpx, httpx2", "llama-index"} <= {*names}
    assert names.count("dspy") == names.count("llama-index") == 2


@pytest.mark.parametrize(("row", "versions"), ROWS, ids=[f"{name}: {at}" for name, at in ROWS])
def test_a_version_in_the_table_is_one_that_is_pinned(row, versions):
    found = {*VERSION.findall(versions)}
    assert found
    assert found <= pinned(packages(row, versions))
