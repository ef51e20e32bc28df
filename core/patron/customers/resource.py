"""The customer as a resource: its declaration and what is special about saving one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from patron.context import Context
from patron.contributions import Action, Choice, CustomerLink, Field, Panel, Resource
from patron.customers import contacts, normalise, page
from patron.customers.models import LONGEST_NAME, Customer
from patron.customers.names import match_key, name_key
from patron.customers.survivorship import check_write
from patron.errors import Invalid
from patron.plugins import Failure
from patron.resources.rules import Rules

_LISTS = ("emails", "phones", "addresses", "external_ids")
_ADDRESS = (("line1", "Street and number"), ("line2", "Addition"), ("postcode", "Postcode"), ("city", "City"),
            ("region", "Region"), ("country", "Country"))  # fmt: skip
_KINDS = {"emails": "email", "phones": "phone", "addresses": "postal"}


class CustomerRules(Rules):
    """A customer's name is given or made of its parts; contact points and external ids stand beside the row."""

    def check(self, ctx: Context, record: Customer | None, values: Mapping[str, Any]) -> None:
        kind = values.get("kind") or (record.kind if record else "person")
        names = {
            name: values.get(name, getattr(record, name, ""))
            for name in ("name", "given_name", "family_name")
        }
        if not any(names.values()):
            raise Invalid.field("name", "A customer needs a name.")
        if record is not None:
            check_write(ctx, record, values)
        ctx.cache["points"] = {
            name: contacts.read_points(
                name, values[name], country=ctx.assembly.settings.country, organisation=kind != "person"
            )
            for name in _KINDS
            if name in values
        }
        if "external_ids" in values:
            ctx.cache["external_ids"] = [_external_id(entry) for entry in values["external_ids"]]

    def before_save(
        self, ctx: Context, record: Customer, values: Mapping[str, Any], *, created: bool
    ) -> None:
        if created or {"kind", "name", "given_name", "family_name", "language"} & values.keys():
            parted = bool({"given_name", "family_name"} & values.keys())
            named = bool(values.get("name")) or not parted
            derive_names(record, named=named, locale=ctx.assembly.settings.locale)
        if {"life_state", "life_state_since"} & values.keys():
            began = record.life_state_since or ctx.now.date()
            record.life_state_since = None if record.life_state == "active" else began
        points: Mapping[str, Sequence[contacts.Point]] = ctx.cache.get("points", {})
        if "emails" in points:
            record.primary_email = points["emails"][0].value if points["emails"] else ""
        if "phones" in points:
            record.primary_phone = points["phones"][0].value if points["phones"] else ""
        if "addresses" in points:
            parts = points["addresses"][0].parts if points["addresses"] else {}
            record.city, record.country = parts.get("city", ""), parts.get("country", "")
        record.city_key = normalise.fold(record.city)

    def writes_beside(self, names: Collection[str]) -> bool:
        return not {*_KINDS, "external_ids"}.isdisjoint(names)

    def after_save(
        self, ctx: Context, record: Customer, changed: Mapping[str, tuple[Any, Any]], *, created: bool
    ) -> None:
        for name, points in ctx.cache.pop("points", {}).items():
            if name in changed or not created:
                contacts.replace_points(ctx, record, _KINDS[name], points)
        if "external_ids" in changed:
            contacts.replace_external_ids(ctx, record.key, ctx.cache.pop("external_ids"), known=not created)

    def expand(self, ctx: Context, rows: Sequence[dict[str, Any]], names: Collection[str] | None) -> None:
        if names is None or any(name in names for name in _LISTS):
            contacts.attach(ctx, rows)
        for row in rows:
            row.setdefault("custom", {})

    def page_data(self, ctx: Context, record: Customer) -> Mapping[str, Any]:
        return page.customer_data(ctx, record)

    def panels(self, ctx: Context, record: Customer) -> Sequence[tuple[str, Panel | Failure]]:
        return ctx.assembly.hooks.display(ctx, "customer_panels", customer=record)

    def actions(self, ctx: Context, record: Customer) -> Sequence[Action]:
        found = ctx.assembly.hooks.display(ctx, "customer_actions", customer=record)
        return [item for _, item in found if isinstance(item, Action)]

    def subtitle(self, row: Mapping[str, Any]) -> str:
        return " · ".join(part for part in (row.get("primary_email"), row.get("city")) if part)

    def search_text(self, record: Customer) -> str:
        return " ".join((record.primary_email, record.primary_phone, record.city))


def derive_names(record: Customer, *, named: bool, locale: str) -> None:
    """Keep the display name, its parts and its keys in step. A person named in one line is split into parts.

    The customer's own language says how its name is read, put together and sorted, else the firm's.
    """
    spoken = record.language or locale
    if record.kind == "person":
        if named and not (record.given_name or record.family_name):
            parts = normalise.person_name(record.name, locale=spoken)
            record.given_name, record.family_name = parts.given, parts.family
            record.prefix, record.suffix = parts.prefix or record.prefix, parts.suffix
        elif not named and (record.given_name or record.family_name):
            record.name = normalise.display_name(record.given_name, record.family_name, spoken)
    record.name = record.name or normalise.display_name(record.given_name, record.family_name, spoken)
    record.name_key = name_key(
        record.kind, record.name, record.given_name, record.family_name, spoken, locale
    )
    record.match_key = match_key(record.kind, record.name)


def _external_id(entry: Any) -> tuple[str, str]:
    if not isinstance(entry, Mapping) or set(entry) != {"source", "id"} or not all(entry.values()):
        raise Invalid.field("external_ids", "Each entry takes source and id.")
    return str(entry["source"])[:100], str(entry["id"])[:200]


CUSTOMERS = Resource(
    name="customers",
    module="core",
    model=Customer,
    label="Customer",
    label_plural="Customers",
    icon="users",
    nav="Customers",
    template="customers/customer.html",
    rules=CustomerRules,
    fields=(
        Field(
            "kind",
            "Kind",
            "choice",
            default="person",
            choices=(
                Choice("person", "Person"),
                Choice("organisation", "Organisation"),
                Choice("household", "Household"),
            ),
        ),
        Field(
            "name",
            "Name",
            sort_column="name_key",
            match_column="match_key",
            personal=True,
            help="Left empty, it is made of given and family name.",
            max_length=LONGEST_NAME,
        ),
        Field("given_name", "Given name", personal=True, max_length=200),
        Field("family_name", "Family name", personal=True, max_length=200),
        Field("prefix", "Title", personal=True, max_length=100),
        Field("emails", "E-mail addresses", "list", personal=True),
        Field("phones", "Phone numbers", "list", personal=True),
        Field("addresses", "Addresses", "list", personal=True, parts=_ADDRESS),
        Field("primary_email", "E-mail", "email", read_only=True, personal=True),
        Field("primary_phone", "Phone", "phone", read_only=True, personal=True),
        Field("city", "City", read_only=True, match_column="city_key", personal=True),
        Field("country", "Country", read_only=True, says="country"),
        Field("website", "Website", "url"),
        Field("birth_date", "Date of birth", "date", personal=True),
        Field("language", "Language", max_length=20),
        Field(
            "standing",
            "Standing",
            "choice",
            default="known",
            choices=(Choice("unverified", "Unverified", "warning"), Choice("known", "Known", "success")),
        ),
        Field("source", "Source", max_length=200),
        Field("note", "Note", "longtext", personal=True),
        Field("owner", "Owner", "user", column="owner_id"),
        Field("team", "Team", "team", column="team_id"),
        Field(
            "life_state",
            "State",
            "choice",
            default="active",
            choices=(
                Choice("active", "Active", "success"),
                Choice("deceased", "Deceased", "neutral"),
                Choice("dissolved", "Dissolved", "neutral"),
                Choice("insolvent", "Insolvent", "danger"),
            ),
        ),
        Field(
            "life_state_since", "State since", "date", help="Of who died, was dissolved or became insolvent."
        ),
        Field("external_ids", "Ids in other systems", "list", parts=(("source", "System"), ("id", "Id"))),
        Field("last_contact_at", "Last contact", "instant", read_only=True),
        Field("created_at", "Created", "instant", read_only=True),
        Field("updated_at", "Changed", "instant", read_only=True),
        Field("custom", "Custom fields", "computed", read_only=True),
    ),
    columns=("name", "primary_email", "primary_phone", "city", "owner", "last_contact_at"),
    filters=(
        "kind",
        "name",
        "city",
        "country",
        "owner",
        "team",
        "standing",
        "life_state",
        "source",
        "primary_email",
        "primary_phone",
        "birth_date",
        "last_contact_at",
        "created_at",
        "updated_at",
    ),
    sorts=("name", "-created_at", "-updated_at"),
    form=(
        "kind",
        "name",
        "given_name",
        "family_name",
        "prefix",
        "emails",
        "phones",
        "addresses",
        "website",
        "birth_date",
        "language",
        "standing",
        "source",
        "life_state",
        "life_state_since",
        "note",
        "owner",
        "team",
        "external_ids",
    ),
    sections=(
        ("kind", "Name"),
        ("emails", "Contact"),
        ("birth_date", "About"),
        ("owner", "Responsible"),
        ("external_ids", "Other systems"),
    ),
    search=("name",),
    natural_key="primary_email",
    links=(CustomerLink("merged_into_id", "merged"),),
    typed_url="/customers/alike",
)
