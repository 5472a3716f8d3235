"""Memory that a training on the processor frees and takes again, hundreds of times a second."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Parameters of glibc's mallopt, from its malloc.h.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
_KEPT = (1 << 31) - 1
_PADDING = 256 << 20
# What glibc's own rule comes to in a program that has freed large pieces.
_USUAL_TRIM, _USUAL_PADDING, _USUAL_MMAP = 64 << 20, 128 << 10, 32 << 20


@contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Within it, freed memory stays with the process; at the end it goes back.

    glibc gives large pieces back to the system at once, and each new one is then filled with
    zeros, page by page: a third of a small network's training. Elsewhere this does nothing.
    """
    library = _glibc()
    if library is None:
        yield
        return
    _set(library, _KEPT, _PADDING, _KEPT)
    try:
        yield
    finally:
        _set(library, _USUAL_TRIM, _USUAL_PADDING, _USUAL_MMAP)
        library.malloc_trim(ctypes.c_size_t(0))


def _set(library: ctypes.CDLL, trim: int, padding: int, mmap: int) -> None:
    library.mallopt(_TRIM_THRESHOLD, trim)
    library.mallopt(_TOP_PAD, padding)
    library.mallopt(_MMAP_THRESHOLD, mmap)


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
