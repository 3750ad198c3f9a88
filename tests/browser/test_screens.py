"""Every page in a real browser and in every language: accessible, light and dark, wide and narrow; nothing overflows or is foreign."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.axe import OF_COLOURS, OF_WIDTHS, violations
from tests.browser.conftest import Site
from tests.browser.pages import PAGES, address
from tests.browser.russian import english_left
from tests.browser.small import small
from tests.support.figures import note

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PICTURES = Path(__file__).resolve().parents[2] / "test-results" / "screens"
NAMES = {"Models", "Full", "to show", "first start", "base"}  # what the fixtures have called things in words of the catalogues
OPENED = "[...document.querySelectorAll('details:not(.menu-box)')].slice(0, 12).forEach(part => part.open = true)"
BADGES = """() => [...document.querySelectorAll(".badge")].map(e =>
  [e.querySelector("use")?.getAttribute("href") || "", e.textContent.trim().replace(/[0-9]+/g, "N").replace(/\\s+/g, " ")])"""
NAMELESS = """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea")]
  .filter(e => e.checkVisibility() && !e.closest("[aria-hidden=true]") && !(e.innerText || "").trim() && !e.getAttribute("aria-label")
    && !(e.labels && e.labels.length) && !e.getAttribute("aria-labelledby"))
  .map(e => "nameless: " + e.outerHTML.slice(0, 120))"""


@pytest.mark.timeout(900)
@pytest.mark.parametrize("language", ["en", "ru"])
def test_pages_are_whole(full: Site, rich: dict[str, str], open_page: Any, watched: list[str], language: str) -> None:
    """One load for each page and language; colours and sizes change under it. Without motion: else colours are measured half-way."""
    page = open_page(traced=False, locale=language, reduced_motion="reduce")
    PICTURES.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    icons: dict[str, set[str]] = {}
    dialogs: set[str] = set()
    for name in PAGES:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.emulate_media(color_scheme="light")
        answer = page.goto(address(full, rich, name))
        assert answer.status == 200, name
        assert "unsafe-" not in answer.headers["content-security-policy"], name
        spoken = "en" if name == "api" else language  # the reference is the API's, which speaks English
        assert page.locator("html").get_attribute("lang") == spoken, name
        assert page.locator("h1").count() == 1, name
        for icon, word in page.evaluate(BADGES):
            icons.setdefault(word, set()).add(icon)
        wrong += [f"{name}: {found}" for found in looked_at(page, f"{name}-{language}", dialogs, dark=language == "en")]
        wrong += [f"{name}: English in {text}" for text in english_left(page, NAMES)] if spoken == "ru" else []
    schemes = "light and dark" if language == "en" else "light"
    note(f"axe: {len(wrong)} violations on {len(PAGES)} pages in {language}, {schemes}, 1280 and 320 px")
    assert "" not in icons, "a badge without a word"
    assert [word for word, of in icons.items() if len(of) > 1 or "" in of] == [], "without colours a badge is its icon and its word"
    assert not wrong, "\n".join(wrong)
    assert watched == []


def looked_at(page: Page, name: str, dialogs: set[str], *, dark: bool) -> list[str]:
    """What is wrong with it, with what opens in place opened: twelve of a kind say as much as fifty, and a dialog of all pages once.
    Colours are the same in every language, so they are measured `dark` in one of them."""
    picture(page, f"{name}-light-wide")
    page.evaluate(OPENED)
    found = [*page.evaluate(NAMELESS), *violations(page)]
    for id in set(page.evaluate("[...document.querySelectorAll('dialog')].map(dialog => dialog.id)")) - dialogs:
        page.evaluate("id => document.getElementById(id).showModal()", id)
        found += [f"dialog {id}: {line}" for line in violations(page, within=f"#{id}")]
        page.evaluate("id => document.getElementById(id).close()", id)
        dialogs.add(id)
    page.emulate_media(color_scheme="dark")
    found += [f"dark: {line}" for line in violations(page, OF_COLOURS)] if dark else []
    page.set_viewport_size({"width": 375, "height": 800})
    picture(page, f"{name}-dark-narrow")
    page.set_viewport_size({"width": 320, "height": 4000})  # what sticks to the edge of a screen lies over nothing
    found += [f"narrow: {line}" for line in violations(page, OF_WIDTHS)]
    if (width := page.evaluate("document.documentElement.scrollWidth")) > 320:
        found.append(f"{width} px wide on a screen of 320")
    return found


def picture(page: Page, name: str) -> None:
    """For whoever looks at all pages after a change; nobody does where tests run by themselves."""
    if not os.environ.get("CI"):
        page.screenshot(path=PICTURES / f"{name}.png")


@pytest.mark.parametrize("path", ["/nowhere", "/projects/none/", "/jobs/99999/", "/databases/00000000-0000-0000-0000-000000000000/"])
def test_what_is_not_there_has_a_page(full: Site, open_page: Any, path: str) -> None:
    page = open_page()
    assert page.goto(full.url(path)).status == 404
    assert page.get_by_role("link", name="Back to the pipeline").is_visible()


def test_a_printed_plan_has_its_sql(full: Site, open_page: Any, tmp_path: Path) -> None:
    made, page = small(full, tmp_path, "paper", environments=("dev",)), open_page(traced=False)
    plan = full.api.post("/plans", {"database": made.databases["dev"], "command": "upgrade", "revision": "two"})["id"]
    page.goto(full.url(f"/plans/{plan}/"))
    page.get_by_text("lines of SQL").first.wait_for()
    steps = page.locator("details.step")
    page.evaluate("addEventListener('beforeprint', () => (window.printed = document.querySelectorAll('details.step[open]').length))")
    page.pdf()
    assert page.evaluate("window.printed") == steps.count() == 2
    assert page.locator("details.step[open]").count() == 0, "as they were before"


def test_a_dark_page_is_printed_dark_on_white(full: Site, open_page: Any) -> None:
    page = open_page(traced=False)
    page.goto(full.url("/audit/"))
    page.emulate_media(media="print")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(22, 28, 36)"
