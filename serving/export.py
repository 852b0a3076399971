"""The steps of a build that need PyTorch: TorchScript for GPUs, and measuring every format."""

from pathlib import Path

from serving import checkpoint, fidelity, format_runners, int8_ir, openvino_ir, torchscript
from serving.fidelity import Fidelity
from serving.isnet import ISNet
from serving.step import Step, step
from serving.weights import Weights


def export_all(fetched: Weights, building: Path) -> ISNet:
    """Export every format to `building`.

    Returns:
        The network with the weights loaded, in float32.

    Raises:
        WeightsError: the weights are not those of IS-Net.
    """
    with step("Loading the weights into the network"):
        network = checkpoint.load(fetched)
    with step("Exporting to TorchScript") as exporting:
        module = torchscript.export(network, building / "model.pt")
        _set_size(exporting, building, "model.pt")
    with step("Exporting in half precision, for GPUs") as exporting:
        torchscript.export(checkpoint.load(fetched).half(), building / "model_fp16.pt")
        _set_size(exporting, building, "model_fp16.pt")
    with step("Building for CPUs (OpenVINO)") as exporting:
        if fetched.path.suffix == ".onnx":
            openvino_ir.from_onnx(fetched.path, building)
            int8_ir.build_if_calibrated(fetched.sha256, building)
        else:
            openvino_ir.from_torchscript(module, building)
        _set_size(exporting, building, *openvino_ir.FILES)
    return network


def measure(network: ISNet, fetched: Weights, building: Path) -> list[Fidelity]:
    """Measure every format in `building`, which must have a manifest, on real photos.

    Raises:
        FidelityError: a format differs too much from its source.
    """
    with step("Measuring on real photos"):
        rows = format_runners.measure(network, fetched, building)
    fidelity.check(rows)
    return rows


def _set_size(exporting: Step, building: Path, *names: str) -> None:
    exporting.set_size(sum((building / name).stat().st_size for name in names))
