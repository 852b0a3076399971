"""`clearbg doctor`: what is installed, what will run, what is missing."""

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer
from rich.table import Table

from gateway.accounts import database
from gateway.accounts.keys import KeyStore
from gateway.cli.console import out, settings
from gateway.settings import Settings
from serving import libtorch, manifest
from serving.cpu_runtime import supports_bf16
from serving.manifest import ModelNotBuilt
from serving.tritonserver import TritonNotFound, find

Check = tuple[str, bool, str]
"""What was looked at, whether serving can go on with it, and what was found."""


def doctor() -> None:
    """Say what is installed, which device and precision will be used, and what is missing."""
    chosen = settings()
    table = Table("", "", "", show_header=False, box=None)
    sound = True
    for name, good, found in _checks(chosen):
        table.add_row("[green]ok[/green]" if good else "[red]missing[/red]", name, found)
        sound = sound and good
    out.print(table)
    raise typer.Exit(0 if sound else 1)


def _checks(chosen: Settings) -> Iterator[Check]:
    yield "python", True, platform.python_version()
    yield "clearbg", True, version("clearbg")
    yield "cpu", True, f"{os.cpu_count()} cores, bfloat16: {'yes' if supports_bf16() else 'no'}"
    yield "model", *_model(chosen)
    yield "precision", *_precision(chosen)
    yield "triton", *_triton(chosen)
    yield "database", *_database(chosen)
    yield "to build the model", True, ", ".join(_build_tools())


def _model(chosen: Settings) -> tuple[bool, str]:
    try:
        built = manifest.verify(chosen.model_dir, "isnet.xml", "isnet.bin")
    except ModelNotBuilt as error:
        return False, str(error)
    return True, f"{built.version}, built {built.built_at}"


def _precision(chosen: Settings) -> tuple[bool, str]:
    if chosen.precision == "bf16" and not supports_bf16():
        return False, "bf16 is set and this CPU does not have it: use auto or f32"
    picked = "bf16" if chosen.precision != "f32" and supports_bf16() else "f32"
    return True, f"{picked} on cpu, in the gateway's process"


def _triton(chosen: Settings) -> tuple[bool, str]:
    if chosen.triton not in ("off", "embedded"):
        return True, f"asked at {chosen.triton}; /readyz says whether it answers"
    try:
        found = find(chosen.tritonserver, chosen.data_dir / "triton")
    except TritonNotFound as error:
        return chosen.triton == "off", f"{error}; the CPU in the gateway's process answers"
    use = "embedded" if chosen.triton == "embedded" else "off (CLEARBG_TRITON)"
    said = f"{use}, would run on {found.device}: {found.binary}"
    newer = _newer_torch(found.backends, chosen)
    return not newer, newer or said


def _newer_torch(backends: Path, chosen: Settings) -> str | None:
    try:
        return libtorch.warning(backends, manifest.read(chosen.model_dir))
    except ModelNotBuilt:
        return None  # told already


def _database(chosen: Settings) -> tuple[bool, str]:
    try:
        keys = KeyStore(database.connect(chosen.database)).list()
    except database.Unreachable as error:
        return False, str(error)
    live = sum(key.works for key in keys)
    return True, f"{live} API keys" if live else "no API key yet: clearbg keys create"


def _build_tools() -> Iterator[str]:
    yield "npm: " + ("yes" if shutil.which("npm") else "no (or set CLEARBG_WEIGHTS)")
    for package in ("torch", "torchvision", "onnx", "onnxruntime"):
        yield f"{package}: {_version(package)}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "no"
