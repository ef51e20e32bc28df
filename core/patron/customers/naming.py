"""By which words a person is known, so that an erasure finds them in texts that are others' too."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, select, update

from patron.context import Context
from patron.customers.models import ContactHolder, ContactPoint, Customer, CustomerName
from patron.interactions.models import Participant
from patron.records import table

ERASED = "Erased customer"
_SHORTEST = 5  # letters: a shorter name would be found in the middle of everything


@dataclass(frozen=True)
class Words:
    """Addresses that are theirs alone, and full names; ``without`` takes them out of a text, or of what JSON holds."""

    addresses: frozenset[str]
    names: frozenset[str]

    def without(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._pattern.sub(ERASED, value) if self.addresses or self.names else value
        if isinstance(value, Mapping):
            return {key: self.without(item) for key, item in value.items()}
        return [self.without(item) for item in value] if isinstance(value, Sequence) else value

    def stand_in(self, value: Any) -> bool:
        """Whether one of them stands in a text, or in what JSON holds."""
        return bool(self.without(value) != value)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.addresses | self.names, key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


def take_out(ctx: Context, words: Words, t: Table, names: Sequence[str], *where: ColumnElement[bool]) -> None:
    """Take the words out of these columns; the rows that hold one are written together."""
    rows = ctx.session.execute(select(t.c.id, *(t.c[name] for name in names)).where(*where)).mappings()
    cleaned = [(row, {name: words.without(row[name]) for name in names}) for row in rows]
    write(ctx, t, [{"id": row["id"], **now} for row, now in cleaned if any(now[n] != row[n] for n in names)])


def write(ctx: Context, t: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Give rows, by ``id``, other values; all of the same columns, JSON ones too. One statement."""
    if not rows:
        return
    values = {name: bindparam(f"new_{name}", type_=t.c[name].type) for name in rows[0] if name != "id"}
    given = [{f"new_{name}": value for name, value in row.items()} for row in rows]
    ctx.session.connection().execute(update(t).where(t.c.id == bindparam("new_id")).values(values), given)


def words_of(ctx: Context, ids: Sequence[int]) -> Words:
    """The words of these customers. Four statements; to be asked before anything is erased."""
    c, n, p = table(Customer), table(CustomerName), table(Participant)
    names = select(c.c.name).where(c.c.id.in_(ids))
    names_ = names.union(
        select(n.c.name).where(n.c.customer_id.in_(ids)), select(p.c.name).where(p.c.customer_id.in_(ids))
    )
    known = {name.strip() for name in ctx.session.execute(names_).scalars()}
    h, point = table(ContactHolder), table(ContactPoint)
    others = select(h.c.contact_point_id).where(h.c.customer_id.not_in(ids))
    held = (
        select(point.c.value, point.c.display)
        .join(h, h.c.contact_point_id == point.c.id)
        .where(
            h.c.customer_id.in_(ids), point.c.kind.in_(("email", "phone", "fax")), point.c.id.not_in(others)
        )
    )
    addresses = {text for row in ctx.session.execute(held) for text in row if text}
    return Words(frozenset(addresses), frozenset(name for name in known if len(name) >= _SHORTEST))
