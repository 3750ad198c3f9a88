"""The whole way of a change, by two people in two browsers: a changed model, a proposal, its review, a branch, and three environments."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from config.embedded import EmbeddedPostgres
from tests.browser.conftest import PATIENCE, browser  # noqa: F401 the fixture of that name
from tests.real_cases.cases import AIRFLOW, CASES, KEYSTONE, Case, prepare
from tests.support import figures
from tests.support.dashboard import ROOT, Api
from tests.support.targets import Target

pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.browser, pytest.mark.campaign, pytest.mark.timeout(1800)]
PASSWORD = "from-models-to-production"
PEOPLE = {"lena": "lead", "rita": "reviewer"}
ENVIRONMENTS = ("dev", "test", "prod")
MODEL = """
import sqlalchemy
from sqlalchemy import Column
sqlalchemy.Table("ours", target_metadata, Column("id", sqlalchemy.Integer, primary_key=True), Column("note", sqlalchemy.String(200)))

"""
DEMO = Case("shop", "demo", "", 0)
Git = Callable[..., str]


@dataclass
class Walk:
    """A case as a bare repository, its three databases at head, and a browser for each person."""

    case: Case
    api: Api
    bare: Path
    targets: dict[str, Target]
    databases: dict[str, str]
    lena: Page
    rita: Page
    git: Git

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.api.port}{path}"

    def merge(self) -> str:
        """What people do where the repository lives: the branch becomes part of main. Answers the new revision's file."""
        branch = self.git("for-each-ref", "--format=%(refname:short)", "refs/heads/alembic/", cwd=self.bare)
        self.git("update-ref", "refs/heads/main", f"refs/heads/{branch}", cwd=self.bare)
        return self.git("diff", "--name-only", "main~1", "main", cwd=self.bare)


@pytest.fixture
def git(tmp_path: Path) -> Git:
    def run(*words: str, cwd: Path) -> str:
        names = {f"GIT_{who}_{what}": "team@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **names}
        return subprocess.run(["git", *words], cwd=cwd, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    return run


@pytest.fixture(params=[DEMO, *CASES], ids=str)
def walk(
    request: pytest.FixtureRequest, api: Api, git: Git, people: dict[str, Page], postgres: EmbeddedPostgres, tmp_path: Path
) -> Iterator[Walk]:
    case: Case = request.param
    bare = repository(case, tmp_path, git)
    fields = {"slug": f"{case.name}-way", "source": {"kind": "git", "url": f"file://{bare}", "ref": "main"}} | case.more
    if case is not DEMO:
        fields |= {"python": str(case.python), "env_vars": case.fields["env_vars"]}
    api.post("/projects", fields)
    targets = {name: target(case, name, postgres, tmp_path) for name in ENVIRONMENTS}
    databases = {}
    for position, (name, found) in enumerate(targets.items(), 10 * [DEMO, *CASES].index(case) + 1):
        place = environment(case, name)
        api.post("/environments", {"slug": place, "name": place, "position": position, "protected": False})
        databases[name] = api.post("/databases", {"project": fields["slug"], "environment": place, "url": found.url})["id"]
        assert api.run(databases[name], "upgrade", "heads", timeout=600)["status"] == "succeeded"
    assert api.call("PATCH", f"/api/v1/environments/{environment(case, 'prod')}", {"protected": True})[0] == 200
    yield Walk(case, api, bare, targets, databases, *people.values(), git)
    for name in ENVIRONMENTS if case is AIRFLOW else ():
        postgres.drop_database(f"way_{name}")


def environment(case: Case, name: str) -> str:
    """Each case has its own: what is protected once asks for a second person ever after."""
    return f"{name}-{case.name.partition('-')[0]}"


def target(case: Case, name: str, postgres: EmbeddedPostgres, place: Path) -> Target:
    if case is AIRFLOW:  # half a minute for each on SQLite
        return Target.postgresql(postgres.create_database(f"way_{name}"))
    return Target.sqlite(place / f"{name}.db")


def repository(case: Case, place: Path, git: Git) -> Path:
    """A bare repository whose main has what Alembic needs of the case, with a model that no revision knows."""
    clone = place / "clone"
    if case is DEMO:
        shutil.copytree(ROOT / "demo" / "projects" / "shop", clone)
    else:
        prepare(case)
        clone.mkdir()
        for path in case.source.iterdir():
            if path.name in ("alembic.ini", "migrations", "alembic"):
                copy = shutil.copytree if path.is_dir() else shutil.copy
                copy(path, clone / path.name)
    env = next(clone.glob("*/env.py"))
    if case is KEYSTONE:  # its hook gives each revision a folder of the installed package, and so none of this repository
        env.write_text(env.read_text().replace("process_revision_directives=autogen.process_revision_directives,", ""))
    changed = re.sub(r"^if context\.is_offline_mode", f"{MODEL}if context.is_offline_mode", env.read_text(), count=1, flags=re.MULTILINE)
    env.write_text(changed)
    git("init", "--quiet", "--initial-branch=main", ".", cwd=clone)
    git("add", "--all", "--force", cwd=clone)
    git("commit", "--quiet", "--message", "as it is, and a new model", cwd=clone)
    git("clone", "--quiet", "--bare", str(clone), str(place / "case.git"), cwd=place)
    return place / "case.git"


@pytest.fixture
def people(api: Api, browser: Browser) -> Iterator[dict[str, Page]]:  # noqa: F811 the fixture of that name
    pages = {}
    for name, role in PEOPLE.items():
        api.call("POST", "/api/v1/users", {"username": name, "password": PASSWORD, "role": role})
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"http://127.0.0.1:{api.port}/")
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"http://127.0.0.1:{api.port}/")
        pages[name] = page
    yield pages
    for page in pages.values():
        page.context.close()


def badge(page: Page, word: str, seconds: float = 180) -> None:
    expect(page.locator(".head .badge").first).to_have_text(word, timeout=1000 * seconds)


def test_a_changed_model_reaches_production(walk: Walk) -> None:
    slug = f"{walk.case.name}-way"
    propose(walk, slug)
    approve_proposal(walk)
    push(walk)
    assert re.fullmatch(r".+\.py", walk.merge())
    take_over(walk, slug)
    for source, goal in (("dev", "test"), ("test", "prod")):
        promote(walk, slug, source, goal)
    assert all("ours" in found.tables for found in walk.targets.values())
    assert len({tuple(found.version) for found in walk.targets.values()}) == 1
    figures.note(f"{walk.case}: a changed model went from a proposal to production in two browsers")


def propose(walk: Walk, slug: str) -> None:
    page = walk.lena
    page.goto(walk.url(f"/projects/{slug}/"))
    page.get_by_role("link", name="New proposal").click()
    page.get_by_label("Message").fill("Add ours")
    if walk.case is KEYSTONE:  # it has two lines, one that adds and one that takes away
        page.get_by_text("What else Alembic can be told").click()
        page.locator("input[name=head]").fill("expand@head")
    page.get_by_role("button", name="Ask for it").click()
    found = page.locator(".head .badge").first
    expect(found).to_have_text(re.compile("Open|Failed|No differences"), timeout=180_000)
    assert found.inner_text().strip() == "Open", page.locator("main").inner_text()
    expect(page.locator("main")).to_contain_text("ours")


def approve_proposal(walk: Walk) -> None:
    page = walk.rita
    page.goto(walk.lena.url.partition("?")[0])
    page.get_by_label("Approve").check()
    page.get_by_role("button", name="Submit review").click()
    badge(page, "Approved")


def push(walk: Walk) -> None:
    walk.lena.reload()
    walk.lena.get_by_role("button", name="Push as a branch").click()
    expect(walk.lena.locator("#out .badge").first).to_have_text("Pushed", timeout=60_000)


def take_over(walk: Walk, slug: str) -> None:
    """The new code is read, and dev is upgraded."""
    page = walk.lena
    page.goto(walk.url(f"/projects/{slug}/"))
    page.get_by_role("button", name="Read code again").click()
    page.goto(walk.url(f"/databases/{walk.databases['dev']}/plans/new?command=upgrade"))
    page.get_by_role("button", name="Make the plan").click()
    page.get_by_role("button", name="Run 1").click()
    badge(page, "Succeeded")


def promote(walk: Walk, slug: str, source: str, goal: str) -> None:
    page = walk.lena
    page.goto(walk.url(f"/?q={slug}"))
    places = [environment(walk.case, name) for name in (source, goal)]
    page.locator(f"a[href*='{slug}/promotions/new?from={places[0]}&to={places[1]}']").click()
    if goal != "prod":
        page.get_by_role("button", name=f"Run 1 on {places[1]}").click()
    else:
        confirm_losses(page, places[1])
        page.get_by_role("button", name="Request approval").click()
        badge(page, "Awaiting approval")
        walk.rita.goto(page.url)
        walk.rita.get_by_role("button", name="Approve").first.click()
    badge(page, "Succeeded")


def confirm_losses(page: Page, place: str) -> None:
    """Where the models have drifted from the revisions, autogenerate drops something, and production asks whether that is meant."""
    boxes = page.locator("input[name=accepted]:visible").all()
    for box in boxes:
        box.check()
    if boxes:
        page.locator("#reason").fill("It is not used any more")
        page.locator("#typed").fill(place)
