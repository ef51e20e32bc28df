"""Patron: the CRM that a firm assembles. The names below are all a plugin may import from the core."""

__version__ = "0.1.0"
