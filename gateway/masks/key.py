"""What identifies a mask: the same key always means the same mask."""

import hashlib
import json
from dataclasses import dataclass

from gateway.options import Region


@dataclass(frozen=True)
class MaskKey:
    """Whose image it is, and all that the mask depends on."""

    owner: str
    """Whose image it is; see `Caller.owner`. Masks are never shared by owners: the time of an
    answer would tell one of them that the other has sent the same image."""
    sha256: bytes
    """Of the image's file."""
    roi: Region | None
    model: str
    """Its name."""
    version: str
    """Of the weights, and the precision, as in `Inference.model_version`; empty if unknown."""

    @property
    def digest(self) -> str:
        """The key as 64 hexadecimal digits, from which none of its parts can be read."""
        parts = (self.owner, self.sha256.hex(), repr(self.roi), self.model, self.version)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def file_digest(data: bytes) -> bytes:
    """Return the SHA-256 of a file. Blocking: a millisecond for each 1.5 MB."""
    return hashlib.sha256(data).digest()
