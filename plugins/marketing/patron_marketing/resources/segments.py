"""Segments as a resource: the condition is checked with the rights of who saves it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from patron import Action, Context, Field, Invalid, Resource, Rules, normalise, table
from sqlalchemy import select

from patron_marketing.models import Segment
from patron_marketing.services import segments, sentences


class SegmentRules(Rules):
    """A condition must hold together when it is saved; it is asked anew each time it is used."""

    def check(self, ctx: Context, record: Segment | None, values: Mapping[str, Any]) -> None:
        if record is None or "condition" in values:
            condition = values.get("condition")
            if not isinstance(condition, Mapping):
                raise Invalid.field("condition", "A condition is an object such as {“city”: “Berlin”}.")
            ctx.cache["marketing.members"] = segments.count(ctx, condition)

    def before_save(self, ctx: Context, record: Segment, values: Mapping[str, Any], *, created: bool) -> None:
        record.name_key = normalise.sort_key(record.name, ctx.assembly.settings.locale)
        if "condition" in values:
            record.condition = dict(values["condition"])
            record.members, record.counted_at = ctx.cache.pop("marketing.members"), ctx.now
            record.broken = ""

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        if names is None or "condition" in names:
            t = table(Segment)
            ids = [int(row["id"]) for row in rows]
            found = ctx.session.execute(select(t.c.id, t.c.condition).where(t.c.id.in_(ids)))
            conditions = {row.id: row.condition for row in found}
            for row in rows:
                row["condition"] = conditions.get(int(row["id"]), {})

    def said(self, ctx: Context, name: str, value: Any, row: Mapping[str, Any]) -> str | None:
        return sentences.sentence(ctx, value) if name == "condition" else None

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return str(row.get("description") or "")

    def actions(self, ctx: Context, record: Segment) -> Sequence[Action]:
        url = f"/marketing/campaigns/new?segment={record.key}"
        return (Action("Write to them", url, "marketing.campaigns.create", icon="megaphone", primary=True),)

    def page_data(self, ctx: Context, record: Segment) -> Mapping[str, Any]:
        data: dict[str, Any] = {
            "segment": record,
            "sentence": sentences.sentence(ctx, record.condition),
            "broken": "",
        }
        cursor = ctx.web.param("cursor")
        try:
            page = segments.members(ctx, record.condition, cursor)
        except Invalid as error:
            if cursor and not record.broken and error.errors and error.errors[0].field == "cursor":
                raise
            return {
                **data,
                "broken": error.detail,
                "members": [],
                "count": "0",
                "next_url": "",
                "first_url": "",
            }
        for row in page.items:
            row["url"] = f"/customers/{row['id']}"
        at = f"/marketing/segments/{record.key}"
        return {
            **data, "members": page.items, "count": segments.said(segments.count(ctx, record.condition)),
            "next_url": f"{at}?cursor={page.next}" if page.next else "", "first_url": at if cursor else "",
        }  # fmt: skip


SEGMENTS = Resource(
    name="segments",
    model=Segment,
    label="Segment",
    label_plural="Segments",
    icon="filter",
    nav="Marketing",
    rules=SegmentRules,
    template="marketing/segment.html",
    fields=(
        Field("name", "Name", sort_column="name_key", required=True, max_length=200),
        Field("description", "What it is for", max_length=500),
        Field("condition", "Condition", "computed", help="In the filter language, as in the API's filter."),
        Field("members", "Members", "integer", read_only=True),
        Field("counted_at", "Counted", "instant", read_only=True),
        Field("broken", "Does not work", read_only=True),
        Field("owner", "Owner", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("name", "description", "members", "counted_at", "owner"),
    filters=("name", "owner", "team"),
    sorts=("name", "-updated_at"),
    form=("name", "description", "condition", "owner", "team"),
    search=("name", "description"),
    verbs=("read", "create", "edit", "delete"),
)
