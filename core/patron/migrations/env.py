"""Runs for every distribution; ``patron.migrate`` hands over the open transaction and the settings."""

from alembic import context

attributes = context.config.attributes
context.configure(connection=attributes["connection"], **attributes["options"])
with context.begin_transaction():
    context.run_migrations()
