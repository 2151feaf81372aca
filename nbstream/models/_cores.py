"""How many cores this process may keep busy."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["usable_cores"]


def usable_cores(root: Path = Path("/")) -> int:
    """Return how many cores this process may keep busy, at least one.

    A container may see all cores of its machine and still be given the time of two: what computes
    on more of them is halted, all at once, for the rest of each tenth of a second.

    Parameters
    ----------
    root
        Where ``proc`` and ``sys`` are.
    """
    usable = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    cores = len(usable(0)) if usable else os.cpu_count() or 2
    return max(1, int(min([cores, *_quotas(root)])))


def _quotas(root: Path) -> list[float]:
    """Return the limits of this process's control groups, in cores; each holds for all below it."""
    found = []
    for folder in _groups(root):
        # Version 2 has one file, version 1 two; what is not limited says "max", or -1.
        with suppress(OSError, ValueError, ZeroDivisionError):
            limit, period = (folder / "cpu.max").read_text().split()
            found.append(int(limit) / int(period))
        with suppress(OSError, ValueError, ZeroDivisionError):
            limit, period = (
                (folder / f"cpu.cfs_{what}_us").read_text() for what in ("quota", "period")
            )
            found.append(int(limit) / int(period))
    return [cores for cores in found if cores > 0]


def _groups(root: Path) -> list[Path]:
    """Return the folders of the groups this process is in, with all that are above."""
    mount = root / "sys/fs/cgroup"
    # In a container a group mostly is the root, whatever it is called outside.
    found = {mount, mount / "cpu", mount / "cpu,cpuacct"}
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, _, rest = line.partition(":")
            controllers, _, path = rest.partition(":")
            if not controllers or "cpu" in controllers.split(","):
                own = mount / controllers / path.lstrip("/")
                found |= {own, *(one for one in own.parents if mount in one.parents)}
    return sorted(found)
