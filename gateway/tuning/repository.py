"""Reads the model repository's configuration, and writes a copy with another one."""

from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from gateway.tuning.config import Config
from serving.manifest import DEFAULT

CONFIGS = {"cpu": "configs/cpu.pbtxt", "gpu": "config.pbtxt"}
"""The file that Triton reads, by `Installation.device`."""


def read(repository: Path, device: str) -> Any:
    """Return Triton's ModelConfig for a device.

    Raises:
        OSError: the file cannot be read.
        text_format.ParseError: the file is damaged.
    """
    text = (repository / DEFAULT / CONFIGS[device]).read_text()
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def current_config(repository: Path, device: str, **gateway: int) -> Config:
    """Return the configuration of a repository and the settings.

    Args:
        repository: as in the settings.
        device: `cpu` or `gpu`.
        gateway: the values of the settings that are not Triton's.
    """
    model = read(repository, device)
    return Config(
        max_batch_size=model.max_batch_size,
        queue_delay_us=model.dynamic_batching.max_queue_delay_microseconds,
        instances=model.instance_group[0].count,
        **gateway,
    )


def copy_with_config(repository: Path, target: Path, device: str, config: Config) -> None:
    """Write a repository with another configuration; it links to the original's model files.

    Args:
        repository: the original, which is not changed.
        target: an empty folder for the copy.
        device: `cpu` or `gpu`.
        config: the configuration of the copy.
    """
    model = read(repository, device)
    model.max_batch_size = config.max_batch_size
    model.dynamic_batching.max_queue_delay_microseconds = config.queue_delay_us
    model.instance_group[0].count = config.instances
    _warm_up_each_batch_size(model)
    path = target / DEFAULT / CONFIGS[device]
    path.parent.mkdir(parents=True)
    path.write_text(text_format.MessageToString(model))
    (target / DEFAULT / "1").symlink_to((repository / DEFAULT / "1").resolve())


def _warm_up_each_batch_size(model: Any) -> None:
    """Replace the warm-ups: Triton rejects a configuration with one beyond the largest batch."""
    if not model.model_warmup:
        return
    original = model.model_warmup[0]
    warmups = []
    for size in range(1, model.max_batch_size + 1):
        warmup = type(original)()
        warmup.CopyFrom(original)
        warmup.name, warmup.batch_size = f"batch {size}", size
        warmups.append(warmup)
    del model.model_warmup[:]
    model.model_warmup.extend(warmups)
