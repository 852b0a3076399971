"""A request's memory is bounded by its pixels; `make bench-images` measures more sizes."""

import subprocess
import sys

import pytest

from loadtest.peak_memory import KINDS

BYTES_A_PIXEL = 10
CONSTANT_BYTES = 40_000_000


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_takes_no_more_than_the_stated_multiple_of_its_pixels(kind: str) -> None:
    command = [sys.executable, "-m", "loadtest.peak_memory", kind, "4000", "3000"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) <= BYTES_A_PIXEL * 12_000_000 + CONSTANT_BYTES
