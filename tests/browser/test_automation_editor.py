"""A rule is written on a phone, in a browser that runs no scripts, tried on a record, and reads as a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_rule_is_written_and_tried_without_scripts(site: Any, plain: Page) -> None:
    page = plain
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(site.link())
    page.get_by_role("button", name="Sign in").click()
    page.goto("/workflow/automations/new")
    page.get_by_label("When").select_option("customers.created")
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Name of the rule").fill("Meet new firms")
    page.get_by_label("One more condition").select_option("record.kind")
    page.get_by_role("button", name="Add condition").click()
    page.get_by_role("checkbox", name="Organisation").check()
    page.get_by_label("One more action").select_option("workflow.task")
    page.get_by_role("button", name="Add action").click()
    expect(page.get_by_role("checkbox", name="Organisation")).to_be_checked()
    page.get_by_label("What is to be done").fill("Introduce ourselves")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Meet new firms")
    said = "When a customer is created, if kind is organisation, then make the task “Introduce ourselves”"
    expect(page.locator("[data-panel='workflow.sentence']")).to_contain_text(said)
    likely = page.locator("datalist option").first.get_attribute("value") or ""
    page.locator("input[name=record]").fill(likely)
    page.get_by_role("button", name="Try it on this record").click()
    expect(page.get_by_text("Nothing was kept.")).to_be_visible()
