"""What one row of an import did, judged and taken back: records of any resource, customers in a way of their own.

Of a customer that an import made nothing is remembered but that it did: it goes with all that is part of it, if it is
as it was made. Of everything else there is an image of the rows before and after (see ``images``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, and_, delete, exists, not_, or_, select, true, update
from sqlmodel import Session, SQLModel

from patron.accounts.audit import Change, last_id, record_many
from patron.accounts.models import Audit, AuditValue
from patron.assembly import Assembly
from patron.bulk import among
from patron.context import Context
from patron.contributions import Resource
from patron.customers import facts
from patron.customers.links import links
from patron.customers.models import ContactHolder, ContactPoint, Customer, ExternalId, Relationship
from patron.duplicates.models import Duplicate
from patron.errors import Forbidden
from patron.imports import images
from patron.imports.history import THREADS, touch_parts
from patron.imports.images import Difference, Part, Rows
from patron.imports.notes import is_import_note
from patron.imports.origin import forget_names
from patron.interactions.models import Interaction, Participant, Thread, TimelineEntry
from patron.records import table
from patron.resources import search
from patron.resources.declaration import table_of
from patron.resources.purging import Naming, namings_of, parts_of, references_to
from patron.resources.scope import row_scope
from patron.system.models import FileLink, ImportChange

ACTION = "undo import"
_OF_IMPORTS = ("create", "change", ACTION)
BESIDE = 10  # entries to a transaction, each of a part of a batch: others write in between


class Verdict(NamedTuple):
    """Why a row is not taken back; ``waits``: it may be once other rows are."""

    reason: str = ""
    waits: bool = False


@dataclass
class Done:
    """What a batch has taken back: its rows, and the ids of records that are gone or as before."""

    row_ids: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    restored: list[int] = field(default_factory=list)


def record_parts(assembly: Assembly, resource: Resource) -> list[Part]:
    """All rows that make one record: its own, its lines, what it says on timelines; of a customer all that goes with
    it."""
    t, entry = table_of(resource), table(TimelineEntry)
    if resource.model is Customer:
        beside = [part for part in customer_parts() if part.table is not table(ExternalId)]
        return [*beside, *(Part(column) for column in parts_of(assembly, resource))]
    if resource.model is Interaction:
        return touch_parts()
    lines = [Part(column) for column in parts_of(assembly, resource)]
    return [Part(t.c.id), *lines, Part(entry.c.record_id, entry.c.resource == resource.key)]


def customer_parts() -> list[Part]:
    """The rows of a customer that an import may change."""
    entry, holder, relation = table(TimelineEntry), table(ContactHolder), table(Relationship)
    external = table(ExternalId).c.customer_id
    beside = (Part(column) for column in (holder.c.customer_id, external, relation.c.from_id))
    return [Part(table(Customer).c.id), *beside, Part(entry.c.customer_id, is_import_note(entry))]


def read_records(
    session: Session, resource: Resource, parts: Sequence[Part], ids: Collection[int]
) -> dict[int, Rows]:
    """All rows of each record, with the conversation that it was opened in."""
    found = images.read_parts(session, parts, ids)
    t, thread, said = table_of(resource), table(Thread), table(Interaction)
    if "thread_id" not in t.c or resource.model in (Customer, Interaction) or not ids:
        return found
    party, entry = table(Participant), table(TimelineEntry)
    own = t.join(thread, thread.c.id == t.c.thread_id)
    talk = own.join(said, said.c.thread_id == thread.c.id)
    for wanted, source in (
        (thread, own), (said, talk), (party, talk.join(party, party.c.interaction_id == said.c.id)),
        (entry, talk.join(entry, entry.c.interaction_id == said.c.id)),
    ):  # fmt: skip
        statement = (
            select(t.c.id.label("of_record"), *wanted.c).select_from(source).where(among(t.c.id, sorted(ids)))
        )
        for row in session.execute(statement).mappings():
            values = {name: value for name, value in row.items() if name != "of_record"}
            found[row["of_record"]][str(wanted.name), values["id"]] = images.plain(values)
    return found


def is_soft(resource: Resource, one: Difference) -> bool:
    """What a record changes in its customer by the way, such as the day of the last contact: it stops no undo."""
    return one.table == "core_customer" and resource.model is not Customer


@dataclass
class Takeback:
    """How records of one resource are taken back."""

    assembly: Assembly
    resource: Resource
    import_id: int
    parts: list[Part]
    references: list[Naming]

    @classmethod
    def of(cls, session: Session, assembly: Assembly, resource: Resource, import_id: int) -> Takeback:
        """Modules that are away have references too, which ``core_link`` tells of."""
        tables = _tables(assembly)
        own = {(part.table.name, part.column.name) for part in record_parts(assembly, resource)}
        own |= {(table(item.model).name, "customer_id") for _, item in assembly.customer_fields}
        named = [*namings_of(tables, resource), *references_to(tables, assembly, resource)]
        references: list[Naming] = [one for one in named if (one[0].table.name, one[0].name) not in own]
        link, entry = table(FileLink), table(TimelineEntry)
        references.append((link.c.record_id, link.c.resource == resource.key))
        if resource.model is Customer:
            references.append((entry.c.customer_id, not_(is_import_note(entry))))
            known = {t.name for t in tables}
            away = [
                one for one in links(Context(session, assembly), "customer") if one.table_name not in known
            ]
            references += [(one.clause().c[one.column_name], true()) for one in away]
        return cls(assembly, resource, import_id, record_parts(assembly, resource), references)

    @property
    def people(self) -> bool:
        return self.resource.model is Customer

    def judge(self, ctx: Context, rows: Sequence[Any]) -> dict[int, Verdict]:
        """By row id, whether it can be taken back now. Of rows of one record only what was done last is judged."""
        kept = images.kept_for(ctx.session, self.import_id, [row.id for row in rows])
        place = {row_id: place for place, row_id in enumerate(kept, 1)}
        last = {row.record_id: row for row in sorted(rows, key=lambda row: (place.get(row.id, 0), row.id))}
        kept = {row.id: kept[row.id] for row in last.values() if row.id in kept}
        reach, there = self._editable(ctx, last), self._versions(ctx, last)
        made = {key for key, row in last.items() if row.state == "created"}
        hard = (one for done in kept.values() for one in done if not is_soft(self.resource, one))
        other = images.still_so(ctx.session, hard)
        grown = self._grown(ctx, made, {last[key].id: kept.get(last[key].id, []) for key in made}, last)
        referred = self._referred(ctx, made) | self._continued(ctx, made)
        verdicts = {}
        for key, row in last.items():
            done = kept.get(row.id, [])
            if key not in there:
                verdicts[row.id] = Verdict("It is no longer there.")
            elif key not in reach:
                verdicts[row.id] = Verdict("You may not change it.")
            elif not done and not (self.people and row.state == "created"):
                verdicts[row.id] = Verdict("What it was before is no longer kept.")
            elif key in grown or any((one.table, one.id) in other for one in done):
                verdicts[row.id] = Verdict("It was changed since.", waits=True)  # perhaps by another row
            elif key in referred:
                verdicts[row.id] = Verdict(referred[key], waits=True)
            else:
                verdicts[row.id] = Verdict()
        return verdicts

    def _editable(self, ctx: Context, ids: Collection[int]) -> set[int]:
        try:
            scope = row_scope(ctx, self.resource, "edit" if "edit" in self.resource.verbs else "create")
        except Forbidden:
            return set()
        t = table_of(self.resource)
        return set(ctx.session.execute(select(t.c.id).where(among(t.c.id, sorted(ids)), scope)).scalars())

    def _versions(self, ctx: Context, ids: Collection[int], *, lock: bool = False) -> dict[int, int]:
        t = table_of(self.resource)
        statement = select(t.c.id, t.c.version).where(among(t.c.id, sorted(ids))).order_by(t.c.id)
        statement = statement.with_for_update() if lock else statement
        return {row.id: row.version for row in ctx.session.execute(statement)}

    def _grown(
        self, ctx: Context, made: set[int], kept: dict[int, list[Difference]], last: dict[int, Any]
    ) -> set[int]:
        """Records that are more than what the import made of them."""
        if not self.people:
            now = read_records(ctx.session, self.resource, self.parts, made)
            return {key for key in made if now[key].keys() - {(d.table, d.id) for d in kept[last[key].id]}}
        a = table(Audit)
        acts = select(a.c.record_id).where(
            a.c.resource == self.resource.key,
            among(a.c.record_id, sorted(made)),
            a.c.action.not_in(_OF_IMPORTS),
        )
        edited = {key for key, version in self._versions(ctx, made).items() if version != 1}
        return edited | set(ctx.session.execute(acts).scalars())

    def _referred(self, ctx: Context, made: set[int]) -> dict[int, str]:
        """What refers to records that the import made, said in a sentence."""
        found: dict[int, str] = {}
        ids = sorted(made)
        for column, which in self.references if ids else ():
            for key in ctx.session.execute(
                select(column).where(among(column, ids), which).distinct()
            ).scalars():
                found.setdefault(key, self._said(column.table.name))
        return found

    def _continued(self, ctx: Context, made: set[int]) -> dict[int, str]:
        """Touches in whose conversation there is another one."""
        if self.resource.model is not Interaction or not made:
            return {}
        mine, other = table(Interaction), table(Interaction).alias("other")
        same = and_(other.c.thread_id == mine.c.thread_id, other.c.id > mine.c.id)
        later = select(mine.c.id).where(among(mine.c.id, sorted(made)), exists().where(same))
        return dict.fromkeys(ctx.session.execute(later).scalars(), "The conversation went on since.")

    def _said(self, table_name: str) -> str:
        named = {item.table: item.label for item in self.assembly.resources.values()}
        said = {
            "core_relationship": "Another customer is related to it.",
            "core_timeline": "Something has happened with it since.",
            "core_participant": "It takes part in a conversation.",
            "core_file_link": "A file is attached to it.",
        }
        label = named.get(table_name)
        return said.get(table_name) or (f"Referred to by: {label}." if label else "Something refers to it.")

    def take_back(self, ctx: Context, rows: Sequence[Any], seen: int) -> Done:
        """Rows that were judged when ``seen`` was the last change; what has changed since is judged again."""
        if not rows:
            return Done()
        self._versions(ctx, [row.record_id for row in rows], lock=True)
        alone = ctx.assembly.database.dialect == "sqlite" and last_id(ctx.session) == seen
        verdicts = None if alone else self.judge(ctx, rows)
        ready = [row for row in rows if verdicts is None or not verdicts[row.id].reason]
        made = [row.record_id for row in ready if row.state == "created"]
        changed = [row.record_id for row in ready if row.state != "created"]
        kept = images.kept_for(ctx.session, self.import_id, [row.id for row in ready])
        customers = self._customers(ctx, made + changed)
        if self.people:
            self._remove_customers(ctx, made)
        self._blank_audit(ctx, made)
        search.remove(ctx, self.resource, *made)
        done = [one for row in sorted(kept, reverse=True) for one in kept[row]]
        images.put_back(ctx.session, [one for one in done if not is_soft(self.resource, one)])
        self._put_back_soft(ctx, [one for one in done if is_soft(self.resource, one)])
        self._index(ctx, changed)
        facts.mark(ctx, self.resource.key, customers | self._customers(ctx, changed))
        t = table(ImportChange)
        mine = (t.c.import_id == self.import_id, among(t.c.row_id, [row.id for row in ready]))
        ctx.session.execute(delete(t).where(*mine))
        forget_names(ctx, self.resource.key, made)
        forget_names(
            ctx, THREADS, [one.id for one in done if one.table == "core_thread" and one.before is None]
        )
        self._tell(ctx, made, changed, {row.record_id: kept.get(row.id, []) for row in ready})
        return Done([row.id for row in ready], sorted(made), sorted(changed))

    def _put_back_soft(self, ctx: Context, done: Sequence[Difference]) -> None:
        """Change by change, as far as nobody has changed the same since; read and written together."""
        rows = images.rows_now(ctx.session, {(one.table, one.id) for one in done})
        back: Rows = {}
        for one in done:
            key = (one.table, one.id)
            if key in rows and one.before is not None and images.left_so(rows[key], one.after):
                rows[key].update(one.before)
                back.setdefault(key, {}).update(one.before)
        images.put_back(ctx.session, [Difference(*key, before, {}) for key, before in back.items()])

    def _customers(self, ctx: Context, ids: Sequence[int]) -> set[int]:
        """Whose the records are."""
        if self.people or not self.resource.links:
            return set()
        t = table_of(self.resource)
        whose = select(t.c[self.resource.links[0].field]).where(among(t.c.id, ids))
        return {key for key in ctx.session.execute(whose).scalars() if key is not None}

    def _remove_customers(self, ctx: Context, ids: Sequence[int]) -> None:
        if not ids:
            return
        d, c = table(Duplicate), table(Customer)
        ctx.session.execute(delete(d).where(or_(among(d.c.first_id, ids), among(d.c.second_id, ids))))
        for _, item in self.assembly.customer_fields:
            known = table(item.model)
            ctx.session.execute(delete(known).where(among(known.c.customer_id, ids)))
        for part in self.parts:
            if part.table is not c:
                ctx.session.execute(delete(part.table).where(among(part.column, ids), part.where))
        ctx.session.execute(delete(c).where(among(c.c.id, ids)))

    def _blank_audit(self, ctx: Context, ids: Sequence[int]) -> None:
        """What the audit says of customers that never were does not outlast them."""
        if self.people and ids:
            v = table(AuditValue)
            ctx.session.execute(update(v).where(among(v.c.customer_id, ids)).values(was={}, became={}))

    def _index(self, ctx: Context, ids: Sequence[int]) -> None:
        if not ids:
            return
        t = table_of(self.resource)
        if self.people:
            rows = ctx.session.execute(select(t).where(among(t.c.id, ids))).mappings()
            search.index_many(ctx, self.resource, [SimpleNamespace(**row) for row in rows])
            search.rescope(ctx, ids)
            return
        entities = select(self.resource.model).where(among(t.c.id, ids))
        fresh = entities.execution_options(populate_existing=True)
        search.index_many(ctx, self.resource, list(ctx.session.execute(fresh).scalars()))

    def _tell(
        self, ctx: Context, made: Sequence[int], changed: Sequence[int], kept: dict[int, list[Difference]]
    ) -> None:
        """Note in the audit what was taken back."""
        gone = [Change(ACTION, key, {}, None) for key in made]
        back = [
            Change(ACTION, key, dict(self._values(kept[key])), key if self.people else None)
            for key in changed
        ]
        record_many(ctx, self.resource.key, [*gone, *back])

    def _values(self, done: Sequence[Difference]) -> Iterator[tuple[str, tuple[Any, Any]]]:
        for one in done:
            if one.table == self.resource.table and one.before is not None and one.after is not None:
                for name, was in one.before.items():
                    if name not in ("version", "updated_at"):
                        yield name, (one.after[name], was)

    def take_beside(self, ctx: Context, after: int) -> int | None:
        """Remove what batches made beside their rows and nobody uses. Where to go on; None at the end."""
        t = table(ImportChange)
        batch = select(t.c.id, t.c.changes).where(
            t.c.import_id == self.import_id, t.c.row_id == 0, t.c.id > after
        )
        rows = ctx.session.execute(batch.order_by(t.c.id).limit(BESIDE)).all()
        if not rows:
            return None
        done = {row.id: [Difference(*one) for one in row.changes] for row in rows}
        employers = [one.id for some in done.values() for one in some if one.table == "core_customer"]
        left = set(self._remove_employers(ctx, employers))
        points = [one.id for some in done.values() for one in some if one.table == "core_contact_point"]
        _drop_unheld(ctx, points)
        for key, some in done.items():
            rest = [list(one) for one in some if one.table == "core_customer" and one.id in left]
            mine = t.c.id == key
            ctx.session.execute(update(t).where(mine).values(changes=rest) if rest else delete(t).where(mine))
        return int(rows[-1].id)

    def _remove_employers(self, ctx: Context, ids: Sequence[int]) -> list[int]:
        """Organisations that only their people named; those that somebody needs stay, and are returned."""
        there = self._versions(ctx, ids, lock=True) if ids else {}
        needed = self._referred(ctx, set(there)) if there else {}
        edited = self._grown(ctx, set(there), {}, {}) if there else set()
        gone = [key for key in there if key not in needed and key not in edited]
        self._remove_customers(ctx, gone)
        self._blank_audit(ctx, gone)
        search.remove(ctx, self.resource, *gone)
        record_many(ctx, self.resource.key, [Change(ACTION, key, {}, None) for key in gone])
        return [key for key in there if key not in gone]


def _tables(assembly: Assembly) -> list[Table]:
    """The tables of the core and of the modules that are there."""
    prefixes = ("core_", *(f"{plugin.name}_" for plugin in assembly.active))
    return [t for t in SQLModel.metadata.sorted_tables if t.name.startswith(prefixes)]


def _drop_unheld(ctx: Context, ids: Sequence[int]) -> None:
    """Addresses that the import made and that nobody holds."""
    p, h = table(ContactPoint), table(ContactHolder)
    held: ColumnElement[bool] = exists().where(h.c.contact_point_id == p.c.id)
    ctx.session.execute(delete(p).where(and_(among(p.c.id, ids), ~held)))
