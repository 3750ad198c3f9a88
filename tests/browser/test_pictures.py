"""The pictures of docs/images, taken of what the other tests walk through.

An ordinary run leaves them in test-results/docs. With DOCS_PICTURES=1 in the environment those of docs/images are renewed.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Site
from tests.browser.pages import address

pytestmark = [pytest.mark.slow, pytest.mark.browser]
ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ("docs/images" if os.environ.get("DOCS_PICTURES") else "test-results/docs")
SHOWN = ("home", "project", "plan", "failed-job", "proposal", "proposal-diagram", "compared", "audit")
# What is another at each run would make another picture: clocks, paths and ids. They keep their place.
STILL = "document.querySelectorAll('time, .foot span, .head .sub code').forEach(e => e.style.visibility = 'hidden')"


def test_pictures_of_the_docs_can_be_taken(full: Site, rich: dict[str, str], open_page: Any) -> None:
    page: Page = open_page(traced=False, reduced_motion="reduce", viewport={"width": 1280, "height": 800})
    PLACE.mkdir(parents=True, exist_ok=True)
    for name in SHOWN:
        page.goto(address(full, rich, name))
        page.evaluate(STILL)
        page.screenshot(path=PLACE / f"{name}.png")
    shown = {name for name in SHOWN if f"images/{name}.png" in everything_written()}
    assert shown == set(SHOWN), "each is in the docs or the README"


def everything_written() -> str:
    return "\n".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
