"""A database that stays busy answers 503, and says when to come again, to programs and to people."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from patron.assembly import Assembly
from patron.customers.models import Customer
from patron.db import Database
from patron.records import table
from patron.testing.faces import app_client, make_customer, signed_in
from sqlalchemy import update


@contextmanager
def held(database: Database, customer_id: int) -> Iterator[None]:
    """Somebody else is in the middle of changing that customer."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        t = table(Customer)
        with database.write() as session:
            session.execute(update(t).where(t.c.id == customer_id).values(note="held"))
            taken.set()
            done.wait(30)

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert taken.wait(10)
        yield
    finally:
        done.set()
        thread.join()


def test_a_busy_database_answers_503_with_retry_after(assembly: Assembly) -> None:
    customer = make_customer(assembly, "Ada")
    with app_client(assembly) as client:
        signed_in(client)
        patient = assembly.database
        assembly.database = Database(patient.url, lock_timeout=0.3)
        try:
            with held(patient, customer):
                form = client.post(f"/customers/{customer}/edit", data={"name": "Eve", "version": "1"})
                program = client.patch(f"/api/v1/customers/{customer}", json={"note": "Eve"})
                read = client.get(f"/api/v1/customers/{customer}")
        finally:
            assembly.database.dispose()
            assembly.database = patient
        for answer in (form, program):
            assert answer.status_code == 503, answer.text[:200]
            assert int(answer.headers["retry-after"]) >= 1
        assert program.headers["content-type"].startswith("application/problem+json")
        assert "Traceback" not in form.text + program.text
        assert read.status_code == 200, "who only reads is not held up"
        assert client.patch(f"/api/v1/customers/{customer}", json={"note": "Eve"}).status_code == 200
