"""The sample data: a past of a year and a half that adds up."""

from __future__ import annotations

from collections import Counter
from random import Random

from patron import table
from patron.assembly import Assembly
from patron.testing.faces import make_user, working
from patron_sales.models import Enquiry, Opportunity, Quote
from patron_sales.samples import ENQUIRIES, OPPORTUNITIES, QUOTES, add_samples
from sqlalchemy import func, select


def test_the_samples_have_a_believable_past(assembly: Assembly, products: dict[str, int]) -> None:
    for _ in range(3):
        make_user(assembly, "user", "Sales")
    with working(assembly) as ctx:
        add_samples(ctx, Random(7))
        deals, asked, offers = table(Opportunity), table(Enquiry), table(Quote)
        stages = Counter(ctx.session.execute(select(deals.c.stage)).scalars())
        assert (stages.total(), len(stages)) == (OPPORTUNITIES, 5)
        states = Counter(ctx.session.execute(select(asked.c.status)).scalars())
        assert (states.total(), len(states)) == (ENQUIRIES, 4)
        offered = Counter(ctx.session.execute(select(offers.c.status)).scalars())
        assert offered.total() == QUOTES
        assert {"draft", "sent", "accepted", "declined"} <= set(offered)
        begin, end = ctx.session.execute(
            select(func.min(deals.c.created_at), func.max(deals.c.updated_at))
        ).one()
        assert (ctx.now - begin).days > 400
        assert end <= ctx.now
        ordered = list(ctx.session.execute(select(offers.c.number).order_by(offers.c.created_at)).scalars())
        assert ordered == sorted(ordered)
