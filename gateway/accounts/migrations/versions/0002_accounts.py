"""Accounts that own keys; expiry, limits and usage of keys."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BREAKS_BEFORE = {"api_keys.account_id": "0.1.0"}
"""No release had the schema before: see "Migrations" in CONTRIBUTING.md."""

DEFAULT_ACCOUNT = "default"
"""Owns the keys from before this migration, and those that are created without an account."""


def upgrade() -> None:
    """Create the accounts table, and assign all keys to the default account."""
    accounts = op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
    )
    op.bulk_insert(accounts, [{"name": DEFAULT_ACCOUNT, "created_at": datetime.now(UTC)}])
    with op.batch_alter_table("api_keys") as keys:
        keys.add_column(sa.Column("account_id", sa.Integer))
        keys.add_column(sa.Column("expires_at", sa.DateTime(timezone=True)))
        keys.add_column(sa.Column("last_used_at", sa.DateTime(timezone=True)))
        keys.add_column(sa.Column("images", sa.Integer, nullable=False, server_default="0"))
        keys.add_column(sa.Column("requests_per_minute", sa.Integer))
        keys.add_column(sa.Column("megapixels_per_minute", sa.Integer))
    op.execute("UPDATE api_keys SET account_id = (SELECT id FROM accounts)")
    with op.batch_alter_table("api_keys") as keys:
        keys.alter_column("account_id", existing_type=sa.Integer, nullable=False)
        keys.create_foreign_key("api_keys_account", "accounts", ["account_id"], ["id"])
        keys.create_index("ix_api_keys_account_id", ["account_id"])


def downgrade() -> None:
    """Drop accounts, and expiry, limits and usage of keys."""
    with op.batch_alter_table("api_keys") as keys:
        keys.drop_index("ix_api_keys_account_id")
        keys.drop_constraint("api_keys_account", type_="foreignkey")
        for column in (
            "account_id",
            "expires_at",
            "last_used_at",
            "images",
            "requests_per_minute",
            "megapixels_per_minute",
        ):
            keys.drop_column(column)
    op.drop_table("accounts")
