"""What the installation writes to those who sign in: invitations and links to a new password."""

from __future__ import annotations

from typing import Any

from patron.accounts.services.links import make_link
from patron.accounts.services.people import Person, find_person
from patron.context import Context
from patron.interactions.mail.parsed import Address
from patron.interactions.mailflow.letters import letter_mailbox, post_letter
from patron.permissions import Face

RESET_ASKED = "accounts.reset_asked"


def mails(ctx: Context) -> bool:
    """Whether letters go out at all."""
    return letter_mailbox(ctx) is not None


def invite(ctx: Context, person: Person) -> str:
    """Mail an invitation and return nothing, or return its link to be handed over where no mail goes out."""
    url, site = make_link(ctx, person, "invite"), ctx.assembly.company.brand
    text = (
        f"{ctx.actor.name} invites you to {site}. Open this within a week and choose a password:\n\n{url}\n"
    )
    return "" if post_letter(ctx, _address(person), f"Your invitation to {site}", text) else url


def send_reset(ctx: Context, event: Any) -> None:
    """Answer the wish for a new password, in the worker: nobody can tell by the wait whether there is an account."""
    person = find_person(ctx.session, Face(event.payload["face"]), event.payload["email"])
    if person is None or not person.active or not mails(ctx):
        return
    url, site = make_link(ctx, person, "reset"), ctx.assembly.company.brand
    text = (
        f"Someone asked for a new password at {site}. If it was you, open this within an hour:\n\n{url}\n\n"
        "If it was not you, do nothing: your password stays as it is.\n"
    )
    post_letter(ctx, _address(person), f"{site}: choose a new password", text)


def _address(person: Person) -> Address:
    return Address(person.name, person.email)
