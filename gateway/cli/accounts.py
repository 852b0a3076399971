"""`clearbg accounts`: make, list and disable accounts."""

import shlex
from typing import Annotated

import typer

from gateway.accounts.accounts import AccountExists, AccountStore, BadName, NoAccount
from gateway.cli.console import Json, engine, fail, out, show

app = typer.Typer(help="Make, list and disable the accounts that own keys.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The account's name, in 100 characters.")]


@app.command()
def create(name: Name) -> None:
    """Make an account."""
    try:
        AccountStore(engine()).create(name)
    except (AccountExists, BadName) as error:
        fail(error)
    made = f"Account {name} is made. Next: clearbg keys create --account {shlex.quote(name)}"
    out.print(made, markup=False)


@app.command("list")
def list_(json: Json = False) -> None:
    """List all accounts."""
    rows = [
        {
            "id": account.id,
            "name": account.name,
            "created_at": account.created_at,
            "disabled_at": account.disabled_at,
        }
        for account in AccountStore(engine()).list()
    ]
    show(rows, json=json)


@app.command()
def disable(name: Name) -> None:
    """Stop all keys of an account, on every replica within CLEARBG_KEY_CACHE_S seconds."""
    try:
        AccountStore(engine()).disable(name)
    except NoAccount as error:
        fail(error)
    out.print(f"Account {name} is disabled.", markup=False)
