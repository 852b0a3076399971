"""Prints the OpenAPI document that clients are generated from, without a service that runs.

It leaves out what is alike on all routes: errors, each of which is a `Problem`, and headers.
"""

import asyncio
import json
import sys
from typing import Any

import httpx

from gateway.rest import app
from gateway.settings import Settings


def document() -> dict[str, Any]:
    """Return the document, as it is with the defaults of all settings."""
    return asyncio.run(_ask())


async def _ask() -> dict[str, Any]:
    # Routes are described without being called, so nothing need be behind them.
    nothing: Any = object()
    public = app.public(nothing, nothing, nothing, Settings.model_construct())
    transport = httpx.ASGITransport(public)
    async with httpx.AsyncClient(transport=transport, base_url="http://clearbg") as client:
        described: dict[str, Any] = (await client.get("/openapi.json")).json()
    for path in described["paths"].values():
        for operation in path.values():
            operation["responses"] = _successes(operation["responses"])
    del described["components"]["schemas"]["HTTPValidationError"]
    del described["components"]["schemas"]["ValidationError"]
    return described


def _successes(responses: dict[str, Any]) -> dict[str, Any]:
    return {
        status: {name: value for name, value in response.items() if name != "headers"}
        for status, response in responses.items()
        if status.startswith("2")
    }


if __name__ == "__main__":
    json.dump(document(), sys.stdout)
