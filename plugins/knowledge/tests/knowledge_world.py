"""Steps that several of knowledge's tests take."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest
from patron import Context, editing
from patron.assembly import Assembly
from patron.testing.faces import working
from patron_knowledge.services import writing

needs_service = pytest.mark.skipif(
    not find_spec("patron_service"), reason="what is proven of the two together"
)
AUDIENCES = ("public", "customer", "partner", "staff")


def write(ctx: Context, title: str, *, publish: bool = True, **values: Any) -> int:
    """An article made as the system, published unless told otherwise. Returns its id."""
    given = {"title": title, "summary": f"About {title}", "body": f"All about {title}.", **values}
    article_id = int(editing.create(ctx, ctx.assembly.resource(writing.KEY), given).key)
    if publish:
        writing.publish_article(ctx, article_id)
    return article_id


def one_for_each(assembly: Assembly) -> dict[str, int]:
    """A published article for each audience and a draft, all of them about a wobbly chair. Ids by audience."""
    with working(assembly) as ctx:
        shelf = editing.create(ctx, assembly.resource("knowledge.categories"), {"name": "Chairs"}).key
        made = {
            audience: write(ctx, f"Wobbly chair canary{audience}", audience=audience, category=shelf)
            for audience in AUDIENCES
        }
        hidden = editing.create(
            ctx, assembly.resource("knowledge.categories"), {"name": "canarystaff shelf"}
        ).key
        write(ctx, "Another wobbly canarystaff", audience="staff", category=hidden)
        made["draft"] = write(ctx, "Wobbly chair canarydraft", publish=False, category=shelf)
        return made


def seen_in(text: str) -> set[str]:
    """The audiences whose canary a text holds."""
    return {name for name in (*AUDIENCES, "draft") if f"canary{name}" in text}
