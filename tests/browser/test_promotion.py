"""Promotion as three people do it in three browsers: a lead who asks, a reviewer who approves, an auditor who reads."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, Site
from tests.jobs.conftest import ENV, table, write_revision
from tests.support.dashboard import ROOT
from tests.support.patience import eventually

pytestmark = [pytest.mark.slow, pytest.mark.browser]
PASSWORD = "three-people-in-three-browsers"
PEOPLE = {"lena": "lead", "rita": "reviewer", "anna": "auditor"}
MAKE = """
from accounts.models import User
for name, role in {people!r}.items():
    User.objects.create_user(name, password={password!r}, role=role)
"""


@dataclass
class Stage:
    """A project of its own on the shared server, its databases, and a browser for each person."""

    site: Site
    slug: str
    root: Path
    databases: dict[str, str]
    pages: dict[str, Page]

    def promote(self, source: str, target: str) -> Page:
        """The first click: from the pipeline to the plan."""
        page = self.pages["lena"]
        page.goto(self.site.url(f"/?q={self.slug}"))
        page.locator(f"a[href*='{self.slug}/promotions/new?from={source}&to={target}']").click()
        expect(page.get_by_role("heading", name="Gates")).to_be_visible()
        return page

    def job(self) -> str:
        return self.pages["lena"].url.rstrip("/").rsplit("/", 1)[1]

    def heads(self, environment: str) -> list[str]:
        with sqlite3.connect(self.root.parent / f"{self.slug}-{environment}.db") as connection:
            made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            return [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")] if made else []

    def jobs(self, environment: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.site.api.get(f"/jobs?database={self.databases[environment]}")["items"]
        return found


@pytest.fixture(scope="module")
def people(site: Site, browser: Browser) -> Iterator[dict[str, Page]]:
    """They sign in as people do."""
    command = [sys.executable, str(ROOT / "manage.py"), "shell", "-c", MAKE.format(people=PEOPLE, password=PASSWORD)]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | {"DATA_DIR": str(site.dashboard.data)})
    pages = {}
    for name in PEOPLE:
        page = browser.new_context().new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(site.url("/"))
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(site.url("/"))
        pages[name] = page
    yield pages
    for page in pages.values():
        page.context.close()


@pytest.fixture
def stage(site: Site, people: dict[str, Page], tmp_path: Path, request: pytest.FixtureRequest) -> Stage:
    """dev has two of three revisions; test has one, prod none."""
    slug, root = request.node.name.split("_")[1], tmp_path / "code"
    (root / "migrations" / "versions").mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = driver://\n")
    (root / "migrations" / "env.py").write_text(ENV)
    for id, down in (("one", None), ("two", "one"), ("three", "two")):
        write_revision(root, id, down, *table(f"t_{id}"), message=f"Create {id}")
    api = site.api
    for name, position, protected in (("dev", 1, False), ("test", 2, False), ("prod", 3, True)):
        api.call("POST", "/api/v1/environments", {"slug": name, "name": name, "position": position, "protected": protected})
    api.post("/projects", {"slug": slug, "source": {"kind": "directory", "path": str(root)}})
    databases = {}
    for name in ("dev", "test", "prod"):
        path = tmp_path / f"{slug}-{name}.db"
        sqlite3.connect(path).close()
        databases[name] = api.post("/databases", {"project": slug, "environment": name, "url": f"sqlite:///{path}"})["id"]
    assert api.run(databases["dev"], "upgrade", "two")["status"] == "succeeded"
    return Stage(site, slug, root, databases, people)


def ended(page: Page, word: str = "Succeeded") -> None:
    expect(page.locator(".head .badge").first).to_contain_text(word)


def test_lead_promotes_in_two_clicks_and_a_reviewer_approves_production(stage: Stage) -> None:
    lena, rita, anna = (stage.pages[name] for name in PEOPLE)
    stage.promote("dev", "test").get_by_role("button", name="Run 2 on test").click()
    ended(lena)
    assert stage.heads("test") == ["two"]

    stage.promote("test", "prod").get_by_label("Reason").fill("Goes live on Monday")
    lena.get_by_role("button", name="Request approval").click()
    expect(lena.locator("#approval")).to_contain_text("You asked for this job, so somebody else has to approve it")
    expect(lena.get_by_role("button", name="Approve")).to_have_count(0)
    job = stage.job()
    assert post(lena, stage, f"/jobs/{job}/approvals/", {"decision": "approve"}) == 403
    assert stage.site.api.get(f"/jobs/{job}")["status"] == "awaiting_approval"

    expect(anna.get_by_role("link", name="Reviews")).to_have_count(0)
    assert post(anna, stage, f"/jobs/{job}/approvals/", {"decision": "approve"}) == 403

    rita.goto(stage.site.url("/"))
    waiting = stage.site.api.get("/jobs?status=awaiting_approval")["count"]  # other tests may have left some with this dashboard
    expect(rita.get_by_role("link", name="Reviews")).to_contain_text(str(waiting))
    rita.get_by_role("link", name="Reviews").click()
    expect(rita.get_by_text("Goes live on Monday")).to_be_visible()
    decision = rita.locator(f"form[action='/jobs/{job}/approvals/']")
    decision.get_by_role("button", name="Approve").click()
    expect(decision).to_have_count(0)
    rita.goto(stage.site.url(f"/jobs/{job}/"))
    ended(rita)
    assert stage.heads("prod") == ["two"]
    anna.goto(stage.site.url(f"/jobs/{job}/"))
    expect(anna.locator("#approval")).to_contain_text("rita")


def test_code_that_changes_after_the_request_is_refused_by_its_name(stage: Stage) -> None:
    rita = stage.pages["rita"]
    stage.promote("dev", "prod").get_by_role("button", name="Request approval").click()
    rita.goto(stage.pages["lena"].url)
    path = stage.root / "migrations" / "versions" / "two.py"
    path.write_text(path.read_text().replace("t_two", "t_other"))
    rita.get_by_role("button", name="Approve job").click()
    expect(rita.get_by_role("alert")).to_contain_text("two.py")
    rita.get_by_label("Comment").fill("Plan it anew, please")
    rita.get_by_role("button", name="Reject").click()
    ended(rita, "Rejected")
    assert stage.site.api.get(f"/jobs/{stage.job()}")["database_state"] == "unchanged"


def test_chain_waits_at_production(stage: Stage) -> None:
    lena, rita = stage.pages["lena"], stage.pages["rita"]
    page = stage.promote("dev", "test")
    page.get_by_label("How far to promote").get_by_role("link", name="prod").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("prod")
    page.get_by_role("button", name="Run 2 on test").click()
    expect(page.locator(".head .badge").first).to_contain_text("Awaiting approval")
    assert (stage.heads("test"), stage.heads("prod")) == (["two"], [])
    lena.get_by_role("link", name="Open job").last.click()
    rita.goto(lena.url)
    rita.get_by_role("button", name="Approve job").click()
    ended(rita)
    promotion = stage.site.api.get("/promotions")["items"][0]["id"]
    eventually(lambda: stage.site.api.get(f"/promotions/{promotion}")["status"] == "succeeded", 20, "the chain ends", every=0.2)


def test_rollback_of_production_asks_for_its_name_and_what_is_lost(stage: Stage) -> None:
    lena = stage.pages["lena"]
    job = stage.site.api.request(stage.databases["prod"], "upgrade", "two")
    stage.pages["rita"].goto(stage.site.url(f"/jobs/{job}/"))
    stage.pages["rita"].get_by_role("button", name="Approve job").click()
    ended(stage.pages["rita"])
    lena.goto(stage.site.url(f"/databases/{stage.databases['prod']}/plans/new?command=downgrade&revision=one"))
    lena.get_by_role("button", name="Make the plan").click()
    button, layout, address = lena.get_by_role("button", name="Request approval"), lena.locator("#typed-layout"), lena.url
    expect(button).to_have_attribute("aria-disabled", "true")
    lena.get_by_label("Reason").fill("It was too slow")
    lena.locator("#typed").fill("зкщв")
    expect(layout).to_have_text("Keyboard layout looks Russian.")
    lena.locator("#run [name=accepted]").check()
    button.click(force=True)
    assert lena.url == address
    lena.locator("#typed").fill("prod")
    expect(layout).to_be_hidden()
    lena.locator("#run [name=accepted]").uncheck()
    expect(button).to_have_attribute("aria-disabled", "true")
    lena.locator("#run [name=accepted]").check()
    expect(button).to_have_attribute("aria-disabled", "false")
    button.click()
    ended(lena, "Awaiting approval")


def test_what_was_ticked_can_be_planned_after_coming_back(stage: Stage) -> None:
    lena = stage.pages["lena"]
    lena.goto(stage.site.url(f"/?q={stage.slug}"))
    plan = lena.locator("#several button")
    expect(plan).to_be_disabled()
    for box in lena.locator("[data-pick]").all():
        box.check()
    expect(plan).to_have_text("Plan 2 promotions")
    plan.click()
    expect(lena.get_by_role("heading", level=1)).to_contain_text("2 promotions")
    lena.go_back()
    expect(lena.locator("[data-pick]:checked")).to_have_count(2)
    expect(plan).to_have_text("Plan 2 promotions")
    expect(plan).to_be_enabled()


def test_several_are_planned_at_once_without_javascript(stage: Stage, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, storage_state=stage.pages["lena"].context.storage_state())
    page = context.new_page()
    page.goto(stage.site.url(f"/?q={stage.slug}"))
    for box in page.locator("[data-pick]").all():
        box.check()
    page.get_by_role("button", name="Plan").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("2 promotions")
    page.get_by_role("button", name="Promote what is ticked").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("promotion")
    assert {job["status"] for job in stage.jobs("test")} <= {"queued", "running", "succeeded"}
    context.close()


def post(page: Page, stage: Stage, path: str, data: dict[str, str]) -> int:
    """What a person gets who sends a form that no page offers."""
    page.goto(stage.site.url("/account/"))
    token = page.locator("[name=csrfmiddlewaretoken]").first.input_value()
    answer: Any = page.request.post(
        stage.site.url(path), form=data | {"csrfmiddlewaretoken": token}, headers={"Referer": stage.site.url("/")}
    )
    return int(answer.status)
