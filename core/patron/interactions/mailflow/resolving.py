"""Who an address stands for: a person only by an address of their own, the organisation by a role address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from patron.context import Context
from patron.customers import contacts, normalise
from patron.errors import Invalid
from patron.interactions.mail.parsed import Address
from patron.interactions.mail.threading import party
from patron.interactions.models import Mailbox
from patron.interactions.participants import OURS
from patron.interactions.services import Party
from patron.records import table


def resolve_addresses(ctx: Context, parts: Iterable[tuple[str, Sequence[Address]]]) -> list[Party]:
    """Parties of a mail from its header fields (``("from", addresses), …``), each with the reason. Two statements.

    An address that is nobody's, or more than one's, stays an unresolved party: no customer is made of it.
    """
    named = [(part, address) for part, addresses in parts for address in addresses]
    normal = {address.email: _normal(address.email) for _, address in named}
    holders = contacts.holders_of(ctx, "email", set(normal.values()) - {""}) if named else {}
    ours = own_addresses(ctx)
    parties: dict[tuple[str, str], Party] = {}
    for part, address in named:
        if party(address.email) in ours:
            customer_id, because = None, OURS
        else:
            customer_id, because = _who(normal[address.email], holders)
        parties.setdefault(
            (part, party(address.email)),
            Party(part, customer_id, address.email[:320], address.name[:200], because),
        )
    return list(parties.values())


def own_addresses(ctx: Context) -> frozenset[str]:
    """The addresses of the firm's own mailboxes, as ``party`` writes them."""
    found: frozenset[str] = ctx.cached("own mail addresses", lambda: _read_own(ctx))
    return found


def _read_own(ctx: Context) -> frozenset[str]:
    t = table(Mailbox)
    return frozenset(party(address) for address in ctx.session.execute(select(t.c.address)).scalars())


def _normal(email: str) -> str:
    try:
        return normalise.email_address(email).normalised
    except Invalid:
        return ""


def _who(value: str, holders: Mapping[str, Sequence[Any]]) -> tuple[int | None, str]:
    """The customer and why; nobody when the address does not say it for certain."""
    rows = holders.get(value, ()) if value else ()
    personal = [row for row in rows if row.use == "personal"]
    if len(personal) == 1:
        return int(personal[0].customer_id), "their own address"
    if len(personal) > 1:
        return None, "several customers have this address"
    firms = [row for row in rows if row.kind == "organisation"]
    if len(firms) == 1:
        return int(firms[0].customer_id), "an address of the organisation"
    if rows:
        return None, "a shared address: it does not say who wrote"
    return None, "nobody known has this address"
