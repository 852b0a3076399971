"""`clearbg serve` and `clearbg worker`: run the service, or the part that does bulk jobs."""

from collections.abc import Callable, Coroutine
from typing import Annotated

import typer
import uvloop
from sqlalchemy import Engine

from gateway import heap, logs, server
from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.keys import KeyStore
from gateway.accounts.rate_limits import BadStore
from gateway.cli.console import fail, out, settings
from gateway.errors import GatewayError
from gateway.models.choose import ModelRefused
from gateway.ports import PortTaken
from gateway.settings import Settings
from gateway.tls import BadCertificate
from serving.manifest import ModelNotBuilt

SAMPLE = "docs/astronaut.jpg"

FAILURES = (
    PortTaken,
    BadCertificate,
    database.Unreachable,
    BadStore,
    ModelNotBuilt,
    ModelRefused,
    GatewayError,  # the model's first inference failed
    ValueError,
)
"""What stops the start with one clear line."""


def serve(
    welcome: Annotated[
        bool, typer.Option(help="Make a first API key and print a curl line that uses it.")
    ] = False,
) -> None:
    """Serve the HTTP and gRPC APIs until SIGTERM; requests in flight finish first."""
    chosen = settings()

    def started(engine: Engine) -> None:
        if welcome:
            _welcome(chosen, engine)

    _run(server.serve, chosen, started)


def worker() -> None:
    """Do bulk jobs, and nothing else, until SIGTERM; images in flight finish first."""
    chosen = settings().model_copy(update={"bulk_work": "here"})

    def started(engine: Engine) -> None:
        out.print("ClearBG does bulk jobs")

    _run(server.work, chosen, started)


def _run(
    process: Callable[[Settings, Callable[[Engine], None]], Coroutine[None, None, None]],
    chosen: Settings,
    started: Callable[[Engine], None],
) -> None:
    heap.keep()
    logs.set_up(chosen)
    try:
        uvloop.run(process(chosen, started))
    except FAILURES as error:
        fail(error)


def _welcome(chosen: Settings, engine: Engine) -> None:
    keys = KeyStore(engine)
    live = [key for key in keys.list() if key.works]
    account = AccountStore(engine).find(DEFAULT)
    listens = f"ClearBG listens on [bold]{' and '.join(_urls(chosen))}[/bold]"
    if account.disabled_at and not live:
        out.print(f"\n{listens}; no API key works: clearbg accounts create")
        return
    secret = "YOUR_API_KEY" if live else keys.create("first key", account.id)[1]
    out.print(f"\n{listens}")
    if live:
        first = live[0]
        out.print(f"API key: the one shown before, {first.prefix}…{first.last_four}")
        out.print("  (another one: .venv/bin/clearbg keys create)")
    else:
        out.print(f"API key: [bold]{secret}[/bold]  (shown this once)")
    out.print(f"Try it:\n\n  {_example(chosen, secret)}\n", markup=False)


def _urls(chosen: Settings) -> list[str]:
    s = "s" if chosen.tls_cert else ""
    urls = [f"http{s}://{chosen.host}:{chosen.http_port}"] if chosen.http == "on" else []
    return urls + ([f"grpc{s}://{chosen.host}:{chosen.grpc_port}"] if chosen.grpc == "on" else [])


def _example(chosen: Settings, secret: str) -> str:
    url = _urls(chosen)[0]
    if chosen.http == "on":
        return f'curl {url}/v1/removebg -H "X-API-Key: {secret}" -F image=@{SAMPLE} -o cutout.png'
    return f".venv/bin/clearbg remove {SAMPLE} --server {url} --key {secret}"
