"""The memory of a request is proportional to its pixels. See also `make bench-images`."""

import subprocess
import sys

import pytest

from loadtest.peak_memory import KINDS

pytestmark = pytest.mark.real

BYTES_PER_PIXEL = 10
CONSTANT_BYTES = 40_000_000


def peak_bytes_and_counted_pixels(kind: str, *options: str) -> tuple[int, int]:
    """Measure one request with 12 megapixels in a process of its own."""
    command = [sys.executable, "-m", "loadtest.peak_memory", kind, "4000", "3000", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    peak, counted = map(int, done.stdout.split())
    return peak, counted


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_stays_within_its_memory_per_pixel(kind: str) -> None:
    peak, counted = peak_bytes_and_counted_pixels(kind)
    assert counted == 12_000_000
    assert 0 < peak <= BYTES_PER_PIXEL * counted + CONSTANT_BYTES


@pytest.mark.parametrize(
    "options",
    [
        ["bg_image="],
        ["scale=50%"],
        ["shadow=50"],
        ["format=webp"],
        ["format=zip"],
        ["crop=true", "crop_margin=10%"],
        ["roi=0% 0% 90% 90%"],
        ["mask="],
        ["trimap=", "keep=0 0 9 9"],
        ["threshold=50"],
        ["smooth=5%"],
        ["smooth=3px"],
        ["expand=5%"],
        ["feather=5%", "invert=true"],
        ['variants=[{}, {"format": "webp"}, {"size": "2000x2000", "crop": true}]'],
        ["bg_image=", 'variants=[{"shadow": 50}, {"size": "4MP", "scale": "50%"}]'],
        ["mask=", "trimap=", "smooth=9px", "expand=-9px", "feather=9px", "roi=0% 0% 90% 90%"],
        ["bg_image=", "scale=90%", "shadow=50", "roi=0% 0% 90% 90%", "format=webp"],
    ],
    ids=" ".join,
)
def test_admission_counts_the_memory_of_options(options: list[str]) -> None:
    peak, counted = peak_bytes_and_counted_pixels("JPEG", *options)
    assert 0 < peak <= BYTES_PER_PIXEL * counted + CONSTANT_BYTES
