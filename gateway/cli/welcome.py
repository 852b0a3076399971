"""What the first start prints: URLs, a link to sign in, an API key, and a command to try it."""

import shlex

from sqlalchemy import Engine

from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.keys import KeyStore
from gateway.cli import pasted
from gateway.cli.console import out
from gateway.identity.identity import open_identity
from gateway.settings import Settings


def print_welcome(settings: Settings, engine: Engine) -> None:
    """Print the message; create a key unless one works already."""
    keys = KeyStore(engine)
    working = [key for key in keys.list() if key.works]
    account = AccountStore(engine).find(DEFAULT)
    listens = f"ClearBG listens on [bold]{' and '.join(_urls(settings))}[/bold]"
    if account.disabled_at and not working:
        out.print(f"\n{listens}; no API key works: clearbg accounts create")
        return
    secret = "YOUR_API_KEY" if working else keys.create("first key", account.id)[1]
    out.print(f"\n{listens}")
    if "off" not in (settings.dashboard, settings.http):
        out.print(f"Dashboard: {_dashboard(settings, engine)}")
    if working:
        first = working[0]
        out.print(f"API key: the one shown before, {first.prefix}…{first.last_four}")
        out.print(f"  (to create another: {pasted.command()} keys create)", markup=False)
    else:
        out.print(f"API key: [bold]{secret}[/bold]  (shown only once)")
    if settings.http == settings.docs == "on":
        out.print(f"Documentation: [bold]{_urls(settings)[0]}/docs[/bold]")
    out.print(f"Try it:\n\n  {_example(settings, secret)}\n", markup=False)


def _dashboard(settings: Settings, engine: Engine) -> str:
    """Return a link for the first administrator; where to sign in once somebody has done so."""
    identity = open_identity(engine, settings)
    identity.registration.first_admin()
    users = identity.users.list()
    if not any(user.last_sign_in_at for user in users):
        for admin in (user for user in users if user.is_admin):
            return f"[bold]{identity.links.create(admin.id)}[/bold]  (signs you in, once)"
    return f"[bold]{settings.base_url}[/bold]  (password forgotten: {pasted.command()} users link)"


def _urls(settings: Settings) -> list[str]:
    s = "s" if settings.tls_cert else ""
    urls = []
    if settings.http == "on":
        urls.append(f"http{s}://{settings.host}:{settings.http_port}")
    if settings.grpc == "on":
        urls.append(f"grpc{s}://{settings.host}:{settings.grpc_port}")
    return urls


def _example(settings: Settings, secret: str) -> str:
    url, sample = _urls(settings)[0], pasted.sample()
    if settings.http == "on":
        photo = shlex.quote(f"image=@{sample}")
        return (
            f'curl --fail-with-body {url}/v1/removebg -H "X-API-Key: {secret}" '
            f"-F {photo} -o cutout.png"
        )
    return (
        f"{pasted.command()} remove {shlex.quote(sample)} -o cutout.png "
        f"--server {url} --key {secret}"
    )
