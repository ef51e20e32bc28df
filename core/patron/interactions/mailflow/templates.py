"""Texts to begin a mail with, as a resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from patron.context import Context
from patron.contributions import Field, Resource
from patron.customers import normalise
from patron.interactions.mailflow.writing import PLACEHOLDERS
from patron.interactions.models import MailTemplate
from patron.resources.rules import Rules


class MailTemplateRules(Rules):
    """Templates are listed by name."""

    def before_save(
        self, ctx: Context, record: MailTemplate, values: Mapping[str, Any], *, created: bool
    ) -> None:
        record.name_key = normalise.sort_key(record.name, ctx.assembly.settings.locale)


_HELP = "These are filled in: " + ", ".join(f"{{{name}}}" for name in PLACEHOLDERS) + "."

MAIL_TEMPLATES = Resource(
    name="mail_templates",
    module="core",
    model=MailTemplate,
    label="Mail template",
    label_plural="Mail templates",
    icon="file-text",
    nav="Customers",
    rules=MailTemplateRules,
    fields=(
        Field("name", "Name", required=True, max_length=200, sort_column="name_key"),
        Field("subject", "Subject", max_length=500, help=_HELP),
        Field("body", "Text", "longtext", required=True, max_length=50_000, help=_HELP),
    ),
    columns=("name", "subject"),
    sorts=("name",),
    form=("name", "subject", "body"),
    search=("name",),
    natural_key="name",
    kept_by="managers",
)
