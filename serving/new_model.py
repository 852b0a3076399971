"""What is declared of a model that is added. Imports nothing heavy, for the command line."""

from dataclasses import dataclass

from serving.manifest import Network, Precision


@dataclass(frozen=True)
class NewModel:
    """A model as it is declared by whoever adds it."""

    name: str
    title: str
    source: str
    """Path or http(s) URL of an ONNX file, or of a TorchScript file."""
    sha256: str
    """Of that file, in hexadecimal."""
    network: Network
    licence: str
    is_torchscript: bool = False
    """Whether the file is TorchScript; its name does not matter."""
    non_commercial: bool = False
    precision: Precision = "auto"
