"""The command: what it is told, and how it ends."""

import asyncio
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import folder
from gateway.cli.asking import CaFile, Key, asking
from gateway.cli.bulk.jobs import Jobs
from gateway.cli.bulk.progress import Progress
from gateway.cli.bulk.state import NAME, WAY_OUT, State, StateRefused
from gateway.cli.bulk.work import Work
from gateway.cli.console import err, fail
from gateway.client import Asked, AsyncBulkClient, Problem, Query
from gateway.errors import BadImage, GatewayError
from gateway.images import header
from gateway.options import parse
from gateway.orders.order import check_background

ATTEMPTS = 10
"""Of each call: 40 seconds, in which a service can be started anew."""
GO_ON = "The same command, without --restart, goes on from here."
INTERRUPTED = 130
"""The status with which shells know Ctrl-C."""


@asking
def bulk(
    asked: Asked,
    source: Annotated[
        Path, typer.Argument(metavar="DIR", help="The images.", exists=True, file_okay=False)
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
        bool, typer.Option("--restart", help="Forget what was begun; do all images anew.")
    ] = False,
) -> None:
    """Have a folder of images cut out by bulk jobs; called again, it goes on where it stopped."""
    asked["format"] = asked["format"] or "png"
    source, target = source.resolve(), output.resolve()
    try:
        _check(asked)
        files = folder.results(source, target, asked["format"])
        state = _state(target / NAME, _begun(source, asked), restart=restart)
        state.keep_unchanged(source)

        async def work() -> int:
            async with AsyncBulkClient(
                server, key, attempts=ATTEMPTS, ca_file=str(ca_file or "")
            ) as client:
                return await _failures(client, asked, files, state)

        failed = asyncio.run(work())
    except Problem as error:
        fail(f"{error} {GO_ON}" if error.may_pass_later else error)
    except (GatewayError, StateRefused, ValueError, OSError) as error:
        fail(error)
    except KeyboardInterrupt:
        fail(f"interrupted. {GO_ON}", code=INTERRUPTED)
    folder.tell(target, len(files), failed)


async def _failures(
    client: AsyncBulkClient, asked: Asked, files: Mapping[Path, Path], state: State
) -> int:
    """Do what is missing, and say how many failed."""
    results = {path.name: result for path, result in files.items()}
    source = next(iter(files)).parent
    missing = sum(not state.has(result) for result in files.values())
    if there := len(files) - missing:
        err.print(f"{there} of {len(files)} are there already; --restart makes them anew")
    with Progress(missing) as progress:
        await Jobs(Work(client, asked, source, results, state, progress)).run()
    state.remove()
    return progress.failures


def _check(asked: Asked) -> None:
    """Refuse at once what the service would refuse after the first upload.

    Raises:
        GatewayError: likewise.
    """
    query = Query(b"", asked)
    check_background(parse(query.texts), has_backdrop=bool(query.backdrop))
    if query.backdrop:
        try:
            header.read(query.backdrop, max_pixels=sys.maxsize)
        except BadImage as error:
            raise BadImage(f"--bg-image: {error}") from error


def _begun(source: Path, asked: Asked) -> dict[str, str]:
    """What an interrupted command must have been told too, if this one is to go on with it."""
    query = Query(b"", asked)
    backdrop = hashlib.sha256(query.backdrop).hexdigest()[:16] if query.backdrop else ""
    return {"DIR": str(source), **query.texts, "bg_image": backdrop}


def _state(path: Path, begun: dict[str, str], *, restart: bool) -> State:
    """What was begun, or a new beginning.

    Raises:
        StateRefused: it cannot be read, or was begun otherwise.
    """
    if restart:
        return State.anew(path, begun)
    state = State.read(path) or State(path, begun)
    then = ", ".join(
        f"{name}={state.asked.get(name, '') or 'none'}"
        for name in state.asked | begun
        if state.asked.get(name) != begun.get(name)
    )
    if then:
        raise StateRefused(f"{path.parent} was begun with {then}; {WAY_OUT}")
    return state
