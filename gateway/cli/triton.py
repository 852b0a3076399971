"""`clearbg triton`: run tritonserver on the model repository, in the foreground."""

import signal
import time

from gateway.cli.console import fail, load_settings, out
from gateway.cli.first_use import ensure_model
from gateway.models import triton_factory
from serving import manifest
from serving.manifest import ModelNotBuilt
from serving.tritonserver import TritonNotFound


def triton() -> None:
    """Run tritonserver alone until SIGTERM, for gateways on other hosts (CLEARBG_TRITON)."""
    settings = load_settings()
    ensure_model(settings)
    try:
        manifest.verify(settings.model_dir)
        server = triton_factory.create_tritonserver(
            settings, settings.host, triton_factory.CONNECTION_AGE_S
        )
    except (ModelNotBuilt, TritonNotFound) as error:
        fail(error)
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    server.start()
    try:
        address = f"{settings.host}:{settings.triton_grpc_port}"
        out.print(f"{server.installation.binary} on {address} (gRPC)")
        while server.is_alive:
            time.sleep(0.2)
        fail("tritonserver exited unexpectedly; CLEARBG_LOG_LEVEL=debug shows why")
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
