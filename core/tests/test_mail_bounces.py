"""Delivery reports without a machine's part, in the words of the servers that write them: the reason, whether the
address is dead, and the rule that said so."""

from __future__ import annotations

import pytest
from patron.interactions.mail.parsing import parse
from patron.interactions.mail.verdicts import judge

BOB = "bob@customer.test"
COPY = "\n\nReceived: from firm.test\nMessage-ID: <sent1@firm.test>\nFrom: us@firm.test\nSubject: Your quota is full, user unknown\n"
# Server, sender, subject, words (\0 stands for the recipient), reason, whether the address is dead.
REPORTS = [
    ("postfix", "MAILER-DAEMON", "Undelivered Mail Returned to Sender",
     "This is the mail system at host mx.firm.test.\n\nI'm sorry to have to inform you that your message could not\n"
     "be delivered to one or more recipients.\n\n<\0>: host mx.customer.test[192.0.2.1] said: 550 5.1.1 <\0>:\n"
     "    Recipient address rejected: User unknown in local recipient table (in reply\n    to RCPT TO command)",
     "unknown_user", True),
    ("postfix full", "MAILER-DAEMON", "Undelivered Mail Returned to Sender",
     "<\0>: host mx.customer.test[192.0.2.1] said: 552 5.2.2 <\0>: Over quota\n    (in reply to RCPT TO command)",
     "mailbox_full", False),
    ("postfix deferred", "MAILER-DAEMON", "Delayed Mail (still being retried)",
     "# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n\nYour message could not be delivered for"
     " more than 4 hour(s).\n\n<\0>: connect to mx.customer.test[192.0.2.1]:25: Connection timed out", "network", False),
    ("exim", "Mail Delivery System <Mailer-Daemon@mx.firm.test>", "Mail delivery failed: returning message to sender",
     "This message was created automatically by mail delivery software.\n\nA message that you sent could not be"
     " delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
     "  \0\n    host mx.customer.test [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<\0>:\n"
     "    550 No such user here", "unknown_user", True),
    ("exim full", "Mail Delivery System <Mailer-Daemon@mx.firm.test>", "Mail delivery failed: returning message to sender",
     "A message that you sent could not be delivered to one or more of its\nrecipients. The following address(es)"
     " failed:\n\n  \0\n    mailbox is full (MTA-imposed quota exceeded while writing to file /home/bob/Maildir)",
     "mailbox_full", False),
    ("exim blocked", "Mail Delivery System <Mailer-Daemon@mx.firm.test>", "Mail delivery failed: returning message to sender",
     "The following address(es) failed:\n\n  \0\n    host mx.customer.test [192.0.2.1]\n    SMTP error from remote mail"
     " server after initial connection:\n    554-mx.customer.test\n    554 Your access to this mail system has been"
     " rejected due to the sending MTA's poor reputation.", "blocked", False),
    ("sendmail", "Mail Delivery Subsystem <MAILER-DAEMON@firm.test>", "Returned mail: see transcript for details",
     "The original message was received at Mon, 8 Jan 2024 10:15:00 +0100\nfrom localhost [127.0.0.1]\n\n"
     "   ----- The following addresses had permanent fatal errors -----\n<\0>\n    (reason: 550 5.1.1 <\0>... User unknown)"
     "\n\n   ----- Transcript of session follows -----\n... while talking to mx.customer.test.:\n>>> RCPT To:<\0>\n"
     "<<< 550 5.1.1 <\0>... User unknown\n550 5.1.1 <\0>... User unknown", "unknown_user", True),
    ("sendmail host", "Mail Delivery Subsystem <MAILER-DAEMON@firm.test>", "Returned mail: see transcript for details",
     "   ----- The following addresses had permanent fatal errors -----\n<\0>\n\n   ----- Transcript of session follows"
     " -----\n550 5.1.2 <\0>... Host unknown (Name server: customer.test.: host not found)", "unknown_host", True),
    ("qmail", "MAILER-DAEMON@mx.firm.test", "failure notice",
     "Hi. This is the qmail-send program at mx.firm.test.\nI'm afraid I wasn't able to deliver your message to the"
     " following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<\0>:\n192.0.2.1 does"
     " not like recipient.\nRemote host said: 550 sorry, no mailbox here by that name. (#5.1.1)\nGiving up on 192.0.2.1.",
     "unknown_user", True),
    ("qmail full", "MAILER-DAEMON@mx.firm.test", "failure notice",
     "Hi. This is the qmail-send program at mx.firm.test.\n\n<\0>:\nUser is over the quota. You can try again later.\n",
     "mailbox_full", False),
    ("exchange", "System Administrator <postmaster@customer.test>", "Undeliverable: Offer",
     "Your message did not reach some or all of the intended recipients.\n\n      Subject:\tOffer\n      Sent:\t1/8/2024"
     " 10:15 AM\n\nThe following recipient(s) could not be reached:\n\n      \0 on 1/8/2024 10:15 AM\n            The"
     " e-mail account does not exist at the organization this message was sent to.  Check the e-mail address, or"
     " contact the recipient directly to find out the correct address.\n            <mx.customer.test #5.1.1>",
     "unknown_user", True),
    ("365 unknown", "Microsoft Outlook <MicrosoftExchange329e71ec@customer.test>", "Undeliverable: Offer",
     "Your message to \0 couldn't be delivered.\n\nbob wasn't found at customer.test.\n\nOriginal Message Details\n\n"
     "Error:\t550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient \0 not found by SMTP address lookup",
     "unknown_user", True),
    ("365 policy", "postmaster@customer.test", "Undeliverable: Offer",
     "Your message to \0 couldn't be delivered.\n\nDelivery has failed to these recipients or groups:\n\n\0\nYour message"
     " wasn't delivered because the recipient's email provider rejected it.\n\nRemote Server returned '550 5.7.133"
     " RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed'",
     None, False),
    ("365 full", "postmaster@customer.test", "Undeliverable: Offer",
     "Delivery has failed to these recipients or groups:\n\n\0\nThe recipient's mailbox is full and can't accept messages"
     " now. Please try resending your message later.\n\nRemote Server returned '554 5.2.2 mailbox full;"
     " STOREDRV.Deliver.Exception:QuotaExceededException'", "mailbox_full", False),
    ("gmail", "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)",
     "** Address not found **\n\nYour message wasn't delivered to \0 because the address couldn't be found, or is unable"
     " to receive mail.\n\nThe response from the remote server was:\n550 5.1.1 The email account that you tried to reach"
     " does not exist. Please try double-checking the recipient's email address", "unknown_user", True),
    ("gmail full", "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)",
     "** Recipient inbox full **\n\nYour message couldn't be delivered to \0. Their inbox is full, or it's getting too much"
     " mail right now.\n\nThe response was:\nThe email account that you tried to reach is over quota.", "mailbox_full", False),
    ("gmail blocked", "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Failure)",
     "** Message blocked **\n\nYour message to \0 has been blocked. See technical details below for more information.\n\n"
     "The response was:\nMessage rejected. See https://support.example/mail/answer/69585 for more information.",
     None, False),
    ("gmail incomplete", "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", "Delivery Status Notification (Delay)",
     "** Delivery incomplete **\n\nThere was a temporary problem delivering your message to \0. Gmail will retry for 46 more"
     " hours.\n\nThe response was:\nThe recipient server did not accept our requests to connect.", None, False),
    ("spam refused", "MAILER-DAEMON", "Undelivered Mail Returned to Sender",
     "<\0>: host mx.customer.test[192.0.2.1] said: 550 5.1.1 Message refused as spam\n    (in reply to end of DATA command)",
     "spam", False),
    ("size", "MAILER-DAEMON", "Undelivered Mail Returned to Sender",
     "<\0>: message size 41231234 exceeds size limit 10240000 of server mx.customer.test[192.0.2.1]", "too_big", False),
]  # fmt: skip


def report(sender: str, subject: str, words: str) -> bytes:
    head = f"From: {sender}\nTo: us@firm.test\nSubject: {subject}\nReturn-Path: <>\n\n"
    return (head + words.replace("\0", BOB) + COPY).encode()


@pytest.mark.parametrize(
    ("server", "sender", "subject", "words", "reason", "dead"), REPORTS, ids=[r[0] for r in REPORTS]
)
def test_the_words_of_real_servers(
    server: str, sender: str, subject: str, words: str, reason: str | None, dead: bool
) -> None:
    mail = parse(report(sender, subject, words))
    assert [bounce.recipient for bounce in mail.bounces] == [BOB]
    bounce = mail.bounces[0]
    assert reason is None or bounce.reason == reason
    assert bounce.permanent is dead, bounce
    assert bounce.rule
    assert 0 < bounce.confidence < 1
    assert mail.returned_message_id == "<sent1@firm.test>"
    assert mail.auto_reply.automatic


@pytest.mark.parametrize(
    "code", ["5.2.2", "5.7.1", "5.7.26", "5.3.4", "5.4.6", "4.1.1", "4.2.2", "5.2.1", "5.7.133"]
)
def test_a_code_that_says_nothing_of_the_address_kills_none(code: str) -> None:
    assert not judge(code, f"550 {code} refused").permanent


@pytest.mark.parametrize("code", ["5.1.1", "5.1.2", "5.1.10", "5.1.6"])
def test_a_code_that_names_a_dead_address_does(code: str) -> None:
    assert judge(code, "").permanent
