"""Paths of files: in the checkout, or for an installed wheel in the user's data folder.

A wheel contains the files that a checkout has outside the package: the configurations of the model
repository, and the guide.
"""

from pathlib import Path

import platformdirs

PACKAGE = Path(__file__).parent
PACKAGED = PACKAGE / "packaged"
"""Exists only in a wheel; pyproject.toml lists its files."""


def checkout() -> Path | None:
    """Return the root of the checkout that this package runs from; None if it is installed."""
    root = PACKAGE.parent
    is_checkout = (root / "pyproject.toml").is_file() and (root / "model_repository").is_dir()
    return root if is_checkout else None


def data_dir() -> Path:
    """Return the default of CLEARBG_DATA_DIR."""
    root = checkout()
    return root / "var" if root else platformdirs.user_data_path("clearbg", appauthor=False)


def model_repository(data: Path) -> Path:
    """Return the default of CLEARBG_MODEL_REPOSITORY.

    Args:
        data: the data folder.
    """
    root = checkout()
    return (root or data) / "model_repository"


def guide() -> Path:
    """Return the folder with the guide's Markdown and pictures."""
    return (checkout() or PACKAGED) / "docs"


def sample_photo() -> Path:
    """Return the path of a photo to try the service with."""
    return guide() / "astronaut.jpg"


def configurations() -> Path:
    """Return the folder with the configurations of the model repository, as they are shipped."""
    root = checkout()
    return root / "model_repository" if root else PACKAGED / "model_repository"


def install_configurations(repository: Path) -> None:
    """Copy the wheel's configurations to the default model repository; do nothing in a checkout.

    Args:
        repository: created if it is missing. Built files in it stay.
    """
    source = PACKAGED / "model_repository"
    files = (path for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc")
    for path in files:
        target, content = repository / path.relative_to(source), path.read_bytes()
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.partial")
            partial.write_bytes(content)
            partial.replace(target)
