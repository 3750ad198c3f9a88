"""A proposal as two people see it in two browsers: one asks for it and makes it anew, the other comments, asks for changes and approves."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, SIZES, Site, sign_in, watch
from tests.jobs.conftest import ENV, table, write_revision
from tests.runner.test_propose import TEMPLATE

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PASSWORD = "two-people-and-a-proposal"
TABS = ("structure", "python", "sql", "findings", "discussion", "versions")
MODELS = """\
import sqlalchemy as sa
target_metadata = sa.MetaData()
sa.Table("t_one", target_metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("fax", sa.String(40)){more})
"""
PICTURES = Path(__file__).resolve().parents[2] / "test-results" / "screens"


@dataclass
class Desk:
    """The project on disk, and a browser for each of the two."""

    site: Site
    root: Path
    ada: Page
    rita: Page

    def models(self, more: str = "") -> None:
        """The table has one more column than the database, and what is said."""
        env = ENV.replace("config = context.config\n", "config = context.config\n" + MODELS.replace("{more}", more))
        (self.root / "migrations" / "env.py").write_text(env.replace("target_metadata=None", "target_metadata=target_metadata"))


@pytest.fixture
def desk(site: Site, browser: Browser, tmp_path: Path, watched: list[str]) -> Iterator[Desk]:
    root, api = tmp_path / "code", site.api
    (root / "migrations" / "versions").mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = driver://\n")
    (root / "migrations" / "script.py.mako").write_text(TEMPLATE)
    write_revision(root, "one", None, *table("t_one"))
    api.call("POST", "/api/v1/environments", {"slug": "dev", "name": "dev", "position": 1, "protected": False})
    api.post("/users", {"username": "rosa", "password": PASSWORD, "role": "reviewer"})
    pages = [browser.new_context(viewport={"width": 1280, "height": 900}).new_page() for _ in range(2)]
    found = Desk(site, root, *pages)
    found.models()
    api.post("/projects", {"slug": "desk", "source": {"kind": "directory", "path": str(root)}})
    sqlite3.connect(tmp_path / "desk.db").close()
    database = api.post("/databases", {"project": "desk", "environment": "dev", "url": f"sqlite:///{tmp_path / 'desk.db'}"})["id"]
    assert api.run(database, "upgrade", "one")["status"] == "succeeded"
    for page in pages:
        page.set_default_timeout(PATIENCE)
        watch(page, site, watched)
    sign_in(found.ada, site)
    sign_in(found.rita, site, "rosa", PASSWORD)
    yield found
    for page in pages:
        page.context.close()


def badge(page: Page, word: str) -> None:
    expect(page.locator(".head .badge").first).to_have_text(word)


def test_two_people_bring_a_proposal_to_its_approval(desk: Desk, watched: list[str]) -> None:
    ada, rita = desk.ada, desk.rita
    ask_for_it(ada, desk)
    speak_and_ask_for_changes(rita, desk)
    ada.evaluate("htmx.ajax('GET', document.querySelector('#live').getAttribute('hx-get'), '#live')")  # as it does every 15 seconds
    expect(ada.locator("#live")).to_contain_text("new comments")
    assert ada.locator("text=why nullable?").count() == 0, "nothing moves under a reader"
    ada.locator("#live a").click()
    badge(ada, "Changes requested")
    expect(ada.locator("#o1 + .talk")).to_contain_text("why nullable?")
    make_anew(ada, desk, ', sa.Column("mail", sa.String(80))', 2)
    threads_are_where_they_were(rita)
    look_at_every_tab(rita, desk)
    rita.goto(ada.url.partition("?")[0])
    seen = rita.context.new_page()
    watch(seen, desk.site, watched)
    seen.goto(rita.url)
    decide(rita, "Approve")
    badge(rita, "Approved")
    ada.reload()
    badge(ada, "Approved")
    make_anew(ada, desk, ', sa.Column("pager", sa.String(20))', 3)
    badge(ada, "Stale approval")
    decide(seen, "Request changes", "of what I was shown long ago")
    expect(seen.get_by_role("alert")).to_contain_text("you were shown version 2, and version 3 is there now")
    expect(seen.locator("#review textarea")).to_have_value("of what I was shown long ago")
    decide(seen, "Approve")
    badge(seen, "Approved")
    assert [line for line in watched if "409" not in line] == []


def ask_for_it(ada: Page, desk: Desk) -> None:
    """From the project's page; the page of what is being made becomes the proposal by itself."""
    ada.goto(desk.site.url("/projects/desk/"))
    ada.get_by_role("link", name="New proposal").click()
    ada.get_by_label("Message").fill("add fax")
    ada.get_by_role("button", name="Ask for it").click()
    badge(ada, "Open")
    expect(ada.locator("#o1")).to_contain_text("column fax")
    expect(ada.get_by_label("Approve")).to_have_count(0)


def speak_and_ask_for_changes(rita: Page, desk: Desk) -> None:
    """At an object and at a line, with the keyboard and the mouse."""
    rita.goto(desk.site.url("/"))
    rita.get_by_role("link", name="Proposals").click()
    rita.get_by_role("link", name="add fax").click()
    rita.get_by_role("link", name="Comment on column fax").click()
    rita.get_by_label("Comment on fax").fill("why nullable?")
    rita.get_by_label("Comment on fax").press("Control+Enter")
    expect(rita.locator("#o1 + .talk")).to_contain_text("why nullable?")
    rita.get_by_role("heading", name="add fax").click()
    rita.keyboard.press("BracketRight")
    expect(rita).to_have_url(re.compile("#o1$"))
    rita.get_by_label("Viewed t_one").check()
    expect(rita.locator("#objects")).to_contain_text("viewed 1 of 1")
    rita.get_by_role("link", name="Python").click()
    line = rita.locator(".code li", has_text="op.add_column")
    line.get_by_role("link").click()
    rita.get_by_label("Comment on this line").fill("forty is short")
    rita.get_by_role("button", name="Comment", exact=True).click()
    expect(rita.locator(".at-line")).to_contain_text("forty is short")
    decide(rita, "Request changes", "please answer")
    badge(rita, "Changes requested")


def make_anew(ada: Page, desk: Desk, more: str, number: int) -> None:
    desk.models(more)
    ada.get_by_role("button", name="Generate again").click()
    expect(ada.locator("#live")).to_contain_text(f"version {number} is there")
    ada.locator("#live a").click()
    expect(ada.locator(".sub")).to_contain_text(f"version {number}")


def threads_are_where_they_were(rita: Page) -> None:
    rita.goto(rita.url.partition("?")[0])
    expect(rita.locator(".sub")).to_contain_text("version 2")
    expect(rita.locator("tr", has=rita.get_by_text("column fax")).locator("+ .talk")).to_contain_text("why nullable?")
    expect(rita.locator("#objects")).to_contain_text("viewed 1 of 2")
    rita.get_by_role("link", name="Python").click()
    expect(rita.locator(".code li.hit")).to_contain_text("'fax'")
    expect(rita.locator(".code li.hit + .at-line")).to_contain_text("forty is short")


def decide(page: Page, word: str, why: str = "") -> None:
    page.get_by_label(word, exact=True).check()
    page.locator("#review textarea").fill(why)
    page.get_by_role("button", name="Submit review").click()


def look_at_every_tab(page: Page, desk: Desk) -> None:
    """Light and dark, wide and narrow: nothing is wider than the screen."""
    address = page.url.partition("?")[0]
    PICTURES.mkdir(parents=True, exist_ok=True)
    for scheme, size in (("light", "wide"), ("dark", "narrow")):
        width, height = SIZES[size]
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": height})
        for tab in TABS:
            page.goto(f"{address}?tab={tab}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{tab} is wider than the screen"
            page.screenshot(path=PICTURES / f"proposal-{tab}-{scheme}-{size}.png")
    page.set_viewport_size({"width": 1280, "height": 900})
