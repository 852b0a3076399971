"""The trace context of the request that created a job."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column."""
    op.add_column("bulk_jobs", sa.Column("traceparent", sa.String(55)))


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("bulk_jobs") as jobs:
        jobs.drop_column("traceparent")
