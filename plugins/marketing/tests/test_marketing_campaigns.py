"""Campaigns: who gets the mail and who does not and why, one mail to an address, what a worker's death leaves."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from marketing_world import (
    make_campaign,
    make_mailbox,
    make_reader,
    make_segment,
    recipients,
    rows_of,
    state_of,
)
from patron import Conflict, Context, Invalid, Preference, consents, editing, table
from patron.assembly import Assembly
from patron.customers import facts as core_facts
from patron.customers import merging
from patron.customers.relationships import relate
from patron.interactions.mailflow import receive
from patron.interactions.models import Mailbox, TimelineEntry
from patron.testing.faces import make_customer, make_user, working
from patron.testing.mail import smtp_sink
from patron.worker.drain import Drain
from patron.worker.watch import Watch
from patron_marketing.models import Engagement, Recipient
from patron_marketing.services import campaigns, facts, preferences, sending
from sqlalchemy import insert, select, update


def test_each_member_gets_one_mail_or_has_a_reason(assembly: Assembly) -> None:
    ada = make_reader(assembly)
    make_reader(assembly, "Twin Lovelace", emails=["ada@example.com"])
    make_reader(assembly, "Dora Dead", life_state="deceased")
    make_reader(assembly, "Nora None", emails=[])
    make_reader(assembly, "Silent Sam")
    gone = make_reader(assembly, "Wilma Withdrawn")
    make_customer(assembly, "Never Asked", emails=["never@example.com"])
    paper = make_reader(assembly, "Paul Paper")
    night = make_reader(assembly, "Nina Night")
    with working(assembly) as ctx:
        preferences.suppress(ctx, "silent@example.com", "", "asked by phone")
        consents.record_consent(ctx, gone, "newsletter", granted=False)
        p, hour = table(Preference), (ctx.now + timedelta(hours=3)).strftime("%H")
        blank = {"language": "", "salutation": "", "time_zone": "UTC"}
        ctx.session.execute(insert(p).values(customer_id=paper, channel="post", hours="", **blank))
        hours = f"{hour}:00-{hour}:59"
        ctx.session.execute(insert(p).values(customer_id=night, channel="", hours=hours, **blank))
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        campaign_id = make_campaign(assembly)
        assert sending.send_due(assembly) == 1
    assert rows_of(assembly, campaign_id) == {
        "ada@example.com": ("suppressed", "duplicate"),  # the twin's row; Ada's own stands before it
        "dora@example.com": ("suppressed", "deceased"),
        str(ada + 3): ("suppressed", "no_address"),
        "silent@example.com": ("suppressed", "suppressed"),
        "wilma@example.com": ("suppressed", "withdrawn"),
        "never@example.com": ("suppressed", "no_consent"),
        "paul@example.com": ("suppressed", "other_channel"),
        "nina@example.com": ("deferred", "other_hours"),
    }
    assert [mail.recipients for mail in sink.messages] == [("ada@example.com",)]
    campaign = state_of(assembly, campaign_id)
    with working(assembly) as ctx:
        outcome = campaigns.outcome(ctx, campaign)
        assert sum(row["count"] for row in outcome["table"]) == campaign.size == 9
        assert (outcome["sent"], outcome["waiting"], campaign.state) == (1, 1, "sending")


def test_the_mail_is_filled_linked_and_can_be_left_by_one_click(assembly: Assembly) -> None:
    make_reader(assembly, "<b>Ada</b> Lovelace", given_name="<b>Ada</b>", emails=["ada@example.com"])
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        make_campaign(assembly)
        sending.send_due(assembly)
    mail = message_from_bytes(sink.messages[0].raw, policy=policy.default)
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(mail["List-Unsubscribe"]).startswith("<https://testserver.local/u/")
    bodies = [mail.get_body((kind,)) for kind in ("plain", "html")]
    text, html = (body.get_content() for body in bodies if body is not None)
    assert "Dear <b>Ada</b>," in text
    assert "&lt;b&gt;Ada&lt;/b&gt;" in html
    assert "firm.example" not in html.replace("news@firm.example", "").replace(
        ">https://firm.example/old<", ""
    )
    assert "/r/" in html
    assert "<img" not in html  # opens are not watched unless the firm says so


def test_a_sent_mail_stands_on_the_timeline_and_among_the_facts(assembly: Assembly) -> None:
    ada = make_reader(assembly)
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        make_campaign(assembly)
        sending.send_due(assembly)
    with working(assembly) as ctx:
        t, e = table(TimelineEntry), table(Engagement)
        entry = ctx.session.execute(
            select(t).where(t.c.customer_id == ada, t.c.kind == "marketing.mail")
        ).one()
        assert (entry.resource, entry.snapshot) == ("marketing.campaigns", {"bulk": True})
        customer = editing.load(ctx, assembly.resource("customers"), ada)
        assert customer.last_contact_at is None  # bulk is no touch
        kept = ctx.session.execute(select(e.c.customer_id, e.c.mails, e.c.last_mail_at)).all()
        derived = ctx.session.execute(facts.derived()).all()
        assert [row[:2] for row in kept] == [(ada, 1)] == [tuple(row[:2]) for row in derived]
        assert core_facts.rebuild(ctx, facts.FIELDS) == 0
        again = ctx.session.execute(select(e.c.customer_id, e.c.mails, e.c.last_mail_at)).all()
        assert [tuple(row)[:2] for row in again] == [(ada, 1)]


def test_who_left_by_the_portal_stays_left_when_facts_are_reckoned_anew(assembly: Assembly) -> None:
    ada = make_reader(assembly)
    with working(assembly) as ctx:
        consents.record_consent(ctx, ada, "newsletter", granted=False, source="preference page")
    t = table(Engagement)
    with working(assembly) as ctx:
        left = ctx.session.execute(select(t.c.left_at)).scalar_one()
        assert left is not None
        ctx.session.execute(t.update().values(left_at=None, mails=7))
        found = {(one.fact, one.stored) for one in core_facts.check(ctx, facts.FIELDS)}
        assert found == {("left_at", None), ("mails", 7)}
        assert core_facts.rebuild(ctx, facts.FIELDS) == 1
        assert ctx.session.execute(select(t.c.left_at, t.c.mails)).one() == (left, 0)
        assert list(core_facts.check(ctx, facts.FIELDS)) == []


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        ("mornings", ("suppressed", "unclear_hours")),
        ("09:00-09:00", ("suppressed", "unclear_hours")),
        ("9-17", ("suppressed", "unclear_hours")),
        ("00:00-23:59:59.999999", ("suppressed", "unclear_hours")),
    ],
)
def test_hours_that_cannot_be_read_let_nothing_through(
    assembly: Assembly, hours: str, expected: tuple[str, str]
) -> None:
    ada = make_reader(assembly)
    with working(assembly) as ctx:
        blank = {"channel": "", "language": "", "time_zone": "", "salutation": ""}
        ctx.session.execute(insert(table(Preference)).values(customer_id=ada, hours=hours, **blank))
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        campaign = make_campaign(assembly)
        sending.send_due(assembly)
        assert len(sink.messages) == (expected[0] == "handed")
    assert rows_of(assembly, campaign) == {"ada@example.com": expected}


def test_hours_that_pass_midnight_are_waited_for_and_then_kept(assembly: Assembly) -> None:
    ada = make_reader(assembly)
    with working(assembly) as ctx:
        hour, p, values = ctx.now.hour, table(Preference), {"hours": "", "time_zone": "UTC"}
        later = {**values, "hours": f"{(hour + 2) % 24:02}:00-{(hour + 23) % 24:02}:30"}  # 21.5 hours of 24
        blank = {"channel": "", "language": "", "salutation": ""}
        ctx.session.execute(insert(p).values(customer_id=ada, **blank, **later))
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        campaign = make_campaign(assembly)
        sending.send_due(assembly)
        assert rows_of(assembly, campaign) == {"ada@example.com": ("deferred", "other_hours")}
        with working(assembly) as ctx:
            ctx.session.execute(update(p).values(hours=f"{hour:02}:00-{(hour + 23) % 24:02}:00"))
            ctx.session.execute(update(table(Recipient)).values(due_at=ctx.now))
        sending.send_due(assembly)
    assert len(sink.messages) == 1
    assert rows_of(assembly, campaign) == {"ada@example.com": ("handed", "")}


def test_what_a_dead_worker_left_is_in_doubt_or_claimed_again(assembly: Assembly) -> None:
    for name in ("Ada", "Bea", "Cleo"):
        make_reader(assembly, name)
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        campaign_id = make_campaign(assembly)
        campaign = state_of(assembly, campaign_id)
        while sending._prepare(assembly, campaign_id):
            pass
        claimed = sending._claim(assembly, campaign_id, timedelta(seconds=0))
        assert claimed is not None
        assert sending._step(assembly, campaign, None, claimed[0], "<1@firm.example>")  # and it dies here
        assert sending.send_due(assembly) == 2
        assert sending.send_due(assembly) == 0
    assert sorted(mail.recipients[0] for mail in sink.messages) == ["bea@example.com", "cleo@example.com"]
    assert rows_of(assembly, campaign_id)["ada@example.com"] == ("in_doubt", "")
    assert state_of(assembly, campaign_id).state == "sent"


@pytest.mark.parametrize("switch", ["refuse", "defer", "drop"])
def test_the_servers_answer_decides(assembly: Assembly, switch: str) -> None:
    ada = make_reader(assembly)
    with smtp_sink() as sink:
        answers = {"refuse": "550 5.1.1 user unknown", "defer": "451 4.3.0 try later"}
        if switch in answers:
            sink.refuse["ada@example.com"] = answers[switch]
        sink.drop_after_data = switch == "drop"
        make_mailbox(assembly, sink.port)
        campaign_id = make_campaign(assembly)
        sending.send_due(assembly)
        sending.send_due(assembly)
    expected = {"refuse": ("bounced", "refused"), "defer": ("deferred", ""), "drop": ("in_doubt", "")}
    assert rows_of(assembly, campaign_id) == {"ada@example.com": expected[switch]}
    if switch == "refuse":
        second = make_campaign(assembly)
        while sending._prepare(assembly, second):
            pass
        assert rows_of(assembly, second) == {"ada@example.com": ("suppressed", "dead_address")}
        assert ada


def test_who_says_no_between_start_and_turn_gets_nothing(assembly: Assembly) -> None:
    ada = make_reader(assembly)
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        campaign_id = make_campaign(assembly)
        while sending._prepare(assembly, campaign_id):
            pass
        with working(assembly) as ctx:
            consents.record_consent(ctx, ada, "newsletter", granted=False)
        assert sending.send_due(assembly) == 0
    assert sink.messages == []
    assert rows_of(assembly, campaign_id) == {"ada@example.com": ("suppressed", "withdrawn")}


def test_pause_holds_and_cancel_ends_with_a_reason(assembly: Assembly) -> None:
    make_reader(assembly)
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        campaign_id = make_campaign(assembly)
        while sending._prepare(assembly, campaign_id):
            pass
        with working(assembly) as ctx:
            campaigns.pause(ctx, campaign_id)
        assert sending.send_due(assembly) == 0
        with working(assembly) as ctx:
            campaigns.resume(ctx, campaign_id)
            campaigns.cancel(ctx, campaign_id)
            with pytest.raises(Conflict):
                campaigns.resume(ctx, campaign_id)
        assert sending.send_due(assembly) == 0
    assert sink.messages == []
    assert rows_of(assembly, campaign_id) == {"ada@example.com": ("suppressed", "cancelled")}


def test_a_mailbox_that_is_gone_stops_it_and_says_so(assembly: Assembly) -> None:
    make_reader(assembly)
    mailbox_id = make_mailbox(assembly)
    campaign_id = make_campaign(assembly)
    with working(assembly) as ctx:
        t = table(Mailbox)
        ctx.session.execute(update(t).where(t.c.id == mailbox_id).values(active=False))
    assert sending.send_due(assembly) == 0
    stopped = state_of(assembly, campaign_id)
    assert (stopped.state, stopped.problem) == ("paused", "The mailbox does not send now.")


def test_a_broken_segment_sends_nothing_and_says_so(assembly: Assembly) -> None:
    make_reader(assembly)
    make_mailbox(assembly)
    segment = make_segment(assembly, {"not": {"marketing.clicks": {"ge": 1}}})
    campaign_id = make_campaign(assembly, segment=segment)
    assembly.facts = {}  # as when the module that knew it is gone
    assert sending.send_due(assembly) == 0
    stopped = state_of(assembly, campaign_id)
    assert stopped.state == "paused"
    assert "cannot be filtered by" in stopped.problem
    assert recipients(assembly, campaign_id) == []


def test_the_rights_of_who_started_it_decide(assembly: Assembly) -> None:
    make_reader(assembly)
    make_mailbox(assembly)
    user_id = make_user(assembly, "manager")
    segment = make_segment(assembly)
    with working(assembly) as ctx:
        from patron import user_actor

        manager = ctx.acting_as(user_actor(ctx.session, assembly, user_id))
        values = {"name": "x", "segment": segment, "purpose": "newsletter", "subject": "x", "body": "x"}
        campaign_id = editing.create(manager, assembly.resource(campaigns.KEY), values).key
        campaigns.start(manager, campaign_id)
        from patron.accounts import services as accounts

        accounts.disable_user(ctx, user_id)
    assert sending.send_due(assembly) == 0
    assert state_of(assembly, campaign_id).state == "paused"
    assert recipients(assembly, campaign_id) == []


def test_facts_sit_on_organisations_and_mail_goes_to_persons(assembly: Assembly) -> None:
    ada = make_reader(assembly)
    make_reader(assembly, "Bea")
    firm = make_customer(assembly, "Firm", "organisation", addresses=[{"city": "Berlin", "country": "DE"}])
    with working(assembly) as ctx:
        relate(ctx, ada, firm, "works_at")
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        segment = make_segment(assembly, {"related": {"by": "works_at", "where": {"city": "Berlin"}}})
        make_campaign(assembly, segment=segment)
        assert sending.send_due(assembly) == 1
    assert sink.messages[0].recipients == ("ada@example.com",)


def test_a_bounce_that_comes_later_is_told(assembly: Assembly) -> None:
    make_reader(assembly)
    with smtp_sink() as sink:
        mailbox_id = make_mailbox(assembly, sink.port)
        campaign_id = make_campaign(assembly)
        sending.send_due(assembly)
    message_id = recipients(assembly, campaign_id)[0].message_id
    report = (
        "From: mailer-daemon@example.com\r\nTo: news@firm.example\r\nSubject: failure\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nfailed\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; example.com\r\n\r\nFinal-Recipient: rfc822; ada@example.com\r\nAction: failed\r\n"
        "Status: 5.1.1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        f"Message-ID: {message_id}\r\nFrom: news@firm.example\r\nTo: ada@example.com\r\n\r\nHi\r\n--b--\r\n"
    )
    with working(assembly) as ctx:
        receive(ctx, report.encode(), ctx.session.get_one(Mailbox, mailbox_id))
    Drain(assembly, Watch(lambda _: None, 60.0)).run()
    assert rows_of(assembly, campaign_id) == {"ada@example.com": ("bounced", "bounced")}


def test_a_merge_keeps_one_mail_and_an_erasure_no_address(assembly: Assembly) -> None:
    ada, bea = make_reader(assembly), make_reader(assembly, "Bea")
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        campaign_id = make_campaign(assembly)
        sending.send_due(assembly)
    with working(assembly) as ctx:
        merging.merge(ctx, ada, bea)
    from patron.customers import erasing

    with working(assembly) as ctx:
        erasing.erase(ctx, ada)
        t = table(Recipient)
        rows = ctx.session.execute(select(t.c.address, t.c.send_to).where(t.c.customer_id == ada)).all()
        assert rows == [("", None)]
        assert len(recipients(assembly, campaign_id)) == 2


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"body": "{customer.__class__}"}, "body"),
    ({"body": "{customer.name.upper()}"}, "body"),
    ({"body": "{% for x in y %}"}, "body"),
    ({"body": "{{ 7*7 }} {x"}, "body"),
    ({"body": "https://firm.example/{customer.city}"}, "body"),
    ({"body": "[x](https://user@evil.example)"}, "body"),
    ({"subject": "{nothing}"}, "subject"),
    ({"purpose": "whatever"}, "purpose"),
)


def test_what_cannot_be_a_campaign_is_refused(assembly: Assembly) -> None:
    for values, field in REFUSED:
        with pytest.raises(Invalid) as refused:
            make_campaign(assembly, started=False, **values)
        assert refused.value.errors[0].field == field, values


def test_templates_are_text() -> None:
    """M3: what other systems would run is shown as it stands."""
    from patron_marketing.services import wording

    pieces = wording.parse("{{7*7}} ${{7*7}} <script>alert(1)</script> {customer.name}")
    values = {"customer.name": "<img src=x onerror=alert(1)> {customer.email} https://evil.example"}
    assert wording.plain(pieces, values, str).startswith("{7*7} ${7*7} <script>")
    html = wording.markup(pieces, values, str)
    assert "<script" not in html
    assert "<img" not in html
    assert "href" not in html


def test_a_quiet_week_is_kept(assembly: Assembly) -> None:
    make_reader(assembly)
    assembly.settings.plugins["marketing"] = {"quiet_days": 7}
    with smtp_sink() as sink:
        make_mailbox(assembly, sink.port)
        make_campaign(assembly)
        sending.send_due(assembly)
        second = make_campaign(assembly)
        sending.send_due(assembly)
    assert rows_of(assembly, second) == {"ada@example.com": ("suppressed", "recent")}


def test_the_panels_cost_does_not_grow(assembly: Assembly) -> None:
    from patron.statements import statement_count
    from patron_marketing.services import overview

    ada = make_reader(assembly)
    make_mailbox(assembly)
    costs = []
    for _ in range(2):
        make_campaign(assembly)
        for number in range(3):
            make_segment(assembly, name=f"S{number}")
        with assembly.database.read() as session:
            ctx = Context(session, assembly)
            customer = editing.load(ctx, assembly.resource("customers"), ada)
            with statement_count() as count:
                overview.customer_panel(ctx, customer)
                overview.home_panel(ctx)
            costs.append(count.total)
    assert costs[0] == costs[1]
