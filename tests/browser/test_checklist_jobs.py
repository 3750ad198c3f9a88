"""Checks of docs/checklist.md on plans, jobs and logs in a real browser."""

import gzip
import re
import sqlite3
import time
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Page, expect

from bench.pages import write_project
from config.embedded import EmbeddedPostgres
from tests.browser.conftest import Site
from tests.browser.small import small
from tests.support.figures import note

pytestmark = [pytest.mark.slow, pytest.mark.browser]
ROWS = 'for n in range(60): print("row", n, flush=True)\n    for n in range(60, 68): print("row", n, flush=True); time.sleep(0.5)'
IN_VIEW = """e => { const box = e.getBoundingClientRect(); const hit = document.elementFromPoint(box.x + 4, box.y + box.height / 2);
  return box.top >= 0 && box.bottom <= innerHeight && e.contains(hit) }"""


def test_15_and_16_log_is_followed_until_the_reader_scrolls_up(full: Site, open_page: Any, tmp_path: Path, watched: list[str]) -> None:
    made, page = small(full, tmp_path, "rows", ROWS, ("dev",)), open_page()
    job = full.api.request(made.databases["dev"], "upgrade", "three")
    page.goto(full.url(f"/jobs/{job}/"))
    page.get_by_text("row 60", exact=True).wait_for()
    log, follow, pill = page.locator("#log"), page.locator("[data-follow]"), page.locator(".pill-new")
    expect(follow).to_have_attribute("aria-pressed", "true")
    log.evaluate("e => e.scrollTop = 0")
    expect(follow).to_have_attribute("aria-pressed", "false")
    expect(pill).to_be_visible()
    expect(pill).to_contain_text(re.compile(r"\d"))
    assert log.evaluate("e => e.scrollTop") == 0
    pill.click()
    expect(follow).to_have_attribute("aria-pressed", "true")
    expect(pill).to_be_hidden()
    expect(page.locator("#job-state .badge").first).to_have_text("Succeeded")
    expect(page.locator("#log-poller")).to_have_count(0)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(5000)
    assert asked == []
    look_of_a_log_is_in_its_address(page)
    assert watched == []


def look_of_a_log_is_in_its_address(page: Page) -> None:
    """18: filter, level, times and wrapping survive a reload."""
    page.get_by_label("Filter log").fill("row 6")
    page.get_by_label("Filter log").press("Enter")
    page.get_by_role("navigation", name="Time").get_by_role("link", name="UTC").click()
    page.locator("[data-wrap]").click()
    page.reload()
    expect(page.get_by_label("Filter log")).to_have_value("row 6")
    expect(page.get_by_role("navigation", name="Time").get_by_role("link", name="UTC")).to_have_attribute("aria-current", "true")
    expect(page.locator("[data-wrap]")).to_have_attribute("aria-pressed", "false")
    assert page.get_by_text("row 5", exact=True).count() == 0
    page.get_by_role("navigation", name="Level").get_by_role("link", name="Errors", exact=True).click()
    page.reload()
    expect(page.get_by_role("navigation", name="Level").get_by_role("link", name="Errors", exact=True)).to_have_attribute(
        "aria-current", "true"
    )
    expect(page.locator("#log")).to_contain_text("No line matches")


def test_21_and_22_a_plan_runs_once_and_whoever_is_late_is_told(full: Site, open_page: Any, tmp_path: Path) -> None:
    """Two browsers with the same plan: one clicks twice, the other when all is done."""
    made = small(full, tmp_path, "once", environments=("dev",))
    plan = full.api.post("/plans", {"database": made.databases["dev"], "command": "upgrade", "revision": "two"})["id"]
    quick, late = open_page(), open_page()
    for page in (quick, late):
        page.goto(full.url(f"/plans/{plan}/"))
    quick.get_by_role("button", name="Run 2 on dev").dblclick()
    expect(quick.locator("#job-state .badge").first).to_have_text("Succeeded")
    assert made.jobs("dev") == 1
    statuses: list[int] = []
    late.on("response", lambda answer: statuses.append(answer.status) if answer.request.method == "POST" else None)
    late.get_by_role("button", name="Run 2 on dev").click()
    expect(late.get_by_role("alert")).to_be_visible()
    assert statuses == [409]
    expect(late.get_by_role("alert").get_by_role("button", name="Build again")).to_be_visible()
    assert made.jobs("dev") == 1


@pytest.mark.postgresql
def test_20_blocked_job_says_by_whom_and_cancel_says_what_stayed(
    full: Site, open_page: Any, tmp_path: Path, postgres: EmbeddedPostgres
) -> None:
    url = postgres.create_database("browser_locks")
    made = small(full, tmp_path, "locks", 'op.execute("ALTER TABLE t_one ADD COLUMN fax text")', ("dev",), url)
    made.upgrade("dev")
    holder = psycopg2.connect(url.replace("+psycopg2", ""), application_name="billing-worker")
    page = open_page()
    full.api.ask("PATCH", "/environments/dev", {"lock_timeout": 120})  # time enough to look at it on two pages
    try:
        holder.cursor().execute("SELECT * FROM t_one")
        plan = full.api.post("/plans", {"database": made.databases["dev"], "command": "upgrade", "revision": "three"})["id"]
        page.goto(full.url(f"/plans/{plan}/"))
        page.get_by_role("button", name="Run 1 on dev").click()
        card = page.locator(".block")
        expect(card).to_contain_text("billing-worker")
        expect(card).to_contain_text("idle in transaction")
        home_says_who_is_in_the_way(open_page(), full)
        page.get_by_role("button", name="Cancel…").click()
        page.get_by_label("Reason").fill("it waits in vain")
        page.get_by_role("button", name=re.compile("^Cancel job")).click()
        expect(page.locator("#job-state .badge").first).to_have_text("Canceled")
        expect(page.locator("#job-state")).to_contain_text("unchanged")
    finally:
        full.api.ask("PATCH", "/environments/dev", {"lock_timeout": 5})
        holder.close()


def home_says_who_is_in_the_way(page: Page, full: Site) -> None:
    page.goto(full.url("/"))
    row = page.locator(".attn li", has_text="billing-worker")
    expect(row.locator(".badge")).to_have_text("Blocked")
    row.get_by_role("link", name="See blocker").click()
    expect(page.locator(".block")).to_contain_text("billing-worker")


def test_a_failed_log_opens_at_its_error(full: Site, open_page: Any, tmp_path: Path, watched: list[str]) -> None:
    lines = 'for n in range(60): print("row", n)\n    raise ValueError("no such luck")'
    made, page = small(full, tmp_path, "unlucky", lines, ("dev",)), open_page()
    job = full.api.run(made.databases["dev"], "upgrade", "three")
    assert job["status"] == "failed"
    page.goto(full.url(f"/jobs/{job['id']}/"))
    log, error = page.locator("#log"), page.locator("#log li.e", has_text="ValueError: no such luck").last
    places = [part.evaluate("e => { const {top, bottom} = e.getBoundingClientRect(); return [top, bottom] }") for part in (log, error)]
    assert places[0][0] <= places[1][0] < places[1][1] <= places[0][1], "the error is within the log's window"
    assert page.evaluate("scrollY") == 0, "the page itself stays at its top, where the failure is explained"
    page.goto(full.url(f"/jobs/{job['id']}/#L2"))
    expect(page.locator("#L2")).to_be_in_viewport()
    assert watched == []


@pytest.fixture(scope="module")
def heavy(full: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    """5,000 revisions, and a database far behind them; a job with 50,000 lines, whose number it is."""
    place = tmp_path_factory.mktemp("heavy")
    root = write_project(place / "large", 5000)
    full.api.post("/projects", {"slug": "large", "source": {"kind": "directory", "path": str(root)}})
    with sqlite3.connect(place / "prod.db") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (revision(2000),))
    id = full.api.post("/databases", {"project": "large", "environment": "prod", "url": f"sqlite:///{place / 'prod.db'}"})["id"]
    full.api.post(f"/databases/{id}/checks", want=202)
    loud = small(full, place, "loud", 'print("\\n".join(f"line {n} of many" for n in range(50000)))', ("dev",))
    job = full.api.run(loud.databases["dev"], "upgrade", "three", timeout=120)
    assert job["status"] == "succeeded"
    return str(job["id"])


def revision(number: int) -> str:
    """The id that the benchmark's project gives its revision of this number."""
    return f"{number * 2654435761 % 2**48:012x}"


def test_13_and_14_five_thousand_revisions(full: Site, heavy: str, open_page: Any, watched: list[str]) -> None:
    page = open_page()
    page.goto(full.url("/projects/large/"))
    took = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    nodes = page.evaluate("document.querySelectorAll('*').length")
    note(f"history of 5,000 revisions: {nodes} nodes, loaded in {took:.0f} ms (n=1)")
    assert nodes <= 3000
    page.locator(".bar").get_by_role("link", name="prod").first.click()
    pin = page.locator(".graph .pin", has_text="prod").first
    expect(pin).to_be_visible()
    expect(pin).to_be_in_viewport()
    assert revision(2000)[:12] in page.url
    page.goto(full.url("/projects/large/"))
    assert page.get_by_text("Change number 77", exact=True).count() == 0
    page.get_by_role("searchbox").first.fill(revision(77))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Change number 77", exact=True).first).to_be_visible()
    assert watched == []


def test_17_link_to_a_line_of_fifty_thousand_leads_to_it(full: Site, heavy: str, open_page: Any, watched: list[str]) -> None:
    page = open_page()
    for number in (49995, 120):
        page.goto("about:blank")
        page.goto(full.url(f"/jobs/{heavy}/#L{number}"))
        line = page.locator(f"#L{number}")
        expect(line).to_have_class(re.compile("hit-l"))
        page.wait_for_function(IN_VIEW, arg=line.element_handle(), timeout=5000)  # the browser may still be on its way to it
    took = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    nodes = page.evaluate("document.querySelectorAll('*').length")
    note(f"job with 50,000 lines: {nodes} nodes, loaded in {took:.0f} ms (n=1)")
    address = page.url
    for name, lines in (("Later lines", 620), ("Earlier lines", 690)):  # from 70 on, as the link led to 120
        page.get_by_role("link", name=name).click()
        expect(page.locator("#log [id^=L]")).to_have_count(lines)
    ids = page.evaluate("[...document.querySelectorAll('#log [id^=L]')].map(line => line.id)")
    assert ids == [f"L{number}" for number in range(1, 691)], "in place, in order, each once"
    assert page.url == address
    assert watched == []


def test_pages_keep_their_weight_with_much_on_them(full: Site, heavy: str, open_page: Any) -> None:
    """At most 60 KB, and 15 KB as sent. Times are told, and not held against a machine that runs all tests."""
    page = open_page(traced=False)
    for name, path in {"pipeline": "/?q=l", "history of 5,000": "/projects/large/", "job with 50,000 lines": f"/jobs/{heavy}/"}.items():
        took = []
        for _ in range(20):
            began = time.perf_counter()
            body = page.request.get(full.url(path)).body()
            took.append((time.perf_counter() - began) * 1000)
        raw, sent = len(body) / 1024, len(gzip.compress(body)) / 1024
        note(f"{name}: {raw:.1f} KB, {sent:.1f} KB gz, p95 {sorted(took)[18]:.0f} ms (n=20)")
        assert (raw <= 60, sent <= 15) == (True, True), name
