"""What is kept beside a customer and has its days: names, contact points, relationships."""

from __future__ import annotations

from patron.context import Context
from patron.customers import deletions, names, points, relationships
from patron.customers.forms import customer_of, day_of
from patron.customers.points import Reach
from patron.errors import Invalid
from patron.responses import Flash, Redirect
from patron.routing import Route, post
from patron.web import whole_number

EDIT = "customers.edit"


def _profile(customer_id: int, text: str, audit_id: int = 0) -> Redirect:
    undo = f"/customers/{customer_id}/deletions/{audit_id}/undo" if audit_id else ""
    return Redirect(f"/customers/{customer_id}/profile", Flash(text, undo_url=undo))


@post("/customers/{customer_id:int}/names", permission=EDIT)
def add_name(ctx: Context, customer_id: int) -> Redirect:
    """Keep another name (form: kind, name, since, until, hidden)."""
    customer_of(ctx, customer_id, "edit")
    names.add_name(
        ctx,
        customer_id,
        ctx.web.value("kind"),
        ctx.web.value("name"),
        since=day_of(ctx, "since"),
        until=day_of(ctx, "until"),
        hidden=bool(ctx.web.value("hidden")),
    )
    return _profile(customer_id, "Name kept.")


@post("/customers/{customer_id:int}/names/{name_id:int}", permission=EDIT)
def change_name(ctx: Context, customer_id: int, name_id: int) -> Redirect:
    """Set what is said of a name (form: kind, name, since, until, hidden)."""
    customer_of(ctx, customer_id, "edit")
    names.change_name(
        ctx,
        customer_id,
        name_id,
        ctx.web.value("kind"),
        ctx.web.value("name"),
        since=day_of(ctx, "since"),
        until=day_of(ctx, "until"),
        hidden=bool(ctx.web.value("hidden")),
    )
    return _profile(customer_id, "Name changed.")


@post("/customers/{customer_id:int}/names/{name_id:int}/end", permission=EDIT)
def end_name(ctx: Context, customer_id: int, name_id: int) -> Redirect:
    """The name is used no longer, as of today."""
    customer_of(ctx, customer_id, "edit")
    names.end_name(ctx, customer_id, name_id)
    return _profile(customer_id, "The name is used no longer.")


@post("/customers/{customer_id:int}/names/{name_id:int}/delete", permission=EDIT)
def remove_name(ctx: Context, customer_id: int, name_id: int) -> Redirect:
    """Remove a name that was a mistake."""
    customer_of(ctx, customer_id, "edit")
    return _profile(customer_id, "Name removed.", names.remove_name(ctx, customer_id, name_id))


@post("/customers/{customer_id:int}/points/{holder_id:int}", permission=EDIT)
def change_point(ctx: Context, customer_id: int, holder_id: int) -> Redirect:
    """Say how they are reached at a contact point (form: use, label, since, until, verified, is_primary)."""
    customer_of(ctx, customer_id, "edit")
    web = ctx.web
    reach = Reach(
        web.value("use"),
        web.value("label"),
        day_of(ctx, "since"),
        day_of(ctx, "until"),
        bool(web.value("verified")),
        bool(web.value("is_primary")),
    )
    points.change_point(ctx, customer_id, holder_id, reach)
    return _profile(customer_id, "Contact point changed.")


@post("/customers/{customer_id:int}/points/{holder_id:int}/delete", permission=EDIT)
def forget_point(ctx: Context, customer_id: int, holder_id: int) -> Redirect:
    """Remove an ended contact point that was a mistake."""
    customer_of(ctx, customer_id, "edit")
    return _profile(customer_id, "Contact point removed.", points.forget_point(ctx, customer_id, holder_id))


@post("/customers/{customer_id:int}/relationships", permission=EDIT)
def relate(ctx: Context, customer_id: int) -> Redirect:
    """Relate to another customer (form: kind, to, role, since, until, is_primary).

    Both ends need the right to edit.
    """
    customer_of(ctx, customer_id, "edit")
    other = whole_number(ctx.web.value("to"))
    if other is None:
        raise Invalid.field("to", "Choose a customer.")
    customer_of(ctx, other, "edit")
    relationships.relate(
        ctx,
        customer_id,
        other,
        ctx.web.value("kind"),
        role=ctx.web.value("role"),
        since=day_of(ctx, "since"),
        until=day_of(ctx, "until"),
        is_primary=bool(ctx.web.value("is_primary")),
    )
    return Redirect(f"/customers/{customer_id}", Flash("Related."))


@post("/customers/{customer_id:int}/relationships/{relationship_id:int}", permission=EDIT)
def change_relationship(ctx: Context, customer_id: int, relationship_id: int) -> Redirect:
    """Set what is said of a relationship (form: role, since, until, is_primary)."""
    customer_of(ctx, customer_id, "edit")
    relationships.change(
        ctx,
        customer_id,
        relationship_id,
        role=ctx.web.value("role"),
        since=day_of(ctx, "since"),
        until=day_of(ctx, "until"),
        is_primary=bool(ctx.web.value("is_primary")),
    )
    return _profile(customer_id, "Relationship changed.")


@post("/customers/{customer_id:int}/relationships/{relationship_id:int}/end", permission=EDIT)
def end_relationship(ctx: Context, customer_id: int, relationship_id: int) -> Redirect:
    """End a relationship (form: until; today when it is empty): that it was stays on record."""
    customer_of(ctx, customer_id, "edit")
    relationships.end(ctx, customer_id, relationship_id, day_of(ctx, "until"))
    return Redirect(f"/customers/{customer_id}", Flash("Relationship ended."))


@post("/customers/{customer_id:int}/relationships/{relationship_id:int}/delete", permission=EDIT)
def unrelate(ctx: Context, customer_id: int, relationship_id: int) -> Redirect:
    """Remove a relationship that was a mistake."""
    customer_of(ctx, customer_id, "edit")
    audit_id = relationships.unrelate(ctx, customer_id, relationship_id)
    return _profile(customer_id, "Relationship removed.", audit_id)


@post("/customers/{customer_id:int}/deletions/{audit_id:int}/undo", permission=EDIT)
def undo_deletion(ctx: Context, customer_id: int, audit_id: int) -> Redirect:
    """Give back a name, contact point or relationship that the actor has removed."""
    customer_of(ctx, customer_id, "edit")
    deletions.undo(ctx, customer_id, audit_id)
    return _profile(customer_id, "It is back.")


ROUTES: tuple[Route, ...] = (
    add_name,
    change_name,
    end_name,
    remove_name,
    change_point,
    forget_point,
    relate,
    change_relationship,
    end_relationship,
    unrelate,
    undo_deletion,
)
