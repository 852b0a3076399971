"""Every error that the API can give, and that none of them leaves anything behind."""

from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from gateway.rest.openapi import NOT_OF_REMOVEBG, public_errors
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.cases import CASES, Case, Photo, key
from tests.rest.gateway import Gateway, serving

AFTER_THE_MODEL = (
    *("queue", "model", "late", "bug"),
    *("margin beyond the pixels", "variant's margin beyond the pixels"),
)
"""All others are found before the model is asked."""

RETRY_AFTER = {"queue": "4", "model": "5", "no database": "1", "no store of limits": "1"}
"""Where it is known beforehand."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_each_error_is_told_and_leaves_nothing_behind(
    case: Case, settings: Settings, model: HalfModel, photo: Photo, tmp_path: Path
) -> None:
    for name, value in case.model.items():
        setattr(model, name, value)
    async with serving(model, settings.model_copy(update=case.settings)) as gateway:
        for _ in range(case.before):
            await gateway.client.post("/v1/removebg", **case.request(photo))
        case.break_(gateway)
        charged = 0 if case.slug == "accounts-unavailable" else await gateway.charged()
        files, images = stored(tmp_path), cut_out()
        asked = model.calls

        answer = await gateway.client.post("/v1/removebg", **case.request(photo))

        kind = next(kind for kind in public_errors() if kind.slug == case.slug)
        assert answer.status_code == kind.http
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert body["type"] == f"/problems/{case.slug}"
        assert (body["title"], body["status"]) == (kind.title, kind.http)
        assert case.hint in body["detail"]
        assert case.field is None or case.field == body["field"]
        assert "secret" not in answer.text
        assert body["request_id"] == answer.headers["x-request-id"]
        waits = kind.http in (429, 503)
        assert ("retry-after" in answer.headers) is waits
        if case.id in RETRY_AFTER:
            assert answer.headers["retry-after"] == RETRY_AFTER[case.id]
        elif waits:
            most_s = 31 * 86_400 if case.id == "quota" else 120
            assert 1 <= int(answer.headers["retry-after"]) <= most_s
        assert model.calls - asked == (case.id in AFTER_THE_MODEL)
        assert stored(tmp_path) == files
        assert cut_out() == images
        if case.slug != "accounts-unavailable":
            assert await gateway.charged() == charged


def stored(folder: Path) -> set[Path]:
    """All files, without the database's own journals."""
    return {path for path in folder.rglob("*") if path.suffix not in (".db-wal", ".db-shm")}


def cut_out() -> float:
    """Images that the metrics count as successes."""
    return (
        REGISTRY.get_sample_value(
            "clearbg_images_total", {"device": "cpu", "model": "isnet", "model_version": "half-1"}
        )
        or 0.0
    )


def test_no_error_is_without_a_case() -> None:
    on_the_other_route = {kind.slug for kind in NOT_OF_REMOVEBG}
    assert {case.slug for case in CASES} | on_the_other_route == {
        kind.slug for kind in public_errors()
    }


async def test_a_key_that_does_not_work_is_answered_as_if_there_were_none(
    gateway: Gateway, photo: Photo
) -> None:
    now = timedelta()
    expired = gateway.new_key(lifetime=now)
    revoked = gateway.new_key()
    gateway.keys.revoke(gateway.keys.list()[-1].id)
    bodies = []
    for secret in ("", "cbg_unknown", expired, revoked):
        answer = await gateway.client.post("/v1/removebg", **key(secret)(photo))
        assert answer.headers["www-authenticate"] == "ApiKey"
        assert "ratelimit" not in answer.headers
        bodies.append((answer.status_code, answer.json() | {"request_id": ""}))
    assert bodies.count(bodies[0]) == 4
    assert bodies[0][0] == 401
