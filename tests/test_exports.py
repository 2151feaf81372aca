import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

import nbstream

ROOT = Path(nbstream.__file__).parent


def modules():
    return [
        info.name
        for info in pkgutil.walk_packages([str(ROOT)], "nbstream.")
        if "static" not in info.name
    ]


def test_every_public_name_is_there_and_has_a_home():
    assert nbstream.__all__ == sorted(nbstream.__all__)
    assert set(nbstream._HOME) | {"__version__"} == set(nbstream.__all__)
    for name in nbstream.__all__:
        assert getattr(nbstream, name) is not None
    assert dir(nbstream) == nbstream.__all__


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        nbstream.nothing  # noqa: B018


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_is_public(name):
    module = importlib.import_module(name)  # ruff keeps the lists sorted
    assert name.endswith("_version") or all(hasattr(module, n) for n in module.__all__)


@pytest.mark.parametrize("name", nbstream.__all__)
def test_every_public_name_is_documented_with_an_example(name):
    # The examples run as doctests.
    assert name == "__version__" or "\n>>> " in inspect.getdoc(getattr(nbstream, name))


# `messages` < `wire`, `events` < `runnables` < `models`, `sources`, … < `widget` < `magics`
RANK = {
    "_version": 0,
    "_exceptions": 0,
    "_secrets": 0,
    "_iterate": 0,
    "_in_place": 0.3,
    "_threads": 0.3,
    "_archive": 0.6,
    "_elsewhere": 0,
    "_mustache": 0.7,
    "_docstrings": 0,
    "_files": 0.5,
    "_loops": 0.5,
    "_shown": 0.5,
    "messages": 1,
    "wire": 1.5,
    "events": 2,
    "runnables": 3,
    "_signatures": 3.2,
    "tools": 3.5,
    "_prompt_values": 3.5,
    "_templates": 1,
    "prompts": 4,
    "output_parsers": 4,
    "watching": 3.6,
    "sources": 3.7,
    "models": 4,
    "agents": 4.3,
    "jobs": 4.5,
    "batch": 4.7,
    "conversation": 4.7,
    "widget": 5,
    "magics": 6,
}


@pytest.mark.promise("docs/architecture.md", "tests/test_exports.py holds them to it")
def test_imports_point_one_way():
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts == ("__init__",):
            continue
        here = parts[0]
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom) or node.level != len(parts):
                continue  # not from another room
            rooms = [node.module] if node.module else [name.name for name in node.names]
            for there in {room.split(".")[0] for room in rooms} - {here}:
                assert RANK[there] < RANK[here], f"{path.name} imports {there}"
                siblings = {"models", "prompts", "output_parsers"}
                assert not {here, there} <= siblings, f"{path.name} imports {there}"


def test_in_runnables_one_place_looks_classes_up_late():
    late = [
        f"{path.name}:{node.lineno}"
        for path in (ROOT / "runnables").glob("*.py")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert late == []
