"""The contract keeps to buf's rules, and the committed stubs are what protoc writes from it."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[1]
PROTOS = ROOT / "protos"
BUF = Path(sys.executable).with_name("buf")


def test_the_stubs_are_current(tmp_path: Path) -> None:
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}"]
    names = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    services = [name for name in names if name.endswith("_service.proto")]
    subprocess.run(
        [*protoc, f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", *names], check=True
    )
    subprocess.run([*protoc, f"--grpc_python_out={tmp_path}", *services], check=True)
    written = {p.relative_to(tmp_path): p.read_text() for p in tmp_path.rglob("*.py*")}
    committed = {
        p.relative_to(PROTOS): p.read_text()
        for p in PROTOS.rglob("*_pb2*.py*")
        if p.suffix != ".pyc"
    }
    assert written == committed, "run `make protos`"


def test_the_contract_keeps_to_bufs_rules() -> None:
    for command in (["lint"], ["format", "--diff", "--exit-code"]):
        done = subprocess.run([BUF, *command], cwd=PROTOS, capture_output=True, text=True)
        assert not done.returncode, done.stdout + done.stderr
