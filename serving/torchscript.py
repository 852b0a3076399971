"""Exports the network to TorchScript, which Triton's libtorch backend runs on GPUs."""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as reference

from serving.isnet import ISNet

TRACE_SIDE = 128
"""Side of the image for tracing. The graph does not depend on it, and tracing takes one second
instead of twenty; serving/format_runners.py measures the result at full size."""


class ServedNetwork(nn.Module):
    """ISNet with the inputs and outputs of serving/manifest.py, in the network's own precision."""

    def __init__(self, network: ISNet) -> None:
        super().__init__()
        self.network = network
        self.dtype = next((parameter.dtype for parameter in network.parameters()), torch.float32)

    def forward(self, image: Tensor) -> Tensor:
        """Segment a batch.

        Args:
            image: (B, 1024, 1024, 3) uint8, sRGB.

        Returns:
            (B, 1, 1024, 1024) uint8: 255 is certainly foreground.
        """
        # Permuting NHWC input makes the activations channels-last: convolutions are faster.
        scaled = reference.to_dtype(image.permute(0, 3, 1, 2), torch.float32, scale=True)
        logits = self.network((scaled - 0.5).to(self.dtype))
        return torch.round(torch.sigmoid(logits.float()) * 255).to(torch.uint8)


def export(network: ISNet, path: Path) -> torch.jit.ScriptModule:
    """Trace, freeze and save the network with the served inputs and outputs, in its own precision.

    Raises:
        RuntimeError: the graph contains a device, so the file would work only on such a machine.
    """
    example = torch.randint(0, 256, (2, TRACE_SIDE, TRACE_SIDE, 3), dtype=torch.uint8)
    with torch.no_grad(), warnings.catch_warnings():
        # torch deprecates TorchScript, but Triton's libtorch backend runs it.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(ServedNetwork(network).eval(), example)  # type: ignore[no-untyped-call]
        frozen: torch.jit.ScriptModule = torch.jit.freeze(traced)
        if "Device" in str(frozen.graph):
            raise RuntimeError("the traced graph contains a device constant")
        torch.jit.save(frozen, str(path))
    return frozen
