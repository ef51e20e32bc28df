"""Sign-in to mailboxes by OAuth 2: the authorisation-code flow with PKCE (RFC 6749, 7636), and fresh access tokens.

Nothing here touches the database. Requests go to vetted hosts only (see ``reach``), over TLS but to this machine.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from patron.errors import Invalid
from patron.interactions.mail import reach

MAX_ANSWER = 100_000
TIMEOUT = 20.0
_LOCAL = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Provider:
    """Where people are asked, where tokens are given, and for what. ``hosts`` are those of IMAP and SMTP."""

    label: str
    authorize_url: str
    token_url: str
    scope: str
    more: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, str] = ("", "")


PROVIDERS: Mapping[str, Provider] = {
    "microsoft": Provider(
        "Microsoft 365",
        "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
        "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
        "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access",
        {"prompt": "select_account"},
        ("outlook.office365.com", "smtp.office365.com"),
    ),
    "google": Provider(
        "Google",
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        "https://mail.google.com/",
        {"access_type": "offline", "prompt": "consent"},
        ("imap.gmail.com", "smtp.gmail.com"),
    ),
}


@dataclass(frozen=True)
class Client:
    """This installation as the provider knows it. ``private``: whether the provider may be in a private network."""

    provider: Provider
    client_id: str
    client_secret: str = field(default="", repr=False)
    redirect_uri: str = ""
    private: bool = True


@dataclass(frozen=True)
class Tokens:
    """What a provider gives. ``expires_in`` in seconds; ``refresh_token`` empty where the one before stays."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


def challenge_of(verifier: str) -> str:
    """What the provider is shown of the verifier at first (S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def authorize_url(client: Client, state: str, verifier: str, login: str) -> str:
    """Where the owner of the mailbox is asked. ``login`` is the address that is meant."""
    asked = {
        "response_type": "code", "client_id": client.client_id, "redirect_uri": client.redirect_uri,
        "scope": client.provider.scope, "state": state, "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256", "login_hint": login, **client.provider.more,
    }  # fmt: skip
    mark = "&" if "?" in client.provider.authorize_url else "?"
    return f"{client.provider.authorize_url}{mark}{urlencode(asked)}"


def redeem(client: Client, code: str, verifier: str) -> Tokens:
    """The tokens for the code that came back. Talks to the network. Invalid with the reason."""
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.redirect_uri}
    tokens = _ask(client, {**given, "code_verifier": verifier})
    if not tokens.refresh_token:
        raise Invalid("The provider gave no lasting access. Allow offline access and connect again.")
    return tokens


def refresh(client: Client, refresh_token: str) -> Tokens:
    """A fresh access token. Talks to the network. Invalid with the reason."""
    return _ask(client, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def _ask(client: Client, given: Mapping[str, str]) -> Tokens:
    fields = {**given, "client_id": client.client_id, "scope": client.provider.scope}
    if client.client_secret:
        fields["client_secret"] = client.client_secret
    status, answer = _post(client.provider.token_url, fields, client.private)
    if status != 200 or not isinstance(answer.get("access_token"), str):
        raise Invalid(_refusal(status, answer))
    lasting, seconds = answer.get("refresh_token"), str(answer.get("expires_in"))
    return Tokens(
        str(answer["access_token"]),
        lasting if isinstance(lasting, str) else "",
        int(seconds) if seconds.isdigit() else 300,
    )


def _refusal(status: int, answer: Mapping[str, object]) -> str:
    error = str(answer.get("error") or "")[:60]
    if error == "invalid_grant":
        return "The sign-in has run out or was withdrawn: connect the mailbox again."
    if error in ("invalid_client", "unauthorized_client"):
        return "The provider does not know this application, or its secret is wrong."
    return f"The provider gave no access ({error or status})."


def _post(url: str, fields: Mapping[str, str], private: bool) -> tuple[int, Mapping[str, object]]:
    """Status and JSON object of an answer; redirects are not followed."""
    place = urlsplit(url)
    host, secure = place.hostname or "", place.scheme == "https"
    if not host or not (secure or (place.scheme == "http" and host in _LOCAL)):
        raise Invalid("The address for tokens must begin with https://.")
    port = place.port or (443 if secure else 80)
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        plain = reach.connect(host, port, TIMEOUT, private)
        connection.sock = (
            ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
        )
        path = (place.path or "/") + (f"?{place.query}" if place.query else "")
        head = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        connection.request("POST", path, urlencode(fields), head)
        answer = connection.getresponse()
        body = json.loads(answer.read(MAX_ANSWER) or b"{}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Invalid(f"The provider does not answer: {type(error).__name__}.") from error
    finally:
        connection.close()
    return answer.status, body if isinstance(body, dict) else {}
