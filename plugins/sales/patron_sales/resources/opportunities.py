"""Opportunities as a resource: stages on a board, a reason when lost, a mark when nothing comes next."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from patron import Action, Choice, Context, CustomerLink, Field, Invalid, Panel, Resource, Rules, normalise

from patron_sales.models import Opportunity
from patron_sales.services import opportunities, quotes

STAGE_CHOICES = (
    Choice("qualification", "Qualification"),
    Choice("proposal", "Proposal", "info"),
    Choice("negotiation", "Negotiation", "accent"),
    Choice("won", "Won", "success"),
    Choice("lost", "Lost", "danger"),
)
DAYS_TO_CLOSE = 30
_BEFORE = "sales.opportunity_before"


class OpportunityRules(Rules):
    """What follows from the stage is derived when saving; the history is written after."""

    def defaults(self, ctx: Context) -> Mapping[str, Any]:
        return {"close_date": ctx.now.date() + timedelta(days=DAYS_TO_CLOSE)}

    def check(self, ctx: Context, record: Opportunity | None, values: Mapping[str, Any]) -> None:
        stage = values.get("stage", record.stage if record else "qualification")
        reason = values.get("lost_reason", record.lost_reason if record else "")
        if stage == "lost" and not reason:
            raise Invalid.field("lost_reason", "Say why it was lost: open it and choose “Lost”.")
        probability = values.get("probability")
        if probability is not None and not 0 <= probability <= 100:
            raise Invalid.field("probability", "The likelihood is from 0 to 100 percent.")
        if "value" in values and values["value"] is not None and values["value"][0] < 0:
            raise Invalid.field("value", "The value cannot be below zero.")
        if "close_date" in values and values["close_date"] is None:
            raise Invalid.field("close_date", "Say when it is expected to close.")
        ctx.cache[_BEFORE] = (record.stage, record.probability) if record else (None, None)

    def before_save(
        self, ctx: Context, record: Opportunity, values: Mapping[str, Any], *, created: bool
    ) -> None:
        record.name_key = normalise.sort_key(record.name, ctx.assembly.settings.locale)
        opportunities.settle(record, ctx, *ctx.cache[_BEFORE])

    def writes_beside(self, names: Collection[str]) -> bool:
        return "stage" in names

    def after_save(
        self, ctx: Context, record: Opportunity, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        stage_was, _ = ctx.cache.pop(_BEFORE)
        if record.stage != stage_was:
            opportunities.tell(ctx, record, stage_was)

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return str(row.get("customer_shown") or "")

    def search_text(self, record: Opportunity) -> str:
        return record.source

    def actions(self, ctx: Context, record: Opportunity) -> Sequence[Action]:
        at, edit = f"/sales/opportunities/{record.id}", "sales.opportunities.edit"
        if record.stage not in opportunities.OPEN:
            return (Action("Open again", f"{at}/reopen", edit, "post", icon="rotate-ccw"),)
        return (
            Action("Won", f"{at}/won", edit, "post", icon="check", primary=True),
            Action("Lost", f"{at}/lost", edit, icon="circle-x"),
            Action(
                "New quote",
                f"/sales/quotes/new?customer={record.customer_id}&opportunity={record.id}",
                "sales.quotes.create",
                icon="file-text",
            ),
        )

    def panels(self, ctx: Context, record: Opportunity) -> Sequence[tuple[str, Panel]]:
        shown = [
            Panel(
                "progress",
                "Stage",
                "sales/opportunity_progress.html",
                {
                    "record": record,
                    "stages": [choice for choice in STAGE_CHOICES if choice.value != "lost"],
                    "may_edit": ctx.actor.may("sales.opportunities.edit"),
                    "open": record.stage in opportunities.OPEN,
                    "no_next_step": opportunities.NO_NEXT_STEP,
                },
                icon="flag",
                order=10,
            )
        ]
        if ctx.actor.may("sales.quotes.read"):
            new_url = f"/sales/quotes/new?customer={record.customer_id}&opportunity={record.id}"
            may_create = record.stage in opportunities.OPEN and ctx.actor.may("sales.quotes.create")
            data = {
                "quotes": quotes.of_opportunity(ctx, record.key),
                "new_url": new_url if may_create else "",
            }
            shown.append(
                Panel("quotes", "Quotes", "sales/quotes_panel.html", data, icon="file-text", order=20)
            )
        return [("sales", panel) for panel in shown]


OPPORTUNITIES = Resource(
    name="opportunities",
    model=Opportunity,
    label="Opportunity",
    label_plural="Opportunities",
    icon="target",
    nav="Sales",
    state="stage",
    date="close_date",
    rules=OpportunityRules,
    fields=(
        Field("name", "Name", required=True, sort_column="name_key", max_length=200),
        Field("customer", "Customer", "customer", column="customer_id", required=True),
        Field("contact", "Contact", "customer", column="contact_id"),
        Field("via_partner", "Through partner", "customer", column="via_partner_id"),
        Field("value", "Value", "money", default=None),
        Field("stage", "Stage", "choice", default="qualification", choices=STAGE_CHOICES),
        Field("probability", "Likelihood in %", "integer", help="Left as it is, it follows from the stage."),
        Field("close_date", "Expected to close", "date"),
        Field("next_step", "Next step", max_length=300),
        Field("next_step_date", "Next step on", "date"),
        Field(
            "attention",
            "Attention",
            "choice",
            read_only=True,
            choices=(Choice(opportunities.NO_NEXT_STEP, "No next step", "warning"),),
        ),
        Field("source", "Source", max_length=200),
        Field("lost_reason", "Why lost", max_length=500),
        Field("note", "Note", "longtext"),
        Field("owner", "Owner", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
        Field("stage_since", "In this stage since", "instant", read_only=True),
        Field("won_at", "Won", "instant", read_only=True),
        Field("closed_at", "Closed", "instant", read_only=True),
        Field("created_at", "Created", "instant", read_only=True),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("name", "customer", "value", "stage", "close_date", "attention", "owner"),
    filters=(
        "stage",
        "owner",
        "team",
        "customer",
        "contact",
        "via_partner",
        "attention",
        "source",
        "value",
        "probability",
        "close_date",
        "next_step_date",
        "won_at",
        "closed_at",
        "created_at",
        "updated_at",
    ),
    sorts=("-updated_at", "close_date", "value", "name", "created_at"),
    form=(
        "name",
        "customer",
        "contact",
        "value",
        "close_date",
        "stage",
        "probability",
        "next_step",
        "next_step_date",
        "owner",
        "team",
        "source",
        "via_partner",
        "lost_reason",
        "note",
    ),
    sections=(("name", "What and for whom"), ("stage", "Where it stands"), ("owner", "More")),
    search=("name",),
    links=(
        CustomerLink("customer_id"),
        CustomerLink("contact_id", "contact"),
        CustomerLink("via_partner_id", "via_partner"),
    ),
)
