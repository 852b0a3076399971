"""What the commands share: where they print, and how they give up."""

from typing import NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console

from gateway.settings import Settings

out = Console(highlight=False, soft_wrap=True)
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
        lines = (f"CLEARBG_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        fail("; ".join(lines), code=2)
