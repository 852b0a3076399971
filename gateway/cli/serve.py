"""`clearbg serve` and `clearbg worker`: run the service, or only its processing of bulk jobs."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Literal

import typer
import uvloop

from gateway import malloc
from gateway.cli.console import fail, load_settings, out
from gateway.cli.first_use import ensure_model
from gateway.models import factory
from gateway.observability import logs
from gateway.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

OnStarted = Callable[["Engine"], None]
"""Called with the database once all ports are open."""


def serve(
    welcome: Annotated[
        bool, typer.Option(help="Create a first API key, and print a curl command that uses it.")
    ] = False,
) -> None:
    """Serve the HTTP and gRPC APIs until SIGTERM; requests in flight finish first."""
    settings = load_settings()

    def on_started(engine: "Engine") -> None:
        if welcome:
            # Imported here: the ports open sooner.
            from gateway.cli import welcome as welcome_message

            welcome_message.print_welcome(settings, engine)

    _run("serve", settings, on_started)


def worker() -> None:
    """Process bulk jobs, without serving the APIs, until SIGTERM; images in flight finish first."""
    settings = load_settings().model_copy(update={"bulk_work": "here"})

    def on_started(engine: "Engine") -> None:
        out.print("ClearBG does bulk jobs")

    _run("work", settings, on_started)


def _run(process: Literal["serve", "work"], settings: Settings, on_started: OnStarted) -> None:
    malloc.keep_freed_memory()
    logs.set_up(settings)
    ensure_model(settings)
    uvloop.run(_process(process, settings, on_started))


async def _process(
    process: Literal["serve", "work"], settings: Settings, on_started: OnStarted
) -> None:
    """Import the service, which takes most of a second, while the model loads."""
    async with factory.open_in_background(settings) as starting:
        await asyncio.to_thread(import_module, "gateway.server")
        from gateway import server
        from gateway.errors import GatewayError

        run = server.serve if process == "serve" else server.work
        try:
            await run(settings, starting, on_started)
        except server.FAILURES as error:
            if isinstance(error, GatewayError):  # its message is for the caller of a request
                fail(f"The model cannot be started: {error}")
            fail(error)  # at once: a model that is still loading takes a while to stop
