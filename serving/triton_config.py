"""Writes the Triton configurations of an added model, from IS-Net's."""

import shutil
from pathlib import Path

from serving.manifest import DEFAULT, SIDE, Manifest

GPU, CPU = "config.pbtxt", "configs/cpu.pbtxt"


def write(name: str, built: Manifest, folder: Path, templates: Path) -> None:
    """Write the configurations and, for CPUs, the python backend's model.py.

    An IR runs on the CPU on any machine, so both configurations are the one for CPUs. TorchScript
    runs on GPUs only, and that has not been tried on one.

    Args:
        name: of the model.
        built: its manifest.
        folder: of the model; has the folder `1`.
        templates: IS-Net's folder.
    """
    if not built.ir:
        text = _for_model((templates / GPU).read_text(), name, built)
        (folder / GPU).write_text(text.replace('"model_fp16.pt"', '"model.pt"'))
        return
    text = _for_model((templates / CPU).read_text(), name, built)
    (folder / CPU).parent.mkdir()
    for path in (GPU, CPU):
        (folder / path).write_text(text)
    shutil.copyfile(templates / "1" / "model.py", folder / "1" / "model.py")


def _for_model(text: str, name: str, built: Manifest) -> str:
    side = built.network.side
    for dims in ("[ {0}, {0}, 3 ]", "[ 1, {0}, {0} ]"):
        text = text.replace(dims.format(SIDE), dims.format(side))
    return text.replace(f'name: "{DEFAULT}"', f'name: "{name}"')
