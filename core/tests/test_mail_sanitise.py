"""Foreign HTML loses everything that runs, loads, covers or submits, and keeps its looks."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patron.interactions.mail.parsing import parse
from patron.interactions.mail.sanitise import MAIL_CSP, MAIL_CSP_REMOTE, document, sanitise, text_as_html
from patron.interactions.mail.styles import safe_style


def test_looks_stay() -> None:
    html = '<table bgcolor="#eee"><tbody><tr><td style="color: red"><b>x</b></td></tr></tbody></table>'
    assert sanitise(html).html == html


def test_links_open_outside_and_tell_nothing() -> None:
    html = sanitise('<a href="https://ok.test/">x</a>').html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


@pytest.mark.parametrize(
    "href", ["/accounts/1/delete", "//evil.test", "javascript:1", " java\nscript:1", "data:x", "?a"]
)
def test_links_into_the_product_or_to_code_lose_their_target(href: str) -> None:
    assert "href" not in sanitise(f'<a href="{href}">x</a>').html


def test_remote_images_wait_until_they_are_asked_for() -> None:
    html = '<img src="https://x.test/a.png"><img src="http://x.test/b.png">'
    held = sanitise(html)
    assert held.blocked_images == 2
    assert "x.test" not in held.html
    shown = sanitise(html, allow_remote=True)
    assert "https://x.test/a.png" in shown.html
    assert shown.blocked_images == 1


def test_inline_images_come_from_the_mail_only() -> None:
    html = '<img src="cid:Logo@x"><img src="cid:other"><img src="/files/secret">'
    safe = sanitise(html, inline_images={"logo@x": "/mail/5/inline/1"}).html
    assert safe.count("src=") == 1
    assert 'src="/mail/5/inline/1"' in safe
    assert "src=" not in sanitise(html, inline_images={"logo@x": "javascript:1"}).html


@pytest.mark.parametrize(
    "style",
    [
        "position: fixed",
        "background: url(x)",
        "background-color: u\\72l(x)",
        "color: var(--x)",
        "width: expression(1)",
        "margin-left: -999px",
        "color: red/**/url(x)",
        "behavior: url(x)",
        "content: 'x'",
        "opacity: 0",
        "z-index: 9",
    ],
)
def test_styles_that_load_or_cover_are_dropped(style: str) -> None:
    assert safe_style(style) == ""
    assert safe_style(f"{style}; color: red") == "color: red"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("<>\"'=/ abscriptonerrorimgsvgx:;!-&#\n"), max_size=200))
def test_a_second_pass_finds_nothing_new(html: str) -> None:
    once = sanitise(html).html
    assert "<script" not in once
    assert sanitise(once).html == once


def test_the_page_and_its_policy() -> None:
    page = document(text_as_html("<script>1</script>\nsecond line"), dark=True, language='en"><script>')
    assert "<script" not in page
    directives = {part.split()[0]: part.split()[1:] for part in MAIL_CSP.split("; ")}
    assert directives["default-src"] == ["'none'"]
    assert "allow-scripts" not in directives["sandbox"]
    assert "allow-same-origin" not in directives["sandbox"]
    assert "https:" not in directives["img-src"]
    assert "https:" in MAIL_CSP_REMOTE


@pytest.mark.parametrize(
    "unit", ["<div>", "<b><blockquote>", "<b><i><font>", "<table><tbody><td>", "<a href=x>"]
)
def test_deep_nesting_costs_no_time(unit: str) -> None:
    started = time.perf_counter()
    sanitise(unit * 20_000 + "text")
    parse(b"Content-Type: text/html\n\n" + unit.encode() * 20_000 + b"text")
    assert time.perf_counter() - started < 2
