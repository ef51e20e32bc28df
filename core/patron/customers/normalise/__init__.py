"""Pure functions that turn what people type into what can be matched, sorted and sent to.

Nothing here reads a database or a network. Each function that may refuse raises ``patron.errors.Invalid``
with one ``FieldError`` that says why and what to do.
"""

from patron.customers.normalise.contact import (
    EmailAddress,
    email_address,
    handle,
    is_role_address,
    phone_number,
    web_address,
)
from patron.customers.normalise.names import PersonName, organisation_key, person_name
from patron.customers.normalise.order import display_name, language_of, sort_name
from patron.customers.normalise.places import (
    PostalAddress,
    country_code,
    country_name,
    format_address,
    postal_address,
)
from patron.customers.normalise.text import clean, fold, sort_key

__all__ = [
    "EmailAddress",
    "PersonName",
    "PostalAddress",
    "clean",
    "country_code",
    "country_name",
    "display_name",
    "email_address",
    "fold",
    "format_address",
    "handle",
    "is_role_address",
    "language_of",
    "organisation_key",
    "person_name",
    "phone_number",
    "postal_address",
    "sort_key",
    "sort_name",
    "web_address",
]
