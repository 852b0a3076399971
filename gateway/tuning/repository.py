"""The model repository's configuration: read, and rewritten in a copy."""

from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from gateway.models.triton import NAME
from gateway.tuning.config import Config

CONFIGS = {"cpu": "configs/cpu.pbtxt", "gpu": "config.pbtxt"}
"""The file that Triton takes, by `Installation.device`."""


def read(repository: Path, device: str) -> Any:
    """Triton's ModelConfig for a device.

    Raises:
        OSError: there is none.
        text_format.ParseError: it is damaged.
    """
    text = (repository / NAME / CONFIGS[device]).read_text()
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def default(repository: Path, device: str, **gateway: int) -> Config:
    """What the repository and the settings say now.

    Args:
        repository: as in the settings.
        device: `cpu` or `gpu`.
        gateway: the part of the configuration that is not Triton's.
    """
    model = read(repository, device)
    return Config(
        max_batch_size=model.max_batch_size,
        queue_delay_us=model.dynamic_batching.max_queue_delay_microseconds,
        instances=model.instance_group[0].count,
        **gateway,
    )


def copy(repository: Path, target: Path, device: str, config: Config) -> None:
    """Write a repository with this configuration that shares the original's model files.

    Args:
        repository: the original, which is left as it is.
        target: a folder for the copy, made here.
        device: `cpu` or `gpu`.
        config: to be written.
    """
    model = read(repository, device)
    model.max_batch_size = config.max_batch_size
    model.dynamic_batching.max_queue_delay_microseconds = config.queue_delay_us
    model.instance_group[0].count = config.instances
    _warm_up_each_batch(model)
    path = target / NAME / CONFIGS[device]
    path.parent.mkdir(parents=True)
    path.write_text(text_format.MessageToString(model))
    (target / NAME / "1").symlink_to((repository / NAME / "1").resolve())


def _warm_up_each_batch(model: Any) -> None:
    """One warm-up for each batch size, as before: Triton refuses those that are too large."""
    if not model.model_warmup:
        return
    sample = model.model_warmup[0]
    samples = []
    for size in range(1, model.max_batch_size + 1):
        made = type(sample)()
        made.CopyFrom(sample)
        made.name, made.batch_size = f"batch {size}", size
        samples.append(made)
    del model.model_warmup[:]
    model.model_warmup.extend(samples)
