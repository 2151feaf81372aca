"""A run that is watched: what starts it, what stops it, and its result so far."""

from ._job import Job
from ._watched import Watched

__all__ = ["Job", "Watched"]
