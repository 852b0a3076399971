"""Alembic's entry point. gateway.accounts.database runs it, on the connection that it opened."""

from alembic import context

from gateway.accounts.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
)
with context.begin_transaction():
    context.run_migrations()
