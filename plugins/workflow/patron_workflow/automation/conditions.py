"""The conditions of a rule: fields of the record and of its customer, put to the core's one filter language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from patron import Context, Field, FieldError, Invalid, Resource, editing, filters, row_scope, saying, table
from sqlalchemy import and_, case, not_, or_, select

from patron_workflow.automation.loops import Need

MOST = 20
TEXTS = ("text", "longtext", "email", "phone", "url")
REFERENCES = ("user", "team", "customer", "ref")
WITHOUT_VALUE = ("empty", "filled")
WORDS = {
    "eq": "is", "ne": "is not", "contains": "contains", "starts": "begins with", "lt": "is below", "le": "is at most",
    "gt": "is above", "ge": "is at least", "empty": "is empty", "filled": "is filled in",
}  # fmt: skip
_TIMES = {"lt": "is before", "ge": "is not before"}
_DAYS = re.compile(r"(?:(today)|([+-]?\d{1,5})\s*days?)", re.IGNORECASE)


@dataclass(frozen=True)
class Term:
    """A field that can be asked for: ``key`` is ``record.priority`` or ``customer.kind``."""

    key: str
    label: str
    field: Field
    resource: Resource
    name: str

    @property
    def operators(self) -> tuple[str, ...]:
        kind, either = self.field.kind, ("eq", "ne")
        if kind == "bool":
            return ("eq",)
        if kind in TEXTS:
            return (*either, *(("contains", "starts") if self.field.match_column else ()), *WITHOUT_VALUE)
        if kind in ("integer", "money", "percent"):
            return (*either, "lt", "le", "gt", "ge", *WITHOUT_VALUE)
        if kind in ("date", "instant"):
            return ("lt", "ge", *WITHOUT_VALUE)
        return (*either, *WITHOUT_VALUE)

    def word(self, operator: str) -> str:
        """How the comparison is said."""
        times = _TIMES if self.field.kind in ("date", "instant") else {}
        return times.get(operator, WORDS[operator])


def terms(ctx: Context, resource: Resource) -> dict[str, Term]:
    """What can be asked of a record of the resource and of its customer, by key, as far as the actor may know it."""
    found = {f"record.{name}": _subject(resource, name, "record", "") for name in resource.filters}
    customers = ctx.assembly.resource("customers")
    of_customer = resource.key == customers.key
    if of_customer or resource.links:
        part, whose = ("record", "") if of_customer else ("customer", "customer's ")
        if not of_customer:
            found |= {f"customer.{n}": _subject(customers, n, part, whose) for n in customers.filters}
        for key, fact in filters.facts_of(ctx).items():
            label = f"{whose}{_lower(fact.field.label)}"
            found[f"{part}.{key}"] = Term(f"{part}.{key}", label, fact.field, customers, key)
    return {key: item for key, item in found.items() if item.field.kind not in ("list", "computed")}


def _subject(resource: Resource, name: str, part: str, whose: str) -> Term:
    item = resource.field(name)
    return Term(f"{part}.{name}", f"{whose}{_lower(item.label)}", item, resource, name)


def _lower(label: str) -> str:
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def read(ctx: Context, resource: Resource, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Conditions as they are stored; Invalid names the row (``conditions-2-value``) of each that is wrong."""
    if len(rows) > MOST:
        raise Invalid.field("conditions", f"A rule has at most {MOST} conditions.")
    known, errors, taken = terms(ctx, resource), [], []
    for number, row in enumerate(rows):
        try:
            beside = {"or": True} if number and isinstance(row, Mapping) and row.get("or") is True else {}
            taken.append({**_read(ctx, known, row), **beside})
        except Invalid as error:
            errors.append(FieldError(f"conditions-{number}-value", error.detail))
    if errors:
        raise Invalid(errors[0].message, errors=errors)
    return taken


def _read(ctx: Context, known: Mapping[str, Term], row: Any) -> dict[str, Any]:
    if not isinstance(row, Mapping) or not set(row) <= {"field", "operator", "value", "or"}:
        raise Invalid(
            "A condition has a field, an operator, a value, and whether it is put beside the one above."
        )
    term = known.get(str(row.get("field", "")))
    if term is None:
        raise Invalid(f"“{row.get('field', '')}” cannot be asked for here.")
    operator = str(row.get("operator") or term.operators[0])
    if operator not in term.operators:
        raise Invalid(f"{term.label}: it cannot be compared by “{operator}”.")
    value = None if operator in WITHOUT_VALUE else _value(ctx, term, operator, row.get("value"))
    taken = {"field": term.key, "operator": operator, "value": value}
    _clause(ctx, known, taken)
    return taken


def _value(ctx: Context, term: Term, operator: str, value: Any) -> Any:
    """One value, or of a choice several, as JSON keeps it and the filter language takes it."""
    item = term.field
    if value in (None, "", []):
        raise Invalid(f"{term.label}: say what it is compared with.")
    if item.kind == "choice":
        several = value if isinstance(value, list) else [part.strip() for part in str(value).split(",")]
        return [_choice(item, str(one)) for one in several]
    if item.kind in ("date", "instant") and (days := _DAYS.fullmatch(str(value).strip())):
        return {"days": 0 if days[1] else int(days[2])}
    if item.kind in ("date", "instant", *TEXTS, "bool") and isinstance(value, str):
        return {"true": True, "false": False}.get(value, value) if item.kind == "bool" else value.strip()
    if item.kind == "money" and isinstance(value, int):  # as it was stored once: of the firm's own currency
        return {"minor": value, "currency": ctx.assembly.settings.currency}
    if isinstance(value, Mapping) and set(value) == {"days"}:
        return dict(value)
    if item.kind == "percent":
        return str(value).strip()
    plain = replace(item, name="value", read_only=False, required=True)
    taken = editing.checked(ctx, [plain], {"value": value})["value"]
    return {"minor": taken[0], "currency": taken[1]} if item.kind == "money" else taken


def _choice(item: Field, text: str) -> str:
    for choice in item.choices:
        if text.casefold() in (choice.value.casefold(), choice.label.casefold()):
            return choice.value
    raise Invalid(f"{item.label} is one of: {', '.join(choice.label for choice in item.choices)}.")


def _filter(term: Term, row: Mapping[str, Any]) -> dict[str, Any]:
    """The condition in the filter language."""
    operator, value = row["operator"], row["value"]
    if operator in WITHOUT_VALUE:
        return {term.name: {"empty": operator == "empty"}}
    if term.field.kind == "choice":
        among = {term.name: {"in": list(value)}}
        return among if operator == "eq" else {"not": among}
    return {term.name: {operator: value}}


def check(
    ctx: Context,
    resource: Resource,
    record_id: int,
    customer_id: int | None,
    rows: Sequence[Mapping[str, Any]],
) -> list[bool]:
    """Which conditions hold, for what the context's actor may see: at most two statements. Invalid where one cannot
    be asked any more."""
    known = terms(ctx, resource)
    customers = ctx.assembly.resource("customers")
    held: dict[int, bool] = {}
    for part, target, target_id in (("record", resource, record_id), ("customer", customers, customer_id)):
        wanted = {n: row for n, row in enumerate(rows) if str(row["field"]).startswith(f"{part}.")}
        if not wanted:
            continue
        clauses = {n: _clause(ctx, known, row) for n, row in wanted.items()}
        t = table(target.model)
        columns = [case((clause, 1), else_=0).label(f"c{n}") for n, clause in clauses.items()]
        statement = select(*columns).where(t.c.id == target_id, row_scope(ctx, target))
        found = ctx.session.execute(statement).first() if target_id is not None else None
        held |= {n: bool(found and found._mapping[f"c{n}"]) for n in clauses}
    return [held[n] for n in range(len(rows))]


def _clause(ctx: Context, known: Mapping[str, Term], row: Mapping[str, Any]) -> Any:
    term = known.get(str(row["field"]))
    if term is None:
        raise Invalid(f"“{row['field']}” is not there any more, or may not be read.")
    if term.field.kind != "money" or row["operator"] in WITHOUT_VALUE:
        return filters.parse_filter(ctx, term.resource, _filter(term, row))
    amount = money_of(ctx, row["value"])
    clause = filters.parse_filter(ctx, term.resource, _filter(term, {**row, "value": amount["minor"]}))
    if term.name not in term.resource.filters:  # a fact: kept in the firm's own currency
        if amount["currency"] != ctx.assembly.settings.currency:
            raise Invalid(f"{term.label}: it is kept in {ctx.assembly.settings.currency}.")
        return clause
    same = table(term.resource.model).c.currency == amount["currency"]
    return or_(clause, not_(same)) if row["operator"] == "ne" else and_(clause, same)


def money_of(ctx: Context, value: Any) -> Mapping[str, Any]:
    """An amount with its currency; a bare number, as rules once kept it, is of the firm's own."""
    return (
        value if isinstance(value, Mapping) else {"minor": value, "currency": ctx.assembly.settings.currency}
    )


def groups(rows: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """The places of conditions of which one is enough, group by group; of the groups all must hold."""
    found: list[list[int]] = []
    for number, row in enumerate(rows):
        if found and row.get("or") is True:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def unmet(rows: Sequence[Mapping[str, Any]], held: Sequence[bool]) -> list[list[int]]:
    """The groups of which no condition held."""
    return [group for group in groups(rows) if not any(held[number] for number in group)]


def say_all(
    ctx: Context,
    resource: Resource,
    rows: Sequence[Mapping[str, Any]],
    only: Sequence[Sequence[int]] | None = None,
) -> list[str]:
    """Each group, or each of ``only`` these, in words: “priority is high or status is new”."""
    chosen = groups(rows) if only is None else only
    return [" or ".join(say(ctx, resource, rows[n]) for n in group) for group in chosen]


def watched(rows: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The record's own fields that the conditions touch."""
    keys = (str(row["field"]) for row in rows)
    return frozenset(key.removeprefix("record.") for key in keys if key.startswith("record."))


def needs(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Need]]:
    """What the conditions ask of the record's own fields, as far as a value alone can tell; one that is put beside
    others need not hold."""
    found: dict[str, list[Need]] = {}
    for row in (rows[group[0]] for group in groups(rows) if len(group) == 1):
        key, operator, value = str(row["field"]), row["operator"], row["value"]
        values = frozenset(str(one) for one in (value if isinstance(value, list) else [value]))
        need = {
            "eq": Need(among=values),
            "ne": Need(without=values),
            "empty": Need(among=frozenset({""})),
            "filled": Need(without=frozenset({""})),
        }.get(operator)
        if key.startswith("record.") and need is not None:
            found.setdefault(key.removeprefix("record."), []).append(need)
    return found


def say(ctx: Context, resource: Resource, row: Mapping[str, Any]) -> str:
    """A condition in words: “priority is high or urgent”."""
    term = terms(ctx, resource).get(str(row["field"]))
    if term is None:
        return (
            f"{row['field']} {WORDS.get(str(row['operator']), row['operator'])} {row['value'] or ''}".strip()
        )
    words = f"{term.label} {term.word(row['operator'])}"
    if row["operator"] in WITHOUT_VALUE:
        return words
    return f"{words} {_said(ctx, term, row['value'])}"


def _said(ctx: Context, term: Term, value: Any) -> str:
    item = term.field
    if item.kind == "choice":
        labels = {choice.value: choice.label for choice in item.choices}
        return " or ".join(_lower(labels.get(one, one)) for one in value)
    if item.kind == "money":
        value = money_of(ctx, value)
    elif isinstance(value, Mapping):
        days = int(value["days"])
        if not days:
            return "today"
        number = f"{abs(days)} day{'s' if abs(days) != 1 else ''}"
        return f"{number} ago" if days < 0 else f"{number} ahead"
    said = saying.sayer(ctx, item, [value])(value)
    return f"“{said}”" if item.kind in TEXTS else said.lower() if item.kind == "bool" else said
