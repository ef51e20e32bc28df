"""A way to pay of another module, by the hook ``ecommerce_payment_providers``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from patron import hookimpl
from patron.assembly import assemble
from patron.db import Database
from patron.testing.faces import settings_for, working
from patron_ecommerce.api import PaymentProvider
from patron_ecommerce.services import payments


def module(found: object) -> SimpleNamespace:
    @hookimpl
    def ecommerce_payment_providers() -> object:
        return found

    return SimpleNamespace(ecommerce_payment_providers=ecommerce_payment_providers, __package__="")


def unasked(*_: object) -> object:
    raise AssertionError("nobody pays here")


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_another_module_brings_a_way_to_pay(database: Database, tmp_path: Path) -> None:
    shown = PaymentProvider("acme", "Acme Pay", unasked, unasked)
    hidden = PaymentProvider("later", "Later", unasked, unasked, offered=lambda ctx: False)
    settings = settings_for(database, modules=("ecommerce",), folder=str(tmp_path), strict=True)
    made = assemble(settings, {"acme": module((shown, hidden))})
    with working(made) as ctx:
        assert "acme" in [one.name for one in payments.providers(ctx)]
        assert "later" not in [one.name for one in payments.providers(ctx)]
        assert payments.provider_of(ctx, "later") == hidden, "a payment that began must be able to end"
        assert payments.way_of(ctx, "acme") == "Acme Pay"
    made.database.dispose()
    refused = assemble(replace(settings, strict=False), {"acme": module(("no provider",))})
    assert [plugin.name for plugin in refused.plugins if plugin.refused] == ["acme"]
    refused.database.dispose()
