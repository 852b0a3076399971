"""Published clients of remove.bg, unmodified but for their endpoint, against the real service."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import remove_bg_api
from remove_bg_api import Errors, RemoveBg

from tests.end_to_end.astronaut import PHOTO, assert_cut_out
from tests.end_to_end.service import Service

# The Python client leaves its files open.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

NODE_PACKAGE = "remove.bg@1.3.0"
THEIR_ENDPOINT = "https://api.remove.bg/v1.0/removebg"

NODE = """
const client = require("remove.bg");
const [path, apiKey] = process.argv.slice(2);
const calls = [
  client.removeBackgroundFromImageFile({path, apiKey, size: "full", outputFile: "file.png"}),
  client.removeBackgroundFromImageBase64({
    base64img: require("fs").readFileSync(path, "base64"), apiKey, size: "full", crop: true
  }),
  client.removeBackgroundFromImageFile({path, apiKey: "wrong"}).catch(errors => errors),
];
Promise.all(calls).then(answers => console.log(JSON.stringify(answers)));
"""


@pytest.fixture
def client(service: Service, monkeypatch: pytest.MonkeyPatch) -> RemoveBg:
    monkeypatch.setattr(remove_bg_api, "API_URL", f"{service.url}/v1.0")
    return RemoveBg(service.api_key)


def test_the_python_client(client: RemoveBg) -> None:
    before = client.account.balance()
    assert_cut_out(client.remove_bg_file(str(PHOTO), size="full"))
    assert_cut_out(client.remove_bg_bytes(PHOTO.read_bytes(), size="full"))
    text = base64.b64encode(PHOTO.read_bytes())
    assert_cut_out(client.remove_bg_base64(text, size="full"))
    assert before - client.account.balance() == 3, "it counts its own credits"
    assert client.account.free_api_calls() > 0


def test_the_python_clients_errors(client: RemoveBg) -> None:
    with pytest.raises(Errors.ApiErrorCode400):
        client.remove_bg_bytes(b"no image")
    client.change_api_key("wrong")
    with pytest.raises(Errors.ApiErrorCode403):
        client.remove_bg_file(str(PHOTO))


def test_the_node_client(service: Service, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    assert npm, "npm is needed: install Node.js"
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", NODE_PACKAGE]
    subprocess.run(install, cwd=tmp_path, check=True, timeout=600)
    source = tmp_path / "node_modules" / "remove.bg" / "dist" / "index.js"
    assert THEIR_ENDPOINT in source.read_text()
    ours = f"{service.url}/v1.0/removebg"
    source.write_text(source.read_text().replace(THEIR_ENDPOINT, ours))
    (tmp_path / "client.js").write_text(NODE)
    node = Path(npm).with_name("node")
    done = subprocess.run(
        [node, "client.js", PHOTO, service.api_key],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    whole, cropped, refused = json.loads(done.stdout)
    assert_cut_out((tmp_path / "file.png").read_bytes())
    assert_cut_out(base64.b64decode(whole["base64img"]))
    assert (whole["detectedType"], whole["creditsCharged"]) == ("other", "1")
    assert int(cropped["resultWidth"]) <= int(whole["resultWidth"])
    assert int(whole["rateLimitRemaining"]) < int(whole["rateLimit"])
    assert refused[0]["code"] == "auth_failed"
