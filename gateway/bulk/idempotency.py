"""Idempotency: a repeated key must come with the same request, compared by a fingerprint."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence

from gateway.bulk.draft_store import JobRequest
from gateway.bulk.job import Job
from gateway.errors import KeyReused
from gateway.options import Options, parse


def fingerprint(
    request: JobRequest, names: Sequence[tuple[str, str]], image_hashes: Sequence[str]
) -> str:
    """Return the SHA-256 of all parts of a request.

    The body cannot be hashed: a client encodes the same form differently each time.

    Args:
        request: the job's options; however they are spelled, equal options hash equally.
        names: name and custom ID of each image, in order.
        image_hashes: "NAME SHA256" of each image and the backdrop, in any order.
    """
    parsed, defaults = parse(request.options), Options()
    options = {
        field.name: repr(getattr(parsed, field.name))
        for field in dataclasses.fields(Options)
        if getattr(parsed, field.name) != getattr(defaults, field.name)
    }
    parts = [options, request.metadata, request.webhook_url, names, sorted(image_hashes)]
    text = json.dumps(parts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def check_same_request(request: JobRequest, original: Job) -> None:
    """Compare a request with the job that an earlier one created with the same key.

    Raises:
        KeyReused: they differ.
    """
    if request.fingerprint != original.fingerprint:
        raise KeyReused
