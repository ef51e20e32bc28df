"""How common each value is in the base: two who share a rare name are rather one than two who share a common one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import log2

from patron.duplicates.profile import Profile

# What share of a base has the same value, before any was counted; and with how many customers that guess weighs.
_USUAL = {
    "given": 1 / 150, "family": 1 / 1500, "organisation": 1 / 10_000, "birth": 1 / 20_000, "number": 1 / 120,
    "street": 1 / 2000, "extra": 1 / 2000, "city": 1 / 300, "postcode": 1 / 1000, "region": 1 / 8,
}  # fmt: skip
_GUESSED = 200


@dataclass
class Commonness:
    """Counts of values by field, over ``total`` customers."""

    total: int = 0
    counts: dict[str, Counter[object]] = field(default_factory=lambda: {name: Counter() for name in _USUAL})

    def count(self, profiles: Iterable[Profile]) -> None:
        """Add these customers."""
        for one in profiles:
            self.total += 1
            named = "organisation" if one.kind != "person" else "family"
            self.counts[named][one.family] += 1
            self.counts["given"][one.given] += 1
            self.counts["birth"][one.birth] += 1
            for place in one.places[:1]:
                for name in ("number", "street", "extra", "city", "postcode", "region"):
                    self.counts[name][getattr(place, name)] += 1

    def bits(self, name: str, *values: object) -> float:
        """How much it says that two have this value, as bits: of several spellings the most common counts."""
        known = self.counts[name]
        most = max([known[value] for value in values])
        return log2(self.total + _GUESSED) - log2(most + _GUESSED * _USUAL[name])

    @property
    def prior(self) -> float:
        """Bits that speak against any two being one, before they are compared: most pairs are two."""
        return log2(max(self.total, 1000))
