"""The copy that Triton is started on."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.settings import Settings
from gateway.tuning import repository

REPOSITORY = Settings().model_repository
GATEWAY = {"cpu_threads": 0, "codec_threads": 2, "max_queue": 64}


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_a_copy_differs_in_what_is_tuned_alone(tmp_path: Path, device: str) -> None:
    default = repository.default(REPOSITORY, device, **GATEWAY)
    turned = replace(default, max_batch_size=4, queue_delay_us=777, instances=3)
    repository.copy(REPOSITORY, tmp_path / "copy", device, turned)
    assert repository.default(tmp_path / "copy", device, **GATEWAY) == turned
    assert (tmp_path / "copy" / "isnet" / "1" / "manifest.json").is_file()
    before, after = (repository.read(path, device) for path in (REPOSITORY, tmp_path / "copy"))
    for model in (before, after):
        model.max_batch_size = model.instance_group[0].count = 0
        model.dynamic_batching.max_queue_delay_microseconds = 0
    warmed = [sample.batch_size for sample in after.model_warmup]
    assert warmed == ([1, 2, 3, 4] if device == "gpu" else []), "Triton refuses larger ones"
    for model in (before, after):
        model.ClearField("model_warmup")
    assert after == before


def test_the_default_is_what_the_files_say() -> None:
    cpu = repository.default(REPOSITORY, "cpu", **GATEWAY)
    gpu = repository.default(REPOSITORY, "gpu", **GATEWAY)
    assert (cpu.max_batch_size, cpu.queue_delay_us, cpu.instances) == (2, 0, 1)
    assert (gpu.max_batch_size, gpu.queue_delay_us, gpu.instances) == (8, 5000, 1)
