"""Partners, registrations, leads and offers as resources: declared, and what is special about saving and showing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import (
    Action,
    Choice,
    Context,
    Customer,
    CustomerLink,
    Field,
    Invalid,
    Panel,
    Resource,
    Rules,
    next_number,
    normalise,
    roles,
    table,
)
from sqlalchemy import select

from patron_prm.models import Lead, Offer, Partner, Registration
from patron_prm.services import leads, panels, registrations

TIERS = (
    Choice("registered", "Registered"),
    Choice("silver", "Silver", "info"),
    Choice("gold", "Gold", "warning"),
)
PARTNER_STATUSES = (
    Choice("active", "Active", "success"), Choice("paused", "Paused", "warning"), Choice("ended", "Ended"),
)  # fmt: skip
STATUSES = (
    Choice("received", "Received", "accent"), Choice("approved", "Approved", "success"),
    Choice("rejected", "Rejected", "danger"), Choice("withdrawn", "Withdrawn"), Choice("expired", "Expired"),
)  # fmt: skip
LEAD_STATUSES = (
    Choice("new", "New", "accent"), Choice("offered", "Offered", "info"), Choice("accepted", "Accepted", "success"),
    Choice("unplaced", "No partner left", "warning"),
)  # fmt: skip
OFFER_STATUSES = (
    Choice("open", "Open", "accent"), Choice("accepted", "Accepted", "success"),
    Choice("declined", "Declined", "danger"), Choice("recalled", "Recalled", "warning"),
)  # fmt: skip
_RANKS = {"registered": 1, "silver": 2, "gold": 3}
_MEANT = frozenset({"end_name", "end_country", "end_city", "end_domain", "end_email", "end_phone"})


class PartnerRules(Rules):
    """A partner is a role of the same customer, with countries of its own."""

    def before_save(self, ctx: Context, record: Partner, values: Mapping[str, Any], *, created: bool) -> None:
        c = table(Customer)
        record.name = str(
            ctx.session.execute(select(c.c.name).where(c.c.id == record.customer_id)).scalar_one()
        )
        record.name_key = normalise.sort_key(record.name, ctx.assembly.settings.locale)
        record.tier_rank = _RANKS[record.tier]
        record.territory = countries(record.territory)

    def check(self, ctx: Context, record: Partner | None, values: Mapping[str, Any]) -> None:
        customer_id = values.get("customer")
        if customer_id is None or (record is not None and record.customer_id == customer_id):
            return
        t = table(Partner)
        if ctx.session.execute(select(t.c.id).where(t.c.customer_id == customer_id)).first() is not None:
            raise Invalid.field("customer", "This customer has a partner profile already.")

    def after_save(
        self, ctx: Context, record: Partner, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        if record.status == "ended":
            roles.end_role(ctx, record.customer_id, "partner")
        else:
            roles.give_role(ctx, record.customer_id, "partner", "prm")


def countries(text: str) -> str:
    """“de, Austria” as “AT, DE”. Invalid for what is no country."""
    try:
        codes = {normalise.country_code(part) for part in text.replace(";", ",").split(",") if part.strip()}
    except Invalid as error:
        raise Invalid.field("territory", error.detail) from error
    return ", ".join(sorted(codes - {""}))


class RegistrationRules(Rules):
    """A new registration gets its number and the day of the decision; what is compared is derived from what it says."""

    def check(self, ctx: Context, record: Registration | None, values: Mapping[str, Any]) -> None:
        value = values.get("value")
        if value is not None and value[0] < 0:
            raise Invalid.field("value", "The value cannot be below zero.")
        if record is not None and record.status != "received" and _MEANT & set(values):
            raise Invalid(f"{record.number} was decided: what it is about stands.")

    def before_save(
        self, ctx: Context, record: Registration, values: Mapping[str, Any], *, created: bool
    ) -> None:
        if created:
            registrations.prepare(ctx, record)
            record.token = ctx.cache.pop("prm token", None)
        if created or _MEANT & set(values):
            try:
                registrations.derive(record)
            except Invalid as error:
                raise Invalid.field("end_country", error.detail) from error
        record.value_minor = record.value_minor or 0

    def after_save(
        self, ctx: Context, record: Registration, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        if created:
            registrations.tell(ctx, record, "submitted", f"Registration {record.number}: {record.end_name}")
        elif _MEANT & set(changed):
            registrations.check_again(ctx, record)

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return str(row.get("number") or "")

    def panels(self, ctx: Context, record: Registration) -> Sequence[tuple[str, Panel]]:
        return panels.of_registration(ctx, record)


class LeadRules(Rules):
    """A lead gets its number, and the country of its customer where none is given."""

    def before_save(self, ctx: Context, record: Lead, values: Mapping[str, Any], *, created: bool) -> None:
        if created:
            record.number = record.number_key = next_number(ctx, "partner leads", "L{number:05}")
            record.currency = record.currency or ctx.assembly.settings.currency
        record.value_minor = record.value_minor or 0
        if not record.country:
            c = table(Customer)
            found = ctx.session.execute(select(c.c.country).where(c.c.id == record.customer_id)).scalar_one()
            record.country = str(found)
        try:
            record.country = normalise.country_code(record.country) if record.country else ""
        except Invalid as error:
            raise Invalid.field("country", error.detail) from error

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return str(row.get("number") or "")

    def panels(self, ctx: Context, record: Lead) -> Sequence[tuple[str, Panel]]:
        return panels.of_lead(ctx, record)

    def actions(self, ctx: Context, record: Lead) -> Sequence[Action]:
        if record.status not in ("new", "unplaced"):
            return ()
        url = f"{LEADS.path}/{record.id}/offer"
        return (Action("Offer to partners", url, f"{leads.KEY}.edit", "post", icon="send", primary=True),)


PARTNERS = Resource(
    name="partners",
    module="prm",
    model=Partner,
    label="Partner",
    label_plural="Partners",
    icon="handshake",
    nav="Partners",
    fields=(
        Field("name", "Name", read_only=True, personal=True, sort_column="name_key"),
        Field("customer", "Customer", "customer", column="customer_id", required=True),
        Field("tier", "Tier", "choice", default="registered", choices=TIERS),
        Field(
            "territory", "Territory", help="Countries, such as “AT, DE”. Empty: everywhere.", max_length=500
        ),
        Field("status", "Status", "choice", default="active", choices=PARTNER_STATUSES),
        Field("note", "What was agreed", "longtext", personal=True),
        Field("owner", "Partner manager", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
        Field("created_at", "Since", "instant", read_only=True),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("name", "tier", "territory", "status", "owner"),
    filters=("tier", "status", "owner", "team", "customer", "updated_at"),
    sorts=("name", "-updated_at"),
    form=("customer", "tier", "status", "note", "territory", "owner", "team"),
    search=("name",),
    links=(CustomerLink("customer_id", "account", unique=True),),
    verbs=("read", "create", "edit", "export"),
    rules=PartnerRules,
    kept_by="managers",
)

REGISTRATIONS = Resource(
    name="registrations",
    module="prm",
    model=Registration,
    label="Registration",
    label_plural="Registrations",
    icon="shield-check",
    nav="Partners",
    title="end_name",
    fields=(
        Field("number", "Number", read_only=True, sort_column="number_key"),
        Field("partner", "Partner", "ref", column="partner_id", ref="prm.partners", required=True),
        Field("partner_customer", "Partner as customer", "customer", column="partner_customer_id", read_only=True),
        Field("end_name", "End customer", required=True, personal=True, match_column="end_key", max_length=200),
        Field("end_country", "Country", max_length=60, says="country"),
        Field("end_city", "City", max_length=100),
        Field("end_domain", "Website or domain", personal=True, max_length=200),
        Field("end_email", "E-mail", "email", personal=True),
        Field("end_phone", "Phone", "phone", personal=True),
        Field("customer", "Customer", "customer", column="customer_id", read_only=True),
        Field("interest", "Product interest", max_length=300),
        Field("value", "Value", "money", default=None),
        Field("expected_close", "Expected to close", "date"),
        Field("note", "What was said so far", "longtext", personal=True),
        Field("status", "Status", "choice", default="received", choices=STATUSES, read_only=True),
        Field("submitted_at", "Submitted", "instant", read_only=True),
        Field("submitted_by", "Submitted by", read_only=True),
        Field("decide_by", "Decision by", "date", read_only=True),
        Field("decided_at", "Decided", "instant", read_only=True),
        Field("reason", "Reason", read_only=True),
        Field("protection", "Protection", read_only=True),
        Field("protected_until", "Protected until", "date", read_only=True),
        Field("owner", "Partner manager", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
    ),
    columns=("number", "end_name", "partner", "value", "status", "decide_by", "protected_until", "owner"),
    filters=(
        "status", "partner", "customer", "partner_customer", "owner", "team", "end_country", "value", "submitted_at",
        "decide_by", "decided_at", "protected_until",
    ),
    sorts=("-submitted_at", "decide_by", "number"),
    form=(
        "partner", "end_name", "end_country", "end_city", "end_domain", "end_email", "end_phone", "interest", "value",
        "expected_close", "note", "owner", "team",
    ),
    sections=(("partner", "Who registers"), ("end_name", "End customer"), ("interest", "Deal"), ("owner", "More")),
    search=("number", "end_name", "end_domain"),
    links=(CustomerLink("customer_id", "end_customer"), CustomerLink("partner_customer_id", "via_partner")),
    verbs=("read", "create", "edit", "export"),
    rules=RegistrationRules,
)  # fmt: skip

LEADS = Resource(
    name="leads",
    module="prm",
    model=Lead,
    label="Partner lead",
    label_plural="Partner leads",
    icon="send",
    nav="Partners",
    title="interest",
    fields=(
        Field("number", "Number", read_only=True, sort_column="number_key"),
        Field("customer", "Customer", "customer", column="customer_id", required=True),
        Field("interest", "What they want", required=True, personal=True, max_length=300),
        Field(
            "country",
            "Country",
            help="Whose partners are asked; empty: the customer’s.",
            max_length=60,
            says="country",
        ),
        Field("value", "Value", "money", default=None),
        Field("text", "What the partner should know", "longtext", personal=True),
        Field("status", "Status", "choice", default="new", choices=LEAD_STATUSES, read_only=True),
        Field("partner", "Partner", "ref", column="partner_id", ref="prm.partners", read_only=True),
        Field("answer_due_at", "Answer due", "instant", read_only=True),
        Field("accepted_at", "Accepted", "instant", read_only=True),
        Field("owner", "Partner manager", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
        Field("created_at", "Created", "instant", read_only=True),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("number", "interest", "customer", "country", "value", "status", "partner", "answer_due_at"),
    filters=(
        "status",
        "customer",
        "partner",
        "owner",
        "team",
        "country",
        "value",
        "accepted_at",
        "updated_at",
    ),
    sorts=("-updated_at", "number"),
    form=("customer", "interest", "country", "value", "text", "owner", "team"),
    search=("number", "interest"),
    links=(CustomerLink("customer_id", "end_customer"),),
    verbs=("read", "create", "edit", "export"),
    rules=LeadRules,
)

OFFERS = Resource(
    name="offers",
    module="prm",
    model=Offer,
    label="Lead offer",
    label_plural="Lead offers",
    icon="hourglass",
    nav="Partners",
    title="number",
    fields=(
        Field("number", "Number", read_only=True, sort_column="number_key"),
        Field("lead", "Lead", "ref", column="lead_id", ref="prm.leads", read_only=True),
        Field("partner", "Partner", "ref", column="partner_id", ref="prm.partners", read_only=True),
        Field(
            "partner_customer",
            "Partner as customer",
            "customer",
            column="partner_customer_id",
            read_only=True,
        ),
        Field("status", "Status", "choice", default="open", choices=OFFER_STATUSES, read_only=True),
        Field("offered_at", "Offered", "instant", read_only=True),
        Field("due_at", "Answer due", "instant", read_only=True),
        Field("answered_at", "Answered", "instant", read_only=True),
        Field("reason", "Reason", read_only=True),
        Field("owner", "Partner manager", "user", column="owner_id", read_only=True),
        Field("team", "Team", "team", column="team_id", read_only=True),
    ),
    columns=("number", "lead", "partner", "status", "offered_at", "due_at", "reason"),
    filters=("status", "partner", "lead", "owner", "team", "offered_at", "due_at", "answered_at"),
    sorts=("-offered_at", "number"),
    search=("number",),
    links=(CustomerLink("partner_customer_id", "via_partner"),),
    verbs=("read", "export"),
)

RESOURCES = (PARTNERS, REGISTRATIONS, LEADS, OFFERS)
