"""The one Alembic environment of all distributions, and the core's own revisions in ``versions``."""
