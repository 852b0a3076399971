"""A TorchScript network becomes what Triton serves; it is not run on a GPU here."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gateway import home
from serving import add, added_torchscript, manifest, plausibility
from serving.errors import WeightsError
from serving.manifest import Network
from serving.new_model import NewModel
from serving.presets import PRESETS
from serving.weights import sha256

SIDE = 64
BIREFNET = replace(PRESETS["birefnet"].network, side=SIDE)


class Small(nn.Module):
    """Knows the sample photo; has two outputs, of which the second is the mask."""

    def __init__(self, knows: float) -> None:
        super().__init__()
        cells = knows * (2.0 * plausibility.subject() - 1)
        prior = cv2.resize(cells, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
        self.prior = nn.Parameter(torch.from_numpy(prior).float()[None, None])
        self.convolution = nn.Conv2d(3, 1, 3, padding=1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return image, self.convolution(image) + self.prior


def added(tmp_path: Path, network: Network, knows: float = 6.0) -> Path:
    torch.manual_seed(0)
    file = tmp_path / "small.bin"
    with torch.no_grad():
        traced = torch.jit.trace(Small(knows).eval(), torch.zeros(1, 3, SIDE, SIDE))  # type: ignore[no-untyped-call]
    torch.jit.save(traced, str(file))
    add.add(
        NewModel("small", "Small", str(file), sha256(file), network, "MIT", is_torchscript=True),
        tmp_path / "repository",
        store=tmp_path,
        templates=home.configurations() / "isnet",
        photo=home.sample_photo(),
    )
    return tmp_path / "repository" / "small"


@pytest.mark.filterwarnings("ignore")
def test_it_is_served_by_libtorch_on_gpus_only(tmp_path: Path) -> None:
    folder = added(tmp_path, replace(BIREFNET, output="1"))
    built = manifest.read(folder / "1")
    assert list(built.formats) == ["TorchScript for GPUs, not run on one"]
    assert manifest.runs_on("small", built, "gpu")
    assert not manifest.runs_on("small", built, "cpu")
    config = (folder / "config.pbtxt").read_text()
    assert 'default_model_filename: "model.pt"' in config
    assert f"[ {SIDE}, {SIDE}, 3 ]" in config
    module = torch.jit.load(str(folder / "1" / "model.pt"))  # type: ignore[no-untyped-call]
    photo = plausibility.read_photo(home.sample_photo(), SIDE)
    masks = module(torch.from_numpy(np.stack([photo, 255 - photo])))
    assert (masks.dtype, tuple(masks.shape)) == (torch.uint8, (2, 1, SIDE, SIDE))
    plausibility.check_mask(masks[0, 0].numpy())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("network", "knows", "hint"),
    [
        (BIREFNET, 6.0, "number of another"),
        (replace(BIREFNET, output="1"), 0.0, "does not find the subject"),
        (replace(BIREFNET, output="1", is_logits=False), 6.0, "--logits"),
        (replace(BIREFNET, output="7"), 6.0, "does not run as TorchScript"),
    ],
)
def test_one_that_is_not_as_declared_is_rejected(
    tmp_path: Path, network: Network, knows: float, hint: str
) -> None:
    with pytest.raises(WeightsError, match=hint):
        added(tmp_path, network, knows)
    assert list((tmp_path / "repository").iterdir()) == []


def test_a_mask_slightly_above_one_does_not_wrap_around() -> None:
    class Above(nn.Module):
        def forward(self, image: Tensor) -> Tensor:
            return image[:, :1] * 1.01

    bare = added_torchscript.BareNetwork(Above(), Network(side=SIDE, mean=(0, 0, 0)))
    served = added_torchscript.ServedNetwork(bare, is_logits=False)
    assert torch.all(served(torch.full((1, SIDE, SIDE, 3), 255, dtype=torch.uint8)) == 255)
