"""A small real provider for tests, on loopback: it asks and gives tokens over HTTP, and keeps mail behind XOAUTH2."""

from __future__ import annotations

import base64
import json
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from patron.interactions.mail.oauth import challenge_of


@dataclass
class MailProvider:
    """Its state and switches: ``withdrawn`` refuses every refresh; ``expires_in`` goes for tokens given from now on.

    ``folders`` holds messages by folder; ``given`` the access tokens that are good; ``asked`` counts token requests.
    """

    login: str = "ann@firm.example"
    client_id: str = "patron-test"
    client_secret: str = "s3cret"  # noqa: S105 - of a server that lives for a test
    http_port: int = 0
    imap_port: int = 0
    expires_in: int = 3600
    withdrawn: bool = False
    asked: int = 0
    refresh_token: str = ""
    given: set[str] = field(default_factory=set)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    folders: dict[str, list[bytes]] = field(default_factory=lambda: {"INBOX": [], "Sent": []})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def form(self) -> dict[str, str]:
        """The fields of a mailbox's form that sign in here."""
        return {
            "sign_in": "other", "oauth_client_id": self.client_id, "oauth_password": self.client_secret,
            "oauth_authorize_url": f"{self.url}/authorize", "oauth_token_url": f"{self.url}/token",
            "oauth_scope": "mail", "imap_host": "127.0.0.1", "imap_port": str(self.imap_port), "imap_security": "none",
            "imap_username": self.login,
        }  # fmt: skip

    def allow(self, query: dict[str, str]) -> str:
        """What a person who says yes gets: where the browser goes next."""
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The answer to a request for tokens."""
        self.asked += 1
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return 401, {"error": "invalid_client"}
        if form.get("grant_type") == "authorization_code":
            asked = self.codes.pop(form.get("code", ""), None)
            fits = asked and (asked["redirect_uri"], asked["code_challenge"]) == (
                form.get("redirect_uri"),
                challenge_of(form.get("code_verifier", "")),
            )
        else:
            fits = not self.withdrawn and form.get("refresh_token") == self.refresh_token
        if not fits:
            return 400, {"error": "invalid_grant"}
        self.refresh_token, access = f"refresh-{self.asked}", f"access-{self.asked}"  # each is good once
        self.given.clear()
        self.given.add(access)
        answer = {"access_token": access, "refresh_token": self.refresh_token, "token_type": "Bearer"}
        return 200, {**answer, "expires_in": self.expires_in}


class _Http(BaseHTTPRequestHandler):
    provider: MailProvider

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        self.send_response(302)
        self.send_header("Location", self.provider.allow(query))
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, answer = self.provider.token({name: values[0] for name, values in parse_qs(body).items()})
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests' output is theirs."""


class _Imap(socketserver.StreamRequestHandler):
    provider: MailProvider

    def handle(self) -> None:
        self._say("* OK ready")
        self.folder = ""
        while line := self.rfile.readline().decode().strip():
            tag, _, command = line.partition(" ")
            if not self._answer(tag, command):
                return

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def _answer(self, tag: str, command: str) -> bool:
        word = command.upper()
        if word.startswith("CAPABILITY"):
            self._say("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SPECIAL-USE")
        elif word.startswith("AUTHENTICATE"):
            return self._sign_in(tag)
        elif word.startswith("LIST"):
            self._say('* LIST (\\HasNoChildren) "/" "INBOX"')
            self._say('* LIST (\\HasNoChildren \\Sent) "/" "Sent"')
        elif word.startswith(("EXAMINE", "SELECT")):
            self.folder = command.split(" ", 1)[1].strip('"')
            count = len(self.provider.folders[self.folder])
            for said in (f"{count} EXISTS", "OK [UIDVALIDITY 7]", f"OK [UIDNEXT {count + 1}]"):
                self._say(f"* {said}")
        elif word.startswith("UID FETCH"):
            self._fetch(command)
        elif word.startswith("LOGOUT"):
            self._say("* BYE")
        self._say(f"{tag} OK done")
        return not word.startswith("LOGOUT")

    def _sign_in(self, tag: str) -> bool:
        self._say("+ ")
        said = base64.b64decode(self.rfile.readline().strip()).decode()
        found = re.fullmatch("user=(.*)\x01auth=Bearer (.*)\x01\x01", said)
        fits = found and found[1] == self.provider.login and found[2] in self.provider.given
        self._say(f"{tag} OK welcome" if fits else f"{tag} NO not you")
        return True

    def _fetch(self, command: str) -> None:
        which = command.split(" ")[2]
        first = int(which.partition(":")[0])
        messages = self.provider.folders[self.folder]
        last = len(messages) if ":" in which else first
        for uid in range(first, last + 1):
            raw = messages[uid - 1]
            if "BODY" not in command:
                self._say(f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(raw)})")
                continue
            self._say(f"* {uid} FETCH (UID {uid} BODY[] {{{len(raw)}}}")
            self.wfile.write(raw)
            self._say(")")


class _ImapServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def mail_provider() -> Iterator[MailProvider]:
    """A running provider, without TLS, on free ports of 127.0.0.1."""
    provider = MailProvider()
    web = ThreadingHTTPServer(("127.0.0.1", 0), type("Http", (_Http,), {"provider": provider}))
    mail = _ImapServer(("127.0.0.1", 0), type("Imap", (_Imap,), {"provider": provider}))
    provider.http_port, provider.imap_port = web.server_address[1], mail.server_address[1]
    threads = [
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True) for server in (web, mail)
    ]
    for thread in threads:
        thread.start()
    try:
        yield provider
    finally:
        for server in (web, mail):
            server.shutdown()
            server.server_close()
