"""Putting the taps and hooks where they belong, and taking them away again.

Only libraries that are imported are touched; those that are imported later, while somebody watches,
then.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections import Counter
from importlib.abc import MetaPathFinder
from threading import RLock
from typing import TYPE_CHECKING, Any

from ._guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["HOOKS", "TAPS", "install", "uninstall"]

HOOKS = {
    "agents": "_agents",
    "aiohttp": "_aiohttp",
    "dspy": "_dspy",
    "httpx": "_httpx",
    "httpx2": "_httpx",
    "langchain_core.tracers.context": "_langchain",
    "llama_index_instrumentation": "_llama_index",
    "opentelemetry.trace": "_opentelemetry",
    "pydantic_ai": "_pydantic_ai",
    "requests": "_requests",
}
"""Our module for each library; its ``tap`` puts a hook there, and returns what takes it away."""

TAPS = ("aiohttp", "httpx", "httpx2", "requests")
"""Those of them that requests go through."""

_lock = RLock()
_wanted: Counter[str] = Counter()  # how many want each of them to be there
_undo: dict[str, Callable[[], None]] = {}


def install(names: Iterable[str] = tuple(HOOKS)) -> None:
    """Put hooks into what is imported, and into what will be, once it is."""
    with _lock:
        if _finder not in sys.meta_path:
            sys.meta_path.insert(0, _finder)
        for name in names:
            _wanted[name] += 1
            module = sys.modules.get(name)
            # While it is being imported by another thread, it is hooked at the end of that.
            spec = getattr(module, "__spec__", None)
            if module is not None and not getattr(spec, "_initializing", False):
                _hook(name, module)


def uninstall(names: Iterable[str] = tuple(HOOKS)) -> None:
    """Undo what `install` did, where nobody else wants it any more."""
    with _lock:
        _wanted.subtract(names)
        for name in [name for name in reversed(_undo) if not _wanted[name]]:
            Guard(name)(_undo.pop(name))
        if not any(_wanted.values()) and _finder in sys.meta_path:
            sys.meta_path.remove(_finder)


def _hook(name: str, module: ModuleType) -> None:
    if name in _undo:
        return
    ours = importlib.import_module(f".{HOOKS[name]}", __package__)
    undo = Guard(name)(ours.tap, module)
    if undo is not None:
        _undo[name] = undo


class _Finder(MetaPathFinder):
    """Finds a library as it would be found without us, and hooks it once it has been imported."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if not _wanted[fullname]:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            if (spec := find(fullname, path, target)) is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader)
                return spec  # type: ignore[no-any-return]
        return None


class _Loader:
    """A library's own loader, with one step after its last."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        if name == "_loader":
            raise AttributeError(name)
        return getattr(self._loader, name)

    def exec_module(self, module: ModuleType) -> None:
        # The library is to know nothing of this.
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        with _lock:
            if _wanted[module.__name__]:
                _hook(module.__name__, module)


_finder = _Finder()
