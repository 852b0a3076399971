"""Bulk jobs, their items, and the workers that run them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "bulk_jobs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("key_id", sa.Integer, sa.ForeignKey("api_keys.id"), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("has_backdrop", sa.Boolean, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("started_at", TIMESTAMP),
        sa.Column("finished_at", TIMESTAMP),
        sa.Column("expires_at", TIMESTAMP, nullable=False),
        sa.Column("canceled_at", TIMESTAMP),
    )
    op.create_index("ix_bulk_jobs_account_id", "bulk_jobs", ["account_id", "created_at"])
    op.create_index("ix_bulk_jobs_expires_at", "bulk_jobs", ["expires_at"])
    op.create_table(
        "bulk_items",
        sa.Column("job_id", sa.String(32), sa.ForeignKey("bulk_jobs.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("custom_id", sa.String(128), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("problem", sa.JSON),
        sa.Column("result", sa.JSON),
    )
    op.create_table(
        "bulk_workers",
        sa.Column("id", sa.String(128), primary_key=True),
        sa.Column("seen_at", TIMESTAMP, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables, with all jobs."""
    for table in ("bulk_workers", "bulk_items", "bulk_jobs"):
        op.drop_table(table)
