"""A worker is killed again and again while it sends: no address gets two, and every member is accounted for."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from marketing_world import make_campaign, make_mailbox, make_segment, recipients, state_of
from patron import Context, consents, editing
from patron.assembly import Assembly
from patron.testing.faces import working
from patron.testing.mail import SmtpSink, smtp_sink
from patron_marketing.services import campaigns

WORKER = Path(__file__).parent / "marketing_worker.py"
LEASE = 0.5  # seconds until what a dead worker had claimed is claimed again
WAITING = ("queued", "claimed", "deferred")


def make_readers(assembly: Assembly, count: int) -> None:
    """So many persons; every tenth has not agreed, every twentieth shares an address with the one before."""
    for start in range(0, count, 500):
        with working(assembly) as ctx:
            for number in range(start, min(start + 500, count)):
                address = f"reader{number - (number % 20 == 19)}@example.com"
                values = {"name": f"Reader {number}", "kind": "person", "emails": [address]}
                made = editing.create(ctx, assembly.resource("customers"), values)
                if number % 10 != 5:
                    consents.record_consent(ctx, made.key, "newsletter", granted=True)


def kill_often(
    assembly: Assembly, sink: SmtpSink, campaign_id: int, kills: int, shares: tuple[int, int]
) -> int:
    """Start a worker, kill it while mail is going out, start the next. Returns how many were killed so."""
    url = assembly.settings.database_url
    until, killed, numbers = time.monotonic() + 540, 0, random.Random(7)
    while state_of(assembly, campaign_id).state != "sent":
        assert time.monotonic() < until, "the campaign does not come to its end"
        worker = subprocess.Popen([sys.executable, str(WORKER), url, str(LEASE)], stdout=subprocess.PIPE)
        try:
            assert worker.stdout is not None
            worker.stdout.readline()
            if killed < kills:
                before = len(sink.messages)
                share = numbers.randint(*shares)
                while len(sink.messages) < before + share and time.monotonic() < until:
                    if state_of(assembly, campaign_id).state == "sent":
                        break
                    time.sleep(numbers.uniform(0.0005, 0.003))
                worker.send_signal(signal.SIGKILL)
                killed += 1
            else:
                while state_of(assembly, campaign_id).state != "sent" and time.monotonic() < until:
                    time.sleep(0.1)
        finally:
            worker.kill()
            worker.wait(10)
    return killed


def run(assembly: Assembly, readers: int, kills: int, shares: tuple[int, int]) -> dict[str, Any]:
    make_readers(assembly, readers)
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        campaign_id = make_campaign(assembly, segment=make_segment(assembly))
        killed = kill_often(assembly, sink, campaign_id, kills, shares)
        mails = Counter(mail.recipients[0] for mail in sink.messages)
    rows = recipients(assembly, campaign_id)
    states = Counter(row.state for row in rows)
    campaign = state_of(assembly, campaign_id)
    doubtful = {row.send_to for row in rows if row.state == "in_doubt"}
    handed = {row.send_to for row in rows if row.state == "handed"}
    assert max(mails.values()) == 1  # no address has two
    assert campaign.size == len(rows) == readers
    assert not set(WAITING) & set(states)
    assert states["handed"] + states["in_doubt"] + states["suppressed"] + states["bounced"] == readers
    assert all(row.reason for row in rows if row.state in ("suppressed", "bounced"))
    assert handed <= set(mails)  # what is told to be sent was sent
    assert set(mails) - handed <= doubtful  # and what was in flight is listed as in doubt
    assert len(doubtful) <= killed
    with assembly.database.read() as session:
        outcome = campaigns.outcome(Context(session, assembly), campaign)
    assert sum(row["count"] for row in outcome["table"]) == readers
    return {
        "killed": killed, "mails": sum(mails.values()), "states": dict(states), "in flight": len(set(mails) - handed),
        "reasons": dict(Counter(row.reason for row in rows if row.reason)),
    }  # fmt: skip


def test_a_kill_in_the_middle(assembly: Assembly) -> None:
    assert run(assembly, 30, 1, (2, 5))["killed"] == 1


@pytest.mark.soak
def test_twenty_kills_over_two_thousand_mails(assembly: Assembly) -> None:
    told = run(assembly, 2400, 20, (20, 80))
    print(told)
    assert told["killed"] == 20
    assert told["mails"] >= 1900
