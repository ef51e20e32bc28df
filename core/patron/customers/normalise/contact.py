"""E-mail addresses, web addresses and handles; phone numbers have a file of their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit, urlunsplit

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from patron.customers.normalise.phone import phone_number
from patron.customers.normalise.text import clean, fold
from patron.errors import Invalid

__all__ = ["EmailAddress", "email_address", "handle", "is_role_address", "phone_number", "web_address"]

_PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?=[^@]{4,190}$)([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.(?:[a-z0-9]"
    r"(?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z]{2,20})"
)
_SPELLED_NAME = re.compile(r"^[^<>]*<([^<>]+)>$")
_ROLES_TEXT = """
    abuse accounting accounts accueil administracao administracion administration administrator admin all
    anfrage anfragen atencionalcliente ayuda bestellung bestellungen bewerbung billing booking buchhaltung
    buero buro careers cobros comercial commandes commercial communication communicacion compras compta
    comptabilite contabilidad contact contacto contactus customercare customerservice datenschutz direction
    direccion dpo einkauf empfang empleo enquiries enquiry export facturacion facturation facturas faktura
    feedback finance finanzen general gerencia hallo hello help helpdesk hola hostmaster hr info informacion
    information informations informes inquiries inquiry invoice invoices it jobs karriere kontakt
    kundenservice kundendienst legal logistics logistik mail mailbox marketing media newsletter noc noreply
    no-reply donotreply office ofertas oficina order orders pedidos personal personalabteilung post postmaster
    presse press prensa privacy purchasing rechnung rechnungen reception recepcion recruiting redaktion
    reklamation reservas reservation reservations rgpd rh root rrhh sales sav secretaria secretariat security
    sekretariat service servicio servicios shipping shop soporte spam store support team technik tienda usenet
    vendas ventas verkauf versand vertrieb ventes verwaltung webmaster welcome zentrale
    """
_ROLES = frozenset(_ROLES_TEXT.split())


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """``display`` is as written with a readable domain, ``normalised`` the key for matching and sending.

    The key is lower case with the domain in ASCII (punycode), since that is what SMTP carries and it joins
    both spellings of an international domain; dots and plus tags in the local part are the receiver's and
    stay.
    """

    display: str
    normalised: str
    is_role: bool


def email_address(raw: str) -> EmailAddress:
    """Read one address, also ``Name <address>`` or ``mailto:``. Raises ``Invalid``; asks no name server."""
    text = raw.strip()
    if _PLAIN_EMAIL.fullmatch(text) and "xn--" not in text:
        local, _, domain = text.partition("@")
        if _domain_fault(domain) is None:
            return EmailAddress(text, text, is_role_address(local))
    return _checked_email(text)


@lru_cache(maxsize=8192)
def _domain_fault(domain: str) -> str | None:
    try:
        validate_email(f"a@{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError as refusal:
        return str(refusal)
    return None


def _checked_email(text: str) -> EmailAddress:
    if found := _SPELLED_NAME.match(text):
        text = found[1].strip()
    text = re.sub(r"^mailto:", "", text, flags=re.IGNORECASE).split("?", 1)[0].strip(" ,;'\"<>")
    if text.count("@") != 1:
        raise Invalid.field("email", _count_fault(text))
    try:
        valid: ValidatedEmail = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError as refusal:
        raise Invalid.field("email", f"“{text[:80]}” is not an e-mail address: {refusal}") from None
    local = valid.local_part
    normalised = f"{local.lower()}@{(valid.ascii_domain or valid.domain).lower()}"
    return EmailAddress(f"{local}@{valid.domain.lower()}", normalised, is_role_address(local))


def _count_fault(text: str) -> str:
    if not text:
        return "The e-mail address is empty."
    if "@" in text:
        return f"“{text[:80]}” has more than one @; put one address into each field."
    return f"“{text[:80]}” is not an e-mail address: the @ is missing."


def is_role_address(local_part: str) -> bool:
    """Whether the part before the @ names a function (info, ventas, kontakt, sales-de), so belongs to no
    person.
    """
    name = local_part.lower().split("+", 1)[0]
    if name in _ROLES:
        return True
    first = re.split(r"[._-]", fold(name), maxsplit=1)[0]
    rest = name[len(first) :]
    joined = re.sub(r"[._-]", "", fold(name))
    return (
        joined in _ROLES
        or fold(name).rstrip("0123456789") in _ROLES
        or (first in _ROLES and len(rest) in (3, 4))
    )


def web_address(raw: str) -> str:
    """An ``http(s)://`` address with a lower-case host and no trailing slash; raises
    ``Invalid``.
    """
    text = clean(raw).strip("<> ")
    if not re.match(r"^[a-z][a-z0-9+.-]*:", text, re.IGNORECASE) or re.match(r"^[^/:]+:\d", text):
        text = f"https://{text.lstrip('/')}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Invalid.field("website", f"“{raw[:80]}” is not a web address.") from None
    if parts.scheme.lower() not in ("http", "https"):
        raise Invalid.field("website", f"Only http and https addresses are kept, not “{parts.scheme}:”.")
    if parts.username is not None or not re.fullmatch(r"[\w-]+(\.[\w-]+)+", host):
        raise Invalid.field("website", f"“{raw[:80]}” is not a web address; write it like www.example.com.")
    location = host if port is None else f"{host}:{port}"
    path = parts.path.rstrip("/")
    return urlunsplit((parts.scheme.lower(), location, path.replace(" ", "%20"), parts.query, parts.fragment))


def handle(raw: str) -> str:
    """The account name on a network in lower case, or read from its page's address. Raises ``Invalid``."""
    text = clean(raw)
    if "/" in text:
        text = urlsplit(text if "://" in text else f"https://{text}").path.rstrip("/").rsplit("/", 1)[-1]
    text = text.lstrip("@").lower()
    if not re.fullmatch(r"[\w.-]{1,100}", text):
        raise Invalid.field("handle", f"“{raw[:80]}” is not an account name.")
    return text
