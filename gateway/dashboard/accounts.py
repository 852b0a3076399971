"""The accounts page, for administrators: create, limit, restrict, disable."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.accounts.accounts import Account, AccountExists, BadName
from gateway.dashboard import redirects
from gateway.dashboard.dashboard import CurrentDashboard, Dashboard
from gateway.dashboard.forms import Fields, FormFields
from gateway.dashboard.ids import MAX_INTEGER, Id
from gateway.dashboard.pages import render
from gateway.dashboard.visitor import Admin
from gateway.errors import BadOption, NoSuchThing
from gateway.identity.members import Role
from gateway.identity.users import BadUser, normalized

PATH = "/dashboard/accounts"

router = APIRouter()


def _account(account_id: Id, visitor: Admin, dashboard: CurrentDashboard) -> Account:
    account = dashboard.accounts.get(account_id)
    if account is None:
        raise NoSuchThing
    return account


ChosenAccount = Annotated[Account, Depends(_account)]


@router.get(PATH)
def show(request: Request, visitor: Admin, dashboard: CurrentDashboard) -> Response:
    """Show all accounts."""
    return _page(request, dashboard)


@router.post(PATH)
def create(
    request: Request, visitor: Admin, form: FormFields, dashboard: CurrentDashboard
) -> Response:
    """Create an account, and show the link that invites its owner, once."""
    name, email = form.get("name", "").strip(), form.get("email", "")
    try:
        normalized(email)
        account = dashboard.accounts.create(name)
        link = dashboard.identity.invitations.create(account.id, email, Role.OWNER)
    except (BadName, BadUser, AccountExists) as error:
        return _page(request, dashboard, error=str(error), name=name, email=email)
    return _page(request, dashboard, link=link, name=name, email=email)


@router.get(PATH + "/{account_id}")
def show_one(
    request: Request, visitor: Admin, account: ChosenAccount, dashboard: CurrentDashboard
) -> Response:
    """Show an account's limits and models."""
    return _account_page(request, dashboard, account)


@router.post(PATH + "/{account_id}")
def save(
    request: Request,
    visitor: Admin,
    account: ChosenAccount,
    form: FormFields,
    dashboard: CurrentDashboard,
) -> Response:
    """Set an account's limits and models."""
    try:
        requests, megapixels = (
            _limit(form, f"{units}_per_minute") for units in ("requests", "megapixels")
        )
    except BadOption as error:
        return _account_page(request, dashboard, account, error=str(error))
    dashboard.accounts.limit(
        account.name, requests_per_minute=requests, megapixels_per_minute=megapixels
    )
    chosen = [name for name in form.getlist("model") if name in _models(dashboard)]
    dashboard.accounts.restrict(account.name, chosen or None)
    return redirects.to(f"{PATH}/{account.id}?saved=1")


@router.post(PATH + "/{account_id}/invitation")
def invite_owner(
    request: Request,
    visitor: Admin,
    account: ChosenAccount,
    form: FormFields,
    dashboard: CurrentDashboard,
) -> Response:
    """Invite an owner to an account that has lost its own."""
    email = form.get("email", "")
    try:
        link = dashboard.identity.invitations.create(account.id, email, Role.OWNER)
    except BadUser as error:
        return _account_page(request, dashboard, account, error=str(error))
    return _account_page(request, dashboard, account, link=link)


@router.post(PATH + "/{account_id}/disable")
def disable(
    request: Request, visitor: Admin, account: ChosenAccount, dashboard: CurrentDashboard
) -> Response:
    """Disable an account: its keys and sessions stop working."""
    if account.id == visitor.account.id:
        error = "You are looking at this account: switch to another one in the settings first."
        return _account_page(request, dashboard, account, error=error)
    dashboard.accounts.disable(account.name)
    return redirects.to(PATH)


@router.post(PATH + "/{account_id}/enable")
def enable(visitor: Admin, account: ChosenAccount, dashboard: CurrentDashboard) -> Response:
    """Enable a disabled account."""
    dashboard.accounts.enable(account.name)
    return redirects.to(PATH)


def _limit(form: Fields, name: str) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:11]) <= MAX_INTEGER):
        raise BadOption(name, "A limit is a whole number above 0; empty: no limit.")
    return int(text)


def _models(dashboard: Dashboard) -> list[str]:
    return [each.name for each in dashboard.handler.remover.models]


def _page(
    request: Request,
    dashboard: Dashboard,
    *,
    error: str = "",
    name: str = "",
    email: str = "",
    link: str = "",
) -> Response:
    return render(
        request,
        "accounts.html",
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
        accounts=dashboard.accounts.list(),
        error=error,
        name=name,
        email=email,
        link=link,
    )


def _account_page(
    request: Request, dashboard: Dashboard, account: Account, *, error: str = "", link: str = ""
) -> Response:
    return render(
        request,
        "account.html",
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
        account=account,
        members=dashboard.identity.members.of_account(account.id),
        models=_models(dashboard),
        saved="saved" in request.query_params,
        error=error,
        link=link,
    )
