"""Orders, invoices and payments. Other modules use ``patron_orders.api``."""
