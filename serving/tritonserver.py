"""Finds NVIDIA Triton's server and runs it on our model repository.

Where it may be: a path that was given, PATH, the container's /opt/tritonserver, or the PyPI wheel
nvidia-pytriton, which `make` installs beside the environment for its binary alone.
"""

import ctypes
import logging
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

log = logging.getLogger("triton")

CONTAINER = Path("/opt/tritonserver/bin/tritonserver")
WHEEL = Path(sys.prefix) / "triton"
"""Where `make` puts the wheel: outside site-packages, since it asks for an older NumPy."""
SHARED_MEMORY = Path("/dev/shm")
STOP_TIMEOUT_S = 20
PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent dies."""


class TritonNotFound(Exception):
    """There is no tritonserver that can run here. The message says what was looked for."""


@dataclass(frozen=True)
class Installation:
    """A tritonserver on this machine."""

    binary: Path
    backends: Path
    libraries: tuple[Path, ...] = ()
    """What LD_LIBRARY_PATH needs; nothing in the container."""

    @property
    def device(self) -> Literal["cpu", "gpu"]:
        """`gpu` where there is one and this server can use it, by libtorch."""
        has_gpu = any(Path("/dev").glob("nvidia[0-9]*"))
        return "gpu" if has_gpu and (self.backends / "pytorch").is_dir() else "cpu"


def find(explicit: str, work_dir: Path) -> Installation:
    """Find a server.

    Args:
        explicit: path of the binary, or empty to look in the usual places.
        work_dir: where the wheel's backends are put together.

    Raises:
        TritonNotFound: there is none.
    """
    if explicit and not Path(explicit).is_file():
        raise TritonNotFound(f"CLEARBG_TRITONSERVER names no file: {explicit}")
    on_path = explicit or shutil.which("tritonserver")
    if on_path or CONTAINER.is_file():
        binary = Path(on_path or CONTAINER).resolve()
        return Installation(binary, binary.parents[1] / "backends")
    return _from_wheel(work_dir)


def _from_wheel(work_dir: Path) -> Installation:
    root = WHEEL / "pytriton" / "tritonserver"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = root / "python_backend_stubs" / python / "triton_python_backend_stub"
    if not (root / "bin" / "tritonserver").is_file():
        raise TritonNotFound("no tritonserver on PATH, in /opt/tritonserver or from the wheel")
    if not stub.is_file():
        raise TritonNotFound(f"the wheel's tritonserver has no stub for Python {python}")
    backends = work_dir / "backends"
    shutil.copytree(root / "backends", backends, dirs_exist_ok=True)
    shutil.copy2(stub, backends / "python")
    libraries = (WHEEL / "nvidia_pytriton.libs", Path(sysconfig.get_config_var("LIBDIR")))
    return Installation(root / "bin" / "tritonserver", backends, libraries)


class TritonServer:
    """One tritonserver process on our repository; start it, and stop it when done.

    It dies with this process, whatever kills it, and takes its python stub and its shared memory
    along. Start it from a thread that lives as long as the process: Linux ties it to the thread.

    Args:
        installation: which server.
        repository: the model repository, e.g. model_repository.
        host: address to listen on.
        grpc_port: port of the inference API.
        metrics_port: port of Triton's own metrics.
        cache_dir: where the CPU model keeps what it compiled.
        traces_url: where it sends the spans of requests that name a trace; empty: nowhere.
    """

    def __init__(
        self,
        installation: Installation,
        repository: Path,
        *,
        host: str,
        grpc_port: int,
        metrics_port: int,
        cache_dir: Path,
        traces_url: str = "",
    ) -> None:
        self.installation = installation
        self._shared_memory = f"clearbg-{uuid.uuid4().hex[:12]}"
        self._cache_dir = cache_dir.resolve()
        self._command = [
            str(installation.binary),
            f"--model-repository={repository.resolve()}",
            f"--backend-directory={installation.backends.resolve()}",
            "--disable-auto-complete-config",
            # An idle HTTP connection would use up the whole exit timeout: gRPC is all we speak.
            "--allow-http=false",
            f"--grpc-address={host}",
            f"--grpc-port={grpc_port}",
            # Our client pings idle connections; the default of 5 minutes would end them for it.
            "--grpc-http2-min-recv-ping-interval-without-data=10000",
            f"--metrics-address={host}",
            f"--metrics-port={metrics_port}",
            f"--exit-timeout-secs={STOP_TIMEOUT_S // 2}",
            f"--backend-config=python,shm-region-prefix-name={self._shared_memory}",
        ]
        if installation.device == "cpu":
            self._command.append("--model-config-name=cpu")
        if traces_url:
            self._command += self._tracing(traces_url)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the process; its models load after this returns."""
        self._process = process = subprocess.Popen(
            self._command,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=_forward_log, args=(process,), daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether the process runs. It may still be loading, or its stub may be dead."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Let requests in flight finish, then end everything that belongs to the server."""
        if self._process is None:
            return
        if self.alive:
            self._process.send_signal(signal.SIGCONT)  # a stopped process would not hear SIGTERM
            self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            log.warning("tritonserver did not stop in %s s: killed", STOP_TIMEOUT_S)
        self.kill()

    def kill(self) -> None:
        """End the process and its stubs at once, and remove their shared memory."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all of the group are gone
        self._process.wait()
        for region in self.shared_memory():
            region.unlink(missing_ok=True)

    def shared_memory(self) -> list[Path]:
        """The regions through which the server and its stubs exchange tensors."""
        return list(SHARED_MEMORY.glob(f"{self._shared_memory}*"))

    def _tracing(self, url: str) -> list[str]:
        """Flags, unless the server was built without tracing: it would not start with them."""
        asked = [str(self.installation.binary), "--help"]
        help_ = subprocess.run(asked, env=self._environment(), capture_output=True, text=True)
        if "opentelemetry" not in help_.stdout + help_.stderr:
            log.warning("this tritonserver cannot trace: its own spans will be missing")
            return []
        config = (
            "mode=opentelemetry",
            f"opentelemetry,url={url}",
            "opentelemetry,resource=service.name=triton",
            "level=TIMESTAMPS",
            "rate=0",  # of its own accord; what names a trace is traced all the same
            "count=-1",
        )
        return [f"--trace-config={one}" for one in config]

    def _environment(self) -> dict[str, str]:
        libraries = [str(path) for path in self.installation.libraries]
        inherited = os.environ.get("LD_LIBRARY_PATH")
        return os.environ | {
            "LD_LIBRARY_PATH": os.pathsep.join(libraries + ([inherited] if inherited else [])),
            # The stub is a Python of its own: it finds our packages where this one does.
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "CLEARBG_OPENVINO_CACHE": str(self._cache_dir),
        }


def die_with_parent() -> None:
    """End this process when its parent's thread ends: for `preexec_fn`."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _forward_log(process: subprocess.Popen[str]) -> None:
    """Log the server's lines, which begin with I, W or E; what begins otherwise is detail."""
    assert process.stdout
    with process.stdout as lines:
        for line in lines:
            log.log(logging.WARNING if line.startswith("E") else logging.DEBUG, line.rstrip())
