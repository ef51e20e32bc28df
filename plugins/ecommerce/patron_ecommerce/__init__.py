"""The shop: catalogue pages, cart, checkout, payments, stock and vouchers. Others use ``patron_ecommerce.api``."""
