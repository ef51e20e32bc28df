"""Whether a row is a customer that is known already. Each rule is strict: what is merely likely is left to people.

In this order, the first that finds one decides:

1. the line of an earlier import of the same file;
2. the external id within its source;
3. the e-mail address: a person's own with a name that agrees, an organisation's with the same name. A role
   address (info@) never stands for a person;
4. the telephone number together with the name;
5. only for rows without external id, own e-mail and telephone: the name, when birth date, employer, address or
   website agrees and none contradicts, or when neither the row nor the customer says more than the name.

A customer is also recognised by a name that it had or has beside its own (see ``customers.names``), hidden or not.
A customer that has another id in the same source is never the one. A ``match`` that is named takes that rule
alone, and then an e-mail address decides whatever the name is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, Text, cast, false, or_, select, union_all

from patron.bulk import among
from patron.context import Context
from patron.customers import normalise
from patron.customers.models import ContactHolder, ContactPoint, Customer, CustomerName, ExternalId
from patron.imports.existing import Existing, load_existing
from patron.imports.staged import StagedCustomer, unpack
from patron.records import table
from patron.system.models import ImportRow

RULES = ("external_id", "email", "phone", "name", "likely")
"""What a row may be matched by alone; ``likely`` is all of them, and what only looks like somebody waits for review."""

BY_POINT = ("email", "phone")


@dataclass(frozen=True)
class Rules:
    """How rows of one import are matched: ``only`` one of RULES or "" for all, ``earlier`` imports of the same file;
    with ``review``, rows that look like somebody wait for a person."""

    source: str = ""
    only: str = ""
    earlier: tuple[int, ...] = ()
    review: bool = False

    @classmethod
    def of(cls, source: str, match: str, earlier: tuple[int, ...]) -> Rules:
        """The rules for a ``match`` that was chosen."""
        review = match == "likely"
        return cls(source, "" if review else match, earlier, review)

    def take(self, rule: str) -> bool:
        return self.only in ("", rule)


@dataclass
class Clues:
    """What the database holds under the keys of some rows: ids of customers by key."""

    by_line: dict[int, int] = field(default_factory=dict)
    by_external: dict[str, int] = field(default_factory=dict)
    by_point: dict[tuple[str, str], list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    by_name: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    customers: dict[int, Existing] = field(default_factory=dict)


def find_matches(
    ctx: Context,
    rules: Rules,
    rows: Sequence[tuple[int, StagedCustomer]],
    foreseen: Foreseen | None = None,
    decided: Mapping[int, int] | None = None,
) -> dict[int, Existing]:
    """By line, the customer that the row is. A fixed number of statements for all rows.

    ``foreseen`` is what a dry run would have made so far, ``decided`` whom a person named for a line (0: nobody).
    """
    clues = _clues(ctx, rules, rows)
    if foreseen is not None:
        foreseen.add_to(ctx, clues, rows)
    found = {}
    for line, row in rows:
        known = _match(rules, clues, line, row)
        if known is not None:
            found[line] = known
    if decided:
        named = load_existing(ctx, {customer for customer in decided.values() if customer}, rules.source)
        for line, customer in decided.items():
            found.pop(line, None)
            if customer in named:
                found[line] = named[customer]
    return found


def _clues(ctx: Context, rules: Rules, rows: Sequence[tuple[int, StagedCustomer]]) -> Clues:
    clues = Clues()
    if rules.earlier:
        clues.by_line = _by_line(ctx, rules.earlier, [line for line, _ in rows])
    externals = [row.external_id for _, row in rows if row.external_id]
    if externals and rules.source and rules.take("external_id"):
        clues.by_external = _by_external(ctx, rules.source, externals)
    names = {row.match_key for _, row in rows}
    for kind in BY_POINT:
        if rules.take(kind):
            values = {point.value for _, row in rows for point in row.points if point.kind == kind}
            _add_points(ctx, clues, kind, values, names if rules.only != kind else None)
    if rules.take("name"):
        _add_names(ctx, clues, [row for _, row in rows if by_name_alone(rules, row)])
    ids = {*clues.by_line.values(), *clues.by_external.values()}
    ids.update(holder for holders in clues.by_point.values() for holder, _ in holders)
    ids.update(customer for customers in clues.by_name.values() for customer in customers)
    clues.customers = load_existing(ctx, ids, rules.source)
    return clues


def keys_of(rules: Rules, row: StagedCustomer) -> list[tuple[str, ...]]:
    """Under what another row may turn out to be this one, its name first."""
    keys: list[tuple[str, ...]] = [("name", row.kind, row.match_key)]
    if row.external_id:
        keys.append(("external", row.external_id))
    for point in row.points:
        if point.kind == "phone":
            keys.append(("phone", point.value, "" if rules.only == "phone" else row.match_key))
        elif point.kind == "email" and (point.use == "personal" or row.kind != "person"):
            keys.append(("email", point.value, row.kind))
    return keys


class Foreseen:
    """The rows that a dry run would have made customers of, found again by their keys. Memory: some numbers a row."""

    def __init__(self, import_id: int, rules: Rules) -> None:
        self.import_id, self.rules = import_id, rules
        self._lines: dict[int, int] = {}

    def add(self, line: int, row: StagedCustomer) -> None:
        for key in keys_of(self.rules, row):
            self._lines.setdefault(hash(key), line)

    def add_to(self, ctx: Context, clues: Clues, rows: Sequence[tuple[int, StagedCustomer]]) -> None:
        """Let rows find the earlier ones, which stand in as customers with their line, negative, as id."""
        lines = {
            self._lines[hash(key)]
            for _, row in rows
            for key in keys_of(self.rules, row)
            if hash(key) in self._lines
        }
        if not lines:
            return
        t = table(ImportRow)
        statement = select(t.c.line, cast(t.c["values"], Text)).where(
            t.c.import_id == self.import_id, among(t.c.line, lines)
        )
        for line, values in ctx.session.execute(statement):
            row = unpack(values)
            clues.customers[-line] = as_existing(-line, row)
            if row.external_id and self.rules.source and self.rules.take("external_id"):
                clues.by_external.setdefault(row.external_id, -line)
            for point in row.points:
                if point.kind in BY_POINT and self.rules.take(point.kind):
                    clues.by_point[point.kind, point.value].append((-line, point.use))
            clues.by_name[row.kind, row.match_key].append(-line)


def as_existing(customer_id: int, row: StagedCustomer) -> Existing:
    """A row as the customer that it would become."""
    known = Existing(
        {
            "id": customer_id, "kind": row.kind, "name": row.name, "match_key": row.match_key,
            "given_name": row.given_name, "family_name": row.family_name, "prefix": row.prefix, "suffix": row.suffix,
            "website": row.website, "birth_date": row.birth_date, "language": row.language, "note": row.note,
            "owner_id": None, "name_key": row.name_key,
        },
        {(point.kind, point.value): 0 for point in row.points},
        {row.external_id} if row.external_id else set(),
    )  # fmt: skip
    if row.employer_key:
        known.employers[row.employer_key] = (0, row.job_title)
    return known


def _by_line(ctx: Context, imports: Sequence[int], lines: Sequence[int]) -> dict[int, int]:
    t = table(ImportRow)
    statement = (
        select(t.c.line, t.c.record_id)
        .where(among(t.c.import_id, imports), among(t.c.line, lines), t.c.record_id.is_not(None))
        .where(t.c.state.not_in(("review", "staged")))
        .order_by(t.c.import_id)
    )
    return {row.line: row.record_id for row in ctx.session.execute(statement)}


def _by_external(ctx: Context, source: str, values: Sequence[str]) -> dict[str, int]:
    t = table(ExternalId)
    statement = select(t.c.value, t.c.customer_id).where(t.c.source == source, among(t.c.value, values))
    return {row.value: row.customer_id for row in ctx.session.execute(statement)}


def _add_points(
    ctx: Context, clues: Clues, kind: str, values: Collection[str], names: Collection[str] | None
) -> None:
    """Holders of the points; ``names`` leaves those out whom only an equal name could make the one."""
    if not values:
        return
    p, h, c = table(ContactPoint), table(ContactHolder), table(Customer)
    statement = (
        select(p.c.value, h.c.customer_id, h.c.use)
        .select_from(p.join(h, h.c.contact_point_id == p.c.id).join(c, c.c.id == h.c.customer_id))
        .where(p.c.kind == kind, among(p.c.value, values), c.c.trashed_at.is_(None), h.c.until.is_(None))
        .order_by(h.c.id)
    )
    if names is not None:
        named = or_(among(c.c.match_key, names), h.c.customer_id.in_(_once_called(names)))
        statement = statement.where(or_(h.c.use == "personal", named) if kind == "email" else named)
    for row in ctx.session.execute(statement):
        clues.by_point[kind, row.value].append((row.customer_id, row.use))


def _once_called(keys: Collection[str]) -> Select[tuple[int]]:
    """Ids of the customers who have or had one of these names beside their own, hidden ones too."""
    t = table(CustomerName)
    return select(t.c.customer_id).where(among(t.c.match_key, keys))


def _add_names(ctx: Context, clues: Clues, rows: Sequence[StagedCustomer]) -> None:
    keys = {row.match_key for row in rows if not row.nameless}
    if not keys:
        return
    t = table(Customer)
    cities = {normalise.fold(point.parts.get("city", "")) for row in rows for point in row.of("postal")}
    near: ColumnElement[bool] = t.c.city_key.in_([*cities, ""]) if cities else false()
    # Where no row tells a city, all of a name come; where some do, those of other cities contradict anyway.
    here = or_(near, t.c.kind != "person") if cities and all(row.of("postal") for row in rows) else None
    there = [t.c.trashed_at.is_(None), *([here] if here is not None else [])]
    n = table(CustomerName)
    own = select(t.c.id, t.c.kind, t.c.match_key).where(among(t.c.match_key, keys), *there)
    others = select(t.c.id, t.c.kind, n.c.match_key).select_from(n.join(t, t.c.id == n.c.customer_id))
    both = union_all(own, others.where(among(n.c.match_key, keys), *there)).subquery()
    for row in ctx.session.execute(select(both).order_by(both.c.id)):
        clues.by_name[row.kind, row.match_key].append(row.id)


def by_name_alone(rules: Rules, row: StagedCustomer) -> bool:
    """Whether the row has nothing better than its name to be recognised by."""
    if rules.only:
        return rules.only == "name"
    if row.external_id and rules.source:
        return False
    own = any(
        point.kind == "phone" or (point.kind == "email" and point.use == "personal") for point in row.points
    )
    return not own and not row.nameless


def _match(rules: Rules, clues: Clues, line: int, row: StagedCustomer) -> Existing | None:
    earlier = clues.customers.get(clues.by_line.get(line, 0))
    if earlier is not None and earlier.kind == row.kind:
        return earlier
    known = clues.customers.get(clues.by_external.get(row.external_id, 0)) if row.external_id else None
    if known is not None:
        return known
    for point in row.points:
        if point.kind in BY_POINT and (known := _by_point(rules, clues, row, point.kind, point.value)):
            return known
    if by_name_alone(rules, row):
        named = [clues.customers.get(key) for key in clues.by_name.get((row.kind, row.match_key), ())]
        return next((one for one in named if one and (rules.only == "name" or same_by_name(one, row))), None)
    return None


def _by_point(rules: Rules, clues: Clues, row: StagedCustomer, kind: str, value: str) -> Existing | None:
    named, loose = None, None
    for customer_id, use in clues.by_point.get((kind, value), ()):
        known = clues.customers.get(customer_id)
        if known is None or known.kind != row.kind or is_another(rules, known, row):
            continue
        if row.kind == "person" and kind == "email" and use != "personal":
            continue
        if known.is_called(row.match_key):
            named = named or known
        elif (rules.only == kind and use == "personal") or (kind == "email" and names_agree(known, row)):
            loose = loose or known
    return named or loose


def is_another(rules: Rules, known: Existing, row: StagedCustomer) -> bool:
    """Whether the customer is someone else to the same source."""
    return bool(
        rules.source and row.external_id and known.external_ids and row.external_id not in known.external_ids
    )


def names_agree(known: Existing, row: StagedCustomer) -> bool:
    """Whether two spellings may be one person: the same family name, and a given name or its initial."""
    if row.kind != "person":
        return False
    if row.nameless or "@" in known.name:
        return True
    mine, theirs = normalise.fold(row.given_name), normalise.fold(known.given_name)
    if normalise.fold(row.family_name) != normalise.fold(known.family_name):
        return False
    return mine.rstrip(".").startswith(theirs.rstrip(".")) or theirs.rstrip(".").startswith(mine.rstrip("."))


def same_by_name(known: Existing, row: StagedCustomer) -> bool:
    """Whether of two with one name nothing contradicts and something agrees, or nothing more is said at all."""
    pairs: Mapping[str, tuple[object, object]] = {
        "birth_date": (known.birth_date, row.birth_date),
        "website": (known.website, row.website),
        "employer": (set(known.employers), {row.employer_key} if row.employer_key else set()),
        "postal": (set(known.points_of("postal")), {point.value for point in row.of("postal")}),
        "email": (set(known.points_of("email")), {point.value for point in row.of("email")}),
    }
    agree = False
    for name, (theirs, mine) in pairs.items():
        if not theirs or not mine:
            continue
        same = bool(theirs & mine) if isinstance(theirs, set) and isinstance(mine, set) else theirs == mine
        if not same and name != "email":
            return False
        agree = agree or same
    if agree or row.kind != "person":
        return True
    says_more = any(mine for _, mine in pairs.values())
    return not says_more and not any(theirs for theirs, _ in pairs.values()) and not known.points
