"""Mailboxes: stored settings read as connections, kept with write-only secrets, tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from patron.accounts import audit
from patron.assembly import Assembly
from patron.context import Context
from patron.errors import Invalid, NotFound
from patron.interactions.mail import mailbox as imap
from patron.interactions.mail.mailbox import ImapSettings
from patron.interactions.mail.oauth import PROVIDERS
from patron.interactions.mail.parsed import Address
from patron.interactions.mail.transport import SmtpConnection, SmtpSettings
from patron.interactions.mailflow.consent import access_token, by_oauth, is_connected
from patron.interactions.mailflow.mailbox_checks import ALL, NEW, SIGN_INS, check, check_free
from patron.interactions.mailflow.secrets import seal, unseal
from patron.interactions.models import Interaction, Mail, Mailbox, MailLedger
from patron.records import table
from patron.web import whole_number

TIMEOUT = 30.0  # seconds for each step on the network


@dataclass(frozen=True)
class Test:
    """What a connection test found, for each direction: whether it works and a sentence without secrets."""

    fetching: tuple[bool, str]
    sending: tuple[bool, str]


def begin_of(mailbox: Mailbox) -> str:
    """With what fetching begins: ``all``, ``new``, or a day as ISO text."""
    return str((mailbox.settings.get("imap") or {}).get("begin") or ALL)


def begin_day(mailbox: Mailbox) -> date | None:
    """The day before which nothing is fetched; None where everything is, or only what is new."""
    begin = begin_of(mailbox)
    return None if begin in (ALL, NEW) else date.fromisoformat(begin)


def imap_settings(assembly: Assembly, mailbox: Mailbox) -> ImapSettings | None:
    """How to fetch; None when the mailbox only sends. Invalid without access. May talk to the network, for a token."""
    place = mailbox.settings.get("imap") or {}
    if not place.get("host"):
        return None
    password, token = _proof(assembly, mailbox, "imap")
    return ImapSettings(
        host=place["host"], username=place.get("username") or mailbox.address, password=password, access_token=token,
        port=int(place.get("port") or 993), security=place.get("security") or "tls",
        folder=place.get("folder") or "INBOX", timeout=TIMEOUT, ca_file=place.get("ca_file") or "",
        private=assembly.settings.mail_private_hosts,
    )  # fmt: skip


def smtp_settings(assembly: Assembly, mailbox: Mailbox) -> SmtpSettings | None:
    """How to send; None when the mailbox only fetches. Invalid without access. May talk to the network, for a token."""
    place = mailbox.settings.get("smtp") or {}
    if not place.get("host"):
        return None
    password, token = _proof(assembly, mailbox, "smtp")
    return SmtpSettings(
        host=place["host"], port=int(place.get("port") or 587), security=place.get("security") or "starttls",
        username=place.get("username") or (mailbox.address if token else ""), password=password, access_token=token,
        timeout=TIMEOUT,
        ca_file=place.get("ca_file") or "", private=assembly.settings.mail_private_hosts,
    )  # fmt: skip


def _proof(assembly: Assembly, mailbox: Mailbox, side: str) -> tuple[str, str]:
    """Password or access token, whichever the mailbox is signed in to by."""
    if by_oauth(mailbox):
        return "", access_token(assembly, mailbox)
    return unseal(assembly.settings.secret_key, mailbox.secret).get(side, ""), ""


NARROWER = ("all", "team", "private")
"""Who sees a touch, from everybody to one."""


def visibility_of(mailbox: Mailbox) -> str:
    """Who sees what comes and goes here: ``all``, ``team`` or ``private`` (its owner alone)."""
    return str(mailbox.settings.get("visibility") or "all")


def load_mailbox(ctx: Context, mailbox_id: int) -> Mailbox:
    """The mailbox; NotFound when it is gone."""
    t = table(Mailbox)
    statement = select(Mailbox).where(t.c.id == mailbox_id, t.c.trashed_at.is_(None))
    found: Mailbox | None = ctx.session.execute(statement).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such mailbox.")
    return found


def sender_of(assembly: Assembly, mailbox: Mailbox) -> Address:
    """Whom mail from a mailbox comes from: its own sender, else the firm's, else the mailbox by its name."""
    chosen = mailbox.settings.get("sender_name") or assembly.company.sender_name
    return Address(str(chosen or mailbox.name), mailbox.address)


def list_mailboxes(ctx: Context) -> list[dict[str, Any]]:
    """Every mailbox as the administrator sees it: no secret, with counts of what waits and what failed."""
    t = table(Mailbox)
    rows = ctx.session.execute(select(Mailbox).where(t.c.trashed_at.is_(None)).order_by(t.c.name)).scalars()
    waiting, failed = _ledger_counts(ctx)
    unread = _not_taken_in(ctx)
    return [
        {
            "id": row.key, "name": row.name, "address": row.address, "module": row.module, "active": row.active,
            "fetches": bool((row.settings.get("imap") or {}).get("host")),
            "sends": bool((row.settings.get("smtp") or {}).get("host")), "fetched": row.fetched,
            "owner_id": row.owner_id, "oauth": by_oauth(row), "connected": is_connected(ctx.assembly, row),
            "last_success_at": row.last_success_at, "last_error": row.last_error, "last_error_at": row.last_error_at,
            "waiting": waiting.get(row.key, 0), "failed": failed.get(row.key, 0), "kept": unread.get(row.key, 0),
        }
        for row in rows
    ]  # fmt: skip


def _ledger_counts(ctx: Context) -> tuple[dict[int, int], dict[int, int]]:
    t = table(MailLedger)
    counted = select(t.c.mailbox_id, t.c.state, func.count().label("n")).where(
        t.c.state.in_(("queued", "claimed", "deferred", "in_doubt", "bounced"))
    )
    waiting: dict[int, int] = {}
    failed: dict[int, int] = {}
    for row in ctx.session.execute(counted.group_by(t.c.mailbox_id, t.c.state)):
        into = failed if row.state in ("in_doubt", "bounced") else waiting
        into[row.mailbox_id] = into.get(row.mailbox_id, 0) + row.n
    return waiting, failed


def _not_taken_in(ctx: Context) -> dict[int, int]:
    """Messages whose source was kept although they could not be taken in."""
    m, i = table(Mail), table(Interaction)
    statement = (
        select(m.c.mailbox_id, func.count().label("n"))
        .select_from(m.outerjoin(i, i.c.mail_id == m.c.id))
        .where(i.c.id.is_(None), m.c.direction == "in")
    )
    return {row.mailbox_id: row.n for row in ctx.session.execute(statement.group_by(m.c.mailbox_id))}


def save_mailbox(ctx: Context, values: Mapping[str, str], mailbox_id: int | None = None) -> Mailbox:
    """Make or change a mailbox from a form's fields (see ``mailbox_values``). A password left empty stays as it is."""
    check(ctx, values)
    key = ctx.assembly.settings.secret_key
    mailbox = load_mailbox(ctx, mailbox_id) if mailbox_id else Mailbox(name="", address="")
    check_free(ctx, values["name"].strip(), mailbox_id)
    before = _audited(mailbox)
    passwords = _known_passwords(key, mailbox.secret)
    for side in ("imap", "smtp", "oauth"):
        if values.get(f"{side}_password"):
            passwords[side] = values[f"{side}_password"]
    oauth = _oauth(values)
    if oauth != (mailbox.settings.get("oauth") or {}):
        passwords = {name: value for name, value in passwords.items() if name in ("imap", "smtp", "oauth")}
    if not (values.get("imap_host", "").strip() or values.get("smtp_host", "").strip()):
        values = {**values, **_hosts_of(values)}
    place = {side: _place(values, side, mailbox.settings.get(side) or {}) for side in ("imap", "smtp")}
    before_imap = mailbox.settings.get("imap") or {}
    if any(place["imap"].get(name) != before_imap.get(name) for name in ("host", "folder")):
        mailbox.last_uid = mailbox.uidvalidity = 0
    if any(place["imap"].get(name) != before_imap.get(name) for name in ("host", "sent_folder")):
        mailbox.sent_uid = mailbox.sent_uidvalidity = 0
    mailbox.name, mailbox.address = values["name"].strip(), values["address"].strip()
    mailbox.module, mailbox.active = values.get("module") or "core", values.get("active") == "true"
    mailbox.settings = {
        **place,
        "oauth": oauth,
        "sender_name": values.get("sender_name", "").strip(),
        "letters": values.get("letters") == "true",
        "visibility": values.get("visibility") or "all",
    }
    mailbox.owner_id, mailbox.team_id = (
        whole_number(values.get("owner", "")),
        whole_number(values.get("team", "")),
    )
    mailbox.secret = seal(key, passwords)
    mailbox.updated_at = ctx.now
    mailbox.version += 1 if mailbox_id else 0
    ctx.session.add(mailbox)
    ctx.session.flush()
    after = _audited(mailbox)
    changed = {
        name: (before[name] if mailbox_id else None, after[name])
        for name in after
        if before[name] != after[name]
    }
    if any(values.get(f"{side}_password") for side in ("imap", "smtp", "oauth")):
        changed["secret"] = ("", "changed")  # that it changed, never what it is
    audit.record(ctx, "change" if mailbox_id else "create", "mailboxes", mailbox.key, changed)
    return mailbox


def _audited(mailbox: Mailbox) -> dict[str, Any]:
    return {
        "name": mailbox.name, "address": mailbox.address, "module": mailbox.module, "active": mailbox.active,
        "letters": bool(mailbox.settings.get("letters")), "owner": mailbox.owner_id, "team": mailbox.team_id,
        "visibility": visibility_of(mailbox), "imap": (mailbox.settings.get("imap") or {}).get("host") or "",
        "smtp": (mailbox.settings.get("smtp") or {}).get("host") or "",
        "sign_in": (mailbox.settings.get("oauth") or {}).get("provider") or "password",
    }  # fmt: skip


def _known_passwords(key: str, sealed: str) -> dict[str, str]:
    """What is stored; nothing when another key sealed it, since then it is lost and is being entered again."""
    try:
        return unseal(key, sealed)
    except Invalid:
        return {}


def _place(values: Mapping[str, str], side: str, before: Mapping[str, Any]) -> dict[str, Any]:
    port = values.get(f"{side}_port", "").strip()
    return {
        **before,
        "host": values.get(f"{side}_host", "").strip(),
        "port": int(port) if port else (993 if side == "imap" else 587),
        "security": values.get(f"{side}_security") or ("tls" if side == "imap" else "starttls"),
        "username": values.get(f"{side}_username", "").strip(),
        **(_folder(values) if side == "imap" else {}),
    }


OAUTH = ("client_id", "tenant", "authorize_url", "token_url", "scope")


def _oauth(values: Mapping[str, str]) -> dict[str, str]:
    """How it is signed in to by OAuth 2; empty for a password."""
    provider = values.get("sign_in", "")
    if provider not in SIGN_INS:
        return {}
    return {"provider": provider, **{name: values.get(f"oauth_{name}", "").strip() for name in OAUTH}}


def _hosts_of(values: Mapping[str, str]) -> dict[str, str]:
    """The servers of a known provider, where none are named."""
    imap_host, smtp_host = (
        PROVIDERS[values["sign_in"]].hosts if values.get("sign_in") in PROVIDERS else ("", "")
    )
    return {"imap_host": imap_host, "smtp_host": smtp_host}


def _folder(values: Mapping[str, str]) -> dict[str, str]:
    begin = values.get("begin") or ALL
    return {
        "folder": values.get("imap_folder", "").strip() or "INBOX",
        "sent_folder": values.get("imap_sent_folder", "").strip(),
        "begin": values.get("begin_day", "") if begin == "day" else begin,
    }


def mailbox_values(mailbox: Mailbox) -> dict[str, str]:
    """The form's fields of a stored mailbox; its passwords are not among them."""
    values = {
        "name": mailbox.name, "address": mailbox.address, "module": mailbox.module,
        "active": "true" if mailbox.active else "", "sender_name": str(mailbox.settings.get("sender_name") or ""),
        "letters": "true" if mailbox.settings.get("letters") else "",
        "owner": str(mailbox.owner_id or ""), "team": str(mailbox.team_id or ""),
        "visibility": visibility_of(mailbox),
    }  # fmt: skip
    day = begin_day(mailbox)
    values |= {"begin": "day" if day else begin_of(mailbox), "begin_day": day.isoformat() if day else ""}
    oauth = mailbox.settings.get("oauth") or {}
    values |= {"sign_in": oauth.get("provider", "password")} | {
        f"oauth_{n}": str(oauth.get(n) or "") for n in OAUTH
    }
    for side in ("imap", "smtp"):
        place = mailbox.settings.get(side) or {}
        for name in ("host", "port", "security", "username", "folder", "sent_folder"):
            values[f"{side}_{name}"] = str(place.get(name) or "")
    return values


def test_mailbox(assembly: Assembly, mailbox: Mailbox) -> Test:
    """Try to sign in both ways now. Talks to the network: never inside a transaction. Never raises."""
    try:
        fetching, sending = imap_settings(assembly, mailbox), smtp_settings(assembly, mailbox)
    except Invalid as error:
        return Test((False, error.detail), (False, error.detail))
    found = (True, "Not set up: this mailbox only sends.")
    if fetching is not None:
        status = imap.test_connection(fetching)
        found = (status.ok, status.detail)
    sent = (True, "Not set up: this mailbox only fetches.")
    if sending is not None:
        with SmtpConnection(sending) as connection:
            problem = connection.test()
        sent = (not problem, problem or "Signed in.")
    return Test(found, sent)
