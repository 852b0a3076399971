"""The result of one image."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Box:
    """A rectangle, in pixels of the result."""

    top: int
    left: int
    width: int
    height: int


@dataclass(frozen=True)
class Cutout:
    """One finished cut-out."""

    image: bytes = field(repr=False)
    """The encoded result, in the format of the options."""
    media_type: str
    width: int
    height: int
    foreground: Box | None
    """The box around the foreground; None when none was found."""
    confidence: float
    """How sure the model is of the foreground, 0 to 1."""
    model_version: str
    device: str
    """What ran the model: `cpu`, `triton-cpu` or `triton-gpu`; `cache` if the mask was known;
    `none` with a `mask`."""
    seconds: dict[str, float]
    """Seconds by stage: `decode`, `queue`, `infer`, `compose`, `encode`; `cache` instead of
    `queue` and `infer` if the mask was known."""
    model: str = ""
    """Name of the model; empty with a `mask`, and from older services."""
