"""Public forms as a resource: what is asked is checked, and each change of the wording is a new version of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from patron import Action, Context, Field, Invalid, Resource, Rules, normalise, table
from sqlalchemy import select

from patron_marketing.models import Form
from patron_marketing.services import campaigns, forms, tokens


class FormRules(Rules):
    """The address of a form is short and its own; consent needs a purpose and words."""

    def check(self, ctx: Context, record: Form | None, values: Mapping[str, Any]) -> None:
        slug = values.get("slug", record.slug if record else "")
        if not forms.SLUG.fullmatch(slug) or slug == "confirm":
            raise Invalid.field("slug", "Small letters, digits and hyphens, such as “spring-catalogue”.")
        t = table(Form)
        taken = ctx.session.execute(select(t.c.id).where(t.c.slug == slug)).scalar()
        if taken is not None and (record is None or taken != record.key):
            raise Invalid.field("slug", "Another form has this address.")
        purpose = values.get("purpose", record.purpose if record else "")
        if purpose and purpose not in campaigns.purposes(ctx):
            raise Invalid.field("purpose", f"A purpose is one of: {', '.join(campaigns.purposes(ctx))}.")
        if purpose and not values.get("wording", record.wording if record else "").strip():
            raise Invalid.field("wording", "Say in which words they agree.")
        if "asks" in values:
            ctx.cache["marketing.asks"] = forms.checked_asks(values["asks"] or [])

    def before_save(self, ctx: Context, record: Form, values: Mapping[str, Any], *, created: bool) -> None:
        record.name_key = normalise.sort_key(record.name, ctx.assembly.settings.locale)
        if "asks" in values:
            record.asks = ctx.cache.pop("marketing.asks")

    def after_save(
        self, ctx: Context, record: Form, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        if not created and {"wording", "purpose"} & set(changed):
            record.wording_version += 1
            ctx.session.add(record)
            ctx.session.flush()

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        if names is None or "asks" in names:
            t = table(Form)
            ids = [int(row["id"]) for row in rows]
            found = {
                row.id: row.asks
                for row in ctx.session.execute(select(t.c.id, t.c.asks).where(t.c.id.in_(ids)))
            }
            for row in rows:
                row["asks"] = found.get(int(row["id"]), [])

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return f"/f/{row['slug']}" if row.get("slug") else ""

    def said(self, ctx: Context, name: str, value: Any, row: Mapping[str, Any]) -> str | None:
        return "; ".join(ask["label"] for ask in value) if name == "asks" else None

    def actions(self, ctx: Context, record: Form) -> Sequence[Action]:
        return (Action("Open the form", f"/f/{record.slug}", forms.KEY + ".read", icon="external-link"),)

    def page_data(self, ctx: Context, record: Form) -> Mapping[str, Any]:
        return {
            "form": record, "asked": forms.asked(record), "kinds": forms.KINDS, "counts": forms.counts(ctx, record),
            "submissions": forms.submissions(ctx, record), "public_url": tokens.address(ctx, f"/f/{record.slug}"),
            "sends": campaigns.mailbox_of(ctx) is not None,
        }  # fmt: skip


FORMS = Resource(
    name="forms",
    model=Form,
    label="Form",
    label_plural="Forms",
    icon="list-checks",
    nav="Marketing",
    rules=FormRules,
    template="marketing/form.html",
    fields=(
        Field("name", "Name", sort_column="name_key", required=True, max_length=200),
        Field("slug", "Address: /f/…", required=True, max_length=60),
        Field("title", "Title on the page", required=True, max_length=200),
        Field("intro", "Introduction", "longtext"),
        Field("asks", "Questions", "computed"),
        Field("purpose", "Asks consent for", max_length=100),
        Field("wording", "In these words", "longtext"),
        Field("wording_version", "Version of the words", "integer", read_only=True),
        Field("double_opt_in", "Confirm by a link in a mail", "bool", default=True),
        Field("enquiry", "Make it an enquiry", "bool", default=True),
        Field("thanks", "Thanks afterwards", max_length=500),
        Field("source", "Source of the lead", max_length=200),
        Field("campaign", "Campaign of the lead", max_length=200),
        Field("active", "Open to the public", "bool", default=True),
        Field("owner", "Owner", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("name", "slug", "purpose", "source", "active", "owner"),
    filters=("name", "active", "purpose", "owner", "team"),
    sorts=("name", "-updated_at"),
    form=("name", "slug", "title", "intro", "asks", "purpose", "wording", "double_opt_in", "enquiry", "thanks",
          "source", "campaign", "active", "owner", "team"),
    search=("name", "title"),
    verbs=("read", "create", "edit", "delete"),
    kept_by="managers",
)  # fmt: skip
