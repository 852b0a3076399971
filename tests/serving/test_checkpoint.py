"""Both kinds of weights give the same network, and weights of other networks are rejected."""

from functools import partial
from pathlib import Path

import pytest
import torch

from serving import checkpoint, format_runners, manifest
from serving.build import build
from serving.errors import WeightsError
from serving.isnet import ISNet
from serving.photos import PHOTOS
from serving.weights import fetch


def unfolded(network: ISNet) -> dict[str, torch.Tensor]:
    """Return a state dict as the authors publish it, with a batch normalisation in each block."""
    state = {f"module.{name}": value.clone() for name, value in network.state_dict().items()}
    generator = torch.Generator().manual_seed(0)
    for name in [name for name in state if name.endswith("conv_s1.weight")]:
        block, channels = name.removesuffix("conv_s1.weight"), len(state[name])
        random = partial(torch.rand, channels, generator=generator)
        norm = {
            "weight": random() + 0.5,
            "bias": random() - 0.5,
            "running_mean": random() - 0.5,
            "running_var": random() + 0.5,
        }
        scale = norm["weight"] / torch.sqrt(norm["running_var"] + 1e-5)
        state[name] = state[name] / scale[:, None, None, None]
        bias = state[f"{block}conv_s1.bias"]
        state[f"{block}conv_s1.bias"] = (bias - norm["bias"]) / scale + norm["running_mean"]
        state |= {f"{block}bn_s1.{part}": value for part, value in norm.items()}
        state[f"{block}bn_s1.num_batches_tracked"] = torch.tensor(1)
    state["module.side3.weight"] = torch.zeros(1, 128, 3, 3)
    return state


def test_folding_the_official_state_dict_gives_the_same_network(
    network: ISNet, tmp_path: Path
) -> None:
    path = tmp_path / "isnet-general-use.pth"
    torch.save(unfolded(network), path)
    loaded = checkpoint.load(fetch(str(path), tmp_path)).state_dict()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(loaded[name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["weights.pth", "weights.onnx"])
def test_a_file_that_is_no_isnet_is_rejected(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x08\x07not weights at all")
    with pytest.raises(WeightsError):
        checkpoint.load(fetch(str(tmp_path / name), tmp_path))


def test_a_state_dict_of_another_network_is_rejected(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match="no IS-Net"):
        checkpoint.load(fetch(str(tmp_path / "other.pth"), tmp_path))


def test_a_build_from_the_state_dict_makes_every_float_format(
    network: ISNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also without `torchscript`: the IR is made from the TorchScript, and measured too."""
    monkeypatch.setattr(format_runners, "PHOTOS", PHOTOS[:1])  # all of them would take a minute
    path, folder = tmp_path / "isnet-general-use.pth", tmp_path / "built"
    torch.save(unfolded(network), path)
    built = build(str(path), tmp_path, folder, torchscript=False)
    without_int8 = [name for name in manifest.FORMATS if "int8" not in name]
    assert list(built.formats) == without_int8  # the ranges are those of other files
    assert {row["form"] for row in built.fidelity} >= {"torchscript", "openvino f32"}
    assert built.versions["torch"] == torch.__version__.partition("+")[0]
