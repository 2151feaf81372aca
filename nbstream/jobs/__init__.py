"""A run that is watched: what starts it, what stops it, and what has come of it so far."""

from ._job import Job
from ._watched import Watched

__all__ = ["Job", "Watched"]
