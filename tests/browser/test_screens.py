"""Every page in a real browser, light and dark, wide and narrow: nothing breaks, nothing overflows, nothing comes from elsewhere."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import SIZES, Site

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PICTURES = Path(__file__).resolve().parents[2] / "test-results" / "screens"
PAGES = {
    "home": "/",
    "project": "/projects/full/",
    "databases": "/projects/full/?tab=databases",
    "project-jobs": "/projects/full/?tab=jobs",
    "revision": "/projects/full/revisions/two/",
    "suppressions": "/projects/full/suppressions/",
    "suppression-new": "/projects/full/suppressions/new?rule=AD102&revision=two&object=t_two.fax",
    "database": "/databases/{dev}/",
    "new-job": "/databases/{dev}/plans/new?command=upgrade",
    "new-downgrade": "/databases/{dev}/plans/new?command=downgrade",
    "jobs": "/jobs/",
    "no-jobs": "/jobs/?status=rejected",
    "failed-job": "/jobs/1/",
    "waiting-job": "/jobs/3/",
    "reviews": "/reviews/",
    "proposals": "/proposals/",
    "proposal-new": "/projects/full/proposals/new",
    "promotions": "/promotions/",
    "promotions-new": "/promotions/new?move=full:test:prod",
    "audit": "/audit/?verify=1",
    "environments": "/settings/environments/",
    "environment": "/settings/environments/prod/",
    "policy": "/settings/environments/prod/policy",
    "environment-new": "/settings/environments/new",
    "environment-edit": "/settings/environments/prod/edit",
    "project-new": "/projects/new",
    "project-edit": "/projects/full/edit",
    "database-new": "/databases/new",
    "database-edit": "/databases/{dev}/edit",
    "account": "/account/",
    "people": "/settings/people/",
    "person": "/settings/people/1/",
    "person-new": "/settings/people/new",
    "team-new": "/settings/teams/new",
    "channels": "/settings/channels/",
    "channel-new": "/settings/channels/new",
    "notices": "/notices/?all=1",
    "api": "/api/v1/docs",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_pages_are_whole(full: Site, open_page: Any, watched: list[str], scheme: str, size: str) -> None:
    width, height = SIZES[size]
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": height})
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, path in PAGES.items():
        answer = page.goto(full.url(path.format(**full.databases)))
        assert answer.status == 200, name
        assert page.locator("h1").count() == 1, name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than the screen"
        page.screenshot(path=PICTURES / f"{name}-{scheme}-{size}.png")
    assert watched == []


@pytest.mark.parametrize("path", ["/nowhere", "/projects/none/", "/jobs/99999/", "/databases/00000000-0000-0000-0000-000000000000/"])
def test_what_is_not_there_has_a_page(full: Site, open_page: Any, path: str) -> None:
    page = open_page()
    assert page.goto(full.url(path)).status == 404
    assert page.get_by_role("link", name="Back to the pipeline").is_visible()


def test_every_control_has_a_name(full: Site, open_page: Any) -> None:
    """Buttons, links and fields that a screen reader could not tell apart from nothing."""
    page = open_page()
    for name, path in PAGES.items():
        page.goto(full.url(path.format(**full.databases)))
        nameless = page.evaluate(
            """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea")]
              .filter(e => e.checkVisibility() && !(e.innerText || "").trim() && !e.getAttribute("aria-label")
                && !(e.labels && e.labels.length) && !e.getAttribute("aria-labelledby"))
              .map(e => e.outerHTML.slice(0, 120))"""
        )
        assert nameless == [], name
