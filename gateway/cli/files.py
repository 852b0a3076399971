"""Files that commands write."""

from pathlib import Path

from gateway.cli.console import fail


def write(target: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        fail(f"cannot write {target}: {error.strerror}")
