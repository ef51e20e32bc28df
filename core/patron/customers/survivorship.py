"""Which value stands where two sources differ: by rank of the source, or by recency, field by field.

The same rules speak in imports, the API, forms and merges. A firm that has set none keeps what it knows from before:
who writes last is right, and a merge keeps the survivor's values.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from patron.accounts import audit
from patron.context import Context
from patron.customers.models import Customer
from patron.customers.provenance import Provenance, provenance_of, source_label, source_of
from patron.errors import Invalid
from patron.system.generation import bump_generation
from patron.system.stored import store_setting, stored_setting

SETTING = "customers.survivorship"
FIELDS = {
    "name": "Name",
    "birth_date": "Date of birth",
    "language": "Language",
    "website": "Website",
    "owner": "Owner",
}
RULES = {"": "As it is written", "newest": "The newest", "rank": "By rank of the source"}
GROUPS = {
    "name": ("name", "given_name", "family_name", "prefix", "suffix"),
    "birth_date": ("birth_date",), "language": ("language",), "website": ("website",), "owner": ("owner",),
}  # fmt: skip
"""What goes together: half a name of one source and half of another would be nobody's."""
_GROUP_OF = {name: group for group, names in GROUPS.items() for name in names} | {"owner_id": "owner"}
_RANKED = re.compile(r"person|api|portal|public|job|import:(?:\*|[^\s,]{1,100})")
_MOST = 50


@dataclass(frozen=True)
class Survivorship:
    """``ranks``: sources, the most trusted first, ``import:*`` for any file; ``fields``: the rule of a group."""

    ranks: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict)

    def prefers(self, group: str, stored: Provenance | None, offered: Provenance) -> bool:
        """Whether the offered value stands, of two that differ. Of equal rank the newer one does."""
        rule = self.fields.get(group, "")
        if not rule or stored is None:
            return True
        if rule == "rank" and self.rank(offered.source) != self.rank(stored.source):
            return self.rank(offered.source) < self.rank(stored.source)
        return offered.at >= stored.at

    def rank(self, source: str) -> int:
        """The place of a source; those that are not named come last, alike."""
        for name in (source, "import:*" if source.startswith("import:") else source):
            if name in self.ranks:
                return self.ranks.index(name)
        return len(self.ranks)


def rules_in_force(ctx: Context) -> Survivorship:
    """What the firm has set; read with the settings, so it costs no statement."""
    stored: Mapping[str, Any] = ctx.assembly.live.settings.get(SETTING) or {}
    return Survivorship(tuple(stored.get("ranks", ())), stored.get("fields", {}))


def set_rules(ctx: Context, ranks: Sequence[str], fields: Mapping[str, str]) -> None:
    """Set the rules; who may was asked before. Every process follows. Invalid."""
    given = [rank.strip() for rank in ranks if rank.strip()]
    wrong = next((rank for rank in given if not _RANKED.fullmatch(rank)), None)
    if wrong is not None or len(given) > _MOST or len(set(given)) != len(given):
        raise Invalid.field(
            "ranks",
            f"“{wrong or 'The list'}”: each line once, one of person, api, portal, public, job, import:NAME, import:*.",
        )
    if not set(fields) <= set(FIELDS) or not set(fields.values()) <= set(RULES):
        raise Invalid.field("fields", f"A rule is one of: {', '.join(RULES.values())}.")
    now = {"ranks": given, "fields": {name: rule for name, rule in fields.items() if rule}}
    before = stored_setting(ctx.session, SETTING, {"ranks": [], "fields": {}})
    store_setting(ctx.session, SETTING, now)
    changed = {name: (before.get(name), now[name]) for name in now if before.get(name) != now[name]}
    audit.record(ctx, "change", "survivorship", None, changed)
    bump_generation(ctx.session)


def check_write(ctx: Context, customer: Customer, values: Mapping[str, Any]) -> None:
    """Invalid where the stored value is of a source that the firm ranks above who writes now.

    One statement, and none while no field goes by rank.
    """
    rules = rules_in_force(ctx)
    changing = {
        name
        for name in values
        if rules.fields.get(_GROUP_OF.get(name, "")) == "rank"
        and values[name] != getattr(customer, f"{name}_id" if name == "owner" else name)
    }
    if not changing:
        return
    offered = _offered(ctx)
    stored = provenance_of(ctx, [customer.key]).get(customer.key, {})
    for name in sorted(changing):
        group = _GROUP_OF[name]
        mine = newest_of(stored, group)
        if mine is not None and not rules.prefers(group, mine, offered):
            raise Invalid.field(
                name,
                f"{source_label(mine.source)}: your firm ranks that above “{source_label(offered.source)}”.",
            )


def _offered(ctx: Context) -> Provenance:
    return Provenance(source_of(ctx.actor.kind, ctx.address), ctx.now, ctx.actor.name)


def newest_of(known: Mapping[str, Provenance], group: str) -> Provenance | None:
    """Where a group of fields came from: the newest of its parts."""
    return max((known[name] for name in GROUPS[group] if name in known), key=lambda one: one.at, default=None)


def held_against(ctx: Context, customers: Collection[int], source: str) -> dict[int, frozenset[str]]:
    """By customer, the fields that a file of that source must leave alone. One statement, none without rules."""
    rules = rules_in_force(ctx)
    if not customers or "rank" not in rules.fields.values():
        return {}
    offered = Provenance(source, ctx.now, ctx.actor.name)
    found = {}
    for customer_id, known in provenance_of(ctx, customers).items():
        kept = [
            g for g in rules.fields if (mine := newest_of(known, g)) and not rules.prefers(g, mine, offered)
        ]
        found[customer_id] = frozenset(
            name for g in kept for name in (*GROUPS[g], "owner_id" if g == "owner" else g)
        )
    return found


def brought_by(ctx: Context, survivor: Customer, merged: Customer) -> dict[str, str]:
    """The groups in which the merged customer's value stands after a merge, and the sources. One statement at most.

    Only where both say something and differ; what the survivor lacks it takes anyway.
    """
    rules = rules_in_force(ctx)
    differing = [g for g in rules.fields if _both_say_otherwise(survivor, merged, g)]
    if not differing:
        return {}
    known = provenance_of(ctx, [survivor.key, merged.key])
    found = {}
    for group in differing:
        mine, theirs = (newest_of(known.get(one.key, {}), group) for one in (survivor, merged))
        if theirs is not None and mine is not None and rules.prefers(group, mine, theirs):
            found[group] = theirs.source
    return found


def sources_of(ctx: Context, customer: Customer, groups: Collection[str]) -> dict[str, str]:
    """Where the values of these groups of a customer came from, as far as that is known. One statement at most."""
    wanted = [group for group in groups if group in GROUPS]
    known = provenance_of(ctx, [customer.key]).get(customer.key, {}) if wanted else {}
    return {group: found.source for group in wanted if (found := newest_of(known, group))}


def _both_say_otherwise(one: Customer, other: Customer, group: str) -> bool:
    column = "owner_id" if group == "owner" else group
    mine, theirs = getattr(one, column), getattr(other, column)
    return mine not in (None, "") and theirs not in (None, "") and mine != theirs


def columns_of(group: str) -> tuple[str, ...]:
    """The columns of the customer that a group is stored in."""
    more = {"name": ("name_key", "match_key"), "owner": ("owner_id",)}.get(group, ())
    return (*(name for name in GROUPS[group] if name != "owner"), *more)
