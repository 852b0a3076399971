"""People: users, their roles in accounts, sessions, links; and limits of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

LIMITS = ("requests_per_minute", "megapixels_per_minute")
TABLES = ("invitations", "sign_in_links", "sessions", "memberships", "users")


def upgrade() -> None:
    """Create the tables, and add the columns, which a gateway of the version before ignores."""
    for name in LIMITS:
        op.add_column("accounts", sa.Column(name, sa.Integer))
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("password_hash", sa.String(200)),
        sa.Column("oidc_subject", sa.String(512), unique=True),
        sa.Column("is_admin", sa.Boolean, nullable=False),
        _time("created_at"),
        _time("last_sign_in_at", nullable=True),
    )
    op.create_table(
        "memberships",
        _id_of("users", "user_id", primary_key=True),
        _id_of("accounts", "account_id", primary_key=True, index=True),
        sa.Column("role", sa.String(10), nullable=False),
        _time("created_at"),
    )
    _create_sessions_and_links()


def downgrade() -> None:
    """Drop the tables and columns."""
    for name in TABLES:
        op.drop_table(name)
    for name in LIMITS:
        op.drop_column("accounts", name)  # not in a batch: keys refer to the table


def _create_sessions_and_links() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer, primary_key=True),
        _token(),
        _id_of("users", "user_id", index=True),
        _id_of("accounts", "account_id", index=True),
        _time("created_at"),
        _time("last_seen_at"),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("browser", sa.String(200), nullable=False),
    )
    op.create_table(
        "sign_in_links",
        sa.Column("id", sa.Integer, primary_key=True),
        _token(),
        _id_of("users", "user_id", index=True),
        _time("expires_at"),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.Integer, primary_key=True),
        _token(),
        _id_of("accounts", "account_id", index=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        _time("expires_at"),
    )


def _token() -> sa.Column[str]:
    return sa.Column("token_sha256", sa.String(64), nullable=False, unique=True)


def _time(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _id_of(
    table: str, name: str, *, primary_key: bool = False, index: bool = False
) -> sa.Column[int]:
    owner = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(name, sa.Integer, owner, nullable=False, primary_key=primary_key, index=index)
