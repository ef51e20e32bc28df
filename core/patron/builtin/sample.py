"""The core's part of the demo."""

from __future__ import annotations

from collections.abc import Sequence

from patron.contributions import SampleData
from patron.hookspecs import hookimpl
from patron.sample.core import make_core_sample


@hookimpl
def register_sample_data() -> Sequence[SampleData]:
    return (SampleData("core", make_core_sample, order=0),)
