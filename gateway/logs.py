"""Log lines: as text, or each as one JSON object that tells its request and its trace."""

import logging
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

from gateway import tracing
from gateway.settings import Settings

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered."""

OURS = ("gateway", "serving", "triton")
"""Only these follow the level below `info`: what libraries say there quotes pictures' metadata."""
CHATTY = ("alembic", "uvicorn")
"""They tell steps that went well; their warnings still show."""


def set_up(settings: Settings) -> None:
    """Have all log lines written to stderr, as the settings ask for."""
    level = logging.getLevelName(settings.log_level.upper())
    handler = logging.StreamHandler()
    handler.setLevel(level)  # also for those below, which have levels of their own
    handler.setFormatter(_json() if settings.log_format == "json" else _text())
    handler.addFilter(_with_context)
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It would write in a form of its own, to a handler of its own, unless it finds one.
    dbos = logging.getLogger("dbos")
    dbos.handlers, dbos.propagate = [handler], False


def _text() -> logging.Formatter:
    return logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")


def _json() -> logging.Formatter:
    return JsonFormatter(
        ["levelname", "name", "message"],
        rename_fields={"levelname": "level", "name": "logger"},
        timestamp=True,
    )


def _with_context(record: logging.LogRecord) -> bool:
    """Add what a formatter that writes all fields shows: whose line this is."""
    said = {"request_id": REQUEST_ID.get(), **tracing.ids()}
    vars(record).update({name: value for name, value in said.items() if value})
    return True
