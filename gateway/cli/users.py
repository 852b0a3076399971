"""`clearbg users`: the people who sign in to the dashboard."""

import sys
from typing import Annotated

import typer

from gateway.accounts.accounts import DEFAULT, Account, AccountStore, NoAccount
from gateway.cli.console import Json, err, fail, load_settings, open_database, out, print_rows
from gateway.identity.identity import Identity, open_identity
from gateway.identity.members import LastOwner, Role
from gateway.identity.passwords import BadPassword
from gateway.identity.users import BadUser, NoUser, User

app = typer.Typer(
    help="Create, list and remove people who sign in to the dashboard.", no_args_is_help=True
)

Email = Annotated[str, typer.Argument(help="E-mail address of the user.")]
AccountName = Annotated[str, typer.Option("--account", help="Name of the account.")]


@app.command()
def link(
    email: Annotated[
        str, typer.Argument(help="E-mail address; default: the first administrator.")
    ] = "",
) -> None:
    """Print a link that signs a user in, once, within CLEARBG_SIGN_IN_LINK_H hours."""
    identity = _identity()
    user = _find(identity, email) if email else _first_admin(identity)
    out.print(identity.links.create(user.id), markup=False)
    err.print(f"This link signs {user.email} in, once.", markup=False)


@app.command()
def create(
    email: Email,
    name: Annotated[str, typer.Option(help="How they want to be called.")] = "",
    account: AccountName = DEFAULT,
    role: Annotated[Role, typer.Option(help="Owners also manage the members.")] = Role.MEMBER,
    admin: Annotated[
        bool, typer.Option("--admin", help="May create, limit and disable accounts.")
    ] = False,
) -> None:
    """Create a user, as a member of an account, and print a link that signs them in."""
    identity, owner = _identity(), _account(account)
    try:
        user = identity.users.create(email, name=name, is_admin=admin)
    except BadUser as error:
        fail(error)
    identity.members.add(owner.id, user.id, role)
    out.print(identity.links.create(user.id), markup=False)
    err.print(f"User {user.email} is created. The link signs them in, once.", markup=False)


@app.command("list")
def list_(json: Json = False) -> None:
    """List all users, and the accounts that they belong to."""
    identity = _identity()
    rows = [
        {
            "id": user.id,
            "email": user.email,
            "name": user.name,
            "admin": user.is_admin,
            "accounts": ", ".join(
                f"{member.account.name} ({member.role})"
                for member in identity.members.of_user(user.id)
            ),
            "password": user.has_password,
            "oidc": user.has_oidc,
            "created_at": user.created_at,
            "last_sign_in_at": user.last_sign_in_at,
        }
        for user in identity.users.list()
    ]
    print_rows(rows, json=json)


@app.command()
def role(email: Email, role: Role, account: AccountName = DEFAULT) -> None:
    """Make a user a member or an owner of an account, also of a further one."""
    identity, owner = _identity(), _account(account)
    user = _find(identity, email)
    try:
        if not identity.members.set_role(owner.id, user.id, role):
            identity.members.add(owner.id, user.id, role)
    except LastOwner as error:
        fail(error)
    out.print(f"User {user.email} is now {role} of account {owner.name}.", markup=False)


@app.command()
def admin(
    email: Email,
    is_admin: Annotated[bool, typer.Option("--on/--off", help="Whether they are one.")] = True,
) -> None:
    """Make a user an administrator, or no longer one."""
    identity = _identity()
    user = _find(identity, email)
    identity.users.set_admin(user.id, is_admin)
    state = "now" if is_admin else "no longer"
    out.print(f"User {user.email} is {state} an administrator.", markup=False)


@app.command()
def password(email: Email) -> None:
    """Set a user's password, typed in or read from standard input, and end all sessions."""
    identity = _identity()
    user = _find(identity, email)
    if sys.stdin.isatty():
        secret = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    else:
        secret = sys.stdin.readline().rstrip("\n")
    try:
        identity.passwords.set(user.id, secret)
    except BadPassword as error:
        fail(error)
    identity.sessions.end_all(user.id)
    out.print(f"The password of {user.email} is set.", markup=False)


@app.command("sign-out")
def sign_out(email: Email) -> None:
    """End all sessions of a user."""
    identity = _identity()
    user = _find(identity, email)
    identity.sessions.end_all(user.id)
    out.print(f"User {user.email} is signed out everywhere.", markup=False)


@app.command()
def remove(
    email: Email,
    account: Annotated[
        str, typer.Option(help="Only from this account; default: remove the user altogether.")
    ] = "",
) -> None:
    """Remove a user, with all sessions; their account's keys and jobs stay."""
    identity = _identity()
    user = _find(identity, email)
    try:
        if not account:
            identity.members.remove_from_all(user.id)
            identity.users.remove(user.id)
        elif not identity.members.remove(_account(account).id, user.id):
            fail(f"{user.email} is not a member of account {account!r}")
    except LastOwner:
        fail(f"{user.email} is an account's only owner: make somebody else an owner first")
    out.print(f"User {user.email} is removed.", markup=False)


def _identity() -> Identity:
    return open_identity(open_database(), load_settings())


def _find(identity: Identity, email: str) -> User:
    try:
        return identity.users.find(email)
    except NoUser as error:
        fail(error)


def _account(name: str) -> Account:
    try:
        return AccountStore(open_database()).find(name)
    except NoAccount as error:
        fail(error)


def _first_admin(identity: Identity) -> User:
    """Return the administrator of longest standing; without any users, create the first."""
    if created := identity.registration.first_admin():
        return created
    for user in identity.users.list():
        if user.is_admin:
            return user
    fail("there is no administrator; make one: clearbg users admin EMAIL")
