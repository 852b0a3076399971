"""Migrations that the version before survives: its code works on the new schema.

During a rollout gateways of both versions use the database, which the first new one migrates.
"""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Engine

from gateway.accounts import database
from tests.accounts.test_database import migrate, tables

VALUES: dict[type, Any] = {bool: True, object: {}, datetime: datetime(2026, 1, 1, tzinfo=UTC)}


def revisions() -> list[Script]:
    """All but the first one, which had no version before."""
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    found = ScriptDirectory.from_config(config).walk_revisions()
    return [script for script in found if script.down_revision][::-1]


@pytest.fixture(params=revisions(), ids=lambda script: str(script.revision))
def revision(request: pytest.FixtureRequest, engine: Engine) -> Script:
    """A migration that the database is about to make."""
    script: Script = request.param
    migrate(engine, str(script.down_revision), down=True)
    return script


def contracted(revision: Script) -> dict[str, str]:
    """What a migration breaks, `table` or `table.column`, for code from before which release."""
    declared: dict[str, str] = getattr(revision.module, "BREAKS_BEFORE", {})
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", release) for release in declared.values())
    return declared


def test_a_migration_takes_nothing_away_that_the_version_before_relies_on(
    engine: Engine, revision: Script
) -> None:
    before = {table.name: table for table in tables(engine)}
    migrate(engine, revision.revision)
    after = {table.name: table for table in tables(engine)}
    broken = [
        name
        for table in before.values()
        for name in _broken(table, after.get(table.name))
        if name not in contracted(revision)
    ]
    assert broken == [], "expand first; contract a release later: see CONTRIBUTING.md"


def _broken(old: sa.Table, new: sa.Table | None) -> list[str]:
    """What of a table old code cannot use any more: the table itself, or columns."""
    if new is None:
        return [old.name]
    missing = [
        column.name
        for column in old.columns
        if column.name not in new.columns or not _accepts(new.columns[column.name], column)
    ]
    unfilled = [
        column.name
        for column in new.columns
        if column.name not in old.columns and not column.nullable and column.server_default is None
    ]
    return [f"{old.name}.{name}" for name in (*missing, *unfilled)]


def _accepts(new: sa.Column[Any], old: sa.Column[Any]) -> bool:
    """Whether a column takes all that it took before."""
    is_stricter = old.nullable and not new.nullable and new.server_default is None
    lengths = [getattr(column.type, "length", None) or 2**31 for column in (new, old)]
    same_kind = new.type.python_type is old.type.python_type
    return same_kind and lengths[0] >= lengths[1] and not is_stricter


def test_the_version_before_reads_and_writes_its_tables_after_a_migration(
    engine: Engine, revision: Script
) -> None:
    known = [each for each in tables(engine) if not _is_contracted(each, revision)]
    insert(engine, known, 101)
    before = read(engine, known)
    assert all(before.values())
    migrate(engine, revision.revision)
    assert read(engine, known) == before
    insert(engine, known, 102)
    after = read(engine, known)
    for name, rows in before.items():
        assert [row for row in after[name] if row in rows] == rows
        assert len(after[name]) == len(rows) + 1
    with engine.begin() as connection:
        for table in reversed(known):
            connection.execute(table.delete())


def _is_contracted(table: sa.Table, revision: Script) -> bool:
    return any(name.partition(".")[0] == table.name for name in contracted(revision))


def insert(engine: Engine, known: list[sa.Table], number: int) -> None:
    """Insert a row into each table; it refers to the rows of the same number in the others."""
    with engine.begin() as connection:
        for table in known:
            row = {
                column.name: VALUES.get(kind, number if kind is int else f"t{number}")
                for column in table.columns
                for kind in (column.type.python_type,)
            }
            connection.execute(table.insert(), row)


def read(engine: Engine, known: list[sa.Table]) -> dict[str, list[dict[str, Any]]]:
    """All rows, as code that knows only these columns reads them."""
    with engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for table in known
        }


METADATA = sa.MetaData()
OLD = sa.Table(
    "jobs",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(20), nullable=False),
    sa.Column("note", sa.String(20)),
)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ([sa.Column("note", sa.String(20))], ["jobs.name"]),
        ([sa.Column("name", sa.String(20), nullable=False)], ["jobs.note"]),
        ([sa.Column("name", sa.String(10)), sa.Column("note", sa.String(20))], ["jobs.name"]),
        ([sa.Column("name", sa.Integer), sa.Column("note", sa.String(20))], ["jobs.name"]),
        (
            [sa.Column("name", sa.String(20)), sa.Column("note", sa.String(20), nullable=False)],
            ["jobs.note"],
        ),
        (
            [
                sa.Column("name", sa.String(20)),
                sa.Column("note", sa.String(20)),
                sa.Column("kind", sa.String(20), nullable=False),
            ],
            ["jobs.kind"],
        ),
        (
            [
                sa.Column("name", sa.String(30)),
                sa.Column("note", sa.Text),
                sa.Column("kind", sa.String(20), nullable=False, server_default="usual"),
            ],
            [],
        ),
    ],
    ids=["dropped", "dropped too", "narrower", "another type", "not null", "unfilled", "expanded"],
)
def test_each_change_that_breaks_old_code_is_found(
    columns: list[sa.Column[Any]], expected: list[str]
) -> None:
    new = sa.Table("jobs", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), *columns)
    assert _broken(OLD, new) == expected
    assert _broken(OLD, None) == ["jobs"]
