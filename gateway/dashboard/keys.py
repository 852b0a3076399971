"""API keys: list, create, rotate, revoke.

Members see all keys of their account and make keys of their own; what somebody else has made, only
owners rotate and revoke.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from gateway.accounts.api_key import ApiKey
from gateway.dashboard import key_form, redirects
from gateway.dashboard.dashboard import CurrentDashboard, Dashboard
from gateway.dashboard.forms import FormFields
from gateway.dashboard.pages import render
from gateway.dashboard.visitor import SignedIn
from gateway.errors import Forbidden, NoKey, NoSuchThing
from gateway.identity.sessions import Visitor

PATH = "/dashboard/keys"
OVERLAPS = {
    "24": "For 24 hours",
    "168": "For 7 days",
    "720": "For 30 days",
    "1": "For an hour",
    "0": "Not at all",
}
"""Choices of hours, and what they are called."""

router = APIRouter(prefix=PATH)
KeyId = Annotated[int, Path(ge=1, le=key_form.MAX_INTEGER)]


@router.get("")
def show(request: Request, visitor: SignedIn, dashboard: CurrentDashboard) -> Response:
    """Show the keys of the account."""
    keys = dashboard.keys.list(visitor.account.id)
    return render(
        request,
        "keys.html",
        working=[key for key in keys if key.works],
        ended=[key for key in reversed(keys) if not key.works],
        may_change={key.id for key in keys if _may_change(visitor, key)},
        defaults=dashboard.settings,
    )


@router.get("/new")
def show_form(request: Request, visitor: SignedIn, dashboard: CurrentDashboard) -> Response:
    """Show the form that creates a key."""
    limits = key_form.limits(dashboard.settings, is_admin=visitor.is_admin)
    return _form(request, limits, {}, {})


@router.post("")
def create(
    request: Request, visitor: SignedIn, dashboard: CurrentDashboard, fields: FormFields
) -> Response:
    """Create a key, and show its secret this once."""
    limits = key_form.limits(dashboard.settings, is_admin=visitor.is_admin)
    try:
        wanted = key_form.parse(fields, limits)
    except key_form.BadForm as error:
        return _form(request, limits, dict(fields), dict(error.errors))
    key, secret = dashboard.keys.create(
        wanted.name,
        visitor.account.id,
        lifetime=wanted.lifetime,
        limits=wanted.limits,
        created_by=visitor.user.email,
    )
    return _secret(request, dashboard, key, secret)


@router.get("/{key_id}/rotate")
def ask_to_rotate(
    request: Request, key_id: KeyId, visitor: SignedIn, dashboard: CurrentDashboard
) -> Response:
    """Ask how long the old secret is to go on."""
    key = _changeable(dashboard, visitor, key_id)
    return render(request, "key_rotate.html", key=key, overlaps=OVERLAPS)


@router.post("/{key_id}/rotate")
def rotate(
    request: Request,
    key_id: KeyId,
    visitor: SignedIn,
    dashboard: CurrentDashboard,
    fields: FormFields,
) -> Response:
    """Give the key a new secret, and show that this once."""
    key = _changeable(dashboard, visitor, key_id)
    hours = fields.get("overlap", "")
    if hours not in OVERLAPS:
        return redirects.to(f"{PATH}/{key.id}/rotate")
    try:
        key, secret = dashboard.keys.rotate(
            key.id, visitor.account.id, overlap=timedelta(hours=int(hours))
        )
    except NoKey as error:  # somebody else has revoked it in the meantime
        raise NoSuchThing from error
    return _secret(request, dashboard, key, secret)


@router.get("/{key_id}/revoke")
def ask_to_revoke(
    request: Request, key_id: KeyId, visitor: SignedIn, dashboard: CurrentDashboard
) -> Response:
    """Ask whether the key is to end."""
    key = _changeable(dashboard, visitor, key_id)
    return render(request, "key_revoke.html", key=key, cache_s=dashboard.settings.key_cache_s)


@router.post("/{key_id}/revoke")
def revoke(key_id: KeyId, visitor: SignedIn, dashboard: CurrentDashboard) -> Response:
    """End the key."""
    key = _changeable(dashboard, visitor, key_id)
    dashboard.keys.revoke(key.id, visitor.account.id)
    return redirects.to(PATH)


def _may_change(visitor: Visitor, key: ApiKey) -> bool:
    return visitor.is_owner or key.created_by == visitor.user.email


def _changeable(dashboard: Dashboard, visitor: Visitor, key_id: int) -> ApiKey:
    """Return a key that the visitor may change.

    Raises:
        NoSuchThing: it is not the account's, or has ended.
        Forbidden: somebody else has made it.
    """
    key = dashboard.keys.find(key_id, visitor.account.id)
    if key is None or not key.works:
        raise NoSuchThing
    if not _may_change(visitor, key):
        raise Forbidden("Somebody else has made this key. Ask an owner of the account.")
    return key


def _form(
    request: Request,
    limits: tuple[key_form.Limit, ...],
    values: dict[str, str],
    errors: dict[str, str],
) -> Response:
    return render(
        request,
        "key_new.html",
        status=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        lifetimes=key_form.LIFETIMES,
        limits=limits,
        values=values,
        errors=errors,
    )


def _secret(request: Request, dashboard: Dashboard, key: ApiKey, secret: str) -> Response:
    url = dashboard.settings.public_url or str(request.base_url)
    return render(request, "key_secret.html", key=key, secret=secret, url=url.rstrip("/"))
