"""The two HTTP applications: the public one and the operators'."""

from collections.abc import Callable
from importlib.metadata import version

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp

from gateway.accounts.keys import KeyStore
from gateway.models.model import Model
from gateway.removal import Remover
from gateway.rest import problems, removebg
from gateway.rest.access import Access
from gateway.settings import Settings


def public(remover: Remover, keys: KeyStore, settings: Settings) -> ASGIApp:
    """What users call."""
    app = FastAPI(title="ClearBG", version=version("clearbg"), docs_url=None, redoc_url=None)
    app.include_router(removebg.router(remover, keys, settings))
    problems.install(app)
    # Around the whole application, so that even an unforeseen error's answer has its request id.
    return Access(app)


def operations(model: Callable[[], Model | None]) -> FastAPI:
    """Health and metrics, on a listener of their own that the public cannot reach.

    Args:
        model: gives the model; None while it loads and after it stopped.
    """
    app = FastAPI(title="ClearBG operations", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Alive: the event loop answers."""
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz(response: Response) -> dict[str, str]:
        """Ready: the model has answered a real inference, and the service is not stopping."""
        current = model()
        if current and await current.ready():
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "not ready"}

    @app.get("/metrics")
    async def metrics() -> Response:
        """Metrics in Prometheus's text format."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app
