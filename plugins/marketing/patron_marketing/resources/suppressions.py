"""The suppression list as a resource: addresses that get nothing, for a purpose or for any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from patron import Context, Field, Resource, Rules, normalise

from patron_marketing.models import Suppression


class SuppressionRules(Rules):
    """Addresses are kept as mail compares them."""

    def before_save(
        self, ctx: Context, record: Suppression, values: Mapping[str, Any], *, created: bool
    ) -> None:
        record.address = normalise.email_address(record.address).normalised


SUPPRESSIONS = Resource(
    name="suppressions",
    model=Suppression,
    label="Suppressed address",
    label_plural="Suppression list",
    icon="ban",
    nav="Marketing",
    title="address",
    rules=SuppressionRules,
    fields=(
        Field("address", "E-mail address", "email", required=True),
        Field("purpose", "For the purpose", max_length=100, help="Left empty: nothing at all is sent there."),
        Field("reason", "Why", max_length=500),
        Field("created_at", "Since", "instant", read_only=True),
    ),
    columns=("address", "purpose", "reason", "created_at"),
    filters=("address", "purpose", "created_at"),
    sorts=("-created_at",),
    form=("address", "purpose", "reason"),
    search=("address",),
    natural_key="address",
    verbs=("read", "create", "edit", "delete", "export", "import"),
    kept_by="managers",
    read_by="managers",
)
