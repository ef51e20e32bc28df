"""What can be done with users, teams, roles, sessions, links and tokens. Services flush and never commit."""

from patron.accounts.services.cleanup import clean_up
from patron.accounts.services.limits import rate_limit
from patron.accounts.services.links import make_link
from patron.accounts.services.portal import add_account, invite_account
from patron.accounts.services.roles import add_role, set_grants, sync_roles
from patron.accounts.services.sessions import end_session, revoke_session, start_session
from patron.accounts.services.teams import add_team, set_members
from patron.accounts.services.tokens import make_token, revoke_token
from patron.accounts.services.users import add_user, disable_user, enable_user, set_roles, user_by_email

__all__ = [
    "add_account",
    "add_role",
    "add_team",
    "add_user",
    "clean_up",
    "disable_user",
    "enable_user",
    "end_session",
    "invite_account",
    "make_link",
    "make_token",
    "rate_limit",
    "revoke_session",
    "revoke_token",
    "set_grants",
    "set_members",
    "set_roles",
    "start_session",
    "sync_roles",
    "user_by_email",
]
