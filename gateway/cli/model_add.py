"""`clearbg model add`: add a network of one's choice to the model repository."""

from dataclasses import replace
from typing import Annotated, Literal

import typer

from gateway import home
from gateway.cli.console import fail, load_settings, out
from serving.errors import BuildError
from serving.manifest import Network
from serving.new_model import NewModel
from serving.presets import PRESETS

HELP = f"Known networks: {', '.join(PRESETS)}."


Sha256 = Annotated[str, typer.Option(help="SHA-256 of the file, as its publisher states it.")]
Licence = Annotated[str, typer.Option(help="Licence of the weights.")]
Onnx = Annotated[str, typer.Option(help="Path or URL of an ONNX file, for CPUs.")]
TorchScript = Annotated[
    str, typer.Option(help="Path or URL of a TorchScript file, for Triton on a GPU.")
]
PresetName = Annotated[
    str, typer.Option(help=f"How it was trained. {HELP} Default: the name, if it is one.")
]
Title = Annotated[str, typer.Option(help="For people. Default: the known network's.")]
# An image of 2048 is 12 MiB, and Triton's client sends 16 MiB at most.
Side = Annotated[int | None, typer.Option(help="Pixels of input and output.", min=32, max=2048)]
Mean = Annotated[
    str, typer.Option(help="Subtracted from red, green and blue, 0 to 1: '0.5,0.5,0.5'.")
]
Std = Annotated[str, typer.Option(help="What they are divided by then: '1,1,1'.")]
Output = Annotated[
    str,
    typer.Option(
        help="Output that is the mask: a name, or in TorchScript a number. Default: the first."
    ),
]
Logits = Annotated[bool | None, typer.Option(help="Whether the output still needs a sigmoid.")]
NonCommercial = Annotated[
    bool, typer.Option("--non-commercial", help="The licence forbids commercial use.")
]
CpuPrecision = Annotated[
    Literal["auto", "f32", "bf16"], typer.Option(help="On CPUs; auto: CLEARBG_PRECISION.")
]
AcceptLicence = Annotated[
    bool, typer.Option("--accept-licence", help="You have read the licence and accept it.")
]


def add(
    name: Annotated[str, typer.Argument(help="What requests call it.")],
    sha256: Sha256,
    licence: Licence,
    onnx: Onnx = "",
    torchscript: TorchScript = "",
    preset: PresetName = "",
    title: Title = "",
    side: Side = None,
    mean: Mean = "",
    std: Std = "",
    output: Output = "",
    logits: Logits = None,
    non_commercial: NonCommercial = False,
    precision: CpuPrecision = "auto",
    accept_licence: AcceptLicence = False,
) -> None:
    """Add a network as a model: an ONNX file for CPUs, or a TorchScript file for Triton on a GPU.

    It must find the subject of a photo, or else nothing is added.
    """
    known = PRESETS.get(preset or name)
    new = NewModel(
        name=name,
        title=title or (known.title if known else name),
        source=_source(onnx, torchscript),
        is_torchscript=bool(torchscript),
        sha256=sha256,
        network=_network(preset or name, side, mean, std, output, logits),
        licence=licence,
        non_commercial=non_commercial,
        precision=precision,
    )
    _show_licence(new)
    if not accept_licence:
        fail("read the licence of these weights, then repeat the command with --accept-licence")
    _add(new)


def _add(new: NewModel) -> None:
    from serving import add as adding  # imported here: OpenVINO takes half a second

    settings = load_settings()
    try:
        built = adding.add(
            new,
            settings.model_repository,
            store=settings.data_dir / "weights",
            templates=home.configurations() / "isnet",
            photo=home.sample_photo(),
        )
    except (BuildError, OSError, ValueError) as error:
        fail(error)
    out.print(f"Model {new.name} added: {built.version}. The service has it after a restart.")


def _show_licence(new: NewModel) -> None:
    limits = ". It forbids commercial use" if new.non_commercial else ""
    out.print(f"Licence of {new.name}: {new.licence}{limits}.", markup=False)


def _network(
    preset: str, side: int | None, mean: str, std: str, output: str, logits: bool | None
) -> Network:
    """Return the known network with what was given instead."""
    if preset not in PRESETS and not (side and mean and std and logits is not None):
        fail(
            f"{preset} is no known network: choose one with --preset ({', '.join(PRESETS)}), "
            "or give --side, --mean, --std, and --logits or --no-logits.",
            code=2,
        )
    known = PRESETS[preset].network if preset in PRESETS else Network()
    return replace(
        known,
        side=side or known.side,
        mean=_three_numbers("--mean", mean) or known.mean,
        std=_three_numbers("--std", std) or known.std,
        output=output,
        is_logits=known.is_logits if logits is None else logits,
    )


def _three_numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(",")) if text else ()
    except ValueError:
        numbers = (0.0,)
    if numbers and (len(numbers) != 3 or (option == "--std" and 0 in numbers)):
        fail(f"{option} must be three numbers such as 0.5,0.5,0.5", code=2)
    return numbers


def _source(onnx: str, torchscript: str) -> str:
    if bool(onnx) == bool(torchscript):
        fail("give one of --onnx and --torchscript", code=2)
    return onnx or torchscript
