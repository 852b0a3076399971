"""The copy of the model repository that a measured Triton reads."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.settings import Settings
from gateway.tuning import repository

REPOSITORY = Settings().model_repository
GATEWAY = {"cpu_threads": 0, "codec_threads": 2, "max_queue": 64}


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_a_copy_differs_only_in_the_tuned_settings(tmp_path: Path, device: str) -> None:
    default = repository.current_config(REPOSITORY, device, **GATEWAY)
    changed = replace(default, max_batch_size=4, queue_delay_us=777, instances=3)
    repository.copy_with_config(REPOSITORY, tmp_path / "copy", device, changed)
    assert repository.current_config(tmp_path / "copy", device, **GATEWAY) == changed
    assert (tmp_path / "copy" / "isnet" / "1" / "manifest.json").is_file()
    before, after = (repository.read(path, device) for path in (REPOSITORY, tmp_path / "copy"))
    for model in (before, after):
        model.max_batch_size = model.instance_group[0].count = 0
        model.dynamic_batching.max_queue_delay_microseconds = 0
    warmed_up = [sample.batch_size for sample in after.model_warmup]
    assert warmed_up == ([1, 2, 3, 4] if device == "gpu" else []), "Triton rejects larger ones"
    for model in (before, after):
        model.ClearField("model_warmup")
    assert after == before


def test_the_current_config_is_that_of_the_files() -> None:
    cpu = repository.current_config(REPOSITORY, "cpu", **GATEWAY)
    gpu = repository.current_config(REPOSITORY, "gpu", **GATEWAY)
    assert (cpu.max_batch_size, cpu.queue_delay_us, cpu.instances) == (2, 0, 1)
    assert (gpu.max_batch_size, gpu.queue_delay_us, gpu.instances) == (8, 5000, 1)
