"""Names and messages of many characters without a blank: they break or are cut, and move nothing off the page."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import SIZES, Site
from tests.jobs.conftest import ENV, table, write_revision

pytestmark = [pytest.mark.slow, pytest.mark.browser]
LONG = "a_name_without_any_blank_in_it_" * 2 + "end"
OUTSIDE = """() => [...document.querySelectorAll("main h1, .crumbs li, .matrix tbody th, .panel, .rows .pin, .sub")]
  .filter(e => e.getBoundingClientRect().right > innerWidth || e.matches("th") && e.scrollWidth > e.clientWidth + 1)
  .map(e => e.outerHTML.slice(0, 160))"""


@pytest.fixture
def long(full: Site, tmp_path: Path) -> Iterator[list[str]]:
    """Addresses of pages with such names; what was made for them goes again."""
    (tmp_path / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = driver://\n")
    (tmp_path / "migrations" / "env.py").write_text(ENV)
    write_revision(tmp_path, "long", None, *table("t_long"), message=LONG * 3)
    slug = LONG[:62].replace("_", "-").strip("-")
    full.api.post("/projects", {"slug": slug, "name": LONG, "source": {"kind": "directory", "path": str(tmp_path)}})
    sqlite3.connect(tmp_path / "long.db").close()
    body = {"project": slug, "environment": "dev", "name": LONG[:64], "url": f"sqlite:///{tmp_path}/long.db"}
    database = full.api.post("/databases", body)["id"]
    job = full.api.run(database, "upgrade", "head")["id"]
    team = full.api.post("/teams", {"name": LONG[:60], "members": ["admin"]})["id"]
    of_project = [f"/projects/{slug}/{rest}" for rest in ("", "?tab=databases", "revisions/long/", "compare/")]
    yield ["/", *of_project, f"/databases/{database}/", f"/jobs/{job}/", f"/settings/teams/{team}/", "/settings/people/", "/drift/"]
    full.api.call("DELETE", f"/api/v1/teams/{team}")
    full.api.call("DELETE", f"/api/v1/projects/{slug}")


@pytest.mark.parametrize("size", SIZES)
def test_nothing_leaves_the_page(full: Site, long: list[str], open_page: Any, size: str) -> None:
    width, height = SIZES[size]
    page = open_page(traced=False, viewport={"width": width, "height": height})
    wrong = []
    for path in long:
        assert page.goto(full.url(path)).status == 200, path
        wrong += [f"{path}: {found}" for found in page.evaluate(OUTSIDE)]
        wrong += [f"{path}: sideways"] if page.evaluate("document.documentElement.scrollWidth") > width else []
    assert not wrong, "\n".join(wrong)


def test_longer_words_of_a_language_stay_in_their_cells(full: Site, open_page: Any) -> None:
    """Russian says some states in twice the letters; columns are narrow with many environments."""
    page = open_page(traced=False, locale="ru", viewport={"width": 1000, "height": 900})
    page.goto(full.url("/"))
    page.locator(".matrix").first.evaluate("table => table.style.width = `${table.rows[0].cells.length * 10.5}rem`")
    outside = """badges => badges.filter(e => e.getBoundingClientRect().right > e.closest("td").getBoundingClientRect().right)
        .map(e => [e.textContent, e.getBoundingClientRect().right, e.closest("td").getBoundingClientRect().right])"""
    assert page.locator(".matrix td .badge").evaluate_all(outside) == []
    assert page.locator(".jump").evaluate("search => search.scrollWidth <= search.clientWidth"), "nothing of it lies over the bell"


@pytest.mark.parametrize("width", [961, 1024, 1100, 1180])
def test_every_way_of_the_navigation_is_seen_in_russian(full: Site, open_page: Any, width: int) -> None:
    page = open_page(traced=False, locale="ru", viewport={"width": width, "height": 900})
    page.goto(full.url("/"))
    cut = page.locator(".top .nav").evaluate("nav => nav.scrollWidth - nav.clientWidth")
    assert cut <= 4, "no more than a part of the last one's margin"


def test_the_map_of_a_history_stays_small_where_it_stands_below(full: Site, open_page: Any) -> None:
    page = open_page(traced=False, viewport={"width": 1024, "height": 900})
    page.goto(full.url("/projects/full/"))
    assert page.locator("svg.map").bounding_box()["width"] < 300
