"""What the commands share: where they print, and how they give up."""

import json as json_
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine

from gateway.accounts import database
from gateway.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

PIPE_WIDTH = 200
"""Columns of a table that nobody looks at in a terminal."""

out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(highlight=False, soft_wrap=True, stderr=True)


def fail(message: object, code: int = 1) -> NoReturn:
    """Print one clear line and stop."""
    err.print(f"clearbg: {message}", markup=False, style="red")
    raise typer.Exit(code)


def settings() -> Settings:
    """Read the settings; a bad value stops the command with the variable's name."""
    try:
        return Settings()
    except ValidationError as error:
        lines = (
            f"CLEARBG_{str(e['loc'][0]).upper()}: {e['msg']}" if e["loc"] else e["msg"]
            for e in error.errors()
        )
        fail("; ".join(lines), code=2)


def engine() -> Engine:
    """Open the database of the settings."""
    try:
        return database.connect(settings().database)
    except database.Unreachable as error:
        fail(error)


def show(rows: Sequence[dict[str, Any]], *, json: bool) -> None:
    """Print rows of the same columns: as JSON, or as a table without the empty ones."""
    if json:
        typer.echo(json_.dumps(rows, default=datetime.isoformat, indent=2, ensure_ascii=False))
        return
    filled = [
        name for name in (rows[0] if rows else ()) if any(row[name] is not None for row in rows)
    ]
    table = Table(*(name.replace("_", " ") for name in filled))
    for row in rows:
        table.add_row(*(escape(_text(row[name])) for name in filled))
    out.print(table)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
