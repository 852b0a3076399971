"""The two HTTP applications: the public one and the operators'."""

from importlib.metadata import version

from fastapi import Depends
from fastapi.middleware.cors import CORSMiddleware
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp

from gateway.accounts.authenticator import Authenticator
from gateway.bulk.services import BulkServices
from gateway.requests.handler import RequestHandler
from gateway.rest import models, openapi, problems, removebg, schemas, usage
from gateway.rest.authentication import authentication
from gateway.rest.bulk import create, jobs, results
from gateway.rest.bulk import schemas as bulk_schemas
from gateway.rest.middleware import RequestMiddleware
from gateway.rest.remove_bg import routes as remove_bg
from gateway.rest.webhooks import routes as webhooks
from gateway.rest.webhooks import schemas as webhook_schemas
from gateway.rest.website import Website
from gateway.settings import Settings, split_list

DESCRIPTION = """Send an image, get a PNG with a transparent background.

Errors are `application/problem+json` (RFC 9457); `type` names the error, `detail` says what to
change. Requests whose answer has a `Retry-After` may be retried after so many seconds."""

SCHEMAS = {
    "Problem": schemas.PROBLEM,
    **models.SCHEMAS,
    **usage.SCHEMAS,
    **bulk_schemas.SCHEMAS,
    **webhook_schemas.SCHEMAS,
}


def public(
    handler: RequestHandler,
    authenticator: Authenticator,
    bulk: BulkServices | None,
    settings: Settings,
    website: Website | None = None,
) -> ASGIApp:
    """Return the users' application; /openapi.json describes it.

    Args:
        handler: executes removal requests.
        authenticator: checks API keys.
        bulk: receives and controls bulk jobs; None without bulk routes.
        settings: the limits.
        website: the pages for browsers; None without any.
    """
    app = FastAPIOffline(
        title="ClearBG",
        version=version("clearbg"),
        description=DESCRIPTION,
        docs_url=None,  # `gateway.docs` shows it, with the files at static_url
        redoc_url=None,
        static_url="/docs/static",
    )
    app.include_router(removebg.router(handler, authenticator, settings))
    app.include_router(models.router(handler, authenticator))
    app.include_router(usage.router(authenticator))
    if bulk:
        app.state.bulk = bulk
        authenticated = [Depends(authentication(authenticator))]
        for router in (create.router(settings), jobs.router, results.router, webhooks.router):
            app.include_router(router, dependencies=authenticated)
    app.include_router(remove_bg.router(handler, authenticator))
    if website:
        app.state.dashboard = website.state
        app.include_router(website.router, include_in_schema=False)
    schemas.install(app, SCHEMAS)
    problems.install(app, website.error_page if website else None)
    pages = website.middleware(app) if website else app
    # Both wrap the whole application, so that answers to unexpected errors have them too.
    return RequestMiddleware(_with_cors(pages, split_list(settings.cors_origins)))


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
