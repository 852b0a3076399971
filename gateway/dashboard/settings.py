"""The settings page: the visitor's profile, password and sessions."""

from fastapi import APIRouter, Request, Response

from gateway.dashboard.dashboard import CurrentDashboard
from gateway.dashboard.pages import render
from gateway.dashboard.visitor import SignedIn

PATH = "/dashboard/settings"

router = APIRouter()


@router.get(PATH)
def show(request: Request, visitor: SignedIn, dashboard: CurrentDashboard) -> Response:
    """Show the page."""
    sessions = dashboard.identity.sessions.list(visitor.user.id)
    return render(request, "settings.html", sessions=sessions)
