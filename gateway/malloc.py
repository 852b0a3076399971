"""Tunes glibc's heap to reuse the memory of finished requests.

By default, glibc returns each image's megabytes to the system and allocates them again. These page
faults took a third of the CPU time of gRPC for 5 MB in and 13 MB out (17 ms with them, 11 without).
"""

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of mallopt(3)."""
KEPT_BYTES = 128 * 2**20
"""Free memory that each heap keeps at most."""
MMAP_BYTES = 32 * 2**20
"""The maximum in glibc. Larger blocks are mapped separately, and returned when they are freed."""


def keep_freed_memory() -> None:
    """Set both thresholds, if the C library is glibc."""
    if libc := _glibc():
        libc.mallopt(M_MMAP_THRESHOLD, MMAP_BYTES)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)


def release_freed_memory() -> None:
    """Return all free memory to the system. Call it when the process becomes idle."""
    if libc := _glibc():
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "gnu_get_libc_version") else None
