"""Programs in the manner of LangChain's public how-to pages: written for it, run on both sides.

Each is a function of one side, ``lc``, whose names are those of the import; it may be async. They
are unchanged but for that import. What a program with LangChain's own objects mixed in needs is
imported in it, as its user would.
"""

from . import agents, callbacks, lcel, prompts, streaming, structured, tools
from .pages import PROGRAMS

__all__ = ["PROGRAMS", "agents", "callbacks", "lcel", "prompts", "streaming", "structured", "tools"]
