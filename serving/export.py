"""From the network to the files that run: TorchScript for Triton, OpenVINO IR for CPUs.

Both keep one tensor contract: UINT8 in, UINT8 out. Casting, normalisation and the sigmoid are part
of the graph, so 3 MiB goes in, 1 MiB comes out, and every client sees the same.
"""

import warnings
from pathlib import Path

import openvino
import torch
from torch import Tensor, nn
from torchvision.transforms.v2 import functional as reference

from serving.isnet import SIDE, ISNet

TENSORS = {
    "image": f"UINT8 [B, {SIDE}, {SIDE}, 3], sRGB",
    "mask": f"UINT8 [B, 1, {SIDE}, {SIDE}], sigmoid x 255, rounded",
}


TRACED_SIDE = 128
"""Side of the image that is traced. No size is baked in, and a small one takes a second instead of
twenty; serving/fidelity.py measures what comes out at full size."""


class Served(nn.Module):
    """ISNet behind the tensor contract, computing in the network's own precision."""

    def __init__(self, network: ISNet) -> None:
        super().__init__()
        self.network = network
        self.dtype = next((parameter.dtype for parameter in network.parameters()), torch.float32)

    def forward(self, image: Tensor) -> Tensor:
        """Segment a batch.

        Args:
            image: (B, 1024, 1024, 3) uint8, sRGB.

        Returns:
            (B, 1, 1024, 1024) uint8: 255 is surely foreground.
        """
        # Permuting NHWC input leaves the activations channels-last, which convolutions like.
        scaled = reference.to_dtype(image.permute(0, 3, 1, 2), torch.float32, scale=True)
        logits = self.network((scaled - 0.5).to(self.dtype))
        return torch.round(torch.sigmoid(logits.float()) * 255).to(torch.uint8)


def torchscript(network: ISNet, path: Path) -> torch.jit.ScriptModule:
    """Trace, freeze and save the served network, in the network's own precision.

    Raises:
        RuntimeError: a device was baked into the graph, which would tie the file to this machine.
    """
    example = torch.randint(0, 256, (2, TRACED_SIDE, TRACED_SIDE, 3), dtype=torch.uint8)
    with torch.no_grad(), warnings.catch_warnings():
        # torch calls TorchScript deprecated; it is what Triton's libtorch backend runs.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(Served(network).eval(), example)  # type: ignore[no-untyped-call]
        frozen: torch.jit.ScriptModule = torch.jit.freeze(traced)
        if "Device" in str(frozen.graph):
            raise RuntimeError("the traced graph holds a device constant")
        torch.jit.save(frozen, str(path))
    return frozen


def openvino_ir(module: torch.jit.ScriptModule, folder: Path) -> None:
    """Compile the TorchScript to isnet.xml and isnet.bin in `folder`, float32, any batch size."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converter trips torch's own deprecations
        model = openvino.convert_model(
            module,
            example_input=torch.zeros(1, SIDE, SIDE, 3, dtype=torch.uint8),
            input=[(openvino.PartialShape([-1, SIDE, SIDE, 3]), openvino.Type.u8)],
        )
    model.inputs[0].get_tensor().set_names({"image"})
    model.outputs[0].get_tensor().set_names({"mask"})
    # compress_to_fp16 would round the weights: bf16 is chosen when the model is loaded instead.
    openvino.save_model(model, str(folder / "isnet.xml"), compress_to_fp16=False)
