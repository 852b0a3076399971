"""Webhooks, idempotency keys, and job records that outlive their results."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables and columns."""
    with op.batch_alter_table("bulk_jobs") as jobs:
        jobs.add_column(sa.Column("idempotency_key", sa.String(255)))
        jobs.add_column(sa.Column("fingerprint", sa.String(64)))
        jobs.add_column(sa.Column("webhook_url", sa.String(2048)))
        jobs.add_column(sa.Column("deleted_at", TIMESTAMP))
        jobs.create_index(
            "ix_bulk_jobs_idempotency_key", ["account_id", "idempotency_key"], unique=True
        )
        jobs.create_index("ix_bulk_jobs_status", ["status", "expires_at"])
    op.create_table(
        "webhook_secrets",
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("secret", sa.String(128), nullable=False),
        sa.Column("previous", sa.String(128)),
        sa.Column("rotated_at", TIMESTAMP),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", TIMESTAMP, nullable=False),
        sa.Column("attempts", sa.JSON, nullable=False),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("tried_at", TIMESTAMP),
    )
    op.create_index(
        "ix_webhook_deliveries_account_id", "webhook_deliveries", ["account_id", "created_at"]
    )
    op.create_index("ix_webhook_deliveries_due_at", "webhook_deliveries", ["status", "due_at"])
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])
    op.create_table(
        "webhook_disabled",
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), primary_key=True),
        sa.Column("url_sha256", sa.String(64), primary_key=True),
    )


def downgrade() -> None:
    """Drop the tables and columns."""
    for table in ("webhook_disabled", "webhook_deliveries", "webhook_secrets"):
        op.drop_table(table)
    for index in ("ix_bulk_jobs_status", "ix_bulk_jobs_idempotency_key"):
        op.drop_index(index, "bulk_jobs")
    for column in ("deleted_at", "webhook_url", "fingerprint", "idempotency_key"):
        op.drop_column("bulk_jobs", column)
