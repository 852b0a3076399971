"""Finds an installed tritonserver and runs it on our model repository.

It is looked for at a given path, on PATH, in NVIDIA's container (/opt/tritonserver), and in the
PyPI wheel nvidia-pytriton, which `make` installs outside the environment, only for its binary.
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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from serving import triton_log, triton_options

log = logging.getLogger("triton")

CONTAINER = Path("/opt/tritonserver/bin/tritonserver")
WHEEL = Path(sys.prefix) / "triton"
"""Where `make` installs the wheel: outside site-packages, since it requires an older NumPy."""
SHARED_MEMORY = Path("/dev/shm")
STOP_TIMEOUT_S = 20
LIBC = ctypes.CDLL(None)
"""Loaded at import, since a forked process should not load libraries before exec."""
PR_SET_PDEATHSIG = 1
"""prctl(2): set the signal that a process receives when its parent dies."""


class TritonNotFound(Exception):
    """No tritonserver is installed that can run here. The message says where it was looked for."""


@dataclass(frozen=True)
class Installation:
    """A tritonserver on this machine."""

    binary: Path
    backends: Path
    libraries: tuple[Path, ...] = ()
    """Folders for LD_LIBRARY_PATH; none in the container."""

    @property
    def device(self) -> Literal["cpu", "gpu"]:
        """`gpu` if the machine has one and this server has the libtorch backend, else `cpu`."""
        has_gpu = any(Path("/dev").glob("nvidia[0-9]*"))
        return "gpu" if has_gpu and (self.backends / "pytorch").is_dir() else "cpu"


def find_tritonserver(explicit: str, work_dir: Path) -> Installation:
    """Find an installed server.

    Args:
        explicit: path of the binary; empty: look in the usual places.
        work_dir: folder for the wheel's backends, which are assembled there.

    Raises:
        TritonNotFound: there is none at `explicit`, or in any of the usual places.
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
    shutil.copytree(root / "backends", backends, copy_function=_copy, dirs_exist_ok=True)
    _copy(stub, backends / "python" / stub.name)
    libraries = (WHEEL / "nvidia_pytriton.libs", Path(sysconfig.get_config_var("LIBDIR")))
    return Installation(root / "bin" / "tritonserver", backends, libraries)


def _copy(source: str | Path, target: str | Path) -> None:
    """Copy atomically: the server of a killed process may still be running the existing file."""
    partial = Path(f"{target}.{os.getpid()}")
    shutil.copy2(source, partial)
    partial.replace(target)


class TritonServer:
    """A tritonserver process on our model repository.

    It ends with this process, even if that is killed, and so do its python stub and shared memory.
    Start it from a thread that lives as long as the process, since Linux ends it with the thread.

    Args:
        installation: the server to run.
        repository: the model repository, e.g. model_repository.
        models: names of the models to load; they can be unloaded one by one. Empty: all, for good.
        host: address to listen on.
        grpc_port: port of the inference API.
        metrics_port: port of Triton's own metrics.
        cache_dir: folder for the compiled CPU model.
        traces_url: URL that receives the spans of traced requests; empty: no tracing.
        connection_age_s: seconds after which a connection gets GOAWAY, so that its client looks up
            the addresses again and finds new servers; calls on it finish. 0: never.
    """

    def __init__(
        self,
        installation: Installation,
        repository: Path,
        *,
        models: Sequence[str] = (),
        host: str,
        grpc_port: int,
        metrics_port: int,
        cache_dir: Path,
        traces_url: str = "",
        connection_age_s: float = 0.0,
    ) -> None:
        self.installation = installation
        self._shared_memory = f"clearbg-{uuid.uuid4().hex[:12]}"
        self._cache_dir = cache_dir.resolve()
        self.command = [
            str(installation.binary),
            f"--model-repository={repository.resolve()}",
            f"--backend-directory={installation.backends.resolve()}",
            "--disable-auto-complete-config",
            # We use only gRPC, and an idle HTTP connection would delay the exit until its timeout.
            "--allow-http=false",
            f"--grpc-address={host}",
            f"--grpc-port={grpc_port}",
            # Our client pings idle connections; with the default of 5 minutes they would be closed.
            "--grpc-http2-min-recv-ping-interval-without-data=10000",
            f"--metrics-address={host}",
            f"--metrics-port={metrics_port}",
            f"--exit-timeout-secs={STOP_TIMEOUT_S // 2}",
            f"--backend-config=python,shm-region-prefix-name={self._shared_memory}",
        ]
        if installation.device == "cpu":
            self.command.append("--model-config-name=cpu")
            # Otherwise it looks for GPUs, and logs errors if there are none.
            self.command += ["--allow-gpu-metrics=false", "--pinned-memory-pool-byte-size=0"]
        self.command += triton_options.for_connections(connection_age_s)
        self.command += triton_options.for_models(models)
        if traces_url:
            self.command += triton_options.for_traces(
                installation.binary, self._environment(), traces_url
            )
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the process; it loads its models after this returns."""
        self._process = process = subprocess.Popen(
            self.command,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        threading.Thread(target=self._forward_log, args=(process,), daemon=True).start()

    @property
    def is_alive(self) -> bool:
        """Whether the process runs. It may still be loading, or its stub may have died."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Let requests in flight finish, then end the server and its stubs."""
        if self._process is None:
            return
        if self.is_alive:
            self._process.send_signal(
                signal.SIGCONT
            )  # a suspended process would not react to SIGTERM
            self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            log.warning("tritonserver did not stop in %s s: killed", STOP_TIMEOUT_S)
        self.kill()

    def kill(self) -> None:
        """Kill the process and its stubs, and remove their shared memory."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all processes of the group have ended
        self._process.wait()
        for region in self.shared_memory():
            region.unlink(missing_ok=True)

    def shared_memory(self) -> list[Path]:
        """Return the shared memory regions of the server and its stubs."""
        return list(SHARED_MEMORY.glob(f"{self._shared_memory}*"))

    def _forward_log(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        with process.stdout as lines:
            triton_log.forward(lines, device=self.installation.device)

    def _environment(self) -> dict[str, str]:
        libraries = [str(path) for path in self.installation.libraries]
        inherited = os.environ.get("LD_LIBRARY_PATH")
        return os.environ | {
            "LD_LIBRARY_PATH": os.pathsep.join(libraries + ([inherited] if inherited else [])),
            # The stub is another Python process, which must find the same packages.
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "CLEARBG_OPENVINO_CACHE": str(self._cache_dir),
        }


def die_with_parent() -> None:
    """Make the kernel end this process when its parent's thread ends. Use it as `preexec_fn`."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
