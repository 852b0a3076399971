"""`clearbg keys`: make, list and revoke API keys."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from gateway.accounts import database
from gateway.accounts.keys import KeyStore
from gateway.cli.console import fail, out, settings

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for, in 100 characters.")] = "unnamed",
) -> None:
    """Make a key and print it: this once, since only its hash is kept."""
    out.print(_store().create(name[:100])[1], markup=False)


@app.command("list")
def list_() -> None:
    """List all keys."""
    table = Table("id", "name", "key", "created", "revoked")
    for key in _store().list():
        revoked = f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
        shown = f"{key.prefix}…{key.last_four}"
        table.add_row(
            str(key.id), escape(key.name), shown, f"{key.created_at:%Y-%m-%d %H:%M}", revoked
        )
    out.print(table)


@app.command()
def revoke(key_id: Annotated[int, typer.Argument(help="The id that `keys list` shows.")]) -> None:
    """Stop a key from working, on every replica within CLEARBG_KEY_CACHE_S seconds."""
    if not _store().revoke(key_id):
        fail(f"there is no key {key_id}; see: clearbg keys list")
    out.print(f"Key {key_id} is revoked.")


def _store() -> KeyStore:
    try:
        return KeyStore(database.connect(settings().database))
    except database.Unreachable as error:
        fail(error)
