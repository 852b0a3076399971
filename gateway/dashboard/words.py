"""Numbers, times and names as people read them."""

from datetime import datetime

DEVICES = {"triton-gpu": "on a GPU", "triton-cpu": "on a CPU", "cpu": "on the CPU of this process"}
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def device(name: str) -> str:
    """Return where a device computes, such as `on a GPU`."""
    return DEVICES.get(name, "on a device that is not known yet")


def moment(time: datetime) -> str:
    """Return a time with its date, such as `27 Nov 2026, 12:03 UTC`."""
    return f"{time:%d %b %Y, %H:%M} UTC"


def duration(seconds: float) -> str:
    """Return a duration in the one unit that suits it, such as `240 ms` or `3 hours`."""
    if seconds < 1:
        return f"{max(1, round(seconds * 1000))} ms"
    for unit_s, name in ((DAY_S, "days"), (HOUR_S, "hours"), (MINUTE_S, "minutes")):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.0f} {name}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def size(size_bytes: float) -> str:
    """Return a number of bytes, such as `1.5 GB`."""
    for unit, factor in (("GB", 2**30), ("MB", 2**20), ("kB", 2**10)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.3g} {unit}"
    return f"{size_bytes:.0f} bytes"


def count(number: int, one: str, several: str) -> str:
    """Return a number with what is counted, such as `1 job waits` and `No jobs wait`."""
    return f"1 {one}" if number == 1 else f"{number or 'No'} {several}"


def precision(model_version: str, weights: str) -> str:
    """Return what a model's version says of its arithmetic, beside its weights; may be empty."""
    rest = model_version.removeprefix(weights)
    return "" if rest == model_version and weights else rest.removeprefix("-")
