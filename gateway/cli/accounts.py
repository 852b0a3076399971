"""`clearbg accounts`: create, list, limit, restrict and disable accounts."""

import shlex
from typing import Annotated

import typer

from gateway.accounts.accounts import AccountExists, AccountStore, BadName, NoAccount
from gateway.cli.console import Json, fail, open_database, out, print_rows

app = typer.Typer(
    help="Create, list, limit, restrict and disable accounts, which own keys.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="Name of the account, at most 100 characters.")]


Quota = Annotated[
    int | None,
    typer.Option(min=1, max=2**31 - 1, help="Of all keys of the account together."),
]

Models = Annotated[
    list[str] | None,
    typer.Option("--model", help="A model that it may use; repeat it for several. Default: all."),
]


@app.command()
def create(name: Name, models: Models = None) -> None:
    """Create an account."""
    try:
        AccountStore(open_database()).create(name, models=models or None)
    except (AccountExists, BadName) as error:
        fail(error)
    next_step = f"clearbg keys create --account {shlex.quote(name)}"
    out.print(f"Account {name} created. Next: {next_step}", markup=False)


@app.command("list")
def list_(json: Json = False) -> None:
    """List all accounts."""
    rows = [
        {
            "id": account.id,
            "name": account.name,
            "created_at": account.created_at,
            "disabled_at": account.disabled_at,
            "models": None if account.models is None else ", ".join(account.models),
            "requests_per_minute": account.requests_per_minute,
            "megapixels_per_minute": account.megapixels_per_minute,
        }
        for account in AccountStore(open_database()).list()
    ]
    print_rows(rows, json=json)


@app.command()
def restrict(name: Name, models: Models = None) -> None:
    """Set the models that an account may use, within CLEARBG_KEY_CACHE_S seconds."""
    try:
        AccountStore(open_database()).restrict(name, models or None)
    except NoAccount as error:
        fail(error)
    out.print(f"Account {name} may use {', '.join(models or ['all models'])}.", markup=False)


@app.command()
def limit(
    name: Name,
    requests_per_minute: Quota = None,
    megapixels_per_minute: Quota = None,
) -> None:
    """Set what all keys of an account may use together; without an option: no limit."""
    try:
        AccountStore(open_database()).limit(
            name,
            requests_per_minute=requests_per_minute,
            megapixels_per_minute=megapixels_per_minute,
        )
    except NoAccount as error:
        fail(error)
    out.print(f"The limits of account {name} are set.", markup=False)


@app.command()
def enable(name: Name) -> None:
    """Enable a disabled account again."""
    try:
        AccountStore(open_database()).enable(name)
    except NoAccount as error:
        fail(error)
    out.print(f"Account {name} is enabled.", markup=False)


@app.command()
def disable(name: Name) -> None:
    """Disable all keys of an account, on every replica within CLEARBG_KEY_CACHE_S seconds."""
    try:
        AccountStore(open_database()).disable(name)
    except NoAccount as error:
        fail(error)
    out.print(f"Account {name} is disabled.", markup=False)
