"""Wraps a TorchScript network that is added, for Triton on GPUs. NOT RUN ON A GPU YET."""

import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from serving import plausibility
from serving.errors import WeightsError
from serving.manifest import Network


class BareNetwork(nn.Module):
    """A TorchScript network with the served input; its output is left as it is."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, contract: Network) -> None:
        super().__init__()
        self.network = network
        self.index = int(contract.output or 0)
        # Buffers, not constants: these would stay on the device where they were made.
        self.register_buffer("mean", torch.tensor(contract.mean).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(contract.std).reshape(1, 3, 1, 1))
        first = next(network.parameters(), None)
        self.dtype = torch.float32 if first is None else first.dtype

    def forward(self, image: Tensor) -> Tensor:
        """Return the network's output for (B, S, S, 3) uint8, as float32."""
        scaled = image.permute(0, 3, 1, 2).to(torch.float32) / 255
        output = self.network(((scaled - self.mean) / self.std).to(self.dtype))
        if isinstance(output, list | tuple):
            output = output[self.index]
        bare: Tensor = output.float()
        return bare


class ServedNetwork(nn.Module):
    """The same with the served mask: (B, 1, S, S) uint8, 255 is certainly foreground."""

    def __init__(self, bare: BareNetwork, *, is_logits: bool) -> None:
        super().__init__()
        self.bare, self.is_logits = bare, is_logits

    def forward(self, image: Tensor) -> Tensor:
        """Segment a batch, (B, S, S, 3) uint8."""
        output = self.bare(image)
        # Or a probability of 1.01 would wrap around to a level of 2.
        probability = torch.sigmoid(output) if self.is_logits else output.clamp(0, 1)
        return torch.round(probability * 255).to(torch.uint8)


def build(file: Path, path: Path, network: Network, image: NDArray[np.uint8]) -> None:
    """Write the TorchScript that Triton serves, and test it on an image, on the CPU.

    Args:
        file: TorchScript: takes (B, 3, S, S), returns the mask or several outputs.
        path: of the result.
        network: what it expects and returns; `output` is the number of the output.
        image: the sample photo, (side, side, 3) sRGB.

    Raises:
        WeightsError: the file is no TorchScript, has other shapes, or does not answer the photo.
    """
    batch = torch.from_numpy(image[None])
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates TorchScript, but Triton runs it
        try:
            bare = BareNetwork(torch.jit.load(str(file), "cpu"), network).eval()  # type: ignore[no-untyped-call]
            output = bare(batch)
        except (RuntimeError, ValueError, IndexError, AttributeError) as error:
            reason = str(error).strip().splitlines()[-1][:200]
            raise WeightsError(f"{file.name} does not run as TorchScript: {reason}") from error
        if output.shape != (1, 1, network.side, network.side):
            raise WeightsError(
                f"The output of {file.name} is {tuple(output.shape)}, not "
                f"{(1, 1, network.side, network.side)}: give the number of another with --output."
            )
        plausibility.check_output(output.numpy(), network)
        served = ServedNetwork(bare, is_logits=network.is_logits).eval()
        traced = torch.jit.trace(served, batch)  # type: ignore[no-untyped-call]
        plausibility.check_mask(traced(batch)[0, 0].numpy())
        torch.jit.save(traced, str(path))
