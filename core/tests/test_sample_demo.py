"""The demo is made whole: one that was interrupted begins anew, one that is whole stays as it is."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from patron.accounts.models import Account, Mandate
from patron.accounts.services import users
from patron.assembly import Assembly, assemble
from patron.cli.common import unit_of_work
from patron.customers.models import Assignment, CustomerName, ExternalId, Preference
from patron.interactions.models import Mail, MailLedger
from patron.records import table
from patron.sample import core, demo
from patron.settings import Settings
from patron.system.models import File
from patron.testing.faces import working
from sqlalchemy import func, select


def test_one_that_was_interrupted_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fillings: list[str] = []

    def fill(settings: Settings) -> None:
        assembly = assemble(settings)
        with unit_of_work(assembly) as ctx:
            users.add_user(ctx, demo.OWNER, "Alex Morgan", ("admin",))
        assembly.database.dispose()
        fillings.append(settings.database_url)
        if len(fillings) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(demo, "fill", fill)
    with pytest.raises(KeyboardInterrupt):
        demo.prepare_demo(tmp_path, 8000, "none")
    settings = demo.prepare_demo(tmp_path, 8000, "none")
    assert demo.prepare_demo(tmp_path, 8001, "none").database_url == settings.database_url
    assert len(fillings) == 2
    assembly = assemble(settings)
    assert demo.sign_in_link(assembly).startswith("http://localhost:8000/sign-in/link/")
    assembly.database.dispose()


@pytest.mark.parametrize("engine_name", ["sqlite"])  # no statement of its own
def test_every_part_of_the_customer_has_something_to_show(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "ORGANISATIONS", 20)
    monkeypatch.setattr(core, "PERSONS", 50)
    with working(assembly) as ctx:
        core.make_core_sample(ctx, random.Random(demo.SEED))
    models = (Account, Mandate, Assignment, CustomerName, Preference, ExternalId, File, Mail, MailLedger)
    with assembly.database.read() as session:
        counts = {
            model.__tablename__: session.execute(select(func.count()).select_from(table(model))).scalar_one()
            for model in models
        }
        assert min(counts.values()) > 0, counts
        assert set(session.execute(select(table(Account).c.password_hash)).scalars()) == {""}
        unsent = select(table(MailLedger).c.id).where(table(MailLedger).c.state != "handed")
        assert session.execute(unsent).all() == []  # nothing of it ever goes out
