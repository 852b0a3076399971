"""The command: its options, and how it ends."""

import asyncio
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import folder
from gateway.cli.bulk.job_runner import JobRunner
from gateway.cli.bulk.progress import Progress
from gateway.cli.bulk.run import BulkRun
from gateway.cli.bulk.state import NAME, RESTART_HINT, State, StateMismatch
from gateway.cli.console import err, fail
from gateway.cli.image_options import CaFile, Key, with_image_options
from gateway.client import AsyncBulkClient, Problem, RemovalOptions, RemovalRequest
from gateway.errors import BadImage, GatewayError
from gateway.images import header
from gateway.options import parse
from gateway.requests.removal_request import check_background

ATTEMPTS = 10
"""Attempts per call: with their pauses about 40 seconds, enough for a restart of the service."""
RESUME_HINT = "Run the same command again, without --restart, to resume."
INTERRUPTED = 130
"""Exit status by which shells recognise Ctrl-C."""


@with_image_options
def bulk(
    options: RemovalOptions,
    source: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="Folder of the images.", exists=True, file_okay=False),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for the results.", file_okay=False)
    ],
    server: Annotated[
        str, typer.Option(help="URL of the service's HTTP API.")
    ] = "http://127.0.0.1:8080",
    key: Key = "",
    ca_file: CaFile = None,
    restart: Annotated[
        bool, typer.Option("--restart", help="Discard earlier results, and process all images.")
    ] = False,
) -> None:
    """Cut out a folder of images by bulk jobs. If interrupted, the same command resumes."""
    options["format"] = options["format"] or "png"
    source, target = source.resolve(), output.resolve()
    try:
        _check(options)
        files = folder.prepare(source, target, options["format"])
        state = _load_state(target / NAME, _conditions(source, options), restart=restart)
        state.drop_changed(source)

        async def run() -> int:
            async with AsyncBulkClient(
                server, key, attempts=ATTEMPTS, ca_file=str(ca_file or "")
            ) as client:
                return await _process(client, options, files, state)

        failed = asyncio.run(run())
    except Problem as error:
        fail(f"{error} {RESUME_HINT}" if error.is_retryable else error)
    except (GatewayError, StateMismatch, ValueError, OSError) as error:
        fail(error)
    except KeyboardInterrupt:
        fail(f"interrupted. {RESUME_HINT}", code=INTERRUPTED)
    folder.finish(target, len(files), failed)


async def _process(
    client: AsyncBulkClient, options: RemovalOptions, files: Mapping[Path, Path], state: State
) -> int:
    """Process the images without a result, and return how many failed."""
    results = {path.name: result for path, result in files.items()}
    source = next(iter(files)).parent
    missing = sum(not state.has(result) for result in files.values())
    if existing := len(files) - missing:
        err.print(f"{existing} of {len(files)} results exist already; --restart creates them again")
    with Progress(missing) as progress:
        await JobRunner(BulkRun(client, options, source, results, state, progress)).run()
    state.delete()
    return progress.failures


def _check(options: RemovalOptions) -> None:
    """Check the options before the first upload, as the service would do after it.

    Raises:
        GatewayError: the service would reject them.
    """
    request = RemovalRequest(b"", options)
    check_background(parse(request.form_fields), has_backdrop="bg_image" in request.files)
    for name, data in request.files.items():
        try:
            header.read(data, max_pixels=sys.maxsize)
        except BadImage as error:
            raise BadImage(f"--{name.replace('_', '-')}: {error}") from error


def _conditions(source: Path, options: RemovalOptions) -> dict[str, str]:
    """Return what must equal the interrupted command's, for this one to resume it."""
    request = RemovalRequest(b"", options)
    hashes = {name: hashlib.sha256(data).hexdigest()[:16] for name, data in request.files.items()}
    return {"DIR": str(source), **request.form_fields, "bg_image": "", **hashes}


def _load_state(path: Path, conditions: dict[str, str], *, restart: bool) -> State:
    """Return the state of an interrupted command, or a new one.

    Raises:
        StateMismatch: the file is damaged, or belongs to a command with other conditions.
    """
    if restart:
        return State.restarted(path, conditions)
    state = State.read(path) or State(path, conditions)
    different = ", ".join(
        f"{name}={state.conditions.get(name, '') or 'none'}"
        for name in state.conditions | conditions
        if state.conditions.get(name) != conditions.get(name)
    )
    if different:
        raise StateMismatch(f"{path.parent} was started with {different}; {RESTART_HINT}")
    return state
