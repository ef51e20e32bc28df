"""The second half of the staff's pages, in a file of its own: two workers share the walk."""

from __future__ import annotations

from typing import Any

import pytest
from page_walk import opened
from playwright.sync_api import Browser

LEADING_ON = ("/customers", "/customers/{record_id:int}")  # whose links lead to pages of this half
pytestmark = pytest.mark.browser


def test_every_page_of_staff_from_n_to_z(
    site: Any, browser: Browser, staff_state: Any, watching: Any
) -> None:
    routes = [path for path in site.routes("staff") if path >= "/n" or path in LEADING_ON]
    walk = opened(watching, browser, staff_state, site.url, routes)
    assert not walk.complaints, walk.told()
    assert walk.unreached() == []
