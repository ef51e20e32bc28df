"""One's own password replaced, the same on every face."""

from __future__ import annotations

from collections.abc import Callable

from patron.accounts.controllers.common import reading, writing
from patron.accounts.controllers.doors import PER_ACCOUNT, WINDOW, new_password
from patron.accounts.passwords import hash_password, verify_password
from patron.accounts.services.limits import rate_limit
from patron.accounts.services.people import Person, set_password_hash
from patron.accounts.services.sessions import end_sessions
from patron.context import Context
from patron.errors import Invalid


def replace_password(ctx: Context, me: Callable[[Context], Person]) -> int:
    """Check the old password and store the new one. Returns how many other sessions ended. Invalid.

    For routes without a transaction of their own: hashing happens between two short ones.
    """
    with writing(ctx) as work:
        rate_limit(work.session, f"password:{ctx.actor.kind}:{ctx.actor.id}", PER_ACCOUNT, WINDOW)
    with reading(ctx) as look:
        person = me(look)
    given = ctx.web.values("current")
    if person.password_hash and not verify_password(given[0] if given else "", person.password_hash):
        raise Invalid.field("current", "This is not your password now.")
    hashed = hash_password(new_password(ctx, person))
    with writing(ctx) as work:
        set_password_hash(work, person, hashed)
        return end_sessions(work, person, but_current=True)
