"""The one filter language: a small JSON grammar, parsed to a clause over declared fields.

::

    {"city": "Berlin"}                                   equals
    {"created_at": {"ge": {"days": -90}}}                operators: eq ne lt le gt ge in contains starts empty
    {"and": [...]}, {"or": [...]}, {"not": {...}}
    {"related": {"by": "works_at", "role": "buyer", "where": {...}}}
    {"exists": {"resource": "service.tickets", "where": {...}}}
    {"marketing.last_click_at": {"ge": {"days": -30}}}   a fact that a module keeps of each customer

The actor is part of the parser: whatever reaches into other rows sees only those the actor may read, and what the
actor may not filter by is refused like a field that does not exist. Depth, size and lists are bounded. Anything not
understood raises Invalid; nothing is ever ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, exists, false, not_, or_, select, true
from sqlalchemy.sql.expression import FromClause

from patron.context import Context
from patron.contributions import Fact, Field, Resource
from patron.customers.models import Customer, Relationship
from patron.customers.normalise import fold
from patron.errors import Invalid
from patron.records import table
from patron.resources.declaration import table_of
from patron.resources.scope import of_reached_customers, row_scope
from patron.resources.values import parse_date, parse_instant, percent_hundredths

MAX_DEPTH = 8
MAX_NODES = 100
MAX_LIST = 500
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}
_OPERATORS = (*_COMPARE, "in", "contains", "starts", "empty")
_TEXT = ("text", "longtext", "email", "phone", "url")


def parse_filter(ctx: Context, resource: Resource, data: Any) -> ColumnElement[bool]:
    """The clause for a filter on the resource's own table; Invalid with field ``filter`` on anything else."""
    if data in (None, {}, []):
        return true()
    return _Parser(ctx).parse(resource, table_of(resource), data, 1)


def equalities(ctx: Context, resource: Resource, data: Any) -> list[tuple[str, Any]] | None:
    """A filter that only asks for equal values, as (column, value as it stores it); None for any other filter.

    Invalid as in ``parse_filter``.
    """
    if data in (None, {}, []):
        return []
    simple = (str, int, bool)
    if not isinstance(data, Mapping) or not all(isinstance(value, simple) for value in data.values()):
        return None
    if len(data) > MAX_NODES or not all(name in resource.filters for name in data):
        return None
    parser = _Parser(ctx)
    items = [resource.field(str(name)) for name in data]
    return [(item.match_column or item.attribute, parser.operand(item, data[item.name])) for item in items]


def _refuse(message: str) -> Invalid:
    return Invalid.field("filter", message)


@dataclass
class _Parser:
    ctx: Context
    nodes: int = field(default=0)

    def parse(
        self, resource: Resource, source: FromClause | Table, data: Any, depth: int
    ) -> ColumnElement[bool]:
        if depth > MAX_DEPTH:
            raise _refuse(f"The filter is nested deeper than {MAX_DEPTH} levels.")
        if not isinstance(data, Mapping) or not data:
            raise _refuse("A condition is an object such as {“city”: “Berlin”}.")
        return and_(*(self._one(resource, source, str(key), value, depth) for key, value in data.items()))

    def _one(self, resource: Resource, source: Any, key: str, value: Any, depth: int) -> ColumnElement[bool]:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _refuse(f"The filter has more than {MAX_NODES} conditions.")
        if key in ("and", "or"):
            if not isinstance(value, list) or not value:
                raise _refuse(f"“{key}” takes a list of conditions.")
            parts = [self.parse(resource, source, item, depth + 1) for item in value]
            return and_(*parts) if key == "and" else or_(*parts)
        if key == "not":
            return not_(self.parse(resource, source, value, depth + 1))
        if key == "related":
            return self._related(resource, source, value, depth)
        if key == "exists":
            return self._exists(resource, source, value, depth)
        return self._field(resource, source, key, value)

    def _field(self, resource: Resource, source: Any, key: str, value: Any) -> ColumnElement[bool]:
        conditions = value if isinstance(value, Mapping) and not _is_relative(value) else {"eq": value}
        if not conditions:
            raise _refuse(f"“{key}” has no condition.")
        if key in resource.filters:
            item = resource.field(key)
            return and_(*(self._condition(item, source, str(op), x) for op, x in conditions.items()))
        facts = facts_of(self.ctx) if resource.model is Customer else {}
        if key not in facts:
            known = ", ".join(sorted((*resource.filters, *facts)))
            raise _refuse(f"“{key}” cannot be filtered by. Fields are: {known}.")
        return and_(*(self._fact(facts[key], source, str(op), x) for op, x in conditions.items()))

    def _fact(self, fact: Fact, source: Any, op: str, operand: Any) -> ColumnElement[bool]:
        """A condition on the customer's row of a fact; where there is none, the declared default answers."""
        inner = table(fact.model).alias()
        own = select(inner.c.customer_id)
        holds = self._condition(fact.field, inner, op, operand)
        clause: ColumnElement[bool] = source.c.id.in_(own.where(holds))
        if self._default_holds(fact.field, op, operand):
            clause = or_(clause, source.c.id.not_in(own))
        return and_(clause, of_reached_customers(self.ctx, source.c.id, fact.permission))

    def _default_holds(self, item: Field, op: str, operand: Any) -> bool:
        """Whether the value that stands for an absent row meets a condition that was found valid before."""
        default = fold(item.default or "") if item.match_column else item.default
        nothing = default in (None, "")
        if op == "empty":
            return nothing is operand
        if op in ("contains", "starts"):
            needle = fold(operand)
            return bool(needle) and (default.startswith(needle) if op == "starts" else needle in default)
        if op == "in":
            return default in [self.operand(item, value) for value in operand]
        if operand is None:
            return nothing is (op == "eq")
        value = self.operand(item, operand)
        return op == "ne" if default is None else bool(_COMPARE[op](default, value))

    def _condition(self, item: Field, source: Any, op: str, operand: Any) -> ColumnElement[bool]:
        column = source.c[item.attribute]
        if op == "empty":
            return _empty(item, column, operand)
        if op in ("contains", "starts"):
            return _text_match(item, source, op, operand)
        if op == "in":
            if not isinstance(operand, list) or len(operand) > MAX_LIST:
                raise _refuse(f"“in” takes a list of at most {MAX_LIST} values.")
            return self._compared(item, source).in_([self.operand(item, value) for value in operand])
        if op not in _COMPARE:
            raise _refuse(f"There is no operator “{op}”. There are: {', '.join(_OPERATORS)}.")
        if operand is None and op in ("eq", "ne"):
            return _empty(item, column, op == "eq")
        if op not in ("eq", "ne", "in") and item.kind in (
            *_TEXT,
            "bool",
            "choice",
            "user",
            "team",
            "customer",
            "ref",
        ):
            raise _refuse(f"“{item.name}” cannot be compared by “{op}”.")
        clause: ColumnElement[bool] = _COMPARE[op](self._compared(item, source), self.operand(item, operand))
        return or_(clause, column.is_(None)) if op == "ne" and column.nullable else clause

    def _compared(self, item: Field, source: Any) -> ColumnElement[Any]:
        column: ColumnElement[Any] = source.c[item.match_column or item.attribute]
        return column

    def operand(self, item: Field, value: Any) -> Any:
        """The value as the column stores it."""
        if item.kind in _TEXT:
            return fold(_typed(item, value, str)) if item.match_column else _typed(item, value, str)
        if item.kind == "date":
            return self._moment(item, value, as_date=True)
        if item.kind == "instant":
            return self._moment(item, value, as_date=False)
        if item.kind == "user" and value == "me":
            return self.ctx.actor.user_id or 0
        if item.kind in ("user", "team", "customer", "ref"):
            return _id(item, value)
        if item.kind == "bool":
            return _typed(item, value, bool)
        if item.kind in ("integer", "money"):
            return _integer(item, value)
        if item.kind == "percent":
            return _percent(item, value)
        if item.kind == "choice" and value not in {choice.value for choice in item.choices}:
            raise _refuse(f"“{item.name}” is one of: {', '.join(choice.value for choice in item.choices)}.")
        return value

    def _moment(self, item: Field, value: Any, *, as_date: bool) -> date | datetime:
        if _is_relative(value):
            days = value["days"]
            if not isinstance(days, int) or isinstance(days, bool) or abs(days) > 36_500:
                raise _refuse(f"“{item.name}”: days must be a whole number.")
            moment = self.ctx.now + timedelta(days=days)
            return moment.date() if as_date else moment
        try:
            return parse_date(value) if as_date else parse_instant(value)
        except ValueError as error:
            raise _refuse(f"“{item.name}”: {error}") from error

    def _related(self, resource: Resource, source: Any, value: Any, depth: int) -> ColumnElement[bool]:
        if resource.model is not Customer:
            raise _refuse("“related” is for customers.")
        spec = _spec(value, ("by", "role", "where", "reverse"), "related")
        links, other = table(Relationship).alias(), table(Customer).alias()
        near, far = (
            (links.c.to_id, links.c.from_id) if spec.get("reverse") else (links.c.from_id, links.c.to_id)
        )
        clauses = [near == source.c.id, far == other.c.id, other.c.trashed_at.is_(None)]
        today = self.ctx.now.date()
        clauses.append(or_(links.c.since.is_(None), links.c.since <= today))
        clauses.append(or_(links.c.until.is_(None), links.c.until >= today))
        if spec.get("by"):
            clauses.append(links.c.kind == str(spec["by"]))
        if spec.get("role"):
            clauses.append(links.c.role == str(spec["role"]))
        readable = select(table(Customer).c.id).where(row_scope(self.ctx, resource))
        clauses.append(other.c.id.in_(readable))
        if spec.get("where"):
            clauses.append(self.parse(resource, other, spec["where"], depth + 1))
        return exists(select(links.c.id).select_from(links.join(other, far == other.c.id)).where(*clauses))

    def _exists(self, resource: Resource, source: Any, value: Any, depth: int) -> ColumnElement[bool]:
        if resource.model is not Customer:
            raise _refuse("“exists” is for customers.")
        spec = _spec(value, ("resource", "role", "where"), "exists")
        other = self._readable_resource(str(spec.get("resource", "")))
        links = [link for link in other.links if not spec.get("role") or link.role == spec["role"]]
        if not links:
            raise _refuse(f"“{other.key}” has no link to customers in that role.")
        inner = table_of(other).alias()
        readable = select(table_of(other).c.id).where(row_scope(self.ctx, other))
        clauses = [or_(*(inner.c[link.field] == source.c.id for link in links)), inner.c.trashed_at.is_(None)]
        clauses.append(inner.c.id.in_(readable))
        if spec.get("where"):
            clauses.append(self.parse(other, inner, spec["where"], depth + 1))
        return exists(select(inner.c.id).where(*clauses))

    def _readable_resource(self, key: str) -> Resource:
        try:
            resource = self.ctx.assembly.resource(key)
        except KeyError:
            raise _refuse(f"There is no resource “{key}”.") from None
        if not self.ctx.actor.may(resource.permission("read")):
            raise _refuse(f"There is no resource “{key}”.")
        return resource


def facts_of(ctx: Context) -> dict[str, Fact]:
    """The facts that the actor may filter customers by, by key: of enabled modules, with their permission held."""
    disabled = ctx.assembly.live.disabled
    return {
        key: fact
        for key, fact in ctx.assembly.facts.items()
        if fact.module not in disabled and ctx.actor.may(fact.permission)
    }


def _is_relative(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"days"}


def _spec(value: Any, known: tuple[str, ...], name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not set(value) <= set(known):
        raise _refuse(f"“{name}” takes an object with {', '.join(known)}.")
    return value


def _typed(item: Field, value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise _refuse(f"“{item.name}” takes {'text' if kind is str else 'true or false'}, not {value!r}.")
    return value


def _integer(item: Field, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise _refuse(
            f"“{item.name}” takes a whole number{' of minor units' if item.kind == 'money' else ''}."
        )
    return value


def _percent(item: Field, value: Any) -> int:
    try:
        return percent_hundredths(value)
    except ValueError as error:
        raise _refuse(f"“{item.name}” {error}") from error


def _id(item: Field, value: Any) -> int:
    try:
        number = int(value) if isinstance(value, str | int) and not isinstance(value, bool) else -1
    except ValueError:
        number = -1
    if not 0 <= number < 2**63:
        raise _refuse(f"“{item.name}” takes an id.")
    return number


def _empty(item: Field, column: Any, wanted: Any) -> ColumnElement[bool]:
    if not isinstance(wanted, bool):
        raise _refuse("“empty” takes true or false.")
    is_text = item.kind in _TEXT or item.kind == "choice"
    clause = or_(column.is_(None), column == "") if is_text else column.is_(None)
    return clause if wanted else not_(clause)


def _text_match(item: Field, source: Any, op: str, operand: Any) -> ColumnElement[bool]:
    if not item.match_column:
        raise _refuse(f"“{item.name}” can be compared by eq, ne, in and empty.")
    needle = fold(_typed(item, operand, str))
    if not needle:
        return false()
    escaped = needle.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = f"{escaped}%" if op == "starts" else f"%{escaped}%"
    clause: ColumnElement[bool] = source.c[item.match_column].like(pattern, escape="\\")
    return clause
