"""Vouchers: found by code, used up in one conditional statement, turned into what the order's lines say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from patron import Context, Invalid, Money, normalise, table
from patron_orders.api import Line, Totals, totals
from sqlalchemy import ColumnElement, or_, select, update

from patron_ecommerce.models import Voucher

WORTHLESS = "This code is not valid, or has been used up."


@dataclass(frozen=True)
class VoucherInfo:
    """A voucher that counts today: ``percent`` off every line, or ``amount`` off the sum with tax."""

    id: int
    code: str
    percent: int | None
    amount: Money | None


def find(ctx: Context, *, code: str = "", voucher_id: int | None = None) -> VoucherInfo | None:
    """The voucher of a code or an id, if it can still be used today in the shop's currency."""
    t = table(Voucher)
    which = t.c.id == voucher_id if voucher_id is not None else t.c.code_key == normalise.fold(code)[:100]
    row = ctx.session.execute(select(t).where(which, t.c.used < t.c.uses, *_today(ctx))).mappings().first()
    if row is None:
        return None
    amount = Money(row["amount_minor"], row["currency"]) if row["amount_minor"] else None
    return VoucherInfo(row["id"], row["code"], row["percent"], amount)


def _today(ctx: Context) -> tuple[ColumnElement[bool], ...]:
    t, day = table(Voucher), ctx.now.date()
    return (
        t.c.trashed_at.is_(None),
        t.c.currency == ctx.assembly.settings.currency,
        or_(t.c.valid_from.is_(None), t.c.valid_from <= day),
        or_(t.c.valid_until.is_(None), t.c.valid_until >= day),
    )


def use(ctx: Context, voucher_id: int) -> None:
    """Use it once; Invalid when the last use has just gone to someone else."""
    t = table(Voucher)
    taken = (
        update(t)
        .where(t.c.id == voucher_id, t.c.used < t.c.uses, *_today(ctx))
        .values(used=t.c.used + 1, version=t.c.version + 1, updated_at=ctx.now)
        .returning(t.c.id)
    )
    if ctx.session.execute(taken).first() is None:
        raise Invalid.field("voucher", WORTHLESS)


def give_back(ctx: Context, code: str) -> None:
    """Nothing came of the order: its voucher can be used again."""
    t = table(Voucher)
    mine = update(t).where(t.c.code_key == normalise.fold(code), t.c.used > 0)
    ctx.session.execute(mine.values(used=t.c.used - 1, version=t.c.version + 1, updated_at=ctx.now))


def applied(lines: Sequence[Line], voucher: VoucherInfo, currency: str) -> list[Line]:
    """The lines with the voucher: each cheaper by its percentage, or one more line per tax rate that takes it off."""
    if voucher.percent is not None:
        return [replace(line, discount_percent=str(voucher.percent)) for line in lines]
    if voucher.amount is None or not lines:
        return list(lines)
    before = totals(lines, currency=currency)
    groups = gross_by_rate(lines, before)
    rates = list(groups)
    off = Money(min(voucher.amount.minor, before.gross.minor), currency)
    parts = off.share([groups[rate].minor for rate in rates])
    taken = [
        Line(None, f"Voucher {voucher.code}", Decimal(-1), Money(_net(part.minor, rate), currency), rate)
        for rate, part in zip(rates, parts, strict=True)
        if part.minor
    ]
    return [*lines, *taken]


def gross_by_rate(lines: Sequence[Line], found: Totals) -> dict[str, Money]:
    """Net and tax of each rate together, as the order adds them up."""
    currency = found.net.currency
    nets: dict[str, int] = {}
    for line, net in zip(lines, found.line_nets, strict=True):
        rate = f"{Decimal(line.tax_rate):.2f}"
        nets[rate] = nets.get(rate, 0) + net.minor
    taxes = {rate: tax.minor for rate, tax in found.tax_by_rate}
    return {rate: Money(net + taxes.get(rate, 0), currency) for rate, net in nets.items()}


def _net(gross_minor: int, rate: str) -> int:
    exact = Decimal(gross_minor) / (1 + Decimal(rate) / 100)
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))
