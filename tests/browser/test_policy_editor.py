"""The editor of a policy says what it will mean: while one types, and without JavaScript at the press of a button."""

from typing import Any

import pytest

from tests.browser.conftest import Site

pytestmark = [pytest.mark.slow, pytest.mark.browser]
ADDRESS = "/settings/environments/prod/policy"


def test_words_follow_what_is_chosen(full: Site, open_page: Any, watched: list[str]) -> None:
    page = open_page()
    page.goto(full.url(ADDRESS))
    page.get_by_label("Backup command").evaluate("field => field.required = true")  # as the password is, some minutes after the sign-in
    page.get_by_label("Stamps").check()
    page.get_by_label("Why").fill("half a sentence")
    page.get_by_text("Forbidden: stamps.").wait_for()
    assert page.get_by_label("Why").input_value() == "half a sentence"
    assert page.get_by_label("Stamps").is_checked()
    assert watched == []


def test_words_come_without_javascript_too(full: Site, open_page: Any) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(full.url(ADDRESS))
    page.get_by_label("Downgrades").check()
    page.get_by_label("From, window 1").fill("22:00")
    page.get_by_role("button", name="Show what it means").click()
    assert page.get_by_text("at least one").is_visible(), "a window without days is named, not dropped"
    page.get_by_label("From, window 1").fill("")
    page.get_by_role("button", name="Show what it means").click()
    assert page.get_by_text("Forbidden: downgrades.").is_visible()
    assert page.get_by_label("Downgrades").is_checked()
