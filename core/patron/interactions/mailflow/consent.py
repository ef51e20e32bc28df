"""Mailboxes that are signed in to by OAuth 2: asking their owner, keeping the tokens encrypted, keeping them fresh."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import update

from patron.accounts import audit
from patron.assembly import Assembly
from patron.context import Context
from patron.errors import Forbidden, Invalid
from patron.interactions.mail.oauth import PROVIDERS, Client, Provider, Tokens, authorize_url, redeem, refresh
from patron.interactions.mailflow.secrets import seal, unseal
from patron.interactions.models import Mailbox
from patron.permissions import Actor
from patron.records import table, utc_now

CALLBACK = "/mail/oauth/callback"
ANSWERED_WITHIN = timedelta(minutes=15)
EARLY = timedelta(minutes=2)  # a token is replaced this long before it runs out


def by_oauth(mailbox: Mailbox) -> bool:
    """Whether the mailbox is signed in to by OAuth 2 rather than by a password."""
    return bool((mailbox.settings.get("oauth") or {}).get("provider"))


def is_connected(assembly: Assembly, mailbox: Mailbox) -> bool:
    """Whether its owner has allowed access."""
    try:
        return bool(unseal(assembly.settings.secret_key, mailbox.secret).get("refresh_token"))
    except Invalid:
        return False


def begin(ctx: Context, mailbox: Mailbox) -> str:
    """Where the actor's browser goes to allow access to a mailbox. Invalid when it is signed in to by a password."""
    if not by_oauth(mailbox):
        raise Invalid("This mailbox is signed in to by a password.")
    until = int((ctx.now + ANSWERED_WITHIN).timestamp())
    said = f"{mailbox.key}.{ctx.actor.user_id or 0}.{until}.{secrets.token_urlsafe(16)}"
    state = f"{said}.{_keyed(ctx.assembly, 'state', said)}"
    client = _client(ctx.assembly, mailbox)
    return authorize_url(client, state, _keyed(ctx.assembly, "pkce", said), _login(mailbox))


def finish(assembly: Assembly, actor: Actor, code: str, state: str) -> int:
    """Keep what the provider gives for the code. Returns the mailbox's id. Talks to the network: in no transaction.

    Forbidden for an answer that this actor did not ask for, or too late; Invalid with the provider's reason.
    """
    said, _, signature = state.rpartition(".")
    parts = said.split(".")
    genuine = hmac.compare_digest(signature.encode(), _keyed(assembly, "state", said).encode())
    if not genuine or len(parts) != 4 or parts[1] != str(actor.user_id or 0):
        raise Forbidden("This answer belongs to no question that you asked.")
    if int(parts[2]) < utc_now().timestamp():
        raise Forbidden("This answer came too late. Connect again.")
    with assembly.database.read() as session:
        mailbox = session.get(Mailbox, int(parts[0]))
    if mailbox is None or not by_oauth(mailbox):
        raise Invalid("The mailbox is no longer there, or is signed in to by a password now.")
    tokens = redeem(_client(assembly, mailbox), code, _keyed(assembly, "pkce", said))
    _keep(assembly, mailbox, tokens)
    with assembly.database.write() as session:
        audit.record(
            Context(session, assembly, actor), "change", "mailboxes", mailbox.key, {"secret": ("", "changed")}
        )
    return mailbox.key


def access_token(assembly: Assembly, mailbox: Mailbox) -> str:
    """A token that is good for now, asked for anew where the last one runs out. Talks to the network. Invalid."""
    known = unseal(assembly.settings.secret_key, mailbox.secret)
    if not known.get("refresh_token"):
        raise Invalid("Nobody has allowed access to this mailbox yet: connect it.")
    good_until = int(known.get("expires_at") or 0)
    if known.get("access_token") and (utc_now() + EARLY).timestamp() < good_until:
        return known["access_token"]
    try:
        tokens = refresh(_client(assembly, mailbox), known["refresh_token"])
    except Invalid:
        # Another process may have been quicker, and used up the token that this one still had.
        with assembly.database.read() as session:
            newer = session.get(Mailbox, mailbox.key)
        if newer is None or newer.secret == mailbox.secret:
            raise
        mailbox.secret = newer.secret
        return access_token(assembly, mailbox)
    _keep(assembly, mailbox, tokens)
    return tokens.access_token


def _keep(assembly: Assembly, mailbox: Mailbox, tokens: Tokens) -> None:
    """Store what was given, unless somebody has stored something newer meanwhile."""
    key, t = assembly.settings.secret_key, table(Mailbox)
    known = unseal(key, mailbox.secret)
    given = {
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token or known.get("refresh_token", ""),
        "expires_at": str(int(utc_now().timestamp()) + tokens.expires_in),
    }
    sealed = seal(key, {**known, **given})
    with assembly.database.write() as session:
        session.execute(
            update(t).where(t.c.id == mailbox.key, t.c.secret == mailbox.secret).values(secret=sealed)
        )
    mailbox.secret = sealed


def _client(assembly: Assembly, mailbox: Mailbox) -> Client:
    place: Mapping[str, str] = mailbox.settings["oauth"]
    known = unseal(assembly.settings.secret_key, mailbox.secret)
    return Client(
        _provider(place), place.get("client_id", ""), known.get("oauth", ""),
        assembly.settings.base_url.rstrip("/") + CALLBACK, assembly.settings.mail_private_hosts,
    )  # fmt: skip


def _provider(place: Mapping[str, str]) -> Provider:
    found = PROVIDERS.get(place["provider"])
    if found is None:
        return Provider(
            "Other", place.get("authorize_url", ""), place.get("token_url", ""), place.get("scope", "")
        )
    tenant = place.get("tenant") or "common"
    return replace(
        found,
        authorize_url=found.authorize_url.format(tenant=tenant),
        token_url=found.token_url.format(tenant=tenant),
    )


def _login(mailbox: Mailbox) -> str:
    return str((mailbox.settings.get("imap") or {}).get("username") or mailbox.address)


def _keyed(assembly: Assembly, purpose: str, said: str) -> str:
    """What only this installation can say of a text, for one purpose (43 characters, as PKCE wants at least)."""
    key = f"patron mail {purpose}\n{assembly.settings.secret_key}".encode()
    return (
        base64.urlsafe_b64encode(hmac.new(key, said.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    )
