"""Campaigns as a resource: a draft can be changed, what runs cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from patron import Action, Choice, Context, Field, Invalid, Resource, Rules, normalise

from patron_marketing.models import Campaign
from patron_marketing.services import campaigns, wording

STATES = (
    Choice("draft", "Draft"), Choice("preparing", "Finding recipients", "info"), Choice("sending", "Sending", "accent"),
    Choice("paused", "Paused", "warning"), Choice("sent", "Sent", "success"), Choice("cancelled", "Cancelled"),
)  # fmt: skip


class CampaignRules(Rules):
    """Text is read when it is saved, so that a mistake is met while writing."""

    def check(self, ctx: Context, record: Campaign | None, values: Mapping[str, Any]) -> None:
        if record is not None and record.state != "draft" and set(values) - {"name", "owner", "team"}:
            raise Invalid("Only a draft can be changed: this campaign has been started.")
        known = campaigns.purposes(ctx)
        if "purpose" in values and values["purpose"] not in known:
            raise Invalid.field("purpose", f"A purpose is one of: {', '.join(known)}.")
        for name in ("subject", "body"):
            if values.get(name):
                wording.parse(values[name], name)

    def before_save(
        self, ctx: Context, record: Campaign, values: Mapping[str, Any], *, created: bool
    ) -> None:
        record.name_key = normalise.sort_key(record.name, ctx.assembly.settings.locale)

    def before_trash(self, ctx: Context, records: Sequence[Campaign]) -> None:
        if any(record.state in ("preparing", "sending") for record in records):
            raise Invalid("This campaign is running: pause or cancel it first.")

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return str(row.get("subject") or "")

    def actions(self, ctx: Context, record: Campaign) -> Sequence[Action]:
        at, send = f"/marketing/campaigns/{record.key}", campaigns.SEND
        preview = Action("Preview", f"{at}/preview", "marketing.campaigns.read", icon="eye")
        pause = Action("Pause", f"{at}/pause", send, "post", "pause")
        by_state: dict[str, tuple[Action, ...]] = {
            "draft": (Action("Send …", f"{at}/send", send, icon="send", primary=True), preview),
            "preparing": (pause, Action("Cancel", f"{at}/cancel", send, icon="x"), preview),
            "sending": (pause, Action("Cancel", f"{at}/cancel", send, icon="x"), preview),
            "paused": (
                Action("Go on", f"{at}/resume", send, "post", "play", primary=True),
                Action("Cancel", f"{at}/cancel", send, icon="x"),
                preview,
            ),
        }
        return [item for item in by_state.get(record.state, (preview,)) if ctx.actor.may(item.permission)]

    def page_data(self, ctx: Context, record: Campaign) -> Mapping[str, Any]:
        return {
            "campaign": record,
            "outcome": campaigns.outcome(ctx, record),
            "missing": campaigns.missing(ctx, record) if record.state == "draft" else [],
        }


CAMPAIGNS = Resource(
    name="campaigns",
    model=Campaign,
    label="Campaign",
    label_plural="Campaigns",
    icon="megaphone",
    nav="Marketing",
    rules=CampaignRules,
    template="marketing/campaign.html",
    fields=(
        Field("name", "Name", sort_column="name_key", required=True, max_length=200),
        Field("segment", "Segment", "ref", column="segment_id", ref="marketing.segments"),
        Field("purpose", "Purpose", required=True, max_length=100),
        Field("subject", "Subject", max_length=300),
        Field("body", "Text", "longtext"),
        Field("track_clicks", "Follow clicks", "bool", default=True),
        Field("state", "State", "choice", default="draft", choices=STATES, read_only=True),
        Field("problem", "Stopped because", read_only=True),
        Field("size", "Recipients", "integer", read_only=True),
        Field("started_at", "Started", "instant", read_only=True),
        Field("finished_at", "Finished", "instant", read_only=True),
        Field("owner", "Owner", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
        Field("created_at", "Created", "instant", read_only=True),
    ),
    columns=("name", "state", "segment", "purpose", "size", "started_at", "owner"),
    filters=("state", "name", "segment", "purpose", "owner", "team"),
    sorts=("-created_at", "name"),
    form=("name", "segment", "purpose", "subject", "body", "track_clicks", "owner", "team"),
    search=("name", "subject"),
    verbs=("read", "create", "edit", "delete", "export"),
)
