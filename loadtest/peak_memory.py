"""Prints the peak memory, in bytes, of one JPEG of WIDTH x HEIGHT to PNG above the idle process."""

import asyncio
import re
import sys
from pathlib import Path

import numpy as np
import simplejpeg

from gateway.options import Options
from gateway.removal import Remover
from gateway.settings import Settings
from loadtest.bench import photo
from loadtest.stored_mask import StoredMask


def status_bytes(field: str) -> int:
    """A field of this process's status: VmRSS is now, VmHWM the peak."""
    found = re.search(rf"^{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.M)
    assert found
    return 1024 * int(found[1])


def main(width: int, height: int) -> None:
    """Measure one request in this process."""
    mask = np.zeros((1024, 1024), np.uint8)
    mask[200:800, 200:800] = 255
    remover = Remover(StoredMask(mask), Settings(request_timeout_s=300))
    data = simplejpeg.encode_jpeg(photo(width, height), quality=90)
    small = simplejpeg.encode_jpeg(photo(300, 200), quality=90)
    asyncio.run(remover.remove(small, Options()))
    Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
    idle = status_bytes("VmRSS")
    asyncio.run(remover.remove(data, Options()))
    sys.stdout.write(f"{status_bytes('VmHWM') - idle}\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
