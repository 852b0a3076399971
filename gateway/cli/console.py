"""What the commands share: settings, the database, output, and the end with an error."""

import json as json_
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

PIPE_WIDTH = 200
"""Width of tables, in characters, when the output is not a terminal."""

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(highlight=False, soft_wrap=True, stderr=True)


def fail(message: object, code: int = 1) -> NoReturn:
    """Print one line to stderr, and end the command with this exit status."""
    err.print(f"clearbg: {message}", markup=False, style="red")
    raise typer.Exit(code)


def load_settings() -> Settings:
    """Return the settings; an invalid one ends the command with an error that names it."""
    try:
        return Settings()
    except ValidationError as error:
        lines = (
            f"CLEARBG_{str(e['loc'][0]).upper()}: {e['msg']}" if e["loc"] else e["msg"]
            for e in error.errors()
            if e["type"] != "default_factory_not_called"  # follows from another one
        )
        fail("; ".join(lines), code=2)


def open_database() -> "Engine":
    """Open the database of the settings; an unreachable one ends the command with an error."""
    from gateway.accounts import database  # imported here: most commands need no database

    try:
        return database.connect(load_settings().database)
    except database.DatabaseUnreachable as error:
        fail(error)


def print_rows(rows: Sequence[dict[str, Any]], *, json: bool) -> None:
    """Print rows that have the same columns, as JSON or as a table.

    The table omits columns without any value.
    """
    if json:
        typer.echo(json_.dumps(rows, default=datetime.isoformat, indent=2, ensure_ascii=False))
        return
    columns = [
        name for name in (rows[0] if rows else ()) if any(row[name] is not None for row in rows)
    ]
    table = Table(*(name.replace("_", " ") for name in columns))
    for row in rows:
        table.add_row(*(escape(_text(row[name])) for name in columns))
    out.print(table)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
