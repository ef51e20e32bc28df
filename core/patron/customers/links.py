"""Where customer references and personal data lie, in every module's tables, also of modules that are away.

``patron migrate`` writes what is declared (and every foreign key to the customer) to ``core_link``. Merge, split,
report and erasure read that table and nothing else, so that a module need not be there to be followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Table,
    UniqueConstraint,
    bindparam,
    column,
    exists,
    func,
    insert,
    inspect,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy import table as lightweight
from sqlalchemy.sql.expression import TableClause
from sqlmodel import SQLModel

from patron.context import Context
from patron.contributions import Resource
from patron.db import BigInt
from patron.prepared import Prepared
from patron.records import table
from patron.system.models import CoreLink

CUSTOMER_TABLE = "core_customer"


@dataclass(frozen=True)
class Link:
    """One column: of kind ``customer`` it refers to a customer, of kind ``personal`` it holds what erasure blanks."""

    module: str
    resource: str
    table_name: str
    column_name: str
    kind: str
    role: str
    erase_as: str

    def clause(self, *more: str) -> TableClause:
        """The table with this column and others, whether or not its module is there."""
        return lightweight(
            self.table_name, *(column(name) for name in dict.fromkeys((self.column_name, "id", *more)))
        )


def sync_links(ctx: Context) -> None:
    """Write what is declared now; rows of modules that are away stay as they were."""
    t = table(CoreLink)
    known = {(row.table_name, row.column_name): row.id for row in ctx.session.execute(select(t))}
    for link in declared_links(ctx):
        values = {
            "module": link.module,
            "resource": link.resource,
            "kind": link.kind,
            "role": link.role,
            "erase_as": link.erase_as,
        }
        row_id = known.get((link.table_name, link.column_name))
        if row_id is None:
            values |= {"table_name": link.table_name, "column_name": link.column_name}
            ctx.session.execute(insert(t).values(values))
        else:
            ctx.session.execute(update(t).where(t.c.id == row_id).values(values))


def declared_links(ctx: Context) -> Iterator[Link]:
    """Links of every resource, then foreign keys to the customer in tables that no resource declares."""
    seen: set[tuple[str, str]] = set()
    for key, resource in ctx.assembly.resources.items():
        for link in _of_resource(key, resource):
            seen.add((link.table_name, link.column_name))
            yield link
    modules = {"core", *(plugin.name for plugin in ctx.assembly.active)}
    for found in SQLModel.metadata.tables.values():
        module = found.name.split("_", 1)[0]
        if module not in modules:
            continue
        for name in _customer_keys(found):
            if (found.name, name) not in seen:
                yield Link(module, "", found.name, name, "customer", "reference", "")


def _of_resource(key: str, resource: Resource) -> Iterator[Link]:
    for link in resource.links:
        yield Link(resource.module, key, resource.table, link.field, "customer", link.role, "")
    columns = table(resource.model).c
    for item in resource.fields:
        if item.personal and item.kind not in ("list", "computed"):
            for name in filter(None, (item.attribute, item.sort_column, item.match_column)):
                how = "null" if columns[name].nullable else "blank"
                yield Link(resource.module, key, resource.table, name, "personal", "", how)


def _customer_keys(found: Table) -> list[str]:
    return [
        c.name for c in found.columns if any(k.column.table.name == CUSTOMER_TABLE for k in c.foreign_keys)
    ]


def links(ctx: Context, kind: str) -> list[Link]:
    """All links of a kind, of every module that ever was."""
    t = table(CoreLink)
    rows = ctx.session.execute(select(t).where(t.c.kind == kind).order_by(t.c.id)).mappings()
    return [Link(**{name: row[name] for name in Link.__dataclass_fields__}) for row in rows]


def unique_sets(ctx: Context, link: Link) -> list[Sequence[str]]:
    """The other columns of each uniqueness rule that the link's column takes part in: a merge must not break them.

    Of a module that is there its models say it; of one that is away the database is asked.
    """
    known = SQLModel.metadata.tables.get(link.table_name)
    if known is not None and link.module in {"core", *(plugin.name for plugin in ctx.assembly.active)}:
        rules = [constraint for constraint in known.constraints if isinstance(constraint, UniqueConstraint)]
        found: list[Any] = [[c.name for c in rule.columns] for rule in rules]
        found += [[c.name for c in index.columns] for index in known.indexes if index.unique]
    else:
        inspector = inspect(ctx.session.connection())
        found = [c["column_names"] for c in inspector.get_unique_constraints(link.table_name)]
        found += [i["column_names"] for i in inspector.get_indexes(link.table_name) if i["unique"]]
    sets = {
        tuple(sorted(name for name in names if name != link.column_name))
        for names in found
        if link.column_name in names
    }
    return [list(names) for names in sorted(sets)]


@dataclass(frozen=True)
class Extent:
    """How far a link reaches: whether it has rows of the one or the other customer, and its table's newest id."""

    link: Link
    of_first: bool
    of_second: bool
    newest: int


def extents(ctx: Context, found: Sequence[Link], first: int, second: int) -> list[Extent]:
    """The extent of each link for two customers, in the order given: one statement, compiled once."""
    if not found:  # nothing has been migrated here by the command yet
        return []
    asked = _extents(tuple((link.table_name, link.column_name) for link in found))
    rows = {row.place: row for row in asked.rows(ctx.session, {"first": first, "second": second})}
    return [
        Extent(link, bool(rows[place].of_first), bool(rows[place].of_second), int(rows[place].newest or 0))
        for place, link in enumerate(found)
    ]


@lru_cache(maxsize=32)
def _extents(names: tuple[tuple[str, str], ...]) -> Prepared:
    def build(_: str) -> Any:
        parts = []
        for place, (table_name, column_name) in enumerate(names):
            t = lightweight(table_name, column("id"), column(column_name))
            of = t.c[column_name]
            parts.append(
                select(
                    literal_column(str(place)).label("place"),
                    exists(select(t.c.id).where(of == bindparam("first", type_=BigInt()))).label("of_first"),
                    exists(select(t.c.id).where(of == bindparam("second", type_=BigInt()))).label(
                        "of_second"
                    ),
                    select(func.max(t.c.id)).scalar_subquery().label("newest"),
                )
            )
        return union_all(*parts)

    return Prepared(build)
