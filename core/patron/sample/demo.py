"""``patron demo``: an installation of its own, filled once, entered by a one-time link."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

from patron.accounts.services import links, users
from patron.assembly import Assembly, assemble
from patron.cli.install import config_text, migrate_installation
from patron.context import Context
from patron.duplicates.scanning import scan_and_keep
from patron.metrics import services as metrics
from patron.permissions import SYSTEM
from patron.settings import CONFIG_NAME, Settings, load_settings

SEED = 20260401
DATABASE = "demo.db"
OWNER = "alex.morgan@patron.example"


def prepare_demo(folder: Path, port: int, modules: str | None) -> Settings:
    """The demo's settings; made and filled on first use, left as it is afterwards. One half made begins anew."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / CONFIG_NAME
    if not config.exists():
        config.write_text(_config(modules), "utf-8")
    address = f"http://localhost:{port}"
    settings = load_settings(folder, port=port, base_url=address)
    marker = folder / "filled"
    if not marker.exists():
        for half_made in folder.glob(f"{DATABASE}*"):
            half_made.unlink()
        migrate_installation(settings)
        fill(settings)
        marker.write_text(datetime.now(UTC).isoformat(), "ascii")
    return settings


def _config(modules: str | None) -> str:
    values = {"site_name": "Northwind Furniture", "database_url": f"sqlite:///{DATABASE}"}
    if modules is None:
        text = config_text(values, ())
        return text.replace("modules = []\n", "")
    wanted = [] if modules == "none" else [name.strip() for name in modules.split(",") if name.strip()]
    return config_text(values, wanted)


def fill(settings: Settings) -> None:
    """Sample data of the core, then of each module in its order, one transaction each, all from one seed."""
    assembly = assemble(settings)
    numbers = random.Random(SEED)
    for _module, sample in assembly.samples:
        with assembly.database.write() as session:
            ctx = Context(session, assembly, SYSTEM, locale=settings.locale, time_zone=settings.time_zone)
            sample.run(ctx, numbers)
    scan_and_keep(assembly)
    with assembly.database.write() as session:
        metrics.snapshot(Context(session, assembly, SYSTEM))
    assembly.database.dispose()


def sign_in_link(assembly: Assembly) -> str:
    """A link that signs the demo's administrator in, once."""
    with assembly.database.write() as session:
        ctx = Context(session, assembly, SYSTEM)
        return links.make_link(ctx, users.user_by_email(ctx, OWNER), "sign-in")
