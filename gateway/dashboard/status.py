"""The page for operators: how this process and its stores do, in words."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.dashboard.dashboard import CurrentDashboard, Dashboard
from gateway.dashboard.health import readings
from gateway.dashboard.health.cards import cards, overall
from gateway.dashboard.pages import render
from gateway.dashboard.visitor import Admin

STATUS = "/dashboard/status"

router = APIRouter(prefix=STATUS)


@router.get("")
async def show(request: Request, dashboard: CurrentDashboard, admin: Admin) -> Response:
    """Show the page."""
    return render(request, "status.html", **await _context(dashboard))


@router.get("/cards")
async def show_cards(request: Request, dashboard: CurrentDashboard, admin: Admin) -> Response:
    """Return the part of the page that changes."""
    return render(request, "status_cards.html", **await _context(dashboard))


async def _context(dashboard: Dashboard) -> dict[str, Any]:
    now = await readings.read(dashboard)
    shown = cards(now)
    return {
        "cards": shown,
        "overall": overall(shown),
        "version": now.version,
        "now": datetime.now(UTC),
    }
