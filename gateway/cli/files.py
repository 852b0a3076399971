"""Writes files atomically."""

from pathlib import Path

from gateway.cli.console import fail


def write_atomically(target: Path, data: bytes) -> None:
    """Write a whole file, or end the command with an error and leave the old one in place."""
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        fail(f"cannot write {target}: {error.strerror}")
