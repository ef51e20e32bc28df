"""Merging two customers into one, and erasing one: pages that say what will happen, and the deed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from patron.context import Context
from patron.contributions import Field
from patron.customers import erasing, merging
from patron.customers.erasing import ERASE
from patron.customers.merging import MERGE
from patron.customers.models import Customer
from patron.customers.survivorship import GROUPS, brought_by
from patron.errors import Invalid
from patron.resources import editing, page_frame, saying
from patron.responses import Flash, Page, Redirect
from patron.routing import Route, get, post
from patron.web import whole_number


def _shown(ctx: Context, customer_id: int, verb: str) -> Customer:
    """The customer within the scope of the verb, not locked: a page only reads. NotFound, Forbidden."""
    resource = ctx.assembly.resource("customers")
    customer: Customer = editing.load_many(ctx, resource, [customer_id], verb, lock=False)[0]
    return customer


@get("/customers/{customer_id:int}/merge", permission=MERGE)
def show_merge(ctx: Context, customer_id: int) -> Page:
    """Choose the other customer; with ``?other=`` what stays of both, side by side."""
    return _merge_page(ctx, customer_id, ctx.web.param("other"))


def _merge_page(ctx: Context, customer_id: int, other: str, error: Invalid | None = None) -> Page:
    survivor = _shown(ctx, customer_id, "edit")
    data: dict[str, Any] = {"customer": survivor, "other": None, "errors": error.errors if error else ()}
    other_id = whole_number(other)
    if other_id is not None and other_id != customer_id:
        merged = _shown(ctx, other_id, "edit")
        data |= {"other": merged, "fields": _both(ctx, survivor, merged)}
    elif other and error is None:
        data["errors"] = Invalid.field("other", "Choose another customer than this one.").errors
    return Page("customers/merge.html", data, status=422 if data["errors"] else 200)


def _both(ctx: Context, survivor: Customer, merged: Customer) -> list[dict[str, str]]:
    """Each field in which one of the two says something: theirs, and what will stand afterwards."""
    resource = ctx.assembly.resource("customers")
    mine, theirs = (page_frame.item_of(ctx, resource, record) for record in (survivor, merged))
    brought = {name for group in brought_by(ctx, survivor, merged) for name in GROUPS[group]}
    return [
        line
        for item in resource.fields
        if item.kind != "computed"
        for line in _line(ctx, item, mine, theirs, taken=item.name in brought)
    ]


def _line(
    ctx: Context, item: Field, mine: Mapping[str, Any], theirs: Mapping[str, Any], *, taken: bool
) -> list[dict[str, str]]:
    here, there = mine.get(item.name), theirs.get(item.name)
    if (here in (None, "", []) and there in (None, "", [])) or item.kind == "instant":
        return []
    say = saying.sayer(ctx, item, [here, there])
    after = there if taken or here in (None, "") else here
    if isinstance(here, list) and isinstance(there, list):
        after = [*here, *(entry for entry in there if entry not in here)]
    return [{"field": item.label, "this": say(here), "other": say(there), "after": say(after)}]


@post("/customers/{customer_id:int}/merge", permission=MERGE)
def merge(ctx: Context, customer_id: int) -> Redirect | Page:
    """Merge another customer into this one (form: other)."""
    other = whole_number(ctx.web.value("other"))
    if other is None:
        error = Invalid.field("other", "Choose the customer to merge into this one.")
        return _merge_page(ctx, customer_id, "", error)
    merge_id = merging.merge(ctx, customer_id, other)
    flash = Flash("Merged. Nothing was lost.", undo_url=f"/merges/{merge_id}/split")
    return Redirect(f"/customers/{customer_id}", flash)


@post("/merges/{merge_id:int}/split", permission=MERGE)
def split(ctx: Context, merge_id: int) -> Redirect:
    """Undo a merge."""
    return Redirect(f"/customers/{merging.split(ctx, merge_id)}", Flash("Two customers again."))


@get("/customers/{customer_id:int}/erase", permission=ERASE)
def show_erase(ctx: Context, customer_id: int) -> Page:
    """What erasure does, and the form that asks for the name."""
    return _erase_page(ctx, _shown(ctx, customer_id, "delete"))


def _erase_page(ctx: Context, customer: Customer, error: Invalid | None = None) -> Page:
    data = {"customer": customer, "errors": error.errors if error else ()}
    return Page("customers/erase.html", data, status=422 if error else 200)


@post("/customers/{customer_id:int}/erase", permission=ERASE)
def erase(ctx: Context, customer_id: int) -> Redirect | Page:
    """Erase the customer's personal data (form: confirm = the customer's name)."""
    customer = _shown(ctx, customer_id, "delete")
    if ctx.web.value("confirm") != customer.name:
        error = Invalid.field("confirm", "Type the customer's name exactly, to confirm.")
        return _erase_page(ctx, customer, error)
    answers = erasing.erase(ctx, customer_id)
    told = "; ".join(f"{module}: {text}" for module, text in answers.items())
    return Redirect("/customers", Flash(f"Erased. {told}"))


ROUTES: tuple[Route, ...] = (show_merge, merge, split, show_erase, erase)
