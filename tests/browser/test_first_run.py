"""The first minutes with an empty dashboard: what each page says, and the way from nothing to the first promotion of the sample."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, PATIENCE, TOKEN, Site, sign_in, watch
from tests.support.dashboard import Api, serving
from tests.support.figures import note

pytestmark = [pytest.mark.slow, pytest.mark.browser]
EMPTY = ("/jobs/", "/promotions/", "/reviews/", "/settings/environments/")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("empty") / "data", ADMIN_PASSWORD=PASSWORD, ADMIN_TOKEN=TOKEN) as dashboard:
        dashboard.wait_until_ready()
        yield Site(dashboard, Api(dashboard.port, TOKEN), Path())


def test_30_from_nothing_to_a_matrix_and_a_promotion(empty: Site, browser: Browser) -> None:
    watched: list[str] = []
    context: Any = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    watch(page, empty, watched)
    started = time.monotonic()
    sign_in(page, empty)
    every_empty_page_says_what_to_do(page, empty)
    page.goto(empty.url("/setup/"))
    page.locator("form[action='/setup/sample'] button").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto(empty.url("/"))
    expect(page.locator(".matrix tbody td")).to_have_count(3)
    promote = page.get_by_role("link", name="Promote").first
    for _ in range(60):  # the sample's own jobs come first
        if promote.count():
            break
        page.wait_for_timeout(500)
        page.reload()
    promote.click()
    expect(page.get_by_role("heading", name="Gates")).to_be_visible()
    note(f"first run: from signing in to the plan of the sample's first promotion in {time.monotonic() - started:.0f} s (n=1)")
    assert watched == []
    context.close()


def every_empty_page_says_what_to_do(page: Page, site: Site) -> None:
    for path in EMPTY:
        page.goto(site.url(path))
        block = page.locator(".empty")
        expect(block).to_have_count(1)
        assert block.locator("p").first.inner_text().strip(), path
        assert block.locator("a.btn, button.btn").count() == 1, f"{path}: one thing to do"
