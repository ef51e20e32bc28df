"""``patron init`` makes an installation whole or not at all, and ``patron golive`` freezes where its goals begin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner
from patron.cli.common import get_assembly, unit_of_work
from patron.cli.main import EXIT_BUSY, main, patron
from patron.errors import Invalid, NotFound
from patron.metrics import services
from patron.records import table, utc_now
from patron.resources import editing
from patron.system.models import MetricSnapshot
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

DUE = (utc_now() + timedelta(days=300)).date().isoformat()
INIT = ("init", "--yes", "--modules", "none", "--json")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the installation is to be: another folder than the current one, and not there yet."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("PATRON_HOME", str(tmp_path / "home"))
    get_assembly.cache_clear()
    yield tmp_path / "home"
    get_assembly.cache_clear()


def run(*arguments: str) -> Any:
    done = CliRunner().invoke(patron, arguments, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return msgspec.json.decode(done.stdout)


def test_what_was_wrong_is_put_right_and_the_rest_follows(home: Path) -> None:
    today = f"customers=5@{utc_now().date()}"
    with pytest.raises(Invalid, match="choose a day after today"):
        run(*INIT, "--objective", today)
    for wrong in (f"nothing=5@{DUE}", "customers=5@2020-01-01", "customers"):
        with pytest.raises(Invalid):
            run(*INIT, "--objective", wrong)
        assert not (home / "patron.toml").exists(), wrong
    many = [word for number in range(4) for word in ("--objective", f"customers={number}@{DUE}")]
    with pytest.raises(Invalid, match="at most three"):
        run(*INIT, *many)

    assert run(*INIT, "--objective", f"customers=5@{DUE}")["config"] == str(home / "patron.toml")
    assert (home / "patron.toml").exists()
    assert list(Path.cwd().iterdir()) == []
    with unit_of_work() as ctx:
        t = table(MetricSnapshot)
        first = select(t.c.value).where(t.c.metric == "core.customers", t.c.day == services.today(ctx))
        assert ctx.session.execute(first).scalar_one() == 0, "the first day is kept"
        editing.create(ctx, ctx.assembly.resource("customers"), {"kind": "person", "name": "Ada"})

    frozen = [{"metric": "core.customers", "baseline": 1, "target": 5, "due": DUE}]
    assert run("golive", "--json") == frozen
    with unit_of_work() as ctx:
        editing.create(ctx, ctx.assembly.resource("customers"), {"kind": "person", "name": "Bo"})
    assert run("golive", "--json") == frozen, "what was frozen stays"


def test_a_database_that_does_not_answer_is_said_in_a_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    monkeypatch.setattr("sys.argv", ["patron", *INIT, "--database-url", nowhere])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == EXIT_BUSY
    assert capsys.readouterr().err.startswith("Error: The database does not answer: connection")
    assert not (home / "patron.toml").exists()


def test_what_the_database_refuses_is_not_told_as_its_silence(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(*INIT)
    with unit_of_work() as ctx:
        ctx.session.execute(text("ALTER TABLE core_user RENAME TO core_users_of_old"))
    monkeypatch.setattr("sys.argv", ["patron", "users", "list"])
    with pytest.raises(OperationalError, match="no such table"):
        main()
    assert "does not answer" not in capsys.readouterr().err


def test_what_the_commands_print_for_programs(home: Path) -> None:
    """The shapes that programs outside rely on."""
    run(*INIT)
    added = run("users", "add", "ada@firm.example", "--name", "Ada", "--role", "admin", "--json")
    assert added["invitation"].startswith("http://localhost:8000/invitation/")
    assert run("tokens", "create", "--user", "ada@firm.example", "--scopes", "*", "--json").keys() == {
        "token"
    }
    people = Path("people.csv")
    people.write_text("Nr;Vorname;Nachname;E-Mail\n1;Jürgen;Groß;jg@x.example\n2;Bo;Ek;bo@\n", "cp1252")
    options = ("--source", "old", "--rejects", "refused.csv", "--json")
    told = run("import", "customers", "people.csv", *options)
    numbers = {"rows": 2, "created": 1, "updated": 0, "skipped": 0, "rejected": 1}
    understood = [(column["header"], column["field"]) for column in told.pop("columns")]
    fields = ("external_id", "given_name", "family_name", "email")
    assert understood == list(zip(("Nr", "Vorname", "Nachname", "E-Mail"), fields, strict=True))
    assert told == {"import_id": 1, **numbers, "encoding": "cp1252"}
    assert "bo@" in Path("refused.csv").read_text("utf-8-sig")
    again = run("import", "customers", "people.csv", *options)
    assert (again["created"], again["updated"], again["skipped"], again["rejected"]) == (0, 0, 1, 1)

    digest = run("digest", "--json")
    assert digest["core_customer"].keys() == {"rows", "sha256"}
    assert digest["core_customer"]["rows"] == 1
    assert not [name for name in digest if name.startswith(("dbos", "alembic"))]
    routes = run("routes", "--json")
    assert all({"method", "path", "face", "permission"} <= route.keys() for route in routes)
    document = run("openapi")
    assert document["openapi"] == "3.1.0"
    assert "/api/v1/customers" in document["paths"]
    assert run("plugins", "--json") == []
    listed = CliRunner().invoke(patron, ("export", "customers"), standalone_mode=False)
    assert "Jürgen Groß" in listed.stdout
    written = run("export", "customers", "--to", "all.csv", "--json")
    assert written == {"resource": "customers", "rows": 1, "to": "all.csv"}
    assert "Jürgen Groß" in Path("all.csv").read_text("utf-8-sig")
    with pytest.raises(NotFound, match="customers"):
        run("export", "nothing")
    with pytest.raises(click.UsageError, match="--to"):
        run("export", "customers", "--json")
    bo = "bo@firm.example"
    run("users", "add", bo, "--name", "Bo", "--json")
    assert run("users", "disable", bo, "--json") == {"email": bo, "active": "no"}
    assert run("users", "enable", bo, "--json") == {"email": bo, "active": "yes"}
