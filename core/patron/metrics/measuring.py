"""Numbers made of records: within the actor's scope, so that the rows behind a number are those one may open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, cast, extract, func, select

from patron.batch import together
from patron.context import Context
from patron.contributions import Measure, Metric, Resource
from patron.customers.models import Customer
from patron.records import table
from patron.resources.declaration import table_of
from patron.resources.filters import parse_filter
from patron.resources.scope import row_scope

MOST_GROUPS = 60


@dataclass(frozen=True)
class Share:
    """One part of a number: of what (a choice's value, or a month such as ``2026-11``), how many rows, how much."""

    key: str
    label: str
    currency: str
    rows: int
    value: int


@dataclass(frozen=True)
class CustomerShare:
    """What one customer adds to a number."""

    customer_id: int
    name: str
    kind: str
    currency: str
    rows: int
    value: int


def measured(ctx: Context, metric: Metric) -> Mapping[str, int]:
    """The metric now, by currency, over the rows that the actor may read. One statement where it is of a measure."""
    return total(ctx, metric.of) if isinstance(metric.of, Measure) else metric.of(ctx)


def total(ctx: Context, measure: Measure, *, customer_id: int | None = None) -> dict[str, int]:
    """The number by currency; of one customer's rows where ``customer_id`` is given. Nothing of what has no rows."""
    return _by_currency(measure, ctx.session.execute(_total(ctx, measure, customer_id)))


def totals(
    ctx: Context, measures: Mapping[str, Measure], *, customer_id: int | None = None
) -> dict[str, dict[str, int]]:
    """Several numbers as ``total`` gives each, by name: one statement for all of them."""
    names = {f"n{number}": name for number, name in enumerate(measures)}
    parts = {short: _total(ctx, measures[name], customer_id) for short, name in names.items()}
    found = together(ctx.session, **parts)
    return {name: _by_currency(measures[name], found[short]) for short, name in names.items()}


def _total(ctx: Context, measure: Measure, customer_id: int | None) -> Select[Any]:
    """Selects currency, rows and number; of one customer's rows where ``customer_id`` is given."""
    resource = ctx.assembly.resource(measure.resource)
    currency, value = _currency(resource, measure), _value(resource, measure)
    clauses = _clauses(ctx, resource, measure)
    if customer_id is not None:
        clauses.append(_customer(resource) == customer_id)
    columns = (currency.label("currency"), func.count().label("rows"), value.label("value"))
    return select(*columns).where(*clauses).group_by(currency)


def _by_currency(measure: Measure, rows: Iterable[Any]) -> dict[str, int]:
    found = {row[0]: int(row[2] or 0) for row in rows if row[1]}
    return found if measure.value else {"": found.get("", 0)}


def shares(ctx: Context, measure: Measure) -> list[Share]:
    """The number divided by the measure's ``by``, largest first, months in order. One statement."""
    resource = ctx.assembly.resource(measure.resource)
    currency, value = _currency(resource, measure), _value(resource, measure)
    keys = _keys(resource, measure)
    statement = select(*keys, currency, func.count(), value).where(*_clauses(ctx, resource, measure))
    statement = statement.group_by(*keys, currency).order_by(*keys).limit(MOST_GROUPS)
    by = resource.field(measure.by)
    labels = {choice.value: choice.label for choice in by.choices}
    found = []
    for row in ctx.session.execute(statement):
        *parts, code, rows, amount = row
        key = (
            f"{int(parts[0]):04}-{int(parts[1]):02}" if len(parts) == 2 and parts[0] else str(parts[0] or "")
        )
        found.append(Share(key, labels.get(key, key), code, rows, int(amount or 0)))
    if not by.choices:
        return found
    order = {choice.value: position for position, choice in enumerate(by.choices)}
    return sorted(found, key=lambda share: (share.currency, order.get(share.key, len(order))))


def customers(ctx: Context, measure: Measure, limit: int = 50) -> list[CustomerShare]:
    """Who adds most to the number, per currency: one statement. Their names are read within the actor's scope."""
    resource = ctx.assembly.resource(measure.resource)
    currency, value, whose = _currency(resource, measure), _value(resource, measure), _customer(resource)
    grouped = (
        select(whose.label("id"), currency.label("code"), func.count().label("rows"), value.label("value"))
        .where(*_clauses(ctx, resource, measure), whose.is_not(None))
        .group_by(whose, currency)
        .order_by(value.desc(), whose)
        .limit(limit)
        .subquery()
    )
    c = table(Customer)
    statement = (
        select(c.c.id, c.c.name, c.c.kind, grouped.c.code, grouped.c.rows, grouped.c.value)
        .join(grouped, grouped.c.id == c.c.id)
        .where(row_scope(ctx, ctx.assembly.resource("customers")))
        .order_by(grouped.c.value.desc(), c.c.id)
    )
    found = ctx.session.execute(statement)
    return [
        CustomerShare(key, name, kind, code, rows, int(amount or 0))
        for key, name, kind, code, rows, amount in found
    ]


def _clauses(ctx: Context, resource: Resource, measure: Measure) -> list[ColumnElement[bool]]:
    trashed: ColumnElement[Any] = table_of(resource).c.trashed_at
    return [trashed.is_(None), row_scope(ctx, resource), parse_filter(ctx, resource, dict(measure.where))]


def _currency(resource: Resource, measure: Measure) -> ColumnElement[Any]:
    money = measure.value and resource.field(measure.value).kind == "money"
    column: ColumnElement[Any] = table_of(resource).c.currency if money else func.coalesce("", "")
    return column


def _value(resource: Resource, measure: Measure) -> ColumnElement[Any]:
    if not measure.value:
        return func.count()
    columns = table_of(resource).c
    column: ColumnElement[Any] = columns[resource.field(measure.value).attribute]
    if measure.less:
        column = column - columns[resource.field(measure.less).attribute]
    return cast(func.round(func.avg(column) * 100), Integer) if measure.average else func.sum(column)


def _customer(resource: Resource) -> ColumnElement[Any]:
    name = "id" if resource.model is Customer else resource.links[0].field
    column: ColumnElement[Any] = table_of(resource).c[name]
    return column


def _keys(resource: Resource, measure: Measure) -> Sequence[ColumnElement[Any]]:
    item = resource.field(measure.by)
    column = table_of(resource).c[item.attribute]
    if item.kind in ("date", "instant"):
        return (extract("year", column), extract("month", column))
    return (column,)
