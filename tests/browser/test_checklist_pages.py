"""Checks of docs/checklist.md on how pages are seen and reached: by keyboard, in large text, in few colours, without motion."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.pages import address
from tests.browser.small import small

pytestmark = [pytest.mark.slow, pytest.mark.browser]
FOCUSED = """() => {
  const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
  const points = [[.5, .5], [.1, .5], [.9, .5]].map(([x, y]) => document.elementFromPoint(box.x + box.width * x, box.y + box.height * y));
  return {
    name: e === document.body ? "BODY" : (e.getAttribute("aria-label") || e.innerText || e.name || e.tagName).trim().replace(/\\s+/g, " "),
    ringed: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0,
    uncovered: points.some(hit => hit && (e.contains(hit) || hit.contains(e))),
    large: Math.max(box.width, e.closest("label")?.getBoundingClientRect().width || 0) >= 24,
  }
}"""
# What is cut off: of what hides its overflow, all but the parts that are meant to be cut (and say the whole elsewhere).
CUT = """() => [...document.querySelectorAll("body *")].filter(e => {
  if (e.matches(".trunc, .sr, .sr *, svg, svg *, input, select, textarea, .skip, .art")) return false;
  if (!e.checkVisibility() || e.clientWidth < 2) return false;
  const style = getComputedStyle(e), x = e.scrollWidth - e.clientWidth, y = e.scrollHeight - e.clientHeight;
  return (["hidden", "clip"].includes(style.overflowX) && x > 1) || (["hidden", "clip"].includes(style.overflowY) && y > 1)
    || (e.matches(".btn, .badge, .chip, .tag, .seg > *") && (x > 1 || y > 1));
}).map(e => e.outerHTML.slice(0, 160))"""
READ_LARGE = (
    "home",
    "project",
    "revision",
    "database",
    "plan",
    "failed-job",
    "proposal",
    "drift",
    "audit",
    "policy",
    "database-new",
    "account",
)


def walk_to(page: Page, name: str, limit: int = 90) -> None:
    """Tab by Tab. Wherever the focus comes to rest it is seen, and nothing lies over it."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found["name"] != "BODY":
            assert found["ringed"], f"no ring at {found['name']}"
            assert found["uncovered"], f"something lies over {found['name']}"
        if found["name"] == name:
            return
    pytest.fail(f"{name} was not reached")


def test_02_promotion_by_keyboard_alone_ends_on_the_jobs_heading(full: Site, open_page: Any, tmp_path: Path, watched: list[str]) -> None:
    made, page = small(full, tmp_path, "keys"), open_page()
    made.upgrade("dev")
    page.goto(full.url("/?q=keys"))
    walk_to(page, "Promote 2 from dev")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("keys")
    walk_to(page, "Run 2 on test")
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Job")
    expect(heading).to_be_focused()
    expect(page.locator("#job-state .badge").first).to_have_text("Succeeded")
    expect(heading).to_be_focused()
    assert watched == []


def test_03_home_shows_every_state_at_once_and_by_name(full: Site, open_page: Any) -> None:
    """Without scripts there is no further request; each cell says project, environment and state."""
    page = open_page(java_script_enabled=False)
    page.goto(full.url("/"))
    for project in ("full",):
        for environment in ("dev", "test", "prod"):
            named = page.locator(f"a[aria-label^='{project.title()}, {environment}: ']")
            expect(named).to_have_count(1)
            assert named.locator(".badge").inner_text().strip() in str(named.get_attribute("aria-label"))


def test_08_text_of_twice_the_size_is_not_cut(full: Site, rich: dict[str, str], open_page: Any) -> None:
    page, cut = open_page(), {}
    page.context.new_cdp_session(page).send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    for name in READ_LARGE:
        page.goto(address(full, rich, name))
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, name
        cut |= {name: found} if (found := page.evaluate(CUT)) else {}
    assert cut == {}


def test_10_forced_colours_keep_badges_and_focus(full: Site, open_page: Any) -> None:
    page = open_page(forced_colors="active")
    page.goto(full.url("/"))
    assert page.locator(".matrix .badge").first.evaluate("e => getComputedStyle(e).borderTopStyle") == "solid"
    walk_to(page, "Account of admin")
    page.goto(full.url("/jobs/1/"))
    assert page.locator(".head .badge").first.evaluate("e => getComputedStyle(e).borderTopStyle") == "solid"


def test_11_nothing_moves_for_those_who_asked_for_less_motion(full: Site, open_page: Any, tmp_path: Path) -> None:
    made = small(full, tmp_path, "still", 'for n in range(16): print("row", n, flush=True); time.sleep(0.5)', ("dev",))
    job = full.api.request(made.databases["dev"], "upgrade", "three")
    page = open_page()
    page.goto(full.url(f"/jobs/{job}/"))
    page.get_by_text("row 1", exact=True).wait_for()
    moving = "document.getAnimations().filter(one => one.playState === 'running').length"
    page.wait_for_function(f"{moving} > 0")  # a moment may be that of a swap
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == 0
    full.api.ended(job)
