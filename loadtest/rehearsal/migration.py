"""A migration of a later release: it adds columns and an index to the busiest tables.

`python -m loadtest.rehearsal.migration URL up|down` runs it, after all of ours, as a process of its
own does at its start.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from alembic import command
from alembic.config import Config

from gateway.accounts import database

REVISION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "rehearsal", {newest!r}


def upgrade():
    for table in ("bulk_jobs", "bulk_items", "api_keys"):
        op.add_column(table, sa.Column("rehearsal", sa.Integer(), server_default="0"))
        op.create_index(f"ix_{{table}}_rehearsal", table, ["rehearsal"])


def downgrade():
    for table in ("bulk_jobs", "bulk_items", "api_keys"):
        op.drop_index(f"ix_{{table}}_rehearsal", table)
        op.drop_column(table, "rehearsal")
"""


def main(url: str, direction: str) -> None:
    """Migrate a database up, or down again."""
    with tempfile.TemporaryDirectory() as folder:
        migrations = Path(folder, "migrations")
        shutil.copytree(database.MIGRATIONS, migrations)
        newest = max(path.stem for path in (migrations / "versions").glob("0*.py"))
        text = REVISION.format(newest=newest.partition("_")[0])
        (migrations / "versions" / "rehearsal.py").write_text(text)
        with patch.object(database, "MIGRATIONS", migrations):
            if direction == "up":
                database.connect(url).dispose()
            else:
                _downgrade(url, migrations)


def _downgrade(url: str, migrations: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    engine = database.connect_as_is(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "-1")
    engine.dispose()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
