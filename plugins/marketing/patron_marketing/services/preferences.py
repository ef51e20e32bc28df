"""What a customer gets from us: purposes granted and withdrawn, preferences, and addresses that get nothing at all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from patron import (
    Context,
    Customer,
    Invalid,
    NotFound,
    Preference,
    audit,
    consents,
    editing,
    job_actor,
    preferring,
    table,
)
from sqlalchemy import insert, select, update

from patron_marketing.models import Campaign, Recipient, Suppression
from patron_marketing.services import tokens
from patron_marketing.services.campaigns import purposes

CHANNELS = (
    ("", "No preference"),
    ("email", "E-mail"),
    ("phone", "Phone"),
    ("post", "Letter"),
    ("sms", "SMS"),
)
SUPPRESSIONS = "marketing.suppressions"


@dataclass(frozen=True)
class Person:
    """Whose preferences these are, and at which address. ``recipient_id`` names the mail they came from (0: none)."""

    customer_id: int
    address: str
    purpose: str = ""
    brand_id: int | None = None
    recipient_id: int = 0
    left: bool = False


def by_token(ctx: Context, token: str) -> Person:
    """The reader of a campaign's mail, by the link in it. NotFound."""
    (recipient_id,) = tokens.read(ctx, "leave", token)
    r, c, who = table(Recipient), table(Campaign), table(Customer)
    row = ctx.session.execute(
        select(r.c.customer_id, r.c.address, r.c.left_at, c.c.purpose, c.c.brand_id, who.c.merged_into_id)
        .select_from(r.join(c, c.c.id == r.c.campaign_id).join(who, who.c.id == r.c.customer_id))
        .where(r.c.id == recipient_id)
    ).first()
    if row is None or not row.address:
        raise NotFound("This link is no longer valid.")
    customer_id = row.merged_into_id or row.customer_id
    return Person(customer_id, row.address, row.purpose, row.brand_id, recipient_id, row.left_at is not None)


def of_account(ctx: Context) -> Person:
    """The customer that the signed-in account acts for. NotFound without one."""
    t = table(Customer)
    row = ctx.session.execute(
        select(t.c.id, t.c.primary_email).where(t.c.id == (ctx.actor.customer_id or 0))
    ).first()
    if row is None:
        raise NotFound()
    return Person(row.id, row.primary_email)


def shown(ctx: Context, person: Person) -> dict[str, Any]:
    """The purposes with what counts now, and the preferences."""
    silent = _suppressed(ctx, person.address)
    listed = list(dict.fromkeys([*purposes(ctx), *([person.purpose] if person.purpose else [])]))
    granted = {
        purpose: consents.decided(ctx, [person.customer_id], purpose, brand_id=person.brand_id)
        for purpose in listed
    }
    p = table(Preference)
    row = ctx.session.execute(select(p).where(p.c.customer_id == person.customer_id)).mappings().first()
    return {
        "purposes": [
            {"name": name, "on": granted[name].get(person.customer_id, False) and not {"", name} & silent}
            for name in listed
        ],
        "preference": dict(row) if row else {},
        "address": person.address,
        "nothing": "" in silent,
        "channels": CHANNELS,
    }


def _suppressed(ctx: Context, address: str) -> set[str]:
    t = table(Suppression)
    found = select(t.c.purpose).where(t.c.address == address, t.c.trashed_at.is_(None))
    return set(ctx.session.execute(found).scalars()) if address else set()


def leave(ctx: Context, person: Person, how: str) -> None:
    """Unsubscribe from the purpose of the mail: at once, for this customer and this address. Twice is once, but who
    has agreed again since then leaves again."""
    c = table(Customer)
    ctx.session.execute(select(c.c.id).where(c.c.id == person.customer_id).with_for_update())  # one at a time
    if person.left and not _gets(ctx, person):
        return
    _withdraw(ctx, person, person.purpose, how)
    suppress(ctx, person.address, person.purpose, how)
    _mark_left(ctx, person)


def _gets(ctx: Context, person: Person) -> bool:
    """Whether the purpose of the mail would be sent to this customer at this address."""
    granted = consents.decided(ctx, [person.customer_id], person.purpose, brand_id=person.brand_id)
    silent = {"", person.purpose} & _suppressed(ctx, person.address)
    return granted.get(person.customer_id, False) and not silent


def _withdraw(ctx: Context, person: Person, purpose: str, how: str) -> None:
    consents.record_consent(
        _working(ctx), person.customer_id, purpose, granted=False, source=how, brand_id=person.brand_id,
        proof=_proof(ctx, person),
    )  # fmt: skip


def _mark_left(ctx: Context, person: Person) -> None:
    if person.recipient_id:
        t = table(Recipient)
        ctx.session.execute(update(t).where(t.c.id == person.recipient_id).values(left_at=ctx.now))


def _proof(ctx: Context, person: Person) -> str:
    came = (
        f"by the link in mail {person.recipient_id}"
        if person.recipient_id
        else f"signed in as {ctx.actor.email}"
    )
    return f"{came}, from {ctx.address or 'unknown'}, {ctx.web.headers.get('user-agent', '')[:120]}"


def save(
    ctx: Context, person: Person, wanted: Collection[str], values: Mapping[str, str], *, nothing: bool
) -> None:
    """Make these the purposes and preferences. ``nothing`` silences the address altogether. Invalid."""
    preference = _checked(values)
    how = "preference page"
    before = shown(ctx, person)
    for purpose in before["purposes"]:
        name, on = purpose["name"], purpose["name"] in wanted and not nothing
        if on and not purpose["on"]:
            release(ctx, person.address, name)
            consents.record_consent(
                _working(ctx), person.customer_id, name, granted=True, source=how, brand_id=person.brand_id,
                wording=f"I want “{name}” by e-mail.", proof=_proof(ctx, person),
            )  # fmt: skip
        elif purpose["on"] and not on:
            _withdraw(ctx, person, name, how)
            _mark_left(ctx, person)
    if nothing:
        suppress(ctx, person.address, "", how)
    elif before["nothing"]:
        release(ctx, person.address, "")
    _keep(ctx, person, preference)


def _checked(values: Mapping[str, str]) -> dict[str, str]:
    kept = {name: values.get(name, "").strip() for name in ("channel", "hours", "time_zone", "salutation")}
    if kept["channel"] not in dict(CHANNELS):
        raise Invalid.field("channel", "Choose one of the channels.")
    preferring.check_preference(kept)
    if len(kept["salutation"]) > 100 or any(not char.isprintable() for char in kept["salutation"]):
        raise Invalid.field("salutation", "At most 100 characters in one line.")
    return kept


def _keep(ctx: Context, person: Person, preference: Mapping[str, str]) -> None:
    t = table(Preference)
    row = ctx.session.execute(select(t).where(t.c.customer_id == person.customer_id)).mappings().first()
    before = {name: row[name] if row else "" for name in preference}
    if before == dict(preference):
        return
    if row is None:
        values = {"language": "", **preference}
        ctx.session.execute(insert(t).values(customer_id=person.customer_id, **values))
    else:
        ctx.session.execute(update(t).where(t.c.id == row["id"]).values(**preference))
    changed = {name: (before[name], value) for name, value in preference.items() if before[name] != value}
    audit.record(
        _working(ctx), "preferences", "customers", person.customer_id, changed, customer_id=person.customer_id
    )


def suppress(ctx: Context, address: str, purpose: str, reason: str) -> None:
    """Nothing more goes to this address for the purpose (empty: for any)."""
    if address and purpose not in _suppressed(ctx, address):
        release(ctx, address, purpose)  # what stands in the trash gives way
        values = {"address": address, "purpose": purpose, "reason": reason}
        editing.create(_working(ctx), ctx.assembly.resource(SUPPRESSIONS), values)


def release(ctx: Context, address: str, purpose: str) -> None:
    """The address may get the purpose again, since its holder asked for it."""
    t = table(Suppression)
    found = select(t.c.id).where(t.c.address == address, t.c.purpose == purpose)
    for suppression_id in list(ctx.session.execute(found).scalars()):
        ctx.session.execute(t.delete().where(t.c.id == suppression_id))
        audit.record(_working(ctx), "release", SUPPRESSIONS, suppression_id)


def _working(ctx: Context) -> Context:
    """The rights that one's own preferences take; who acts is told as the customer."""
    return ctx.acting_as(job_actor(ctx.actor.name or "The customer"))


def zones() -> list[str]:
    """Time zones that can be preferred."""
    return sorted(zone for zone in available_timezones() if "/" in zone and ZoneInfo(zone))
