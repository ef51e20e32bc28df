"""Custom fields as real columns or as typed value rows, tried at a million records on both engines.

``python -m bench.custom_fields [--rows 1000000]`` prints median milliseconds of the same questions asked both ways.
The decision made from it is docs/decisions/0002-custom-field-storage.md.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import Connection, create_engine, text

from bench.peers import database

TIERS = ("gold", "silver", "bronze", "none", "trial")
QUESTIONS = {
    "one field, first 50 by name": (
        "SELECT c.id FROM customer c JOIN custom_columns x ON x.customer_id = c.id "
        "WHERE x.tier = 'gold' ORDER BY c.name LIMIT 50",
        "SELECT c.id FROM customer c JOIN custom_value v ON v.customer_id = c.id "
        "WHERE v.field_id = 1 AND v.text_value = 'gold' ORDER BY c.name LIMIT 50",
    ),
    "rare value, first 50 by name": (
        "SELECT c.id FROM customer c JOIN custom_columns x ON x.customer_id = c.id "
        "WHERE x.code = 'K77777' ORDER BY c.name LIMIT 50",
        "SELECT c.id FROM customer c JOIN custom_value v ON v.customer_id = c.id "
        "WHERE v.field_id = 2 AND v.text_value = 'K77777' ORDER BY c.name LIMIT 50",
    ),
    "two fields together, count": (
        "SELECT count(*) FROM custom_columns x WHERE x.tier = 'gold' "
        "AND x.renewal BETWEEN '2026-01-01' AND '2026-01-31'",
        "SELECT count(*) FROM custom_value a JOIN custom_value b ON b.customer_id = a.customer_id "
        "WHERE a.field_id = 1 AND a.text_value = 'gold' AND b.field_id = 3 "
        "AND b.date_value BETWEEN '2026-01-01' AND '2026-01-31'",
    ),
    "sorted by a field, first 50": (
        "SELECT x.customer_id FROM custom_columns x ORDER BY x.renewal, x.customer_id LIMIT 50",
        "SELECT v.customer_id FROM custom_value v WHERE v.field_id = 3 ORDER BY v.date_value, v.customer_id LIMIT 50",
    ),
    "the fields of 50 records": (
        "SELECT * FROM custom_columns WHERE customer_id BETWEEN 5000 AND 5049",
        "SELECT * FROM custom_value WHERE customer_id BETWEEN 5000 AND 5049",
    ),
}
TABLES = (
    "CREATE TABLE customer (id BIGINT PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE INDEX customer_name ON customer (name, id)",
    "CREATE TABLE custom_columns (customer_id BIGINT PRIMARY KEY, tier TEXT, code TEXT, renewal DATE)",
    "CREATE TABLE custom_value (customer_id BIGINT NOT NULL, field_id INTEGER NOT NULL, text_value TEXT, "
    "date_value DATE, PRIMARY KEY (customer_id, field_id))",
)
INDEXES = (
    "CREATE INDEX columns_tier ON custom_columns (tier, customer_id)",
    "CREATE INDEX columns_code ON custom_columns (code, customer_id)",
    "CREATE INDEX columns_renewal ON custom_columns (renewal, customer_id)",
    "CREATE INDEX value_text ON custom_value (field_id, text_value, customer_id)",
    "CREATE INDEX value_date ON custom_value (field_id, date_value, customer_id)",
)


def rows(number: int) -> Iterator[tuple[int, str, str, str, date]]:
    """Customers with a tier (five values), a code (nearly unique) and a day of renewal."""
    numbers = random.Random(7)
    for key in range(1, number + 1):
        code = f"K{numbers.randint(1, number):05}"
        day = date(2025, 1, 1) + timedelta(days=numbers.randint(0, 1000))
        yield key, f"{numbers.getrandbits(48):012x}", numbers.choice(TIERS), code, day


def fill(connection: Connection, number: int) -> dict[str, float]:
    """Make and fill the tables; the seconds that writing each way took."""
    for statement in TABLES:
        connection.execute(text(statement))
    taken = {"columns": 0.0, "values": 0.0}
    batch: list[tuple[int, str, str, str, date]] = []
    for row in rows(number):
        batch.append(row)
        if len(batch) == 20_000:
            _write(connection, batch, taken)
            batch = []
    if batch:
        _write(connection, batch, taken)
    for statement in INDEXES:
        connection.execute(text(statement))
    connection.commit()
    return taken


def _write(
    connection: Connection, batch: list[tuple[int, str, str, str, date]], taken: dict[str, float]
) -> None:
    names = [{"id": key, "name": name} for key, name, *_ in batch]
    connection.execute(text("INSERT INTO customer VALUES (:id, :name)"), names)
    columns = [{"id": k, "tier": t, "code": c, "day": d.isoformat()} for k, _, t, c, d in batch]
    begin = time.perf_counter()
    cast = "CAST(:day AS DATE)" if connection.dialect.name == "postgresql" else ":day"
    connection.execute(text(f"INSERT INTO custom_columns VALUES (:id, :tier, :code, {cast})"), columns)
    taken["columns"] += time.perf_counter() - begin
    values = [
        {
            "id": key,
            "field": field,
            "text": value if field < 3 else None,
            "day": value if field == 3 else None,
        }
        for key, _, tier, code, day in batch
        for field, value in ((1, tier), (2, code), (3, day.isoformat()))
    ]
    begin = time.perf_counter()
    connection.execute(text(f"INSERT INTO custom_value VALUES (:id, :field, :text, {cast})"), values)
    taken["values"] += time.perf_counter() - begin


def ask(connection: Connection, statement: str, times: int = 15) -> float:
    """Median milliseconds of a question."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        connection.execute(text(statement)).all()
        taken.append((time.perf_counter() - begin) * 1000)
    return statistics.median(taken)


def main() -> None:
    """Fill both engines and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    number = parser.parse_args().rows
    for name in ("sqlite", "postgresql"):
        with database(name) as found:
            engine = create_engine(found.url.replace("postgresql://", "postgresql+psycopg://"))
            with engine.connect() as connection:
                taken = fill(connection, number)
                connection.execute(text("ANALYZE"))
                connection.commit()
                print(
                    f"{name}, {number} rows: written in {taken['columns']:.0f} s and {taken['values']:.0f} s"
                )
                for question, (columns, values) in QUESTIONS.items():
                    print(
                        f"  {question:32} {ask(connection, columns):9.2f} {ask(connection, values):9.2f} ms"
                    )
            engine.dispose()


if __name__ == "__main__":
    main()
