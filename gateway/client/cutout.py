"""What a service answers."""

from dataclasses import dataclass, field

from gateway.images.matte import Box


@dataclass(frozen=True)
class Cutout:
    """One finished cut-out."""

    image: bytes = field(repr=False)
    """The file, in the format that was asked for."""
    media_type: str
    width: int
    height: int
    foreground: Box | None
    """Around what was kept, in pixels of the result; None when nothing was found."""
    confidence: float
    """How sure the model is of what it kept, 0 to 1."""
    model_version: str
    device: str
    seconds: dict[str, float]
    """By stage."""
