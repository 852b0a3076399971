"""Configures logging: as text, or as JSON objects with the ids of request and trace."""

import logging
from contextvars import ContextVar

from pythonjsonlogger.json import JsonFormatter

from gateway.observability import tracing
from gateway.settings import Settings

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the current request; empty outside of one."""

OWN_LOGGERS = ("gateway", "serving", "triton")
"""Only these log below `info`: debug messages of libraries contain metadata of pictures."""
VERBOSE_LOGGERS = ("alembic", "uvicorn")
"""Their `info` messages are routine steps: only their warnings are logged."""


def set_up(settings: Settings) -> None:
    """Log to stderr, with the level and format of the settings."""
    level = logging.getLevelName(settings.log_level.upper())
    handler = logging.StreamHandler()
    handler.setLevel(level)  # applies also to loggers below that have levels of their own
    handler.setFormatter(_json() if settings.log_format == "json" else _text())
    handler.addFilter(_with_context)
    logging.basicConfig(level=max(level, logging.INFO), handlers=[handler], force=True)
    logging.captureWarnings(True)
    for name in OWN_LOGGERS:
        logging.getLogger(name).setLevel(level)
    for name in VERBOSE_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Without a handler it would add its own, with another format.
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
    """Add the ids of request and trace to a record, for the JSON formatter; always return True."""
    ids = {"request_id": REQUEST_ID.get(), **tracing.ids()}
    vars(record).update({name: value for name, value in ids.items() if value})
    return True
