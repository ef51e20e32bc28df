"""Numbers about customers that the firm watches."""

from __future__ import annotations

from patron.contributions import Measure, Metric

METRICS = (
    Metric("customers", "Customers", of=Measure("customers", {"standing": "known"}, by="kind")),
    Metric(
        "touches",
        "Touches in seven days",
        of=Measure("interactions", {"at": {"gt": {"days": -7}}}, by="channel"),
    ),
)
