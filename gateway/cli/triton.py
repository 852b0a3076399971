"""`clearbg triton`: run tritonserver on the model repository, in the foreground."""

import signal
import time

from gateway.cli.console import fail, out, settings
from gateway.models import choose
from serving import manifest
from serving.manifest import ModelNotBuilt
from serving.tritonserver import TritonNotFound


def triton() -> None:
    """Run tritonserver alone until SIGTERM; a gateway elsewhere asks it (CLEARBG_TRITON)."""
    chosen = settings()
    try:
        manifest.verify(chosen.model_dir)
        server = choose.tritonserver(chosen, chosen.host)
    except (ModelNotBuilt, TritonNotFound) as error:
        fail(error)
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    server.start()
    try:
        out.print(f"{server.installation.binary} on {chosen.host}:{chosen.triton_grpc_port} (gRPC)")
        while server.alive:
            time.sleep(0.2)
        fail("tritonserver ended by itself; CLEARBG_LOG_LEVEL=debug shows why")
    except KeyboardInterrupt:
        pass
    finally:
        server.stop()
