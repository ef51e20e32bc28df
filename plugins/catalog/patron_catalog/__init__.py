"""The catalogue: products, prices and taxes. Other modules use ``patron_catalog.api``."""
