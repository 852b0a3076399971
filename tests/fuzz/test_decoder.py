"""Any bytes are decoded or rejected with a clear error."""

import contextlib
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.errors import BadRequest
from gateway.images import decode, header
from gateway.options import Size
from tests.fuzz import seeds

FILES = seeds.files()
MAX_PIXELS = 1_000_000
MAX_GROWTH_BYTES = 400_000_000
SECONDS = {"small": 4, "large": 600}


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """Return a valid file with bytes changed, removed, inserted or repeated."""
    data = bytearray(draw(st.sampled_from(list(FILES.values()))))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 8))
        change = draw(st.binary(max_size=8) | st.just(bytes(data[at : at + 40])))
        data[at : at + length] = change
    return bytes(data)


@given(st.binary(max_size=400) | damaged_files())
@example(b"")
def test_any_bytes_are_decoded_or_rejected(data: bytes) -> None:
    before = psutil.Process().memory_info().rss
    with contextlib.suppress(BadRequest):
        opened = header.read(data, max_pixels=MAX_PIXELS)
        size = Size(256, 256).fit(*opened.size)
        picture = decode.decode(opened).picture(size)
        assert (picture.width, picture.height) == size
        assert picture.model_input.shape == (1024, 1024, 3)
    assert psutil.Process().memory_info().rss - before < MAX_GROWTH_BYTES


@pytest.mark.parametrize("name", FILES)
def test_the_seeds_are_valid(name: str) -> None:
    opened = header.read(FILES[name], max_pixels=MAX_PIXELS)
    assert decode.decode(opened).picture(opened.size).width == seeds.SIDE


@pytest.mark.real
def test_coverage_guided_fuzzing_finds_no_error(tmp_path: Path) -> None:
    for number, data in enumerate(FILES.values()):
        (tmp_path / f"seed{number}").write_bytes(data)
    seconds = SECONDS[settings.get_current_profile_name()]
    limits = ["-timeout=10", "-rss_limit_mb=2048", f"-max_total_time={seconds}"]
    command = [
        # A process of its own forks the fuzzer: its peak memory would begin with that of ours.
        "timeout",
        str(seconds + 60),
        sys.executable,
        "-m",
        "tests.fuzz.decoder",
        str(tmp_path),
        *limits,
        "-print_final_stats=1",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    print(done.stderr[-800:])  # noqa: T201 (what ran, for `make fuzz`)
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]
