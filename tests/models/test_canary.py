"""A second version of the default model, which a share of the accounts gets."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError

from gateway import options
from gateway.errors import Overloaded
from gateway.models import canary
from gateway.models.factory import _behind_one_queue
from gateway.models.failover import PROBE_INTERVAL_S
from gateway.models.models import Canary, Models, ServedModel
from gateway.models.repository import loadable
from gateway.models.setup_error import ModelSetupError
from gateway.removal import Remover
from gateway.settings import Settings
from serving import manifest
from serving.manifest import Manifest, Network
from tests.conftest import Make
from tests.half_model import HalfModel
from tests.models.test_repository import write
from tests.waiting import until

OWNERS = [f"account {number}" for number in range(2000)]


class SecondVersion(HalfModel):
    version = "half-2"


def trial(percent: float, version: int = 2) -> Canary:
    return Canary(ServedModel("isnet", SecondVersion()), version, percent)


def test_an_owner_always_gets_the_same_version_and_the_share_is_kept() -> None:
    ten = [owner for owner in OWNERS if trial(10).has(owner)]
    assert ten == [owner for owner in OWNERS if trial(10).has(owner)]
    assert 150 < len(ten) < 250
    assert set(ten) < {owner for owner in OWNERS if trial(50).has(owner)}
    assert all(trial(100).has(owner) for owner in OWNERS)
    assert ten != [owner for owner in OWNERS if trial(10, version=3).has(owner)]


def test_only_the_default_model_has_a_canary() -> None:
    default, other = ServedModel("isnet", HalfModel()), ServedModel("u2net", HalfModel())
    models = Models(default, other, canary=trial(100))
    assert models.version_for("account 1", default).model.health.model_version == "half-2"
    assert models.version_for("account 1", other) is other
    assert [each.name for each in models] == ["isnet", "u2net"]
    assert Models(default).version_for("account 1", default) is default


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a repository with two versions of a model, without files."""
    write(tmp_path / "isnet" / "1", "isnet-1")
    write(tmp_path / "isnet" / "2", "isnet-1", "f32")
    return Settings(
        model_repository=tmp_path,
        data_dir=tmp_path,
        model_version=1,
        canary="2:30",
        max_megapixels_in_flight=1000,
    )


@pytest.fixture
def versions() -> tuple[HalfModel, HalfModel]:
    return HalfModel(), SecondVersion()


@pytest.fixture
async def remover(
    settings: Settings, versions: tuple[HalfModel, HalfModel]
) -> AsyncIterator[Remover]:
    """The core with both versions, as the service opens them."""
    stable, second = versions
    on_trial = canary.backend("isnet:2", second, stable)
    assert await on_trial.probe()
    models = _behind_one_queue({"isnet": stable, "isnet:2": on_trial}, settings)
    remover = Remover(models, settings)
    yield remover
    remover.close()
    await models.close()


async def version_of(remover: Remover, account_id: int, photo: bytes) -> str:
    done = await remover.remove(photo, options.parse({}), account_id=account_id)
    assert done.model == "isnet"
    return done.model_version


def images(version: str) -> float:
    labels = {"device": "cpu", "model": "isnet", "model_version": version}
    return REGISTRY.get_sample_value("clearbg_images_total", labels) or 0.0


async def test_accounts_get_their_version_and_metrics_tell_them_apart(
    remover: Remover, photo: Make
) -> None:
    before = {name: images(name) for name in ("half-1", "half-2")}
    expected = ["half-2" if trial(30).has(f"account {each}") else "half-1" for each in range(20)]
    for _ in range(2):
        answers = [await version_of(remover, each, photo()) for each in range(20)]
        assert answers == expected
    assert set(expected) == set(before)
    for name, count in before.items():
        assert images(name) - count == 2 * expected.count(name)


def owner_of(remover: Remover) -> int:
    """An account that gets the canary."""
    return next(each for each in range(100) if trial(30).has(f"account {each}"))


@pytest.mark.parametrize("error", [RuntimeError("broken"), ValueError("shape")], ids=repr)
async def test_the_stable_version_answers_while_the_canary_fails(
    remover: Remover, versions: tuple[HalfModel, HalfModel], photo: Make, error: Exception
) -> None:
    account, second = owner_of(remover), versions[1]
    second.fail = error
    for _ in range(3):
        assert await version_of(remover, account, photo()) == "half-1"
    assert REGISTRY.get_sample_value("clearbg_breaker_open", {"model": "isnet:2"}) == 1
    assert second.calls == 1, "it is not asked again until it answers a probe"
    second.fail = None
    await asyncio.sleep(PROBE_INTERVAL_S)
    await until(
        lambda: REGISTRY.get_sample_value("clearbg_breaker_open", {"model": "isnet:2"}) == 0
    )
    assert await version_of(remover, account, photo()) == "half-2"


async def test_a_full_queue_of_the_canary_does_not_move_its_images_to_the_stable_version(
    remover: Remover, versions: tuple[HalfModel, HalfModel], photo: Make
) -> None:
    versions[1].fail = Overloaded("There are many.", 1)
    with pytest.raises(Overloaded):
        await version_of(remover, owner_of(remover), photo())
    assert versions[0].calls == 0


async def test_bare_masks_come_from_the_same_version(remover: Remover) -> None:
    image = np.zeros((1024, 1024, 3), np.uint8).tobytes()
    remover.models._canary = Canary(remover.models._canary.served, 2, 100)  # type: ignore[union-attr]
    assert (await remover.segment(image)).inference.model_version == "half-2"


@pytest.mark.parametrize(
    "text", ["2", "2:", "2:0", "2:101", ":10", "x:10", "0:10", "2:-1", "2:1e1"]
)
def test_a_malformed_canary_is_rejected(text: str) -> None:
    with pytest.raises(ValidationError, match="2:10"):
        Settings(model_version=1, canary=text)


def test_a_canary_needs_the_version_to_return_to() -> None:
    with pytest.raises(ValidationError, match="CLEARBG_MODEL_VERSION"):
        Settings(canary="2:10")
    with pytest.raises(ValidationError, match="CLEARBG_MODEL_VERSION"):
        Settings(canary="2:10", model_version=2)


def test_without_its_setting_the_pinned_version_is_served(settings: Settings) -> None:
    assert loadable(settings, "cpu").keys() == {"isnet", "isnet:2"}
    back = settings.model_copy(update={"canary": ""})
    found = loadable(back, "cpu")
    assert {name: built.precision for name, built in found.items()} == {"isnet": "auto"}
    promoted = back.model_copy(update={"model_version": 2})
    assert loadable(promoted, "cpu")["isnet"].precision == "f32"


@pytest.mark.parametrize(
    ("version", "change", "message"),
    [
        ("3", {}, "model build --version 3"),
        ("2", {"precision": "auto"}, "same"),
        ("2", {"network": Network(side=320)}, "another input"),
        ("2", {"artifacts": {}}, "GPUs only"),
    ],
)
def test_a_canary_that_cannot_be_served_ends_the_start(
    settings: Settings, version: str, change: dict[str, Any], message: str
) -> None:
    folder = settings.model_repository / "isnet" / "2"
    built: Manifest = replace(manifest.read(folder), **change)
    built.write(folder)
    chosen = settings.model_copy(update={"canary": f"{version}:10"})
    with pytest.raises(ModelSetupError, match=message):
        loadable(chosen, "cpu")
