"""Many runs of one chain: `Batch`, where they run, the file that resumes them, and their limits."""

from __future__ import annotations

from ._batch import Batch
from ._line import Line
from ._metrics import BatchMetrics

__all__ = ["Batch", "BatchMetrics", "Line"]
