"""The kinds of record of sales: declared, with what is special about saving each."""

from patron_sales.resources.enquiries import ENQUIRIES
from patron_sales.resources.opportunities import OPPORTUNITIES
from patron_sales.resources.quotes import QUOTES

__all__ = ["ENQUIRIES", "OPPORTUNITIES", "QUOTES"]
