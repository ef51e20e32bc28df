"""The demo, served as anyone would serve it, and a browser in which every complaint is kept."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from patron.accounts import services
from patron.accounts.services.people import person_of
from patron.assembly import Assembly, assemble
from patron.interactions.models import Mailbox
from patron.permissions import Face
from patron.records import table
from patron.sample.demo import OWNER
from patron.settings import load_settings
from patron.testing.faces import working
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select, update

sys.path.insert(0, str(Path(__file__).parent))  # for page_walk
PATRON = str(Path(sys.executable).with_name("patron"))
VIOLATIONS = """document.addEventListener("securitypolicyviolation",
    (event) => console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI || event.sample}`))"""


@dataclass
class Site:
    """A served installation: its folder, its address, and the command line that administers it."""

    folder: Path
    url: str
    environment: dict[str, str]

    def patron(self, *words: str) -> str:
        """What ``patron …`` prints."""
        done = subprocess.run(
            [PATRON, *words], env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def assembly(self) -> Iterator[Assembly]:
        """The installation opened in this process, beside the one that serves it."""
        settings = replace(load_settings(self.folder), base_url=self.url, folder=str(self.folder))
        made = assemble(settings)
        yield made
        made.database.dispose()

    def routes(self, face: str) -> list[str]:
        """The paths of the pages of a face; programs' addresses are left out."""
        found = json.loads(self.patron("routes", "--json"))
        return [
            r["path"]
            for r in found
            if r["method"] == "GET" and r["face"] == face and "/api/" not in r["path"]
        ]

    def link(self, email: str = OWNER) -> str:
        """A link that signs a user in once."""
        return re.findall(r"http\S+", self.patron("users", "link", email))[0].rstrip('"')


def rest_mailboxes(assembly: Assembly) -> None:
    """Switch off the mailboxes that other journeys have connected: their servers are gone."""
    with working(assembly) as ctx:
        ctx.session.execute(update(table(Mailbox)).values(active=False))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def filled_demo(factory: pytest.TempPathFactory, someone: Site) -> Path:
    """The folder of a demo that nobody serves, which the first worker of a run fills and the others wait for."""
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "filled-demo"
    with (shared / "filled-demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=shared) as unfinished:
                replace(someone, environment={**someone.environment, "PATRON_HOME": unfinished}).patron(
                    "demo", "--dir", unfinished, "--no-serve"
                )
                shutil.copytree(unfinished, folder)
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo on a free port, without its worker."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    url = f"http://localhost:{port}"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PATRON_")}
    served = Site(folder, url, {**clean, "PATRON_HOME": str(folder), "PATRON_BASE_URL": url})
    shutil.copytree(filled_demo(tmp_path_factory, served), folder, dirs_exist_ok=True)
    with (folder / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [PATRON, "serve", "--port", str(port), "--workers", "1", "--no-worker"],
            env=served.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for(f"{url}/health/live", process)
            yield served
        finally:
            process.terminate()
            process.wait(30)


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, "the server has ended"
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} did not answer within {seconds} s")


def sign_in(page: Page, link: str) -> None:
    """Open a sign-in link and press its one button."""
    page.goto(link)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_load_state()


@pytest.fixture(scope="session")
def staff_state(site: Site, browser: Browser) -> Any:
    """The cookies of the demo's administrator, signed in."""
    context = browser.new_context()
    sign_in(context.new_page(), site.link())
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="session")
def customer_state(site: Site) -> Any:
    """The cookies of somebody who acts for a customer of the demo that has a ticket and a shop order."""
    with site.assembly() as assembly, working(assembly) as ctx:
        t = table(assembly.resource("service.tickets").model)
        customer = ctx.session.execute(
            select(t.c.customer_id).where(t.c.customer_id.is_not(None)).limit(1)
        ).scalar_one()
        k = table(assembly.resource("ecommerce.checkouts").model)
        ctx.session.execute(update(k).where(k.c.id == 1).values(customer_id=customer))
        rights = ["orders", "preferences", "tickets"]
        account = services.add_account(ctx, "buyer@example.com", "Bettina Buyer", customer, rights)
        secret = services.start_session(ctx, person_of(ctx.session, account_id=account))
    cookie = {"name": "__Host-patron-my", "value": secret, "domain": "localhost", "path": "/", "expires": -1,
              "secure": True, "httpOnly": True, "sameSite": "Lax"}  # fmt: skip
    return {"cookies": [cookie], "origins": []}


@pytest.fixture(scope="session")
def partner_state(site: Site) -> Any:
    """The cookies of somebody who acts for a partner of the demo that has deals, and leads to answer."""
    with site.assembly() as assembly, working(assembly) as ctx:
        t = table(assembly.resource("prm.offers").model)
        partner = (
            ctx.session.execute(select(t.c.partner_customer_id).where(t.c.status == "open")).scalars().first()
        )
        rights = ["deals", "leads"]
        account = services.add_account(
            ctx, "partner@example.com", "Pia Partner", partner, rights, Face.PARTNER
        )
        secret = services.start_session(ctx, person_of(ctx.session, account_id=account))
    cookie = {"name": "__Host-patron-partner", "value": secret, "domain": "localhost", "path": "/", "expires": -1,
              "secure": True, "httpOnly": True, "sameSite": "Lax"}  # fmt: skip
    return {"cookies": [cookie], "origins": []}


@dataclass
class Watched:
    """A page whose every complaint is kept: errors of scripts, of the console, of the policy."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script(VIOLATIONS)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type == "error" else None
        )

    def taken(self) -> list[str]:
        """The complaints since last asked."""
        found = list(self.complaints)
        self.complaints.clear()
        return found


def watch(context: BrowserContext) -> Watched:
    context.set_default_timeout(20_000)
    return Watched(context.new_page())


@pytest.fixture(scope="session")
def resting() -> Any:
    """Switches off the mailboxes of an installation."""
    return rest_mailboxes


@pytest.fixture(scope="session")
def watching() -> Any:
    """Opens a page of a context and keeps its complaints."""
    return watch


@pytest.fixture
def staff(site: Site, browser: Browser, staff_state: Any) -> Iterator[Page]:
    """The administrator at a desk. Whatever the console complains of fails the test."""
    context = browser.new_context(
        storage_state=staff_state, base_url=site.url, viewport={"width": 1440, "height": 900}
    )
    watched = watch(context)
    yield watched.page
    context.close()
    assert watched.taken() == []


@pytest.fixture
def plain(site: Site, browser: Browser) -> Iterator[Page]:
    """A browser that runs no scripts, signed in to nothing."""
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()
