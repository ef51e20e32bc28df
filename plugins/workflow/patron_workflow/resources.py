"""Calendars and assignment rules as resources: declared, and checked when they are saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from patron import Choice, Context, Field, Invalid, Resource, Rules, User, normalise, table
from sqlalchemy import select

from patron_workflow.calendars import OFFICE_HOURS, read_holidays, read_hours
from patron_workflow.conditions import read_conditions
from patron_workflow.models import Calendar, Rule
from patron_workflow.services import KINDS, people_of


def _checked(name: str, read: Any, text: str) -> None:
    try:
        read(text)
    except ValueError as error:
        sentence = str(error)
        raise Invalid.field(name, f"{sentence[0].upper()}{sentence[1:]}.") from error


class CalendarRules(Rules):
    """Hours and holidays are read before they are kept."""

    def check(self, ctx: Context, record: Calendar | None, values: Mapping[str, Any]) -> None:
        if record is None or "hours" in values:
            _checked("hours", read_hours, values.get("hours", ""))
        _checked("holidays", read_holidays, values.get("holidays", ""))
        zone = values.get("time_zone", "")
        if zone and zone not in available_timezones():
            raise Invalid.field(
                "time_zone", f"There is no time zone “{zone}”; take one such as Europe/Berlin."
            )
        t = table(Calendar)
        same = select(t.c.id).where(t.c.name == values.get("name", ""))
        if (found := ctx.session.execute(same).scalar()) is not None and (not record or found != record.id):
            raise Invalid.field("name", "There is a calendar of that name already.")

    def before_save(
        self, ctx: Context, record: Calendar, values: Mapping[str, Any], *, created: bool
    ) -> None:
        record.name_key = normalise.sort_key(record.name, ctx.assembly.settings.locale)

    def subtitle(self, row: Mapping[str, Any]) -> str:
        zone = str(row.get("time_zone") or "")
        return str(ZoneInfo(zone)) if zone else ""


class RuleRules(Rules):
    """A rule names people or a team, and conditions that can be read."""

    def check(self, ctx: Context, record: Rule | None, values: Mapping[str, Any]) -> None:
        _checked("conditions", read_conditions, values.get("conditions", ""))
        people = people_of(values.get("people", record.people if record else ""))
        team = values.get("team", record.target_team_id if record else None)
        if not people and team is None:
            raise Invalid.field("team", "Name a team or people: somebody must get the work.")
        if "people" in values and people:
            t = table(User)
            known = set(ctx.session.execute(select(t.c.email).where(t.c.email.in_(people))).scalars())
            if missing := [email for email in people if email not in known]:
                raise Invalid.field("people", f"There is no user {missing[0]}.")


CALENDARS = Resource(
    name="calendars",
    model=Calendar,
    label="Working calendar",
    label_plural="Working calendars",
    icon="calendar",
    nav="Administration",
    rules=CalendarRules,
    fields=(
        Field("name", "Name", sort_column="name_key", required=True, max_length=100),
        Field(
            "time_zone",
            "Time zone",
            help="Such as Europe/Berlin; left empty, it is the site's.",
            max_length=100,
        ),
        Field(
            "hours",
            "Hours of the week",
            "longtext",
            required=True,
            default=OFFICE_HOURS,
            help="One line each, such as mon-fri 09:00-17:00.",
        ),
        Field(
            "holidays",
            "Holidays",
            "longtext",
            help="One day a line: 2026-12-24 for once, 12-25 for every year.",
        ),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("name", "time_zone", "updated_at"),
    filters=("name",),
    sorts=("name",),
    form=("name", "time_zone", "hours", "holidays"),
    search=("name",),
    natural_key="name",
    kept_by="managers",
)

RULES = Resource(
    name="rules",
    model=Rule,
    label="Assignment rule",
    label_plural="Assignment rules",
    icon="list-checks",
    nav="Administration",
    rules=RuleRules,
    fields=(
        Field("name", "Name", required=True, max_length=100),
        Field(
            "kind",
            "For each",
            "choice",
            default="enquiry",
            choices=tuple(Choice(kind, kind.capitalize()) for kind in KINDS),
        ),
        Field("position", "Order", "integer", default=100, help="Low numbers are tried first."),
        Field(
            "conditions",
            "Conditions",
            "longtext",
            help="One a line, all must hold: country=DE,AT or source!=import or subject~invoice. None: always.",
        ),
        Field("owner_first", "The customer's owner first", "bool", default=False),
        Field("team", "Team", "team", column="target_team_id"),
        Field(
            "people",
            "People",
            "longtext",
            help="Their e-mail addresses, one a line; instead of the whole team.",
        ),
        Field(
            "method",
            "Choose",
            "choice",
            default="round_robin",
            choices=(Choice("round_robin", "In turn"), Choice("least_loaded", "Whoever has least")),
        ),
        Field("active", "Active", "bool", default=True),
        Field("updated_at", "Changed", "instant", read_only=True),
    ),
    columns=("name", "position", "kind", "team", "method", "active"),
    filters=("kind", "active", "name"),
    sorts=("position",),
    form=("name", "kind", "position", "conditions", "owner_first", "team", "people", "method", "active"),
    search=("name",),
    kept_by="managers",
)
