"""Hands on the keyboard: palette, keys with another layout, preferences; and what a page says when the server or the session is gone."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site

pytestmark = [pytest.mark.slow, pytest.mark.browser]
LOST = 20_000


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"))


def test_keys_lead_everywhere_and_run_nothing(full: Site, open_page: Any) -> None:
    page = open_page()
    page.goto(full.url("/"))
    jobs = full.api.get("/jobs")["count"]
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    page.keyboard.type("fill")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("Control+k")
    page.keyboard.type("fill slowly")
    expect(page.locator("#palette .hit .rev")).to_have_text("slow")
    expect(page.locator("#palette .places")).to_contain_text(re.compile(r"dev.*applied.*test.*applied.*prod.*not applied", re.DOTALL))
    page.keyboard.press("Enter")
    page.wait_for_url("**/projects/full/revisions/slow/")

    page.keyboard.press("g")
    page.keyboard.press("j")
    page.wait_for_url("**/jobs/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))
    page.keyboard.press("w")
    page.wait_for_url("**wrap=off")
    page.reload()
    expect(page.locator("#log")).to_have_class(re.compile("nowrap"))

    page.keyboard.press("Shift+?")
    expect(page.locator("#keys kbd").first).to_be_visible()
    page.keyboard.press("Escape")
    layout(page, "KeyG", "KeyP")
    page.wait_for_url(full.url("/"))
    cells(page)
    assert full.api.get("/jobs")["count"] == jobs


def test_a_live_page_leaves_the_keyboard_where_it_was(full: Site, open_page: Any) -> None:
    """What the focus is on is swapped for its like; of several that lead there, the same one."""
    page = open_page()
    page.goto(full.url("/"))
    where = "[...document.querySelectorAll('#pipeline a')].indexOf(document.activeElement)"
    page.locator(".matrix .rv a.rev").first.focus()
    before = page.evaluate(where)
    page.locator(".matrix").evaluate("table => table.dataset.old = 'yes'")
    page.evaluate("htmx.ajax('GET', '/partials/pipeline', { target: '#pipeline', swap: 'outerHTML' })")
    expect(page.locator(".matrix[data-old]")).to_have_count(0)
    assert before >= 0
    assert page.evaluate(where) == before


def layout(page: Page, *codes: str) -> None:
    """As a Cyrillic layout sends them: the board's key, another letter."""
    for code in codes:
        page.evaluate("code => document.body.dispatchEvent(new KeyboardEvent('keydown', { code, key: 'ж', bubbles: true }))", code)


def cells(page: Page) -> None:
    """The matrix by arrows: dev failed, test behind it."""
    page.locator(".matrix td a").first.focus()
    page.keyboard.press("ArrowRight")
    assert ", test: " in focused(page)
    page.keyboard.press("ArrowLeft")
    assert ", dev: " in focused(page)
    page.keyboard.press("/")
    expect(page.locator("#filter")).to_be_focused()
    page.keyboard.press("Escape")


def test_single_keys_can_be_turned_off_and_looks_are_kept(full: Site, open_page: Any) -> None:
    page = open_page(color_scheme="dark")
    page.goto(full.url("/account/"))
    page.get_by_label("Shortcuts of a single key").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-quiet", "")
    page.keyboard.press("Shift+?")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_label("Shortcuts of a single key").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Account of admin").click()
    page.get_by_role("button", name="Compact").click()
    expect(page.locator("html")).to_have_attribute("data-density", "compact")
    page.get_by_label("Account of admin").click()
    page.get_by_role("button", name="Comfortable").click()
    expect(page.locator("html")).to_have_attribute("data-density", "comfortable")


def test_lost_connection_and_ended_session_are_said(full: Site, open_page: Any) -> None:
    page = open_page()
    page.goto(full.url("/"))
    page.context.set_offline(True)
    expect(page.locator("#connection")).to_be_visible(timeout=LOST)
    page.context.set_offline(False)
    expect(page.locator("#connection")).to_be_hidden(timeout=2 * LOST)
    page.context.clear_cookies()
    expect(page.get_by_role("dialog", name="Signed out")).to_be_visible(timeout=2 * LOST)
    assert page.locator(".matrix").count() == 1
    assert page.get_by_label("User name").count() == 0


def test_a_log_says_how_it_is_read_in_its_address(full: Site, open_page: Any) -> None:
    page = open_page()
    assert full.api.get("/jobs/1")["status"] == "failed"
    page.goto(full.url("/jobs/1/?time=utc#L2-L4"))
    expect(page.locator("#log li.hit-l")).to_have_count(3)
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r"time=utc#L\d+$"))
    expect(page.locator("#log li.hit-l")).to_have_class(re.compile(r"\b[we]\b"))
    polled: list[str] = []
    page.on("request", lambda request: polled.append(request.url) if "/jobs/" in request.url else None)
    page.wait_for_timeout(5000)
    assert polled == []
