"""Watching code that knows nothing of nbstream.

Hooks make runs of what frameworks do, the tap brings the tokens of what goes over HTTP, and one
rule decides whose call a request is (`_where`).
"""

from ._watch import reaching, watching

__all__ = ["reaching", "watching"]
