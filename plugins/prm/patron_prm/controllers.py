"""What staff do beyond editing fields: decide on registrations, offer leads, read the partners' files."""

from __future__ import annotations

from patron import (
    Context,
    Download,
    Flash,
    NotFound,
    Redirect,
    Route,
    files,
    get,
    in_words,
    post,
    whole_number,
)

from patron_prm.services import decisions, leads, registrations

DEAL = "/prm/registrations/{registration_id:int}"


def _back(registration_id: int, text: str) -> Redirect:
    return Redirect(f"/prm/registrations/{registration_id}", Flash(text))


@post(f"{DEAL}/approve", permission=decisions.PERMISSION)
def approve(ctx: Context, registration_id: int) -> Redirect:
    """Approve and protect it (form: customer, an id; empty: who is meant beyond doubt, else a new one)."""
    record = decisions.approve(ctx, registration_id, whole_number(ctx.web.value("customer")))
    until = in_words.day(ctx, registrations.last_protected_day(record))
    return _back(registration_id, f"Approved: protected until {until}.")


@post(f"{DEAL}/reject", permission=decisions.PERMISSION)
def reject(ctx: Context, registration_id: int) -> Redirect:
    """Reject it (form: reason, which the partner reads)."""
    decisions.reject(ctx, registration_id, ctx.web.value("reason"))
    return _back(registration_id, "Rejected. The partner reads why.")


@get(DEAL + "/files/{file_id:int}", permission=f"{registrations.KEY}.read")
def download(ctx: Context, registration_id: int, file_id: int) -> Download:
    """A file that came with a registration."""
    record = registrations.load(ctx, registration_id)
    if not any(file["id"] == file_id for file in files.attachments(ctx, registrations.KEY, record.key)):
        raise NotFound("There is no such file.")
    name, content_type, content = files.read_file(ctx, file_id)
    return Download(content, name, content_type)


@post("/prm/leads/{lead_id:int}/offer", permission=f"{leads.KEY}.edit")
def offer(ctx: Context, lead_id: int) -> Redirect:
    """Offer a lead to the first partner that it suits."""
    if leads.offer(ctx, lead_id):
        return Redirect(f"/prm/leads/{lead_id}", Flash("Offered: the clock runs."))
    return Redirect(f"/prm/leads/{lead_id}", Flash("There is no partner left to offer it to.", "warning"))


ROUTES: tuple[Route, ...] = (approve, reject, download, offer)
