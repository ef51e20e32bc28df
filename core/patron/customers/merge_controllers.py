"""Merging two customers into one, and erasing one: pages that say what will happen, and the deed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron.accounts import acts
from patron.context import Context
from patron.contributions import Field
from patron.customers import erasing, merging, splitting
from patron.customers.came_since import Arrival, Came
from patron.customers.erasing import ERASE
from patron.customers.merging import MERGE
from patron.customers.models import Customer
from patron.customers.survivorship import GROUPS, brought_by
from patron.errors import Invalid
from patron.interactions import timeline
from patron.resources import editing, page_frame, saying
from patron.responses import Flash, Page, Redirect
from patron.routing import Route, get, post
from patron.web import whole_number

_BESIDE = {
    "core_assignment": "Account team",
    "core_consent": "Consents",
    "core_contact_holder": "Contact points",
    "core_customer_name": "Names",
    "core_customer_role": "Roles",
    "core_external_id": "Ids in other systems",
    "core_file_link": "Files",
    "core_mandate": "Portal access",
    "core_origin": "How they came",
    "core_participant": "Parts in touches",
    "core_preference": "Preferences",
    "core_relationship": "Relationships",
    "core_sign_in": "Sessions",
    "core_timeline": "Lines of the history",
}
MOST_NAMED = 20  # of one kind on the page of a merge


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
    """Each field in which one of the two says something: theirs, and what will stand afterwards. Where they differ and
    one must be chosen, ``choice`` says as what."""
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
    both_say = here not in (None, "") and there not in (None, "") and here != there
    choice = item.name if item.name in merging.CHOICES and both_say else ""
    line = {
        "field": item.label,
        "this": say(here),
        "other": say(there),
        "after": say(after),
        "choice": choice,
        "keep": "other" if taken else "this",
    }
    return [line]


@post("/customers/{customer_id:int}/merge", permission=MERGE)
def merge(ctx: Context, customer_id: int) -> Redirect | Page:
    """Merge another customer into this one (form: other, and keep-<field> = other where its value is to stay)."""
    other = whole_number(ctx.web.value("other"))
    if other is None:
        error = Invalid.field("other", "Choose the customer to merge into this one.")
        return _merge_page(ctx, customer_id, "", error)
    kept = {choice: ctx.web.value(f"keep-{choice}") for choice in merging.CHOICES}
    take = [choice for choice, side in kept.items() if side == "other"] if any(kept.values()) else None
    merge_id = merging.merge(ctx, customer_id, other, take)
    flash = Flash("Merged. Nothing was lost.", undo_url=f"/merges/{merge_id}/split")
    return Redirect(f"/customers/{customer_id}", flash)


@get("/merges/{merge_id:int}", permission=MERGE)
def show_split(ctx: Context, merge_id: int) -> Page:
    """What a merge moved, and what a split would do now: what came since and where it goes, what stays as it is."""
    plan = splitting.plan(ctx, merge_id)
    rows, customers = plan.merge["before"].get("rows", {}), ctx.assembly.resource("customers")
    survivor_id, merged_id = plan.merge["survivor_id"], plan.merge["merged_id"]
    survivor = saying.names_of(ctx, Field("", "", "customer"), [survivor_id]).get(survivor_id, "")
    merged = str(rows.get("merged", {}).get("name") or f"No. {merged_id}")
    if survivor == merged:
        merged = f"{merged} (No. {merged_id})"
    data = {
        "merge": plan.merge,
        "survivor": survivor,
        "merged": merged,
        "moved": _counted(ctx, [(one["table"], len(one["ids"])) for one in plan.merge["moved"]]),
        "parked": _counted(
            ctx, [(name, len(ids)) for name, ids in plan.merge["before"].get("parked", {}).items()]
        ),
        "arrivals": [_arrived(ctx, one) for one in plan.arrivals],
        "edited": [item.label for item in customers.fields if item.attribute in plan.edited],
        "sent": plan.sent,
    }
    return Page("customers/split.html", data)


def _counted(ctx: Context, found: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """How many of what, in words, the same kind once."""
    counts: dict[str, int] = {}
    for name, number in found:
        label = _kind(ctx, name)
        counts[label] = counts.get(label, 0) + number
    return sorted(counts.items())


def _kind(ctx: Context, table_name: str) -> str:
    """What the rows of a table are called."""
    labels = {resource.table: resource.label_plural for resource in ctx.assembly.resources.values()} | _BESIDE
    module, _, rest = table_name.partition("_")
    return labels.get(table_name) or f"{acts.in_words(rest)} ({module})"


def _arrived(ctx: Context, arrival: Arrival) -> dict[str, Any]:
    """The records of one kind that came since: those that go, with what they came by, and those that stay."""
    ids = [row.id for row in arrival.rows]
    item = Field("record", "", "ref", ref=arrival.resource)
    names: Mapping[int, str] = {}
    if arrival.table == "core_timeline":
        names = timeline.titles(ctx, ids[:MOST_NAMED])
    elif arrival.resource in ctx.assembly.resources:
        names = saying.names_of(ctx, item, ids[:MOST_NAMED])

    def said(row: Came) -> dict[str, str]:
        url = timeline.record_url(ctx, arrival.resource, row.id)
        return {"name": names.get(row.id) or f"No. {row.id}", "url": url, "because": row.because}

    going, staying = (
        [row for row in arrival.rows if row.because],
        [row for row in arrival.rows if not row.because],
    )
    return {
        "kind": _kind(ctx, arrival.table),
        "going": [said(row) for row in going[:MOST_NAMED]],
        "going_count": len(going),
        "staying": [said(row) for row in staying[:MOST_NAMED]],
        "staying_count": len(staying),
    }


@post("/merges/{merge_id:int}/split", permission=MERGE)
def split(ctx: Context, merge_id: int) -> Redirect:
    """Undo a merge."""
    restored = splitting.split(ctx, merge_id)
    return Redirect(f"/customers/{restored}", Flash("Two customers again."))


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


ROUTES: tuple[Route, ...] = (show_merge, merge, show_split, split, show_erase, erase)
