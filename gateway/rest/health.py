"""The operators' HTTP application: /healthz, /readyz and /metrics, on a port of their own."""

from collections.abc import Callable

from fastapi import FastAPI, Request, Response
from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from gateway.models.model import Model
from gateway.observability.metrics import READY


def operations(model: Callable[[], Model | None]) -> FastAPI:
    """Return the operators' application: health and metrics, on a port that is not public.

    Args:
        model: returns the model; None while it loads and after it stopped.
    """
    app = FastAPI(title="ClearBG operations", docs_url=None, redoc_url=None, openapi_url=None)

    async def is_ready() -> bool:
        current = model()
        return bool(current and await current.ready())

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Return 200 while the event loop answers."""
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz(response: Response) -> dict[str, str]:
        """Return 200 once the model has answered an inference, and 503 while shutting down."""
        if await is_ready():
            return {"status": "ready"}
        response.status_code = 503
        return {"status": "not ready"}

    @app.get("/metrics")
    async def metrics(request: Request) -> Response:
        """Return metrics in Prometheus's text format, or OpenMetrics if the client accepts it."""
        READY.set(await is_ready())
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(REGISTRY), headers={"Content-Type": media_type})

    return app
