"""`clearbg keys`: make, list and revoke API keys."""

from datetime import timedelta
from typing import Annotated

import typer

from gateway.accounts.accounts import DEFAULT, AccountStore, NoAccount
from gateway.accounts.keys import KeyStore, Limits
from gateway.cli.console import Json, engine, fail, out, show

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)

MAX_INTEGER = 2**31 - 1
"""Of a database's column."""

Quota = Annotated[
    int | None, typer.Option(min=0, max=MAX_INTEGER, help="Of this key alone; 0 for no limit.")
]


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for, in 100 characters.")] = "unnamed",
    account: Annotated[str, typer.Option(help="Who owns it.")] = DEFAULT,
    expires_in_days: Annotated[
        float | None, typer.Option(min=0.001, max=36500, help="Default: it does not expire.")
    ] = None,
    requests_per_minute: Quota = None,
    megapixels_per_minute: Quota = None,
    json: Json = False,
) -> None:
    """Make a key and print it: this once, since only its hash is kept."""
    database = engine()
    try:
        owner = AccountStore(database).find(account)
    except NoAccount as error:
        fail(error)
    if owner.disabled_at:
        fail(f"the account {account!r} is disabled: its keys do not work")
    key, secret = KeyStore(database).create(
        name[:100],
        owner.id,
        lives=timedelta(days=expires_in_days) if expires_in_days is not None else None,
        limits=Limits(requests_per_minute, megapixels_per_minute),
    )
    if json:
        show([{"id": key.id, "key": secret}], json=True)
    else:
        out.print(secret, markup=False)


@app.command("list")
def list_(json: Json = False) -> None:
    """List all keys; `images` is what was cut out with each so far."""
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
        for key in KeyStore(engine()).list()
    ]
    show(rows, json=json)


@app.command()
def revoke(
    key_id: Annotated[int, typer.Argument(max=MAX_INTEGER, help="The id that `keys list` shows.")],
) -> None:
    """Stop a key from working, on every replica within CLEARBG_KEY_CACHE_S seconds."""
    if not KeyStore(engine()).revoke(key_id):
        fail(f"there is no key {key_id}; see: clearbg keys list")
    out.print(f"Key {key_id} is revoked.")
