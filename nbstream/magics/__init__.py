"""``%%chat`` and ``%chat``: a prompt as a cell, and the conversation it is part of."""

from ._load import load_ipython_extension, unload_ipython_extension
from ._magics import ChatMagics

__all__ = ["ChatMagics", "load_ipython_extension", "unload_ipython_extension"]
