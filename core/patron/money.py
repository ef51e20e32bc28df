"""Money: integer minor units with a currency. Never a float, and never two currencies added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import format_currency, get_currency_precision


@dataclass(frozen=True, order=True)
class Money:
    """An amount in minor units (cents of EUR, yen of JPY) of an ISO 4217 currency."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def times(self, factor: Decimal | int) -> Money:
        """Multiplied and rounded half up to a whole minor unit, away from zero for both signs."""
        exact = Decimal(self.minor) * Decimal(factor)
        return Money(int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)), self.currency)

    def share(self, weights: Iterable[int]) -> list[Money]:
        """Divided in proportion with nothing lost: the shares add up to the whole (largest remainders first)."""
        parts = list(weights)
        total = sum(parts)
        if total == 0:
            return [Money(0, self.currency) for _ in parts]
        floors = [self.minor * part // total for part in parts]
        order = sorted(range(len(parts)), key=lambda i: (-(self.minor * parts[i] % total), i))
        for index in order[: self.minor - sum(floors)]:
            floors[index] += 1
        return [Money(floor, self.currency) for floor in floors]

    def format(self, locale: str = "en") -> str:
        """As people of the locale write it."""
        return format_currency(self.decimal(), self.currency, locale=locale)

    def decimal(self) -> Decimal:
        """In whole units."""
        return Decimal(self.minor).scaleb(-get_currency_precision(self.currency))

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added")


def total(amounts: Iterable[Money]) -> list[Money]:
    """The sums, one per currency, in the currencies' order of appearance."""
    sums: dict[str, int] = {}
    for amount in amounts:
        sums[amount.currency] = sums.get(amount.currency, 0) + amount.minor
    return [Money(minor, currency) for currency, minor in sums.items()]
