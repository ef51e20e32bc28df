"""Mail that our own people wrote elsewhere, in Outlook or on a phone: from a folder of sent mail, or copied to the
secret address that each user has."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import insert, or_, select, update

from patron.accounts import audit
from patron.accounts.models import TeamMember, User
from patron.context import Context
from patron.errors import NotFound
from patron.interactions.mail.parsed import Address, ParsedMail
from patron.interactions.mail.threading import Joined, New, ThreadRef, named_messages, party
from patron.interactions.models import Mailbox, MailDrop
from patron.permissions import Actor, Scope
from patron.records import table

_DROP = re.compile(r"\+log-([0-9a-f]{20})@", re.IGNORECASE)


@dataclass(frozen=True)
class Writer:
    """Whose mail it is: the user where one is known, and how it came here."""

    actor: Actor | None
    how: str


def address_of(ctx: Context, user_id: int, *, anew: bool = False) -> str:
    """The address to which a user copies mail; made when first asked for. ``anew``: the old one is dead from now on.

    NotFound where no mailbox is fetched that could take it in.
    """
    address = _taking_in(ctx, user_id)
    if not address:
        raise NotFound("No mailbox is fetched that could take in copies. An administrator can connect one.")
    t = table(MailDrop)
    token = ctx.session.execute(select(t.c.token).where(t.c.user_id == user_id)).scalar()
    if token is None:
        token = secrets.token_hex(10)
        ctx.session.execute(insert(t).values(user_id=user_id, token=token, created_at=ctx.now))
        audit.record(ctx, "create", "mail addresses", user_id)
    elif anew:
        audit.record(ctx, "change", "mail addresses", user_id)
        token = secrets.token_hex(10)
        ctx.session.execute(update(t).where(t.c.user_id == user_id).values(token=token, created_at=ctx.now))
    return _with_token(address, token)


def known_address(ctx: Context, user_id: int) -> str:
    """The address of a user who has one; empty without."""
    t = table(MailDrop)
    token = ctx.session.execute(select(t.c.token).where(t.c.user_id == user_id)).scalar()
    address = _taking_in(ctx, user_id) if token else ""
    return _with_token(address, token or "") if address else ""


def is_possible(ctx: Context, user_id: int) -> bool:
    """Whether there is a mailbox that could take in copies."""
    return bool(_taking_in(ctx, user_id))


def _with_token(address: str, token: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}+log-{token}@{domain}"


def _taking_in(ctx: Context, user_id: int) -> str:
    """The firm's first mailbox that is fetched, else the user's own; empty when there is none."""
    t = table(Mailbox)
    rows = ctx.session.execute(
        select(t.c.address, t.c.owner_id, t.c.settings)
        .where(
            t.c.active.is_(True),
            t.c.trashed_at.is_(None),
            or_(t.c.owner_id.is_(None), t.c.owner_id == user_id),
        )
        .order_by(t.c.id)
    ).all()
    fetched = [row for row in rows if (row.settings.get("imap") or {}).get("host")]
    fetched.sort(key=lambda row: row.owner_id is not None)
    return fetched[0].address if fetched else ""


def writer_of(ctx: Context, mail: ParsedMail, mailbox: Mailbox, *, sent: bool) -> Writer | None:
    """Who of us wrote a mail; None for one that came from outside. ``sent``: it lay in the folder of sent mail.

    A copy to the secret address counts only from an address or a domain of that user: whoever else learns of the
    address puts nothing into a history with it.
    """
    if sent:
        return Writer(keeper_of(ctx, mailbox), f"Sent from {mailbox.address} elsewhere.")
    token = next((found[1].lower() for text in mail.delivered_to if (found := _DROP.search(text))), "")
    if not token:
        return None
    t, u = table(MailDrop), table(User)
    row = ctx.session.execute(
        select(u.c.id, u.c.email)
        .select_from(t.join(u, u.c.id == t.c.user_id))
        .where(t.c.token == token, u.c.active.is_(True))
    ).first()
    if row is None or len(mail.from_) != 1 or not _is_of(mail.from_[0].email, (row.email, mailbox.address)):
        return None
    return Writer(actor_of(ctx, row.id), "Copied here by its writer.")


def _is_of(sender: str, known: Sequence[str]) -> bool:
    """Whether the sender's address is one of these or of their domain, where that is not everybody's."""
    domains = {party(address).rpartition("@")[2] for address in known} - PUBLIC
    return (
        party(sender) in {party(address) for address in known} or party(sender).rpartition("@")[2] in domains
    )


PUBLIC = frozenset(
    {
        "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com", "icloud.com", "gmx.de",
        "gmx.net", "web.de", "t-online.de", "orange.fr", "free.fr", "laposte.net", "aol.com", "proton.me",
        "protonmail.com", "mail.com",
    }
)  # fmt: skip
"""Where anybody has an address: there a domain says nothing of who writes."""


def actor_of(ctx: Context, user_id: int | None) -> Actor | None:
    """A user as the one who acts, with their teams; None for nobody."""
    if user_id is None:
        return None
    u, member = table(User), table(TeamMember)
    row = ctx.session.execute(select(u.c.id, u.c.name, u.c.email).where(u.c.id == user_id)).first()
    if row is None:
        return None
    teams = ctx.session.execute(select(member.c.team_id).where(member.c.user_id == user_id)).scalars()
    return Actor("user", row.id, row.name, row.email, {"*": Scope.ALL}, frozenset(teams))


def keeper_of(ctx: Context, mailbox: Mailbox) -> Actor | None:
    """In whose name mail of a mailbox is kept: its owner's, else its team's; None for a mailbox of the firm."""
    if mailbox.owner_id is None and mailbox.team_id is not None:
        return replace(ctx.actor, team_ids=frozenset({mailbox.team_id}))
    return actor_of(ctx, mailbox.owner_id)


def without_copies(addresses: Sequence[Address]) -> tuple[Address, ...]:
    """Addresses without the secret ones."""
    return tuple(address for address in addresses if not _DROP.search(address.email))


def decide_own(mail: ParsedMail, known: Mapping[str, ThreadRef], how: str) -> Joined | New:
    """The thread of a mail that one of us wrote: nobody asks whether they take part in it."""
    for message_id in named_messages(mail):
        if message_id in known:
            return Joined(known[message_id].thread_id, f"{how} It refers to a message of this thread.")
    return New(f"{how} It starts a new thread: it refers to no message that is known here.")
