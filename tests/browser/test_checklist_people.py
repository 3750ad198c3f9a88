"""Checks of docs/checklist.md on what people have typed, lost connections, ended sessions and the record."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_26_what_is_typed_stays_while_the_page_asks_for_news(full: Site, rich: dict[str, str], open_page: Any) -> None:
    """As the minute of the checklist does, in less: the page asks between any two words."""
    page = open_page()
    page.goto(full.url(f"/proposals/{rich['proposal']}/?tab=discussion"))
    field = page.locator("main textarea:visible").first
    field.focus()
    words = ("Is", " forty", " enough", " for", " a", " fax", " number", " abroad?")
    for word in words:
        field.press_sequentially(word)
        with page.expect_response(re.compile("/status/")):
            page.evaluate(
                "htmx.trigger('#live', 'every'); htmx.ajax('GET', document.querySelector('#live').getAttribute('hx-get'), '#live')"
            )
    expect(field).to_be_focused()
    expect(field).to_have_value("".join(words))


def test_27_lost_connections_and_ended_sessions_are_said(full: Site, open_page: Any) -> None:
    page = open_page()
    page.goto(full.url("/"))
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_be_visible(timeout=12_000)
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_be_hidden()
    assert page.locator(".matrix").is_visible()
    page.context.clear_cookies()
    expect(page.locator("#signed-out")).to_be_visible()
    assert page.locator("input[type=password]").count() == 0


def test_28_last_week_on_prod_is_two_clicks_and_exports_as_shown(full: Site, open_page: Any) -> None:
    page = open_page()
    page.goto(full.url("/audit/"))
    page.get_by_role("group", name="Period").get_by_role("link", name=re.compile("^7")).click()
    page.get_by_role("link", name="prod", exact=True).click()
    page.wait_for_url(re.compile("period=7d&environment=prod"))
    shown = page.locator(".entries .entry").count()
    assert 0 < shown < 50, "all of them on one page"
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("CSV", re.IGNORECASE)).click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert len([line for line in lines if line[:1].isdigit()]) == shown


def test_29_keys_go_by_their_place_on_the_board(full: Site, open_page: Any, watched: list[str]) -> None:
    """On a Russian board `g j` types other letters; and the page is Russian."""
    page = open_page(locale="ru")
    page.goto(full.url("/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Конвейер")
    board = page.context.new_cdp_session(page)
    for code, letter in (("KeyG", "п"), ("KeyJ", "о")):
        for kind in ("keyDown", "keyUp"):
            board.send("Input.dispatchKeyEvent", {"type": kind, "code": code, "key": letter})
    page.wait_for_url(full.url("/jobs/"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Задания")
    assert watched == []
