"""Opens the database and brings its tables up to date."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError

MIGRATIONS = Path(__file__).parent / "migrations"


class Unreachable(Exception):
    """The database cannot be opened. The message names the setting."""


def connect(url: str) -> Engine:
    """Open the database at a SQLAlchemy URL and migrate it to the newest tables.

    Raises:
        Unreachable: the URL is none, its driver is missing, or nothing answers there.
    """
    try:
        return _connect(url)
    except (SQLAlchemyError, ModuleNotFoundError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise Unreachable(
            f"The database cannot be opened ({reason}). "
            "Set CLEARBG_DATABASE_URL, or CLEARBG_DATA_DIR to a folder that can be written."
        ) from error


def _connect(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, pool_pre_ping=True)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return engine
