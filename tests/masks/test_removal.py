"""The core with its cache of masks: what asks the model, and what does not."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gateway import options
from gateway.errors import Overloaded
from gateway.removal import Remover
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.masks.core import Make, lookups, opened

VARIANTS: dict[str, dict[str, str]] = {
    "size": {"size": "32x32"},
    "format": {"format": "jpg"},
    "crop": {"crop": "true"},
    "background": {"bg_color": "red"},
    "edges": {"feather": "2px", "keep": "0 0 9 9"},
    "refined": {"refine": "high"},
}


@pytest.mark.parametrize("fields", VARIANTS.values(), ids=VARIANTS)
async def test_a_variant_of_a_known_image_is_the_same_file_without_inference(
    remover: Remover, model: HalfModel, settings: Settings, photo: Make, fields: dict[str, str]
) -> None:
    before = lookups()
    first = await remover.remove(photo(), options.parse({}))
    cached = await remover.remove(photo(), options.parse(fields))
    assert model.calls == 1
    assert (first.device, cached.device) == ("cpu", "cache")
    assert list(first.seconds) == ["decode", "queue", "infer", "compose", "encode"]
    assert list(cached.seconds) == ["decode", "cache", "compose", "encode"]
    assert cached.model_version == first.model_version == "half-1"
    after = lookups()
    assert {name: after[name] - before[name] for name in after} == {
        "hit": 1,
        "joined": 0,
        "miss": 1,
    }
    async with opened(model, settings, mask_cache_mb=0) as uncached:
        computed = await uncached.remove(photo(), options.parse(fields))
    assert model.calls == 2
    assert cached.data == computed.data
    assert cached.confidence == computed.confidence


def large_jpeg() -> bytes:
    rows, columns = np.indices((2400, 3200))
    noise = np.random.default_rng(0).integers(0, 40, (2400, 3200))
    levels = (rows // 12 + noise, columns // 16 + noise, rows * 0 + noise)
    file = BytesIO()
    Image.fromarray(np.dstack(levels).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


async def test_the_model_sees_the_same_pixels_whatever_the_size_of_the_result(
    model: HalfModel, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the mask of a large JPEG would depend on who has asked first."""
    seen = []
    infer = model.infer

    async def spied(image: Any, **more: object) -> Any:
        seen.append(image)
        return await infer(image, **more)

    monkeypatch.setattr(model, "infer", spied)
    limits = {"max_image_bytes": 10**7, "max_image_pixels": 10**7, "max_megapixels_in_flight": 100}
    async with opened(model, settings, mask_cache_mb=0, **limits) as uncached:
        for size in ("original", "preview", "720p"):
            await uncached.remove(large_jpeg(), options.parse({"size": size}))
    assert all((image == seen[0]).all() for image in seen[1:])


@pytest.mark.parametrize("other", ["account", "roi", "file", "model version"])
async def test_another_key_asks_the_model(
    remover: Remover, model: HalfModel, photo: Make, other: str
) -> None:
    await remover.remove(photo(), options.parse({}), account_id=1)
    image, fields, account_id = photo(), {}, 1
    if other == "account":
        account_id = 2
    elif other == "roi":
        fields = {"roi": "0% 0% 50% 50%"}
    elif other == "file":
        image += b"\0"
    else:
        model.version = "half-2"
    result = await remover.remove(image, options.parse(fields), account_id=account_id)
    assert (model.calls, result.device) == (2, "cpu")
    await remover.remove(image, options.parse(fields), account_id=account_id)
    assert model.calls == 2


async def test_an_unknown_version_is_not_looked_up(
    remover: Remover, model: HalfModel, photo: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a backend's first answer it is unknown which weights will answer."""
    await remover.remove(photo(), options.parse({}))
    monkeypatch.setattr(HalfModel, "version", "", raising=False)
    await remover.remove(photo(), options.parse({}))
    assert model.calls == 2


async def test_a_known_image_needs_no_queue(
    remover: Remover, model: HalfModel, photo: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise Overloaded("9 images are in front of this one.", 3)

    await remover.remove(photo(), options.parse({}))
    monkeypatch.setattr(model, "check_queue", full)
    monkeypatch.setattr(model, "slot", full)
    assert (await remover.remove(photo(), options.parse({"size": "9x9"}))).device == "cache"
    with pytest.raises(Overloaded):
        await remover.remove(photo(9, 9), options.parse({}))


async def test_the_callers_own_mask_is_not_looked_up(
    remover: Remover, model: HalfModel, photo: Make
) -> None:
    before = lookups()
    result = await remover.remove(photo(), options.parse({}), mask=photo())
    assert (model.calls, result.device, lookups()) == (0, "none", before)


async def test_a_tensor_is_not_looked_up(remover: Remover, model: HalfModel) -> None:
    before = lookups()
    for _ in range(2):
        await remover.segment(bytes(3 * 1024 * 1024))
    assert (model.calls, lookups()) == (2, before)
