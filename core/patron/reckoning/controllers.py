"""The pages of what is reckoned: what the firm means by each stage, and how good its data is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from patron.context import Context
from patron.customers import survivorship
from patron.errors import FieldError, Invalid
from patron.reckoning import quality, stages
from patron.reckoning.scoring import FIXES, WEIGHTS
from patron.responses import Flash, Json, Page, Redirect
from patron.routing import Route, get, post
from patron.web import whole_number

DEFINE, SEE = "customers.define", "customers.quality"
HOME = "/customers/stages"
_PARTS = {"completeness": "Complete", "validity": "Valid", "freshness": "Fresh", "uniqueness": "Unique"}


@get(HOME, permission=DEFINE)
def show_stages(ctx: Context) -> Page:
    """What is called active, lapsed, lost and prospect, since when, and how many there are of each."""
    return _page(ctx, {})


@post(HOME, permission=DEFINE)
def define_stages(ctx: Context) -> Redirect | Page:
    """A new version (form: basis, active_days, lapsed_days, or a filter for each stage; note; preview: count only)."""
    web = ctx.web
    given = {
        name: web.value(name) for name in ("basis", "active_days", "lapsed_days", "note", *stages.STAGES)
    }
    try:
        rules = _rules(given)
        stages.check(ctx, rules)
        if web.value("preview"):
            return _page(ctx, given, preview=stages.counts_by(ctx, rules))
        stages.define(ctx, rules, given["note"])
    except Invalid as error:
        return _page(ctx, given, error.errors or (FieldError("", error.detail),))
    return Redirect(HOME, Flash("In force from now on. All customers are reckoned anew in the background."))


def _rules(given: Mapping[str, str]) -> dict[str, Any]:
    """By the filters where one is written, else by the days."""
    if not any(given[name] for name in stages.STAGES):
        days = [whole_number(given[name]) for name in ("active_days", "lapsed_days")]
        if days[0] is None or days[1] is None:
            raise Invalid.field("active_days", "Two numbers of days.")
        return stages.rules_by(given["basis"], days[0], days[1])
    rules = {}
    for name, label in stages.STAGES.items():
        try:
            rules[name] = json.loads(given[name] or "{}")
        except ValueError as error:
            raise Invalid.field(name, f"{label}: this is no JSON.") from error
    return rules


def _page(
    ctx: Context,
    given: Mapping[str, str],
    errors: tuple[FieldError, ...] = (),
    preview: Mapping[str, int] | None = None,
) -> Page:
    definition = stages.in_force(ctx)
    told = stages.told_by(ctx, definition.rules) or ("", stages.YEAR, 3 * stages.YEAR)
    data = {
        "definition": definition,
        "rules": {name: json.dumps(rule, ensure_ascii=False) for name, rule in definition.rules.items()},
        "words_of_rules": stages.in_words(ctx, definition.rules),
        "versions": [
            {**row, "rules": {n: json.dumps(rule, ensure_ascii=False) for n, rule in row["rules"].items()}}
            for row in stages.versions(ctx)
        ],
        "stages": stages.STAGES,
        "tones": stages.TONES,
        "counts": stages.counts(ctx),
        "preview": preview,
        "bases": stages.bases(ctx),
        "typed": {"basis": told[0], "active_days": str(told[1]), "lapsed_days": str(told[2]), "note": "",
                  **dict.fromkeys(stages.STAGES, ""), **given},
        "errors": errors,
        "list_urls": {name: _list_url({"stage": name}) for name in stages.STAGES},
    }  # fmt: skip
    return Page("reckoning/stages.html", data, status=422 if errors else 200)


def _list_url(where: Mapping[str, Any]) -> str:
    return "/customers?filter=" + quote(json.dumps(where))


@get("/customers/quality", permission=SEE)
def show_quality(ctx: Context) -> Page:
    """How good the data is, what to put right first, and by source: as it was kept last."""
    found = quality.base(ctx)
    urls = {name: _list_url({"first_fix": name}) for name in FIXES}
    return Page("reckoning/quality.html", {**found, "parts": _PARTS, "weights": WEIGHTS, "fix_urls": urls})


@get("/api/v1/customers/quality", permission=SEE)
def quality_api(ctx: Context) -> Json:
    """How good the data is: the whole base and each source, per cent, as it was kept last."""
    found = quality.base(ctx)
    names = ("source", "customers", "score", *WEIGHTS, "fixes")
    sources = [{name: row[name] for name in names} for row in found["sources"]]
    whole = {name: found["whole"][name] for name in names if name != "source"} if found["whole"] else None
    return Json({"day": found["day"], "whole": whole, "sources": sources})


RULES_HOME = "/customers/survivorship"


@get(RULES_HOME, permission=DEFINE)
def show_survivorship(ctx: Context) -> Page:
    """Which value stands where two sources differ, field by field."""
    rules = survivorship.rules_in_force(ctx)
    return _survivorship(ctx, "\n".join(rules.ranks), rules.fields)


@post(RULES_HOME, permission=DEFINE)
def set_survivorship(ctx: Context) -> Redirect | Page:
    """Set the rules (form: ranks, a source on each line, the best first; for each field its rule)."""
    web = ctx.web
    ranks = web.value("ranks")
    fields = {name: web.value(name) for name in survivorship.FIELDS}
    try:
        survivorship.set_rules(ctx, ranks.splitlines(), fields)
    except Invalid as error:
        return _survivorship(ctx, ranks, fields, error.errors)
    return Redirect(RULES_HOME, Flash("In force from now on."))


def _survivorship(
    ctx: Context, ranks: str, fields: Mapping[str, str], errors: tuple[FieldError, ...] = ()
) -> Page:
    data = {"ranks": ranks, "chosen": {name: fields.get(name, "") for name in survivorship.FIELDS},
            "fields": survivorship.FIELDS, "rules": list(survivorship.RULES.items()), "errors": errors}  # fmt: skip
    return Page("reckoning/survivorship.html", data, status=422 if errors else 200)


ROUTES: tuple[Route, ...] = (
    show_survivorship,
    set_survivorship,
    show_stages,
    define_stages,
    show_quality,
    quality_api,
)
