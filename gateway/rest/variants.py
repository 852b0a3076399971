"""The results of several variants as one HTTP answer: a ZIP, multipart/mixed, or JSON."""

import asyncio
import json
import secrets
from collections.abc import Sequence
from dataclasses import replace

from fastapi import Request, Response

from gateway.limits.admission import Admission
from gateway.removal import OWN_STAGES
from gateway.requests.removal_request import RemovalRequest
from gateway.rest import answers
from gateway.rest.answers import accepted, disposition, headers, json_fields
from gateway.rest.streamed_response import StreamedResponse
from gateway.results import Result, as_zip, file_name

OF_ONE_RESULT = ("X-Width", "X-Height", "X-Foreground-")
"""Beginnings of the headers that differ from result to result."""


async def answer(
    request: Request, done: Sequence[Result], removal: RemovalRequest, memory: Admission
) -> Response:
    """Return what was requested: one result, or those of all variants.

    Args:
        request: the HTTP request.
        done: the results.
        removal: what was requested.
        memory: counts the answer until it is sent.
    """
    if removal.options.variants:
        return await _answer_variants(request, done, removal, memory)
    return await answers.answer(request, done[0], removal, memory)


async def _answer_variants(
    request: Request, variants: Sequence[Result], removal: RemovalRequest, memory: Admission
) -> Response:
    """Return all results in the form that the request's Accept header names; by default a ZIP."""
    kinds = accepted(request.headers.get("accept", ""))
    own = {
        name: value
        for name, value in headers(_summed(variants)).items()
        if not name.startswith(OF_ONE_RESULT)
    }
    if "multipart/mixed" in kinds:
        boundary = secrets.token_hex(16)
        body = await asyncio.to_thread(as_multipart, variants, boundary)
        media_type = f"multipart/mixed; boundary={boundary}"
    elif "application/json" in kinds and "application/zip" not in kinds:
        body = await asyncio.to_thread(as_json, variants)
        media_type = "application/json"
    else:
        body = await asyncio.to_thread(as_zip, variants)
        media_type = "application/zip"
        own["Content-Disposition"] = disposition(removal, media_type)
    return StreamedResponse(body, memory, media_type=media_type, headers=own)


def as_multipart(variants: Sequence[Result], boundary: str) -> bytes:
    """Return a part for each result, with the headers that an answer of its own has (RFC 2046)."""
    chunks: list[bytes] = []
    for number, result in enumerate(variants):
        part = {
            "Content-Type": result.media_type,
            "Content-Length": str(len(result.data)),
            "Content-Disposition": f'attachment; filename="{file_name(result, number)}"',
            **headers(result),
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in part.items())
        chunks += (f"--{boundary}\r\n{lines}\r\n".encode(), result.data, b"\r\n")
    return b"".join((*chunks, f"--{boundary}--\r\n".encode()))


def as_json(variants: Sequence[Result]) -> bytes:
    """Return all results as JSON, their images as base64."""
    return json.dumps({"variants": [json_fields(result) for result in variants]}).encode()


def _summed(variants: Sequence[Result]) -> Result:
    """Return the first result, with the stages that each has of its own summed over all."""
    sums = {stage: sum(each.seconds[stage] for each in variants) for stage in OWN_STAGES}
    return replace(variants[0], seconds=variants[0].seconds | sums)
