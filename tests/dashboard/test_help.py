"""Help: each code that can be shown has its page; each page has its call of the API, or a reason why not."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import resolve

from api.router import api
from dashboard import help_view, twins
from dashboard.urls import urlpatterns
from environments.models import Database
from jobs.models import Job
from migrations_store.findings.registry import RULES
from tests.dashboard.test_access import PAGES

pytestmark = pytest.mark.django_db(transaction=True)
# What is asked for by a page, not by a person: parts of pages, files, and texts for copying.
PARTS = re.compile(r"^(pipeline|palette|.*-(status|log|preview|text|file|patch|sql|svg|diagram|evidence|export|words))$|\.(txt|zip|svg)$")
DOCS = Path(__file__).parents[2] / "docs" / "errors.md"


def test_every_code_has_a_page(client: Client) -> None:
    codes = set(re.findall(r"^### `([\w-]+)`", DOCS.read_text(), re.MULTILINE)) | set(RULES)
    assert codes <= set(help_view.topics())
    for code in help_view.topics():
        assert client.get(f"/help/errors/{code}/").status_code == 200
    assert client.get("/help/errors/AM-999/").status_code == 404
    listed = client.get("/help/").content.decode()
    assert all(f"/help/errors/{code}/" in listed for code in help_view.topics())


def test_a_failed_job_leads_to_its_explanation_and_back(client: Client, run: Callable[..., Job], database: Database, root: Path) -> None:
    (root / "migrations" / "env.py").write_text("import sys\nsys.exit(3)\n")
    job = run(database, "upgrade", "one")
    link = re.search(r'href="(/help/errors/[\w-]+/)"', client.get(f"/jobs/{job.pk}/").content.decode())
    assert link
    assert f'href="/jobs/{job.pk}/"' in client.get(link[1]).content.decode()


def test_the_map_comes_alone_into_its_dialog(client: Client) -> None:
    assert "<html" in client.get("/help/keyboard/").content.decode()
    fragment = client.get("/help/keyboard/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "<kbd" in fragment


def test_every_page_has_a_twin_or_a_reason() -> None:
    pages = {pattern.name for pattern in urlpatterns if (page := PAGES.get(str(pattern.name))) and page.get is not None}
    pages = {name for name in pages if name in twins.TWINS or not PARTS.search(name)} | {"sign-in", "sign-in-again"}
    assert pages == set(twins.TWINS) | set(twins.WITHOUT)
    assert not set(twins.TWINS) & set(twins.WITHOUT)


def test_every_twin_is_a_call_that_there_is() -> None:
    for path in twins.TWINS.values():
        address = twins.PREFIX + re.sub(r"\{\w+\}", "11111111-1111-1111-1111-111111111111", path.partition("?")[0])
        shape = re.sub(r"\{\w+\}", "{}", path.partition("?")[0])
        assert resolve(address).func
        known = {re.sub(r"\{[\w:]+\}", "{}", known.removeprefix("/api/v1")) for known, methods in _calls().items() if "get" in methods}
        assert shape in known, path


def _calls() -> dict[str, dict[str, object]]:
    return dict(api.get_openapi_schema()["paths"])


def test_the_foot_shows_the_call_without_any_secret(client: Client, database: Database) -> None:
    shown = client.get(f"/databases/{database.pk}/").content.decode()
    assert f"GET /api/v1/databases/{database.pk}" in shown
    assert "Authorization: Bearer $TOKEN" in shown
    assert "Copy as curl" not in client.get("/account/").content.decode()
