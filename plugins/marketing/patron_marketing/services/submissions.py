"""What comes in by a public form: a customer at once, consent with its proof, an enquiry where selling is installed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from patron import (
    Context,
    Invalid,
    NotFound,
    consents,
    contacts,
    editing,
    job_actor,
    limits,
    mailflow,
    normalise,
    origins,
    publish,
    table,
    timeline,
)
from sqlalchemy import Select, select

from patron_marketing import with_sales
from patron_marketing.models import Form, Submission
from patron_marketing.services import facts, forms, preferences, tokens
from patron_marketing.services.campaigns import mailbox_of

TRAP = "website"  # people do not see it; programs fill it in
QUICKEST, LONGEST = 2, 24 * 3600  # seconds between the page and the answer
PER_ADDRESS, PER_FORM = 10, 400
WINDOW = timedelta(minutes=10)
VALID = timedelta(days=30)  # of a confirmation link


def stamp(ctx: Context, form: Form) -> str:
    """A signed note of when the page was shown."""
    return tokens.make(ctx, "form", form.key, int(ctx.now.timestamp()))


def take(ctx: Context, form: Form, given: Mapping[str, str]) -> Submission | None:
    """Take in what was sent. None for what a program sent: nothing of it is kept. Invalid, TooManyRequests."""
    limits.rate_limit(ctx.session, limits.address_bucket("form", ctx.address), PER_ADDRESS, WINDOW)
    limits.rate_limit(ctx.session, f"form:{form.key}", PER_FORM, WINDOW)
    if given.get(TRAP):
        return None
    _check_time(ctx, form, given.get("shown", ""))
    email, answers = forms.read_answers(ctx, form, given)
    working = ctx.acting_as(job_actor(f"Form {form.name}"))
    customer_id = _customer(working, form, email, answers)
    wants = bool(form.purpose and form.wording and given.get("consent") == "true")
    submission = _keep(ctx, form, customer_id, email, answers, wants, given.get("page", ""))
    facts.note(working, customer_id, form=True)
    timeline.add(
        working, customer_id, "marketing.form", f"Sent in the form “{form.title}”", body=_said(form, answers),
        module="marketing", resource=forms.KEY, record_id=form.key, snapshot={"source": form.source},
    )  # fmt: skip
    origins.record_origin(
        working, customer_id, source=form.source or form.name, medium="web form", campaign=form.campaign
    )
    if form.enquiry:
        with_sales.enquire(working, customer_id, form.title, _said(form, answers), form.source or form.name)
    if wants and form.double_opt_in:
        _ask(working, form, submission)
    elif wants:
        _grant(working, submission, f"ticked on the form, from {ctx.address}")
    payload = {
        "form_id": form.key,
        "submission_id": submission.key,
        "source": form.source,
        "campaign": form.campaign,
    }
    publish(working, "marketing.form.submitted", payload, customer_id=customer_id)
    return submission


def _check_time(ctx: Context, form: Form, token: str) -> None:
    try:
        form_id, shown = tokens.read(ctx, "form", token, 2)
    except (NotFound, ValueError):
        form_id, shown = 0, 0
    seconds = int(ctx.now.timestamp()) - shown
    if form_id != form.key or not QUICKEST <= seconds <= LONGEST:
        raise Invalid("Please look over what you wrote and send it once more.")


def _customer(ctx: Context, form: Form, email: str, answers: Mapping[str, str]) -> int:
    """The one person who alone is reached at the address, else a new customer of unverified standing.

    Nothing of a known customer is changed: anybody can type anybody's address. A role address stands for nobody.
    """
    held = contacts.holders_of(ctx, "email", [email]).get(email, [])
    personal = [holder for holder in held if holder.use == "personal"]
    if len(personal) == 1 and not normalise.email_address(email).is_role:
        return int(personal[0].customer_id)
    named = " ".join(filter(None, (answers.get("given_name"), answers.get("family_name"))))
    values: dict[str, Any] = {
        "kind": "person", "name": answers.get("name") or named or email, "standing": "unverified",
        "emails": [email], "phones": [answers["phone"]] if "phone" in answers else [],
        "addresses": [{"city": answers["city"]}] if "city" in answers else [], "source": form.source or form.name,
    }  # fmt: skip
    if named and not answers.get("name"):
        values |= {"given_name": answers.get("given_name", ""), "family_name": answers.get("family_name", "")}
    return int(editing.create(ctx, ctx.assembly.resource("customers"), values).key)


def _keep(
    ctx: Context, form: Form, customer_id: int, email: str, answers: dict[str, str], wants: bool, page: str
) -> Submission:
    submission = Submission(
        form_id=form.key, customer_id=customer_id, at=ctx.now, answers=answers, email=email, consent=wants,
        purpose=form.purpose if wants else "", wording=form.wording if wants else "",
        wording_version=form.wording_version if wants else 0, address=ctx.address[:100],
        agent=ctx.web.headers.get("user-agent", "")[:200], page=page[:300],
        state="waiting" if wants and form.double_opt_in else "done",
    )  # fmt: skip
    ctx.session.add(submission)
    ctx.session.flush()
    return submission


def _said(form: Form, answers: Mapping[str, str]) -> str:
    return "\n".join(
        f"{item.label}: {answers[item.name]}" for item in forms.asked(form) if item.name in answers
    )


def _grant(ctx: Context, submission: Submission, how: str) -> None:
    """Consent, with what was shown, in which version, when and from where."""
    if submission.customer_id is None:
        return
    version = f"wording version {submission.wording_version}"
    shown = f"form {submission.form_id}, {version}, shown {submission.at.isoformat()}"
    consents.record_consent(
        ctx, submission.customer_id, submission.purpose, granted=True, source=f"form {submission.form_id}",
        wording=submission.wording, proof=f"{shown}, {how}; submission {submission.key}",
    )  # fmt: skip


def _ask(ctx: Context, form: Form, submission: Submission) -> None:
    """Ask by mail; where no mailbox sends, the submission waits to be asked until one does."""
    mailbox_id = mailbox_of(ctx)
    submission.state = "unasked" if mailbox_id is None else "waiting"
    ctx.session.add(submission)
    ctx.session.flush()
    if mailbox_id is not None:
        _ask_to_confirm(ctx, form, submission, mailbox_id)


def unasked(ctx: Context) -> Select[Any]:
    """Those who agreed and could not be asked to confirm it, oldest first, while a link would still be good."""
    t = table(Submission)
    return (
        select(Submission)
        .where(t.c.state == "unasked", t.c.at > ctx.now - VALID, t.c.email != "")
        .order_by(t.c.id)
    )


def ask_later(ctx: Context) -> None:
    """Ask those who could not be asked before, now that a mailbox sends."""
    if mailbox_of(ctx) is None:
        return
    for submission in list(ctx.session.execute(unasked(ctx).limit(100)).scalars()):
        form = ctx.session.get(Form, submission.form_id)
        if form is not None:
            _ask(ctx, form, submission)


def _ask_to_confirm(ctx: Context, form: Form, submission: Submission, mailbox_id: int) -> None:
    link = tokens.address(ctx, f"/f/confirm/{tokens.make(ctx, 'confirm', submission.key)}")
    text = (
        f"Hello,\n\nsomebody, we hope you, gave us this address on our form “{form.title}” and agreed:\n\n"
        f"{form.wording}\n\nPlease confirm it here:\n{link}\n\n"
        "If it was not you, do nothing: you will not hear from us.\n"
    )
    name = ctx.assembly.company.brand
    mailflow.queue_mail(
        ctx, mailbox_id, (mailflow.Address("", submission.email),), f"Please confirm your address for {name}", text,
        module="marketing", resource=forms.KEY, record_id=form.key,
    )  # fmt: skip


def waiting(ctx: Context, token: str) -> tuple[Submission, Form]:
    """The submission that a confirmation link is for; NotFound for a link that is not ours, or too old."""
    (submission_id,) = tokens.read(ctx, "confirm", token)
    submission = ctx.session.get(Submission, submission_id)
    form = ctx.session.get(Form, submission.form_id) if submission else None
    if submission is None or form is None or not submission.email or ctx.now - submission.at > VALID:
        raise NotFound("This link has expired. Please send in the form again.")
    return submission, form


def confirm(ctx: Context, token: str) -> tuple[Submission, Form]:
    """The address is theirs, and the consent counts from now on. Twice is once."""
    submission, form = waiting(ctx, token)
    if submission.state == "waiting":
        working = ctx.acting_as(job_actor(f"Form {form.name}"))
        submission.state, submission.confirmed_at = "confirmed", ctx.now
        submission.confirmed_from = ctx.address[:100]
        ctx.session.add(submission)
        ctx.session.flush()
        _verify(ctx, submission)
        preferences.release(ctx, submission.email, submission.purpose)  # only its holder lifts a suppression
        _grant(working, submission, f"ticked from {submission.address}, confirmed by mail from {ctx.address}")
        payload = {"form_id": form.key, "submission_id": submission.key}
        publish(working, "marketing.form.confirmed", payload, customer_id=submission.customer_id)
    return submission, form


def _verify(ctx: Context, submission: Submission) -> None:
    from patron import ContactHolder, ContactPoint

    h, p = table(ContactHolder), table(ContactPoint)
    point = select(p.c.id).where(p.c.kind == "email", p.c.value == submission.email)
    ctx.session.execute(
        h.update()
        .where(
            h.c.customer_id == submission.customer_id,
            h.c.contact_point_id.in_(point),
            h.c.verified_at.is_(None),
        )
        .values(verified_at=ctx.now)
    )
