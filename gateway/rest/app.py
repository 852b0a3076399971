"""The two HTTP applications: the public one and the operators'."""

from collections.abc import Callable
from importlib.metadata import version

from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder
from starlette.types import ASGIApp

from gateway.accounts.gate import Gate
from gateway.bulk.intake import Intake
from gateway.bulk.uploads import Uploads
from gateway.metrics import READY
from gateway.models.model import Model
from gateway.orders.work import Work
from gateway.rest import openapi, problems, removebg
from gateway.rest.access import Access
from gateway.rest.bulk import create, jobs, results
from gateway.rest.compat import routes as compat
from gateway.rest.webhooks import routes as webhooks
from gateway.settings import Settings, words

DESCRIPTION = """Send an image, get a PNG with a transparent background.

Errors are `application/problem+json` (RFC 9457); `type` names the error, `detail` says what to
change. Answers with a `Retry-After` may be repeated after so many seconds."""


def public(work: Work, gate: Gate, intake: Intake | None, settings: Settings) -> ASGIApp:
    """What users call; its description is at /openapi.json, and readable at /docs.

    Args:
        work: is done here.
        gate: lets callers in.
        intake: takes bulk jobs in; None where there are none.
        settings: the limits.
    """
    app = FastAPIOffline(
        title="ClearBG",
        version=version("clearbg"),
        description=DESCRIPTION,
        redoc_url=None,
        static_url="/docs/static",
    )
    app.include_router(removebg.router(work, gate, settings))
    if intake:
        uploads = Uploads(intake, work.memory, settings)
        app.include_router(create.router(uploads, gate, settings))
        app.include_router(jobs.router(intake, gate))
        app.include_router(results.router(intake, gate))
        app.include_router(webhooks.router(intake.webhooks, gate))
    app.include_router(compat.router(work, gate))
    problems.install(app)
    # Both around the whole application: an unforeseen error's answer has them too.
    return Access(_with_cors(app, words(settings.cors_origins)))


def _with_cors(app: ASGIApp, origins: list[str]) -> ASGIApp:
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=["GET", "POST", "DELETE"],
        allow_headers=["*"],
        expose_headers=openapi.EXPOSED,
    )


def operations(model: Callable[[], Model | None]) -> FastAPI:
    """Health and metrics, on a listener of their own that the public cannot reach.

    Args:
        model: gives the model; None while it loads and after it stopped.
    """
    app = FastAPI(title="ClearBG operations", docs_url=None, redoc_url=None, openapi_url=None)

    async def is_ready() -> bool:
        current = model()
        return bool(current and await current.ready())

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Alive: the event loop answers."""
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz(response: Response) -> dict[str, str]:
        """Ready: the model has answered a real inference, and the service is not stopping."""
        if await is_ready():
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "not ready"}

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        """Metrics in Prometheus's text format; as OpenMetrics, with exemplars, if asked for it."""
        READY.set(await is_ready())
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(REGISTRY), headers={"Content-Type": media_type})

    return app
