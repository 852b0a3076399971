"""Usage in minutes and days; quotas, rotation and the last address of keys."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

COLUMNS = (
    *("images_per_month", "created_by", "last_used_from"),
    *("previous_sha256", "previous_ends_at"),
)
PREVIOUS_INDEX = "ix_api_keys_previous_sha256"


def upgrade() -> None:
    """Create the table, and add the columns: a gateway of the version before leaves them empty."""
    op.create_table(
        "usage",
        sa.Column("key_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("step_s", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at_s", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("measure", sa.String(64), primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
    op.add_column("api_keys", sa.Column("images_per_month", sa.Integer))
    op.add_column("api_keys", sa.Column("created_by", sa.String(254)))
    op.add_column("api_keys", sa.Column("last_used_from", sa.String(45)))
    op.add_column("api_keys", sa.Column("previous_sha256", sa.String(64)))
    op.add_column("api_keys", sa.Column("previous_ends_at", sa.DateTime(timezone=True)))
    op.create_index(PREVIOUS_INDEX, "api_keys", ["previous_sha256"], unique=True)


def downgrade() -> None:
    """Drop them."""
    op.drop_index(PREVIOUS_INDEX, "api_keys")
    with op.batch_alter_table("api_keys") as keys:
        for name in COLUMNS:
            keys.drop_column(name)
    op.drop_table("usage")
