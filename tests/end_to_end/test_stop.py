"""A stop on an idle service says nothing of errors."""

import time
from pathlib import Path

from tests.end_to_end.service import running


def test_a_shutdown_logs_no_errors(tmp_path: Path) -> None:
    for _ in range(3):
        with running(tmp_path) as service:
            time.sleep(0.7)
            service.process.terminate()
            assert service.process.wait(300) == 0
            log = service.log.read_text()
            assert "Traceback" not in log, log
            assert "ERROR" not in log, log
