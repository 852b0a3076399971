"""`clearbg keys`: create, list, rotate and revoke API keys."""

from datetime import timedelta
from typing import Annotated

import typer

from gateway.accounts.accounts import DEFAULT, AccountStore, NoAccount
from gateway.accounts.api_key import ApiKey, Limits
from gateway.accounts.keys import KeyStore
from gateway.cli.console import Json, fail, open_database, out, print_rows
from gateway.errors import NoKey

app = typer.Typer(help="Create, list, rotate and revoke API keys.", no_args_is_help=True)

MAX_INTEGER = 2**31 - 1
"""Largest value of an integer column of the database."""

Quota = Annotated[
    int | None,
    typer.Option(
        min=0, max=MAX_INTEGER, help="Limit of this key; 0 for none. Default: that of the settings."
    ),
]

KeyId = Annotated[int, typer.Argument(max=MAX_INTEGER, help="The id that `keys list` prints.")]


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
    images_per_month: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MAX_INTEGER,
            help="Quota of images for each calendar month in UTC; 0 for none. Default: none.",
        ),
    ] = None,
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
        limits=Limits(requests_per_minute, megapixels_per_minute, images_per_month),
    )
    _print_secret(key, secret, json)


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
            "images_per_month": key.limits.images_per_month,
            "images_this_month": key.month.images if key.month else None,
            "last_used_from": key.last_used_from,
            "previous_secret_until": key.previous_ends_at,
        }
        for key in KeyStore(open_database()).list()
    ]
    print_rows(rows, json=json)


@app.command()
def rotate(
    key_id: KeyId,
    overlap_hours: Annotated[
        float, typer.Option(min=0, max=24 * 365, help="How long the secret before still works.")
    ] = 24.0,
    json: Json = False,
) -> None:
    """Give a key a new secret and print it; name, limits and quota stay."""
    overlap = timedelta(hours=overlap_hours)
    try:
        key, secret = KeyStore(open_database()).rotate(key_id, overlap=overlap)
    except NoKey:
        fail(f"there is no key {key_id} that works; see: clearbg keys list")
    _print_secret(key, secret, json)


@app.command()
def revoke(key_id: KeyId) -> None:
    """Revoke a key, on every replica within CLEARBG_KEY_CACHE_S seconds."""
    if not KeyStore(open_database()).revoke(key_id):
        fail(f"there is no key {key_id}; see: clearbg keys list")
    out.print(f"Key {key_id} is revoked.")


def _print_secret(key: ApiKey, secret: str, json: bool) -> None:
    if json:
        print_rows([{"id": key.id, "key": secret}], json=True)
    else:
        out.print(secret, markup=False)
