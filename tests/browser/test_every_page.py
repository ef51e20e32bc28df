"""Every page of every face, found by following links as people do, opened and looked at."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from page_walk import Walk, opened
from patron.accounts import services
from patron.accounts.authentication import PARTNER
from patron.accounts.models import User
from patron.accounts.services.links import make_link
from patron.accounts.services.people import person_of
from patron.customers.models import Customer
from patron.customers.roles import give_role
from patron.permissions import Face
from patron.records import table
from patron.testing.faces import working
from patron_ecommerce.models import Checkout
from patron_ecommerce.services.common import sign
from patron_marketing.models import Recipient, Submission
from patron_marketing.services import tokens
from patron_sales.models import Quote
from patron_sales.services.mailing import link_of
from patron_service.models import Survey
from playwright.sync_api import Browser
from sqlalchemy import select, update

pytestmark = pytest.mark.browser


def test_every_page_of_staff_from_a_to_m(
    site: Any, browser: Browser, staff_state: Any, watching: Any
) -> None:
    routes = [path for path in site.routes("staff") if path < "/n"]
    walk = opened(watching, browser, staff_state, site.url, routes)
    assert not walk.complaints, walk.told()
    assert walk.unreached() == []


def test_every_page_of_customers(site: Any, browser: Browser, customer_state: Any, watching: Any) -> None:
    walk = opened(watching, browser, customer_state, site.url, site.routes("customer"))
    assert not walk.complaints, walk.told()
    assert walk.unreached() == []


def test_every_page_of_partners(site: Any, browser: Browser, partner_state: Any, watching: Any) -> None:
    walk = opened(watching, browser, partner_state, site.url, site.routes("partner"))
    assert not walk.complaints, walk.told()
    assert walk.unreached() == []


def test_every_public_page(site: Any, browser: Browser, watching: Any) -> None:
    public = [path for path in site.routes("public") if not path.startswith("/health")]
    public = [path.replace("/f/{slug:str}", "/f/catalogue") for path in public]
    walk = opened(watching, browser, None, site.url, public)
    assert not walk.complaints, walk.told()
    assert walk.unreached() == []


def addresses_in_letters(site: Any) -> list[str]:
    """What mails link to: each kind of address once, its secret known to us since we make or replace it."""
    with site.assembly() as assembly, working(assembly) as ctx:

        def first(model: Any, *where: Any) -> Any:
            return ctx.session.execute(select(model).where(*where).limit(1)).scalar_one()

        doors = [person_of(ctx.session, user_id=first(User).key)]
        for face in (Face.CUSTOMER, Face.PARTNER):
            customer = first(Customer, table(Customer).c.kind == "person").key
            give_role(ctx, customer, PARTNER)
            account = services.add_account(
                ctx, f"letter-{face}@example.com", "Lena Letter", customer, [], face
            )
            doors.append(person_of(ctx.session, account_id=account))
        found = [
            make_link(ctx, person, purpose) for person in doors for purpose in ("invite", "reset", "sign-in")
        ]
        q, r, s = table(Quote), table(Recipient), table(Survey)
        quote = first(Quote, q.c.status == "sent")
        found += [link_of(ctx, quote), f"{link_of(ctx, quote)}/pdf"]
        reached = first(Recipient, r.c.state == "handed").key
        sent_in = first(Submission, table(Submission).c.at > ctx.now - timedelta(days=20)).key
        found += [
            f"/u/{tokens.make(ctx, 'leave', reached)}",
            f"/f/confirm/{tokens.make(ctx, 'confirm', sent_in)}",
        ]
        order = sign(ctx, "order", first(Checkout).track_key)
        found += [f"/shop/orders/{order}", f"/shop/thanks/{order}"]
        hashed = hashlib.sha256(b"known").hexdigest()
        asked = {"secret_hash": hashed, "asked_at": ctx.now, "answered_at": None}
        ctx.session.execute(update(s).where(s.c.id == first(Survey).key).values(asked))
        return [urlsplit(address).path for address in (*found, "/survey/known")]


def test_every_page_that_a_letter_leads_to(site: Any, browser: Browser, watching: Any) -> None:
    context = browser.new_context(reduced_motion="reduce")
    walk = Walk(watching(context), site.url, [])
    for path in addresses_in_letters(site):
        if complaints := walk.look(path):
            walk.complaints[path] = complaints
    context.close()
    assert not walk.complaints, walk.told()
