"""Contact points and their holders: one row per address, shared by all who are reached there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from sqlalchemy import and_, delete, insert, literal, null, or_, select, union_all, update

from patron.bulk import among, insert_rows, take_ids
from patron.context import Context
from patron.customers import normalise
from patron.customers.models import ContactHolder, ContactPoint, Customer, ExternalId
from patron.errors import Conflict, FieldError, Invalid
from patron.prepared import Prepared, among_given
from patron.records import table

POSTAL_FIELDS = ("line1", "line2", "postcode", "city", "region", "country")


@dataclass(frozen=True)
class Point:
    """One way to reach a customer, normalised. ``use``: personal, shared, role or switchboard."""

    kind: str
    value: str
    display: str = ""
    label: str = ""
    use: str = "personal"
    parts: Mapping[str, str] = field(default_factory=dict)


def read_points(name: str, entries: Sequence[Any], *, country: str, organisation: bool) -> list[Point]:
    """Input of the list fields ``emails``, ``phones`` and ``addresses`` as points; Invalid names the entry.

    An entry is text, or ``{"value", "label"}``; an address is an object of its parts.
    """
    points, errors = [], []
    for index, entry in enumerate(entries):
        try:
            points.append(_point(name, entry, country, organisation))
        except Invalid as error:
            errors.append(
                FieldError(
                    name, f"Entry {index + 1}: {error.errors[0].message if error.errors else error.detail}"
                )
            )
    if errors:
        raise Invalid(errors[0].message, errors=errors)
    return list({(point.kind, point.value): point for point in reversed(points)}.values())[::-1]


def _point(name: str, entry: Any, country: str, organisation: bool) -> Point:
    label = ""
    if name == "addresses":
        return _postal(entry, country)
    if isinstance(entry, Mapping):
        if not set(entry) <= {"value", "label"}:
            raise Invalid.field(name, "takes value and label.")
        label, entry = str(entry.get("label") or "")[:100], entry.get("value")
    if not isinstance(entry, str) or not entry.strip():
        raise Invalid.field(name, "takes text.")
    if name == "phones":
        return Point(
            "phone",
            normalise.phone_number(entry, country),
            entry.strip(),
            label,
            "switchboard" if organisation else "personal",
        )
    address = normalise.email_address(entry)
    use = "role" if address.is_role else "shared" if organisation else "personal"
    return Point("email", address.normalised, address.display, label, use)


def _postal(entry: Any, country: str) -> Point:
    if not isinstance(entry, Mapping) or not set(entry) <= {*POSTAL_FIELDS, "label"}:
        raise Invalid.field("addresses", f"takes an object with {', '.join(POSTAL_FIELDS)}.")
    raw = {
        key: str(value)[:500] for key, value in entry.items() if key != "label" and value not in (None, "")
    }
    if not raw:
        raise Invalid.field("addresses", "is empty.")
    cleaned = normalise.postal_address(raw, country)
    parts = {name: text for name, text in asdict(cleaned).items() if name in POSTAL_FIELDS and text}
    shown = ", ".join(normalise.format_address(cleaned))
    return Point("postal", normalise.fold(shown), shown, str(entry.get("label") or "")[:100], "shared", parts)


def replace_points(ctx: Context, customer: Customer, kind: str, points: Sequence[Point]) -> None:
    """Make these the customer's contact points of a kind, the first the primary one. Others' holdings stay.

    What is left out ends today and stays on record; what comes back lasts again.
    """
    holders, known = table(ContactHolder), table(ContactPoint)
    held = (
        {
            row.contact_point_id: row
            for row in ctx.session.execute(
                select(holders.c.contact_point_id, known.c.value, holders.c.until)
                .select_from(holders.join(known, known.c.id == holders.c.contact_point_id))
                .where(holders.c.customer_id == customer.key, known.c.kind == kind)
            )
        }
        if customer.version > 1 or customer.updated_at != customer.created_at
        else {}
    )
    wanted = {point.value for point in points}
    lasting = {point_id for point_id, row in held.items() if row.until is None}
    gone = [point_id for point_id in lasting if held[point_id].value not in wanted]
    back = [point_id for point_id in held.keys() - lasting if held[point_id].value in wanted]
    if gone:
        _hold(ctx, customer.key, gone, until=ctx.now.date())
    today = [point_id for point_id in back if held[point_id].until == ctx.now.date()]
    if today:  # taken away by mistake: as if it had never ended
        _hold(ctx, customer.key, today, until=None)
    if long_gone := [point_id for point_id in back if point_id not in today]:
        _hold(ctx, customer.key, long_gone, until=None, since=ctx.now.date(), verified_at=None)
    if held:
        ctx.session.execute(
            update(holders)
            .where(holders.c.customer_id == customer.key, among(holders.c.contact_point_id, held))
            .values(is_primary=False)
        )
    ids = ensure_points(ctx, points)
    fresh = [point for point in points if ids[point.kind, point.value] not in held]
    if fresh:
        insert_rows(
            ctx.session,
            holders,
            [
                {
                    "contact_point_id": ids[point.kind, point.value],
                    "customer_id": customer.key,
                    "use": point.use,
                    "label": point.label,
                    "is_primary": point is points[0],
                }
                for point in fresh
            ],
        )
    if points and points[0] not in fresh:
        first = ids[points[0].kind, points[0].value]
        ctx.session.execute(
            update(holders)
            .where(holders.c.customer_id == customer.key, holders.c.contact_point_id == first)
            .values(is_primary=True)
        )


def _hold(ctx: Context, customer_id: int, point_ids: Collection[int], **values: Any) -> None:
    h = table(ContactHolder)
    which = (h.c.customer_id == customer_id, among(h.c.contact_point_id, point_ids))
    ctx.session.execute(update(h).where(*which).values(values))


class Reached(Protocol):
    """What is stored of a contact point."""

    @property
    def kind(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def display(self) -> str: ...
    @property
    def parts(self) -> Mapping[str, str]: ...


def ensure_points(ctx: Context, points: Collection[Reached]) -> dict[tuple[str, str], int]:
    """The ids of contact points by kind and value; those that are new are made. Three statements for any number."""
    ids = find_points(ctx, points)
    missing = {(point.kind, point.value): point for point in points if (point.kind, point.value) not in ids}
    return {**ids, **make_points(ctx, list(missing.values()))}


def find_points(ctx: Context, points: Collection[Reached]) -> dict[tuple[str, str], int]:
    """The ids of those contact points that there are, by kind and value."""
    if not points:
        return {}
    t = table(ContactPoint)
    values: dict[str, set[str]] = {}
    for point in points:
        values.setdefault(point.kind, set()).add(point.value)
    match = or_(*(and_(t.c.kind == kind, among(t.c.value, found)) for kind, found in values.items()))
    statement = select(t.c.kind, t.c.value, t.c.id).where(match)
    return {(kind, value): point_id for kind, value, point_id in ctx.session.execute(statement)}


def make_points(ctx: Context, points: Sequence[Reached]) -> dict[tuple[str, str], int]:
    """Make contact points that there are not, each once; their ids by kind and value. IntegrityError."""
    if not points:
        return {}
    t = table(ContactPoint)
    ids = take_ids(ctx.session, t, len(points))
    insert_rows(
        ctx.session, t,
        [
            {
                "id": point_id, "kind": point.kind, "value": point.value, "display": point.display,
                "parts": point.parts, "deliverability": "unknown", "deliverability_reason": "", "checked_at": None,
            }
            for point_id, point in zip(ids, points, strict=True)
        ],
    )  # fmt: skip
    return {(point.kind, point.value): key for key, point in zip(ids, points, strict=True)}


def replace_external_ids(
    ctx: Context, customer_id: int, pairs: Sequence[tuple[str, str]], *, known: bool
) -> None:
    """Make these the customer's names in other systems. Conflict when one belongs to another customer."""
    t = table(ExternalId)
    if known:
        ctx.session.execute(delete(t).where(t.c.customer_id == customer_id))
    if not pairs:
        return
    match = or_(*(and_(t.c.source == source, t.c.value == value) for source, value in pairs))
    if taken := ctx.session.execute(select(t.c.source, t.c.value, t.c.customer_id).where(match)).first():
        raise Conflict(f"{taken.source} {taken.value} is customer {taken.customer_id} already.")
    ctx.session.execute(
        insert(t), [{"customer_id": customer_id, "source": s, "value": v} for s, v in dict.fromkeys(pairs)]
    )


def attach(ctx: Context, rows: Sequence[dict[str, Any]]) -> None:
    """Give rows of customers their contact points and external ids: one statement for all."""
    ids = [int(row["id"]) for row in rows]
    by_customer: dict[int, dict[str, list[Any]]] = {
        key: {"emails": [], "phones": [], "addresses": [], "external_ids": []} for key in ids
    }
    for customer_id, kind, value, label, parts in (
        _POINTS_AND_IDS.rows(ctx.session, {"customers": ids}) if ids else ()
    ):
        lists = by_customer[customer_id]
        if kind == "external":
            lists["external_ids"].append({"source": label, "id": value})
        elif kind == "postal":
            lists["addresses"].append({name: (parts or {}).get(name, "") for name in POSTAL_FIELDS})
        elif kind in ("email", "phone"):
            lists[f"{kind}s"].append(value)
    for shown in rows:
        shown.update(by_customer[int(shown["id"])])


def _points_and_ids(dialect: str) -> Any:
    h, p, e = table(ContactHolder), table(ContactPoint), table(ExternalId)
    points = (
        select(h.c.customer_id, p.c.kind, p.c.value, h.c.label, h.c.is_primary, p.c.parts, h.c.id)
        .select_from(h.join(p, p.c.id == h.c.contact_point_id))
        .where(among_given(h.c.customer_id, "customers", dialect), h.c.until.is_(None))
    )
    externals = select(
        e.c.customer_id,
        literal("external").label("kind"),
        e.c.value,
        e.c.source.label("label"),
        literal(False).label("is_primary"),
        null().label("parts"),
        e.c.id,
    ).where(among_given(e.c.customer_id, "customers", dialect))
    both = union_all(points, externals).subquery()
    wanted = (both.c.customer_id, both.c.kind, both.c.value, both.c.label, both.c.parts)
    return select(*wanted).order_by(both.c.customer_id, both.c.is_primary.desc(), both.c.id)


_POINTS_AND_IDS = Prepared(_points_and_ids)


def holders_of(ctx: Context, kind: str, values: Collection[str]) -> dict[str, list[Any]]:
    """Who is reached at these addresses today: value to rows of customer_id, use and name, personal holders first."""
    h, p, c = table(ContactHolder), table(ContactPoint), table(Customer)
    statement = (
        select(p.c.value, h.c.customer_id, h.c.use, c.c.name, c.c.kind)
        .select_from(h.join(p, p.c.id == h.c.contact_point_id).join(c, c.c.id == h.c.customer_id))
        .where(p.c.kind == kind, among(p.c.value, values), c.c.trashed_at.is_(None), h.c.until.is_(None))
        .order_by(h.c.id)
    )
    found: dict[str, list[Any]] = {}
    for row in ctx.session.execute(statement):
        found.setdefault(row.value, []).append(row)
    for rows in found.values():
        rows.sort(key=lambda row: row.use != "personal")
    return found


def drop_points(ctx: Context, ids: Sequence[int]) -> None:
    """Take their contact points from these customers; what nobody else holds goes."""
    h, p = table(ContactHolder), table(ContactPoint)
    held = select(h.c.contact_point_id).where(h.c.customer_id.in_(ids))
    points = list(ctx.session.execute(held).scalars())
    ctx.session.execute(delete(h).where(h.c.customer_id.in_(ids)))
    held_still = select(h.c.id).where(h.c.contact_point_id == p.c.id).exists()
    ctx.session.execute(delete(p).where(among(p.c.id, points), ~held_still))
