"""Users and API tokens."""

from __future__ import annotations

import click

from patron.accounts.services import links
from patron.accounts.services import tokens as token_services
from patron.accounts.services import users as user_services
from patron.cli.common import as_json, print_json, print_result, print_table, reading, unit_of_work


@click.group()
def users() -> None:
    """People of the firm who sign in."""


@users.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option(
    "--role", "roles", multiple=True, default=("user",), show_default=True, help="May be given several times."
)
@as_json
def add(email: str, name: str, roles: tuple[str, ...], json_output: bool) -> None:
    """Add a user and print the invitation link, with which they choose a password."""
    with unit_of_work() as ctx:
        user_id = user_services.add_user(ctx, email, name, roles)
        link = links.make_link(ctx, user_services.user_by_email(ctx, email), "invite")
    print_result({"id": str(user_id), "email": email, "invitation": link}, json_output)


@users.command("list")
@as_json
def list_users(json_output: bool) -> None:
    """Who there is, with their roles."""
    from patron.accounts.services.listing import list_users as listed

    rows = []
    with reading() as ctx:
        after: int | None = 0
        while after is not None:
            page, after = listed(ctx, "", after)
            rows += [
                (str(u.id), u.email, u.name, ", ".join(u.roles), "yes" if u.active else "no") for u in page
            ]
    names = ("id", "email", "name", "roles", "active")
    if json_output:
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_table(names, rows)


@users.command("link")
@click.argument("email")
@as_json
def link(email: str, json_output: bool) -> None:
    """A one-time link that signs the user in."""
    with unit_of_work() as ctx:
        made = links.make_link(ctx, user_services.user_by_email(ctx, email), "sign-in")
    print_result({"link": made}, json_output)


@users.command("disable")
@click.argument("email")
@as_json
def disable(email: str, json_output: bool) -> None:
    """End the user's sessions and tokens at once, and let them in no more."""
    with unit_of_work() as ctx:
        user_services.disable_user(ctx, user_services.user_by_email(ctx, email).id)
    _say(email, active=False, json_output=json_output)


@users.command("enable")
@click.argument("email")
@as_json
def enable(email: str, json_output: bool) -> None:
    """Let a disabled user in again."""
    with unit_of_work() as ctx:
        user_services.enable_user(ctx, user_services.user_by_email(ctx, email).id)
    _say(email, active=True, json_output=json_output)


def _say(email: str, *, active: bool, json_output: bool) -> None:
    if json_output:
        print_json({"email": email, "active": "yes" if active else "no"})
    else:
        click.echo(f"{email} is {'enabled' if active else 'disabled'}.")


@click.group()
def tokens() -> None:
    """API tokens: they can only remove rights from their owner."""


@tokens.command("create")
@click.option("--user", "email", required=True, help="Whose rights it carries.")
@click.option("--name", default="command line", show_default=True)
@click.option(
    "--scopes", default="*", show_default=True, help="Permissions, or prefixes ending in *, with commas."
)
@click.option("--days", default=90, show_default=True, help="How long it is good for.")
@as_json
def create(email: str, name: str, scopes: str, days: int, json_output: bool) -> None:
    """Make a token; it is shown this once."""
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    with unit_of_work() as ctx:
        person = user_services.user_by_email(ctx, email)
        secret = token_services.make_token(ctx, person.id, name, wanted, days)
    print_result({"token": secret}, json_output)
