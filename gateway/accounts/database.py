"""Opens the database, SQLite or PostgreSQL, and migrates its tables."""

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError

MIGRATIONS = Path(__file__).parent / "migrations"

MIGRATION_LOCK = 0x636C6561726267
"""Number of the PostgreSQL advisory lock ("clearbg" in ASCII) that a migration holds, so that two
processes never migrate at the same time."""

MIGRATION_TIMEOUT_S, LOCK_TIMEOUT_S = 30, 2
"""How long to wait for another writer's lock: while migrating, and afterwards."""


class DatabaseUnreachable(Exception):
    """The database cannot be opened. The message names the setting."""


def connect(url: str) -> Engine:
    """Open the database at a SQLAlchemy URL and migrate it to the current schema.

    Several processes may call this at once: one migrates, and the others wait for it.

    Raises:
        DatabaseUnreachable: the URL is invalid, its driver is missing, or no server answers.
    """
    try:
        migrating = _engine(url, MIGRATION_TIMEOUT_S)
        _migrate(migrating.execution_options(write=True))
        migrating.dispose()
        return _engine(url, LOCK_TIMEOUT_S)
    except (SQLAlchemyError, ModuleNotFoundError, OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise DatabaseUnreachable(
            f"The database cannot be opened ({reason}). "
            "Set CLEARBG_DATABASE_URL, or CLEARBG_DATA_DIR to a folder that can be written."
        ) from error


def connect_as_is(url: str) -> Engine:
    """Open the database at a SQLAlchemy URL without migrating it."""
    return _engine(url, MIGRATION_TIMEOUT_S)


def _engine(url: str, lock_timeout_s: int) -> Engine:
    """Open an engine that hides parameters in errors: a webhook's URL may contain a password."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        connect_args = {"timeout": lock_timeout_s}
        engine = create_engine(parsed, connect_args=connect_args, hide_parameters=True)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    timeouts = {"connect_timeout": LOCK_TIMEOUT_S, "tcp_user_timeout": 1000 * LOCK_TIMEOUT_S}
    return create_engine(
        parsed,
        pool_pre_ping=True,
        pool_timeout=LOCK_TIMEOUT_S,
        connect_args=timeouts,
        hide_parameters=True,
    )


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            lock = {"lock": MIGRATION_LOCK}
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), lock)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _set_up_sqlite(connection: sqlite3.Connection, record: object) -> None:
    """Leave transactions to SQLAlchemy: Python's sqlite3 would commit before each schema change."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")  # readers do not wait for a writer
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction; a migration takes the write lock at once.

    A transaction that reads first cannot write after another one has written. Migrations read
    first; all other transactions only read, or begin with a write.
    """
    write = connection.get_execution_options().get("write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
