"""How much memory there is, and how much a process uses."""

from __future__ import annotations

import os
import sys

try:
    import psutil
except ImportError:  # not needed on Linux, which tells by itself
    psutil = None

KERNEL_LIMITS = sys.platform.startswith("linux")
"""Whether a worker's own limit holds; elsewhere the pool has to watch it."""


def total_memory() -> int | None:
    """Bytes of memory of this machine, or None where nobody tells."""
    if psutil is not None:
        return int(psutil.virtual_memory().total)
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def resident_bytes(pid: int) -> int | None:
    """Bytes of memory that a process holds now, or None where nobody tells."""
    if psutil is None:
        return None
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None
