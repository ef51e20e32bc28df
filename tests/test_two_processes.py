"""What one web process decides holds in the next request of another: sessions, users, roles, modules, rate limits."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from patron.accounts import services
from patron.accounts.authentication import csrf_token, masked
from patron.accounts.models import SignIn
from patron.accounts.services.people import person_of
from patron.accounts.services.roles import list_roles
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.db import Database
from patron.migrate import CORE, Distribution
from patron.plugins import discover
from patron.records import table
from patron.settings import load_settings
from patron.testing.faces import make_user, working
from patron.ui import CSRF_HEADER
from sqlalchemy import func, select

SERVE = "from patron.cli import main; main()"


@pytest.fixture(scope="module")
def distributions() -> tuple[Distribution, ...]:
    return (CORE, *(plugin.migrations for plugin in discover(("workflow",))))


@dataclass
class Site:
    """One installation, served by two processes."""

    assembly: Assembly
    first: str
    second: str

    def cookie(self, name: str) -> str:
        return f"__Host-{name}" if self.assembly.settings.secure else name

    def session(self, user_id: int) -> httpx.Client:
        """A browser signed in as that user, which knows both processes."""
        with working(self.assembly) as ctx:
            secret = services.start_session(ctx, person_of(ctx.session, user_id=user_id))
        headers = {
            CSRF_HEADER: masked(csrf_token(self.assembly.settings.secret_key, secret)),
            "Accept": "application/json",
        }
        return httpx.Client(cookies={self.cookie("patron"): secret}, headers=headers, timeout=30)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def answering(url: str, seconds: float = 90) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health/ready", timeout=5).status_code == 200:
                return True
        except httpx.HTTPError:
            time.sleep(0.2)
    return False


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "patron.toml").write_text(
        f'database_url = "{database.url}"\nbase_url = "http://127.0.0.1"\nmodules = ["workflow"]\n'
    )
    assembly = assemble(load_settings(tmp_path))
    after_migration(assembly)
    ports = [free_port(), free_port()]
    log = (tmp_path / "serve.log").open("w")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SERVE, "serve", "--no-worker", "--workers", "1", "--port", str(port)],
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )
        for port in ports
    ]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    try:
        assert all(answering(url) for url in urls), (tmp_path / "serve.log").read_text()
        yield Site(assembly, *urls)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(40)
        log.close()
        assembly.database.dispose()


def test_what_one_decides_holds_in_the_other(site: Site) -> None:
    """In one test, since two processes take a while to start."""
    check_decisions(site)
    check_rate_limit(site)


def check_decisions(site: Site) -> None:
    admin = site.session(make_user(site.assembly, "admin"))
    user_id = make_user(site.assembly, "user")
    user, elsewhere = site.session(user_id), site.session(user_id)
    one, other = site.first, site.second
    for url in (one, other):
        assert user.get(f"{url}/customers").status_code == 200
        assert user.get(f"{url}/workflow/calendars").status_code == 200

    t = table(SignIn)
    with site.assembly.database.read() as session:
        first = session.execute(select(func.min(t.c.id)).where(t.c.user_id == user_id)).scalar_one()
    assert elsewhere.post(f"{one}/account/sessions/{first}/revoke").status_code == 303
    assert user.get(f"{other}/customers").status_code == 401, "a revoked session"
    assert elsewhere.get(f"{other}/customers").status_code == 200

    assert admin.post(f"{one}/admin/modules/workflow/disable").status_code == 303
    assert elsewhere.get(f"{other}/workflow/calendars").status_code == 404, "a disabled module"
    assert admin.post(f"{other}/admin/modules/workflow/enable").status_code == 303
    assert elsewhere.get(f"{one}/workflow/calendars").status_code == 200

    with working(site.assembly) as ctx:
        roles = {name: role_id for role_id, name, _ in list_roles(ctx)}
    assert admin.post(f"{one}/admin/roles/{roles['user']}", data={}).status_code == 303
    assert elsewhere.get(f"{other}/customers").status_code == 403, "a changed role"

    assert admin.post(f"{one}/admin/users/{user_id}/disable").status_code == 303
    assert elsewhere.get(f"{other}/account").status_code == 401, "a disabled user"


def check_rate_limit(site: Site) -> None:
    """It counts in both together, whatever a forwarded address claims."""
    make_user(site.assembly, email="ada@example.com")
    key = site.assembly.settings.secret_key
    statuses = []
    with httpx.Client(cookies={site.cookie("patron-pre"): "x"}, timeout=60) as guesser:
        for number in range(12):
            url = (site.first, site.second)[number % 2]
            answer = guesser.post(
                f"{url}/sign-in",
                data={"email": "ada@example.com", "password": f"guess number {number}"},
                headers={
                    CSRF_HEADER: masked(csrf_token(key, "x")),
                    "X-Forwarded-For": f"10.0.0.{number}",
                    "Accept": "application/json",
                },
            )
            statuses.append(answer.status_code)
    assert statuses == [422] * 10 + [429] * 2
    assert int(answer.headers["retry-after"]) > 0
