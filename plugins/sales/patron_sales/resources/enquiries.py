"""Enquiries as a resource. A customer is chosen, or named by what came in: found by address, else made at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import Action, Choice, Context, CustomerLink, Field, Invalid, Resource, Rules, normalise

from patron_sales.models import Enquiry
from patron_sales.services import enquiries

STATUS_CHOICES = (
    Choice("new", "New", "info"),
    Choice("working", "Working", "accent"),
    Choice("qualified", "Qualified", "success"),
    Choice("disqualified", "Disqualified"),
)
KINDS = ("person", "organisation", "household")


class EnquiryRules(Rules):
    """Who asks is looked up or made, who works on it is assigned, with the reason; what it came to is told."""

    def check(self, ctx: Context, record: Enquiry | None, values: Mapping[str, Any]) -> None:
        status = values.get("status", record.status if record else "new")
        if status == "disqualified" and not values.get("reason", record.reason if record else ""):
            raise Invalid.field("reason", "Say why it leads nowhere: open it and choose “Disqualify”.")
        person = {name: values.get(name) for name in enquiries.PERSON if values.get(name)}
        if record is not None:
            if person or ("customer" in values and values["customer"] is None):
                raise Invalid.field("customer", "An enquiry keeps a customer; choose another one if need be.")
        elif not values.get("customer"):
            _check_person(ctx, person)

    def before_save(self, ctx: Context, record: Enquiry, values: Mapping[str, Any], *, created: bool) -> None:
        if record.status not in enquiries.OPEN:
            record.closed_at = record.closed_at or ctx.now
        else:
            record.closed_at = None
        if record.status != "disqualified":
            record.reason = ""
        if not created:
            return
        if record.customer_id is None:
            record.customer_id = enquiries.customer_for(ctx, values)
        if values.get("owner"):
            record.assigned_because = f"Chosen by {ctx.actor.name}"
        else:
            given = enquiries.give_out(ctx, record)
            record.owner_id = given.user_id
            record.team_id = values.get("team") or given.team_id
            record.assigned_because = given.reason

    def after_save(
        self, ctx: Context, record: Enquiry, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        if created:
            enquiries.own_customer(ctx, record)
            enquiries.tell_received(ctx, record)
        if "status" in changed:
            enquiries.tell_moved(ctx, record)

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return str(row.get("customer_shown") or "")

    def search_text(self, record: Enquiry) -> str:
        return record.source

    def actions(self, ctx: Context, record: Enquiry) -> Sequence[Action]:
        at, edit = f"/sales/enquiries/{record.id}", "sales.enquiries.edit"
        if record.status not in enquiries.OPEN:
            return ()
        begin = (Action("Start work", f"{at}/start", edit, "post", icon="play"),)
        return (
            Action("Qualify", f"{at}/qualify", edit, icon="check", primary=True),
            Action("Disqualify", f"{at}/disqualify", edit, icon="circle-x"),
            *(begin if record.status == "new" else ()),
        )


def _check_person(ctx: Context, person: Mapping[str, Any]) -> None:
    """Whoever is not chosen must be named, with an address that can be one."""
    if not any(person.get(name) for name in ("name", "email", "phone")):
        raise Invalid.field("customer", "Choose a customer, or say who asks.")
    for name, text in person.items():
        if not isinstance(text, str) or len(text) > 300:
            raise Invalid.field(name, f"{name.capitalize()} takes text of at most 300 characters.")
    if person.get("kind", "person") not in KINDS:
        raise Invalid.field("kind", f"Kind is one of: {', '.join(KINDS)}.")
    if person.get("match", "existing") not in ("existing", "new"):
        raise Invalid.field("match", "Match is existing or new.")
    for name, read in (
        ("email", lambda text: normalise.email_address(text)),
        ("phone", lambda text: normalise.phone_number(text, ctx.assembly.settings.country)),
    ):
        if name in person:
            try:
                read(person[name])
            except Invalid as error:
                raise Invalid.field(
                    name, error.errors[0].message if error.errors else error.detail
                ) from error


ENQUIRIES = Resource(
    name="enquiries",
    model=Enquiry,
    label="Enquiry",
    label_plural="Enquiries",
    title="subject",
    icon="inbox",
    nav="Sales",
    state="status",
    rules=EnquiryRules,
    template="sales/enquiry.html",
    fields=(
        Field("subject", "Subject", required=True, max_length=300),
        Field("customer", "Customer", "customer", column="customer_id"),
        Field("name", "Name of who asks", "computed", help="Only where no customer is chosen."),
        Field("kind", "Kind of who asks", "computed"),
        Field("email", "E-mail", "computed"),
        Field("phone", "Phone", "computed"),
        Field("match", "Use who is known by this e-mail", "computed"),
        Field("text", "What they wrote", "longtext", personal=True),
        Field("source", "Source", max_length=200),
        Field("status", "Status", "choice", default="new", choices=STATUS_CHOICES),
        Field("reason", "Why disqualified", max_length=500),
        Field("owner", "Owner", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
        Field("assigned_because", "Assigned because", read_only=True),
        Field(
            "opportunity",
            "Opportunity",
            "ref",
            column="opportunity_id",
            ref="sales.opportunities",
            read_only=True,
        ),
        Field("closed_at", "Closed", "instant", read_only=True),
        Field("created_at", "Received", "instant", read_only=True),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("subject", "customer", "status", "source", "owner", "created_at"),
    filters=("status", "owner", "team", "source", "customer", "created_at", "closed_at", "updated_at"),
    sorts=("-created_at", "updated_at"),
    form=(
        "subject",
        "customer",
        *enquiries.PERSON,
        "text",
        "source",
        "status",
        "reason",
        "owner",
        "team",
    ),
    search=("subject",),
    links=(CustomerLink("customer_id"),),
)
