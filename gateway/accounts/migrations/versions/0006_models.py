"""The models that an account may use."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column."""
    op.add_column("accounts", sa.Column("models", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("models")
