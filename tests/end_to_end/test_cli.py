import contextlib
import json
import subprocess
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from gateway.cli import app
from tests.end_to_end.astronaut import PHOTO, assert_cut_out
from tests.end_to_end.service import CLEARBG, ROOT, Service, environment
from tests.reduced_model import FULL_REPOSITORY

FULL_MODEL = {"model_repository": FULL_REPOSITORY}

Done = subprocess.CompletedProcess[str]


def process(folder: Path, *arguments: object, **settings: object) -> Done:
    """The command as a user runs it."""
    return subprocess.run(
        [CLEARBG, *map(str, arguments)],
        env=environment(folder / "var", **settings),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
    )


def clearbg(folder: Path, *arguments: object, **settings: object) -> Done:
    """The command in this process: a new one takes two seconds of a core to start."""
    called = list(map(str, arguments))
    with contextlib.chdir(folder):
        env = environment(folder / "var", **settings)
        done = CliRunner().invoke(app, called, env=env, catch_exceptions=False)
    return Done(called, done.exit_code, done.stdout, done.stderr)


def test_remove_cuts_out_a_photo_without_a_server(tmp_path: Path) -> None:
    done = process(tmp_path, "remove", PHOTO, "-o", "out.png", **FULL_MODEL)
    assert done.returncode == 0, done.stderr
    assert_cut_out((tmp_path / "out.png").read_bytes())


def test_remove_takes_the_services_options(tmp_path: Path) -> None:
    photo = tmp_path / "me.jpg"
    photo.write_bytes(PHOTO.read_bytes())
    background = ("--format", "jpg", "--bg-color", "#00F")
    done = clearbg(tmp_path, "remove", photo, "--size", "100x100", *background, **FULL_MODEL)
    assert done.returncode == 0, done.stderr
    image = Image.open(tmp_path / "me-cutout.jpg")
    assert (image.format, image.size) == ("JPEG", (100, 100))
    corner = image.getpixel((0, 0))
    assert isinstance(corner, tuple)
    assert corner[2] > 240
    assert max(corner[:2]) < 20


def test_remove_crops_positions_and_composes_on_a_background(tmp_path: Path) -> None:
    Image.new("RGB", (30, 30), (0, 0, 255)).save(tmp_path / "blue.png")
    placed = ("--crop", "--crop-margin", "10%", "--scale", "50%", "--position", "100% 0%")
    behind = ("--bg-image", tmp_path / "blue.png", "--shadow", "40")
    done = clearbg(tmp_path, "remove", PHOTO, "-o", "out.png", *placed, *behind, **FULL_MODEL)
    assert done.returncode == 0, done.stderr
    image = Image.open(tmp_path / "out.png")
    assert image.mode == "RGB"
    assert image.getpixel((0, image.height - 1)) == (0, 0, 255)


def test_remove_takes_corrections_and_edge_controls(tmp_path: Path) -> None:
    Image.linear_gradient("L").save(tmp_path / "mask.png")
    Image.new("L", (2, 1), 128).save(tmp_path / "trimap.png")
    files = ("--mask", tmp_path / "mask.png", "--trimap", tmp_path / "trimap.png")
    hints = ("--keep", "0% 0% 10% 10%", "--erase", "90% 90% 100% 100%")
    edges = ("--threshold", "50", "--expand", "-2px", "--smooth", "1px", "--feather", "0.1%")
    done = clearbg(tmp_path, "remove", PHOTO, "-o", "out.png", *files, *hints, *edges)
    assert done.returncode == 0, done.stderr
    image = Image.open(tmp_path / "out.png")
    points = ((5, 5), (300, 5), (300, image.height - 1), (image.width - 1, image.height - 1))
    assert [image.getchannel("A").getpixel(point) for point in points] == [255, 0, 255, 0]
    done = clearbg(tmp_path, "remove", PHOTO, "-o", "in.png", *files, "--invert")
    assert Image.open(tmp_path / "in.png").getchannel("A").getpixel((300, 0)) == 255


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ([ROOT / "README.md"], "not a readable JPEG, PNG"),
        ([PHOTO, "--size", "big"], "1080p"),
        ([PHOTO, "-o", "nowhere/out.png"], "cannot write"),
    ],
)
def test_remove_reports_errors_and_writes_nothing(
    tmp_path: Path, arguments: list[object], hint: str
) -> None:
    done = process(tmp_path, "remove", *arguments)
    assert done.returncode == 1
    assert hint in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name != "var"] == []


def test_accounts_and_keys_are_created_listed_and_revoked(tmp_path: Path) -> None:
    def said(*arguments: str) -> str:
        done = clearbg(tmp_path, *arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    said("accounts", "create", "shop")
    limits = ("--requests-per-minute", "7", "--expires-in-days", "30")
    made = json.loads(said("keys", "create", "--account", "shop", *limits, "--json"))
    (key,) = json.loads(said("keys", "list", "--json"))
    assert (key["id"], key["account"], key["requests_per_minute"]) == (made[0]["id"], "shop", 7)
    assert key["expires_at"]
    assert made[0]["key"] not in said("keys", "list")
    assert "revoked" in said("keys", "revoke", str(key["id"]))
    said("accounts", "disable", "shop")
    assert clearbg(tmp_path, "keys", "create", "--account", "shop").returncode == 1
    assert "[/]" in said("accounts", "create", "[/]")
    assert "[/]" in said("accounts", "list")
    accounts = json.loads(said("accounts", "list", "--json"))
    assert [bool(account["disabled_at"]) for account in accounts] == [False, True, False]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["accounts", "create", "default"], "already"),
        (["accounts", "create", ""], "printable"),
        (["accounts", "create", "a\nb"], "printable"),
        (["accounts", "disable", "nobody"], "accounts list"),
        (["keys", "create", "--account", "nobody"], "accounts list"),
        (["keys", "revoke", "99"], "keys list"),
    ],
)
def test_a_missing_or_invalid_name_is_reported(
    tmp_path: Path, arguments: list[str], hint: str
) -> None:
    done = clearbg(tmp_path, *arguments)
    assert done.returncode == 1
    assert hint in done.stderr


def test_doctor_says_what_will_run(tmp_path: Path) -> None:
    done = process(tmp_path, "doctor")
    assert done.returncode == 0, done.stdout
    assert "isnet-general-use-" in done.stdout
    assert "torch: no" in done.stdout
    assert "would run on cpu" in done.stdout


def test_doctor_fails_when_the_model_is_missing(tmp_path: Path) -> None:
    done = clearbg(tmp_path, "doctor", model_repository=tmp_path)
    assert done.returncode == 1
    assert "clearbg model build" in done.stdout


def test_torchscript_without_its_tools_says_what_to_do(tmp_path: Path) -> None:
    done = clearbg(tmp_path, "model", "build", "--torchscript")
    assert done.returncode == 1
    assert "make model" in done.stderr


@pytest.mark.parametrize("transport", ["here", "grpc", "http"])
def test_a_folder_is_cut_out_here_or_by_a_service(
    tmp_path: Path, service: Service, transport: str
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in ("a.jpg", "b.jpg", "b.JPEG"):
        (photos / name).write_bytes(PHOTO.read_bytes())
    (photos / "bad.png").write_bytes(b"x")
    (photos / "notes.txt").write_text("no image")
    urls = {"grpc": service.grpc_url, "http": service.url}
    server = ("--server", urls[transport], "--key", service.api_key) if transport in urls else ()
    done = clearbg(tmp_path, "remove", "photos", "-o", "out", "--size", "200x200", *server)
    assert done.returncode == 1
    assert "3 of 4 cut out" in done.stdout
    assert "bad.png: The file is not a readable" in done.stderr
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["a.png", "b.jpg.png", "b.png"]
    first = (tmp_path / "out" / "a.png").read_bytes()
    assert first == (tmp_path / "out" / "b.jpg.png").read_bytes()


def test_one_image_is_cut_out_by_a_service(tmp_path: Path, service: Service) -> None:
    for url in (service.grpc_url, service.url):
        server = ("--server", url, "--key", service.api_key)
        done = clearbg(tmp_path, "remove", PHOTO, "-o", "out.png", *server)
        assert done.returncode == 0, done.stderr
        assert_cut_out((tmp_path / "out.png").read_bytes())
    done = clearbg(tmp_path, "remove", PHOTO, "--server", service.grpc_url, "--key", "cbg_wrong")
    assert done.returncode == 1
    assert "Send a valid API key" in done.stderr
    done = clearbg(tmp_path, "remove", PHOTO, "--server", "nonsense")
    assert done.returncode == 1
    assert "give a URL such as grpc://" in done.stderr
