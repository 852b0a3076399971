"""Whether a job has a mask and a trimap for all its images."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

COLUMNS = ("has_mask", "has_trimap")


def upgrade() -> None:
    """Add the columns. A gateway of the version before inserts rows without them."""
    for name in COLUMNS:
        column = sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column("bulk_jobs", column)


def downgrade() -> None:
    """Drop the columns."""
    with op.batch_alter_table("bulk_jobs") as jobs:
        for name in COLUMNS:
            jobs.drop_column(name)
