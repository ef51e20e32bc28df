"""What a customer wants by a touch, set by rule: the first rule whose words stand in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from patron.context import Context
from patron.customers.normalise import fold
from patron.interactions.models import IntentRule
from patron.records import table


@dataclass(frozen=True)
class _Rule:
    channel: str
    words: re.Pattern[str]
    intent: str


def intent_by_rule(ctx: Context, channel: str, subject: str, body: str) -> str:
    """The intent that a rule gives to an incoming touch; empty where none fits. One statement for a unit of work."""
    rules: Sequence[_Rule] = ctx.cached("intent rules", lambda: _read(ctx))
    if not rules:
        return ""
    text = fold(f"{subject}\n{body}"[:20_000])
    fits = (rule.intent for rule in rules if rule.channel in ("", channel) and rule.words.search(text))
    return next(fits, "")


def words_of(text: str) -> list[str]:
    """The words and phrases of a rule, folded."""
    return list(dict.fromkeys(folded for part in text.split(",") if (folded := fold(part))))


def _read(ctx: Context) -> list[_Rule]:
    t = table(IntentRule)
    rows = select(t.c.channel, t.c.words, t.c.intent).where(t.c.active.is_(True), t.c.trashed_at.is_(None))
    known = ctx.assembly.intents
    return [
        _Rule(row.channel, re.compile("|".join(rf"(?<!\w){re.escape(w)}(?!\w)" for w in words)), row.intent)
        for row in ctx.session.execute(rows.order_by(t.c.position, t.c.id))
        if row.intent in known and (words := words_of(row.words))
    ]
