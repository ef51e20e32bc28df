"""The demo is made whole: one that was interrupted begins anew, one that is whole stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from patron.accounts.services import users
from patron.assembly import assemble
from patron.cli.common import unit_of_work
from patron.sample import demo
from patron.settings import Settings


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
