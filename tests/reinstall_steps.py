"""What is done to an installation while its modules go and come back: ``reinstall_steps.py STEP [ARGUMENT ...]``.

Runs in the environment under test, in the folder of the installation. Prints what it found as JSON, and under
``after`` what there is then.
"""

from __future__ import annotations

import json
import random
import sys
from email.message import EmailMessage
from typing import Any

from patron import mailflow
from patron.assembly import Assembly, assemble
from patron.cli.install import after_migration
from patron.context import Context
from patron.customers import merging
from patron.digest import digest_of
from patron.events import counts
from patron.interactions.mailflow import mailboxes
from patron.settings import load_settings
from patron.system.plugins_service import list_plugins
from patron.worker.drain import Drain
from patron.worker.watch import Watch
from sqlalchemy import text

SUPPORT = "second@firm.example"


def look(assembly: Assembly) -> dict[str, Any]:
    """What there is: rows as ``patron digest`` says them, histories, deliveries that wait, states of modules.

    When a fact was found is left out: two installations find the same ones at different moments.
    """
    with assembly.database.read() as session:
        ctx = Context(session, assembly)
        history = text("SELECT * FROM core_timeline WHERE module <> 'core' ORDER BY id")
        return {
            "digest": digest_of(ctx, without=("as_of",)),
            "written": [list(map(str, row)) for row in session.execute(history)],
            "waiting": {line["handler"]: line["state"] for line in counts(ctx) if line["state"] != "done"},
            "states": {p.name: p.state for p in list_plugins(ctx)},
            "reasons": {p.name: p.reason for p in list_plugins(ctx) if p.reason},
        }


def fill(assembly: Assembly) -> dict[str, Any]:
    """Sample data of every module, and a mail whose delivery is still due. Names two customers of sales."""
    after_migration(assembly)
    numbers = random.Random(1)
    for _module, sample in assembly.samples:
        with assembly.database.write() as session:
            ctx = Context(session, assembly)
            ctx.cache["sample scale"] = 0.05
            sample.run(ctx, numbers)
    _drain(assembly).run()
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ada@example.com", SUPPORT, "The mail that waits"
    mail["Message-ID"] = "<waits@example.com>"
    mail.set_content("It is broken.")
    box = {
        "name": "Second mailbox", "address": SUPPORT, "active": "true", "module": "service",
        "smtp_host": "127.0.0.1", "smtp_security": "none",
    }  # fmt: skip
    pair = "SELECT DISTINCT customer_id FROM sales_opportunity ORDER BY customer_id LIMIT 2"
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        mailflow.receive(ctx, mail.as_bytes(), mailboxes.save_mailbox(ctx, box))
        survivor, merged = session.execute(text(pair)).scalars()
    return {"survivor": survivor, "merged": merged}


def away(assembly: Assembly, survivor: str, merged: str) -> dict[str, Any]:
    """While the modules are away: the worker starts, two customers are merged."""
    before = look(assembly)
    _drain(assembly).settle()
    merge(assembly, survivor, merged)
    with assembly.database.read() as session:
        new = session.execute(text("SELECT DISTINCT meanwhile FROM core_customer")).scalars().all()
    return {"before": before, "meanwhile": list(new)}


def merge(assembly: Assembly, survivor: str, merged: str) -> dict[str, Any]:
    with assembly.database.write() as session:
        merging.merge(Context(session, assembly), int(survivor), int(merged))
    return {}


def back(assembly: Assembly) -> dict[str, Any]:
    """The modules are back, and the worker delivers what waited for them."""
    before = look(assembly)
    _drain(assembly).settle()
    _drain(assembly).run()
    waited = text("SELECT count(*) FROM service_ticket WHERE subject = 'The mail that waits'")
    with assembly.database.read() as session:
        return {"before": before, "tickets": session.execute(waited).scalar_one()}


def _drain(assembly: Assembly) -> Drain:
    return Drain(assembly, Watch(lambda _: None, 60.0))


STEPS = {step.__name__: step for step in (look, fill, away, merge, back)}

if __name__ == "__main__":
    made = assemble(load_settings(), check_journals=sys.argv[1] != "fill")
    found = STEPS[sys.argv[1]](made, *sys.argv[2:])
    print(json.dumps({**found, "after": look(made)}))
    made.database.dispose()
