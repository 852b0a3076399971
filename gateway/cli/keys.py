"""`clearbg keys`: create, list and revoke API keys."""

from datetime import timedelta
from typing import Annotated

import typer

from gateway.accounts.accounts import DEFAULT, AccountStore, NoAccount
from gateway.accounts.keys import KeyStore, Limits
from gateway.cli.console import Json, fail, open_database, out, print_rows

app = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)

MAX_INTEGER = 2**31 - 1
"""Largest value of an integer column of the database."""

Quota = Annotated[
    int | None,
    typer.Option(
        min=0, max=MAX_INTEGER, help="Limit of this key; 0 for none. Default: that of the settings."
    ),
]


@app.command()
def create(
    name: Annotated[
        str, typer.Option(help="What the key is for, at most 100 characters.")
    ] = "unnamed",
    account: Annotated[str, typer.Option(help="Account that owns the key.")] = DEFAULT,
    expires_in_days: Annotated[
        float | None, typer.Option(min=0.001, max=36500, help="Default: the key does not expire.")
    ] = None,
    requests_per_minute: Quota = None,
    megapixels_per_minute: Quota = None,
    json: Json = False,
) -> None:
    """Create a key and print it. It cannot be printed again: only its hash is stored."""
    database = open_database()
    try:
        owner = AccountStore(database).find(account)
    except NoAccount as error:
        fail(error)
    if owner.disabled_at:
        fail(f"the account {account!r} is disabled: its keys do not work")
    key, secret = KeyStore(database).create(
        name[:100],
        owner.id,
        lifetime=timedelta(days=expires_in_days) if expires_in_days is not None else None,
        limits=Limits(requests_per_minute, megapixels_per_minute),
    )
    if json:
        print_rows([{"id": key.id, "key": secret}], json=True)
    else:
        out.print(secret, markup=False)


@app.command("list")
def list_(json: Json = False) -> None:
    """List all keys; `images` counts the images cut out with each."""
    rows = [
        {
            "id": key.id,
            "account": key.account,
            "name": key.name,
            "key": f"{key.prefix}…{key.last_four}",
            "works": key.works,
            "created_at": key.created_at,
            "last_used_at": key.last_used_at,
            "images": key.images,
            "expires_at": key.expires_at,
            "revoked_at": key.revoked_at,
            "requests_per_minute": key.limits.requests_per_minute,
            "megapixels_per_minute": key.limits.megapixels_per_minute,
        }
        for key in KeyStore(open_database()).list()
    ]
    print_rows(rows, json=json)


@app.command()
def revoke(
    key_id: Annotated[int, typer.Argument(max=MAX_INTEGER, help="The id that `keys list` prints.")],
) -> None:
    """Revoke a key, on every replica within CLEARBG_KEY_CACHE_S seconds."""
    if not KeyStore(open_database()).revoke(key_id):
        fail(f"there is no key {key_id}; see: clearbg keys list")
    out.print(f"Key {key_id} is revoked.")
