"""The import wizard walked in a real browser, with scripts and without, under the real policy."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from patron.accounts import services
from patron.accounts.services.people import person_of
from patron.assembly import assemble
from patron.testing.databases import Databases
from patron.testing.faces import make_user, settings_for, working
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser
CSV = "Vorname;Nachname;E-Mail;Ort\nJörg;Müller;joerg@example.com;Köln\nAnna;Weiß;anna@;Bonn\n"


@pytest.fixture
def site(databases: Databases, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A web process of its own on a fresh database: its address, and the session of an administrator."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://localhost:{port}"
    with databases.fresh("sqlite", tmp_path) as database:
        made = assemble(settings_for(database, folder=str(tmp_path)))
        with working(made) as ctx:
            services.sync_roles(ctx)
        user_id = make_user(made)
        with working(made) as ctx:
            secret = services.start_session(ctx, person_of(ctx.session, user_id=user_id))
        made.database.dispose()
        environment = {
            **os.environ, "PATRON_HOME": str(tmp_path), "PATRON_DATABASE_URL": database.url, "PATRON_MODULES": "none",
            "PATRON_SECRET_KEY": "of-a-test", "PATRON_BASE_URL": url,
        }  # fmt: skip
        command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--port", str(port)]
        process = subprocess.Popen([*command, "--no-ws", "patron.app:application"], env=environment)
        try:
            _await(port, process)
            yield url, secret
        finally:
            process.terminate()
            process.wait(20)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the site did not start")


def walk(page: Page, url: str, file: Path) -> None:
    page.goto(f"{url}/customers/import")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Next: columns").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Columns of people.csv")
    page.get_by_label("Field of column Ort").select_option("")
    page.get_by_role("button", name="Next: preview").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Preview of people.csv")
    expect(page.get_by_role("cell", name="Jörg Müller")).to_be_visible()
    page.get_by_role("button", name="Import now").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Import of people.csv")
    expect(page.get_by_text("@ is missing").or_(page.get_by_text("e-mail address"))).to_be_visible()
    page.get_by_role("link", name="Show customers").click()
    expect(page.get_by_role("link", name="Jörg Müller").first).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("width", [360, 1440])
def test_a_file_becomes_customers(
    browser: Browser, site: tuple[str, str], tmp_path: Path, scripts: bool, width: int
) -> None:
    url, secret = site
    file = tmp_path / "people.csv"
    file.write_text(CSV, encoding="cp1252")
    context = browser.new_context(java_script_enabled=scripts, viewport={"width": width, "height": 800})
    at = url.replace("http:", "https:")  # where the browser lets a cookie of this name be set by hand
    context.add_cookies(
        [{"name": "__Host-patron", "value": secret, "url": at, "secure": True, "httpOnly": True}]
    )
    page = context.new_page()
    refused: list[str] = []
    page.on(
        "console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None
    )
    walk(page, url, file)
    context.close()
    assert not refused
