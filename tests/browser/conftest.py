"""A real browser on a running dashboard: a project on disk with dev, test and prod in SQLite."""

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.jobs.conftest import ENV, table, write_revision
from tests.runner.test_propose import TEMPLATE
from tests.support.dashboard import Api, Dashboard, serving
from tests.support.patience import eventually

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # the driver keeps an event loop in this thread, while other tests here use the store
PASSWORD = "correct-horse-battery"
TOKEN = "token-for-browser-tests-01"
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 30_000  # milliseconds; a machine that runs all tests is busy
expect.set_options(timeout=PATIENCE)  # what is to come, comes; how soon is measured elsewhere
FAILED = pytest.StashKey[list[bool]]()
SIZES = {"wide": (1280, 900), "narrow": (375, 800)}


@dataclass
class Site:
    """A dashboard with something in it."""

    dashboard: Dashboard
    api: Api
    root: Path
    databases: dict[str, str] = field(default_factory=dict)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.dashboard.port}{path}"


def program() -> str | None:
    named = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if named is None and "CI" in os.environ:
        pytest.fail("No browser was found: install Chromium, or name one in CHROMIUM.")
    return named


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = program()
    if found is None:
        pytest.skip("NO BROWSER: install Chromium, or name one in CHROMIUM, to see the pages tested.")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five revisions; `slow` prints for some seconds, `broken` fails half-way."""
    root = tmp_path_factory.mktemp("code") / "shop"
    (root / "migrations" / "versions").mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = driver://\n")
    (root / "migrations" / "env.py").write_text(ENV)
    for id, down in (("one", None), ("two", "one")):
        write_revision(root, id, down, *table(f"t_{id}"), message=f"Create {id}")
    write_revision(root, "slow", "two", 'for n in range(5): print("row", n, flush=True); time.sleep(0.6)', message="Fill slowly")
    write_revision(root, "three", "slow", *table("t_three"), message="Create three")
    write_revision(root, "broken", "three", 'op.execute("INSERT INTO nowhere VALUES (1)")', message="Fails")
    return root


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, shop: Path) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("browser") / "data"
    with serving(data, ADMIN_PASSWORD=PASSWORD, ADMIN_TOKEN=TOKEN) as dashboard:
        dashboard.wait_until_ready()
        yield Site(dashboard, Api(dashboard.port, TOKEN), shop)


@pytest.fixture(scope="session")
def full(site: Site) -> Site:
    """Registered, and with jobs that succeeded, failed, wait and were canceled."""
    api = site.api
    for slug, position, protected in (("dev", 1, False), ("test", 2, False), ("prod", 3, True)):
        api.call("POST", "/api/v1/environments", {"slug": slug, "name": slug, "position": position, "protected": protected})
    api.post("/projects", {"slug": "full", "name": "Full", "source": {"kind": "directory", "path": str(site.root)}})
    for slug in ("dev", "test", "prod"):
        path = site.dashboard.data.parent / f"full-{slug}.db"
        sqlite3.connect(path).close()
        created = api.post("/databases", {"project": "full", "environment": slug, "url": f"sqlite:///{path}"})
        site.databases[slug] = created["id"]
    api.run(site.databases["dev"], "upgrade", "broken")
    api.run(site.databases["test"], "upgrade", "two")
    api.request(site.databases["prod"], "upgrade", "one")
    return site


MODELS = """\
import sqlalchemy as sa
target_metadata = sa.MetaData()
sa.Table("t_one", target_metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("fax", sa.String(40), unique=True))
sa.Table("t_more", target_metadata, sa.Column("id", sa.Integer, primary_key=True),
         sa.Column("one_id", sa.ForeignKey("t_one.id")), sa.Column("carrier", sa.String(40)))
"""


@pytest.fixture(scope="session")
def rich(full: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """One of each thing that has a page, in a project of its own whose models differ from its database; ids for addresses."""
    api, place = full.api, tmp_path_factory.mktemp("models")
    root = modelled(place / "code")
    api.post("/projects", {"slug": "models", "name": "Models", "source": {"kind": "directory", "path": str(root)}})
    databases = {}
    for slug in ("dev", "prod"):
        sqlite3.connect(place / f"{slug}.db").close()
        url = f"sqlite:///{place / slug}.db"
        databases[slug] = api.post("/databases", {"project": "models", "environment": slug, "url": url})["id"]
    api.run(databases["dev"], "upgrade", "two")
    proposal = api.post("/proposals", {"database": databases["dev"], "message": "keep fax"}, want=202)["id"]
    check, *_ = api.post("/projects/models/checks", want=202)["jobs"]
    plan = api.post("/plans", {"database": databases["dev"], "command": "downgrade", "revision": "base"})["id"]
    promotion = api.post("/promotions", {"project": "models", "from": "dev", "to": "prod", "reason": "to show"})["id"]
    team = api.post("/teams", {"name": "Menders", "members": ["admin"]})["id"]
    api.ended(check)
    eventually(lambda: api.get(f"/proposals/{proposal}")["status"] == "open", 60, "the proposal is made", every=0.2)
    return {"proposal": proposal, "plan": plan, "promotion": promotion, "team": team, "check": check, "models": databases["dev"]}


def modelled(root: Path) -> Path:
    """Two revisions, and models that want more than they make."""
    (root / "migrations" / "versions").mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = driver://\n")
    env = ENV.replace("config = context.config\n", "config = context.config\n" + MODELS)
    (root / "migrations" / "env.py").write_text(env.replace("target_metadata=None", "target_metadata=target_metadata"))
    (root / "migrations" / "script.py.mako").write_text(TEMPLATE)
    write_revision(root, "one", None, *table("t_one"), message="Create one")
    write_revision(root, "two", "one", *table("t_two"), message="Create two")
    return root


@pytest.fixture(scope="session")
def session(browser: Browser, site: Site) -> Any:
    """Cookies of someone who has signed in through the page."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, site)
    kept = context.storage_state()
    context.close()
    return kept


def sign_in(page: Page, site: Site, name: str = "admin", password: str = PASSWORD) -> None:
    page.goto(site.url("/"))
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(site.url("/"))


@pytest.fixture
def watched(site: Site) -> list[str]:
    """What went wrong in the browser: errors of scripts and policies, failed requests, requests to anywhere else."""
    return []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fixtures that end are told whether the test failed."""
    report = yield
    item.stash.setdefault(FAILED, []).append(report.failed)
    return report


@pytest.fixture
def open_page(browser: Browser, session: Any, site: Site, watched: list[str], request: pytest.FixtureRequest) -> Iterator[Any]:
    """`open_page()` gives a signed-in page; more words go to the browser's context. What fails leaves a picture and a trace of each.

    A long walk is not `traced`: that would cost more than it tells.
    """
    contexts: list[BrowserContext] = []

    def opened(*, traced: bool = True, **options: Any) -> Page:
        context = browser.new_context(**{"storage_state": session, "viewport": {"width": 1280, "height": 900}} | options)
        contexts.append(context)
        if traced:
            context.tracing.start(snapshots=True)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        watch(page, site, watched)
        return page

    yield opened
    for number, context in enumerate(contexts):
        if any(request.node.stash.get(FAILED, [])):
            leave(context, f"{request.node.name}-{number}")
        context.close()


def leave(context: BrowserContext, name: str) -> None:
    """In test-results/failed: open a trace with `playwright show-trace`."""
    place = Path(__file__).resolve().parents[2] / "test-results" / "failed"
    place.mkdir(parents=True, exist_ok=True)
    for page in context.pages:
        page.screenshot(path=place / f"{name}.png", full_page=True)
    with contextlib.suppress(PlaywrightError):  # a walk has none
        context.tracing.stop(path=place / f"{name}.zip")


def watch(page: Page, site: Site, found: list[str]) -> None:
    page.on("console", lambda message: found.append(f"{message.type}: {message.text}") if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(f"script: {error}"))
    page.on("request", lambda request: None if request.url.startswith(site.url("")) else found.append(f"foreign: {request.url}"))
    page.on("response", lambda answer: found.append(f"{answer.status}: {answer.url}") if answer.status >= 500 else None)
