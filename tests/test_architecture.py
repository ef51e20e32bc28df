"""The import contracts hold, and each of them fires on a small tree that breaks it."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "contracts.py"))

CORE_INIT = '__all__ = ["Resource"]\n'
SALES_PROJECT = '[project]\nname = "patron-sales"\ndependencies = ["patron>=0.1", "patron-orders>=0.1,<1"]\n'
SALES = "plugins/sales/patron_sales"

BROKEN = [
    ("core_knows_no_module", "core/patron/x.py", "import patron_sales.api"),
    ("core_knows_no_module", "core/patron/x.py", "def f():\n    from patron_sales import api"),
    ("modules_use_public_names", f"{SALES}/x.py", "from patron.db import unit_of_work"),
    ("modules_use_public_names", f"{SALES}/x.py", "from patron import db"),
    ("neighbours_by_api", f"{SALES}/x.py", "from patron_orders.models import Order"),
    ("neighbours_by_api", f"{SALES}/x.py", "from patron_orders import services"),
    ("neighbours_by_api", f"{SALES}/x.py", "from patron_service.api import Ticket"),
    ("neighbours_by_api", f"{SALES}/with_marketing.py", "from patron_service.api import Ticket"),
    ("rooms_in_order", f"{SALES}/services.py", "from patron_sales.controllers import Deals"),
    ("rooms_in_order", f"{SALES}/services/deals.py", "from .. import controllers"),
    ("rooms_in_order", f"{SALES}/models.py", "from . import services"),
    ("rooms_in_order", "core/patron/customers/models.py", "from patron.accounts.services import find"),
    ("plugin_is_the_top", f"{SALES}/services.py", "from patron_sales.plugin import SalesPlugin"),
    ("plugin_is_the_top", f"{SALES}/services.py", "from . import plugin"),
    ("rooms_know_their_tools", f"{SALES}/services.py", "from litestar import get"),
    ("rooms_know_their_tools", f"{SALES}/models.py", "import litestar"),
    ("rooms_know_their_tools", f"{SALES}/controllers.py", "from sqlalchemy import select"),
    ("rooms_know_their_tools", f"{SALES}/controllers/deals.py", "from sqlmodel import select"),
    ("only_db_commits", f"{SALES}/services.py", "def f(session):\n    session.commit()"),
    ("only_db_commits", "core/patron/migrate.py", "def f(session):\n    session.connection().commit()"),
    ("revisions_stand_alone", f"{SALES}/migrations/versions/a.py", "from patron_sales.models import Deal"),
    ("revisions_stand_alone", "core/patron/migrations/versions/a.py", "import sqlmodel"),
]

KEPT = [
    ("core/patron/db.py", "def f(session):\n    session.commit()"),
    (f"{SALES}/plugin.py", "from . import controllers, services, models"),
    (f"{SALES}/controllers.py", "from litestar import get\nfrom . import services"),
    (f"{SALES}/services.py", "from sqlalchemy import select\nfrom patron_sales.models import Deal"),
    (
        f"{SALES}/x.py",
        "import patron.testing\nfrom patron import Resource\nfrom patron_orders import api",
    ),
    (f"{SALES}/with_service.py", "from patron_service import api"),
    (f"{SALES}/migrations/versions/a.py", "import datetime\nimport sqlalchemy as sa\nfrom alembic import op"),
]


def tree(root: Path, path: str, text: str) -> list[str]:
    """Lay a workspace of core and sales with one more file, and check it."""
    files = {"core/patron/__init__.py": CORE_INIT, "plugins/sales/pyproject.toml": SALES_PROJECT, path: text}
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    findings: list[str] = CONTRACTS["check"](root)
    return findings


def test_the_workspace_keeps_every_contract() -> None:
    assert CONTRACTS["check"](ROOT) == []


@pytest.mark.parametrize(("contract", "path", "text"), BROKEN)
def test_a_contract_fires(tmp_path: Path, contract: str, path: str, text: str) -> None:
    findings = tree(tmp_path, path, text)
    assert findings
    assert all(f": {contract}: " in finding for finding in findings)


@pytest.mark.parametrize(("path", "text"), KEPT)
def test_what_is_allowed_passes(tmp_path: Path, path: str, text: str) -> None:
    assert tree(tmp_path, path, text) == []


def test_every_contract_is_shown_to_fire() -> None:
    assert {contract.__name__ for contract in CONTRACTS["CONTRACTS"]} == {broken[0] for broken in BROKEN}


def test_every_module_is_under_the_transitive_contract() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    modules = {path.name for path in ROOT.glob("plugins/*/patron_*")}
    assert set(config["root_packages"]) == {"patron", *modules}
