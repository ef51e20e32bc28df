"""None of the built mails is lost, half-read or read twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from patron.assembly import Assembly, assemble
from patron.context import Context
from patron.db import Database
from patron.files import read_file
from patron.interactions import mailflow
from patron.interactions.mail.parsing import parse
from patron.interactions.mailflow import mailboxes
from patron.interactions.models import Interaction, Mail
from patron.records import table
from patron.settings import Settings
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parent))
from mail_built import STRUCTURES, combined

COMBINED = list(combined())
CORPUS = sorted(Path(__file__).with_name("mail_corpus").glob("*.eml"))


@pytest.mark.parametrize("structure", sorted(STRUCTURES))
def test_every_charset_by_every_encoding(structure: str) -> None:
    chosen = [one for one in COMBINED if one.name.startswith(f"{structure}-")]
    assert len(chosen) > 50
    for one in chosen:
        mail = parse(one.raw)
        assert mail.subject == one.subject
        assert [(found.name, found.email) for found in mail.from_] == [one.sender]
        assert mail.text.strip() == one.text
        assert [(file.name, file.content_type, file.size) for file in mail.attachments] == list(
            one.attachments
        )


@pytest.fixture
def assembly(database: Database, tmp_path: Path) -> Iterator[Assembly]:
    made = assemble(
        Settings(database_url=database.url, secret_key="of-a-test", modules=(), folder=str(tmp_path))
    )
    yield made
    made.database.dispose()


def test_every_mail_is_taken_in_once_with_its_source(assembly: Assembly) -> None:
    sources = [path.read_bytes() for path in CORPUS] + [one.raw for one in COMBINED[::13]]
    assert len(sources) >= 200
    with assembly.database.write() as session:
        ctx = Context(session, assembly)
        box = mailboxes.save_mailbox(
            ctx, {"name": "In", "address": "service@firm.test", "active": "true", "imap_host": "x.test"}
        )
        for raw in sources:
            assert mailflow.receive(ctx, raw, box).mail_id
        before = len(session.execute(select(table(Mail).c.id)).all())
        assert all(mailflow.receive(ctx, raw, box).interaction_id is None for raw in sources)
        kept = session.execute(select(table(Mail).c.raw_file_id)).scalars().all()
        touches = session.execute(select(table(Interaction).c.mail_id)).scalars().all()
        assert len(kept) == before == len(touches)
        assert {read_file(ctx, file_id)[2] for file_id in kept} == set(sources)
