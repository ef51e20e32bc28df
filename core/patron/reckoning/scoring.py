"""How good the data of one customer is: complete, valid, fresh, unique, and what to put right first.

Each part is per cent. The score weighs them 40, 30, 15 and 15: what is missing or wrong cannot be used at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

WEIGHTS = {"completeness": 40, "validity": 30, "freshness": 15, "uniqueness": 15}
FIXES = {
    "email": "Find an e-mail address",
    "phone": "Find a phone number",
    "address": "Find the address",
    "name": "Give both parts of the name",
    "website": "Find the website",
    "owner": "Say who looks after it",
    "dead_email": "Replace the e-mail address that bounces",
    "odd_phone": "Correct the phone number",
    "thin_address": "Complete the address",
    "odd_name": "Correct the name",
    "odd_birthday": "Correct the date of birth",
    "stale": "Check it: nobody has for a year",
    "duplicate": "Merge the duplicate, or say that it is none",
}
_WANTED: Mapping[str, Mapping[str, int]] = {
    "person": {"name": 20, "email": 30, "phone": 20, "address": 20, "owner": 10},
    "organisation": {"email": 25, "phone": 25, "address": 25, "website": 10, "owner": 15},
    "household": {"address": 50, "email": 20, "phone": 20, "owner": 10},
}
_AGES = ((365, 100), (730, 60), (1095, 30))
_SHOWN = 6


@dataclass(frozen=True)
class Quality:
    """The four parts and the score, per cent; ``fixes`` are words of FIXES, the one that gains most first."""

    score: int
    completeness: int
    validity: int
    freshness: int
    uniqueness: int
    fixes: tuple[str, ...]


def score_of(
    customer: Mapping[str, Any], points: Sequence[Mapping[str, Any]], likeness: int, now: datetime
) -> Quality:
    """Of a customer's row, its lasting contact points, and how likely (per mille) another one is the same."""
    gains: dict[str, float] = {}
    parts = {
        "completeness": _complete(customer, points, gains),
        "validity": _valid(customer, points, gains, now.date()),
        "freshness": _fresh(customer, points, gains, now),
        "uniqueness": 100 - round(likeness / 10),
    }
    if likeness:
        gains["duplicate"] = WEIGHTS["uniqueness"] * likeness / 1000
    score = round(sum(WEIGHTS[name] * part for name, part in parts.items()) / 100)
    first = sorted(gains, key=lambda name: (-gains[name], list(FIXES).index(name)))
    return Quality(score, **parts, fixes=tuple(first[:_SHOWN]))


def _complete(
    customer: Mapping[str, Any], points: Sequence[Mapping[str, Any]], gains: dict[str, float]
) -> int:
    kinds = {point["kind"] for point in points}
    there = {
        "name": bool(customer["given_name"] and customer["family_name"]),
        "email": "email" in kinds,
        "phone": "phone" in kinds,
        "address": "postal" in kinds,
        "website": bool(customer["website"]) or "web" in kinds,
        "owner": customer["owner_id"] is not None or customer["team_id"] is not None,
    }
    wanted = _WANTED.get(customer["kind"], _WANTED["person"])
    for name, weight in wanted.items():
        if not there[name]:
            gains[name] = WEIGHTS["completeness"] * weight / 100
    return sum(weight for name, weight in wanted.items() if there[name])


def _valid(
    customer: Mapping[str, Any], points: Sequence[Mapping[str, Any]], gains: dict[str, float], today: date
) -> int:
    faults = [fault for point in points if (fault := _fault(point))]
    looked_at = len(points) + 1
    name = customer["name"]
    if "@" in name or not any(letter.isalpha() for letter in name):
        faults.append("odd_name")
    if (born := customer["birth_date"]) is not None:
        looked_at += 1
        if born > today or born.year < today.year - 120:
            faults.append("odd_birthday")
    for fault in faults:
        gains[fault] = gains.get(fault, 0) + WEIGHTS["validity"] / looked_at
    return round(100 * (looked_at - len(faults)) / looked_at)


def _fault(point: Mapping[str, Any]) -> str:
    """What is wrong with a contact point; empty for nothing."""
    if point["kind"] == "email" and point["deliverability"] == "dead":
        return "dead_email"
    if point["kind"] == "phone" and not point["value"].startswith("+"):
        return "odd_phone"
    parts = point["parts"] or {}
    if point["kind"] == "postal" and not (parts.get("line1") and parts.get("city") and parts.get("country")):
        return "thin_address"
    return ""


def _fresh(
    customer: Mapping[str, Any], points: Sequence[Mapping[str, Any]], gains: dict[str, float], now: datetime
) -> int:
    looked = [
        customer["updated_at"],
        customer["last_contact_at"],
        *(point["verified_at"] for point in points),
    ]
    age = now - max(moment for moment in looked if moment is not None)
    fresh = next((part for days, part in _AGES if age <= timedelta(days=days)), 0)
    if fresh < 100:
        gains["stale"] = WEIGHTS["freshness"] * (100 - fresh) / 100
    return fresh
