"""200 hostile texts in everything that pages show, in a real browser: none of them is anything but text."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from dashboard.log_view import PAGE_LINES
from tests.browser.conftest import PASSWORD, Site, sign_in, watch
from tests.browser.payloads import batches, payloads
from tests.jobs.conftest import ENV
from tests.support.dashboard import ROOT, TOKEN, Api, serving
from tests.support.figures import note

pytestmark = [pytest.mark.slow, pytest.mark.browser]
TEXTS = payloads()
MARKED = [f"<u>m{number}</u> {text}" for number, text in enumerate(TEXTS)]
WATCHER = """
window.hits = [];
window.ran = n => window.hits.push("script " + n);
document.addEventListener("securitypolicyviolation", e => window.hits.push("policy " + e.violatedDirective + " " + e.blockedURI));
"""
# Elements and attributes that no page of ours has, or has only with our own values.
STRANGERS = """() => [...document.querySelectorAll("*")].filter(e =>
    /^(base|iframe|object|embed|marquee|math|video|x|noscript|style|animate|u)$/i.test(e.tagName)
    || (e.tagName === "SCRIPT" && !(e.getAttribute("src") || "").startsWith("/static/"))
    || (e.tagName === "META" && e.httpEquiv.toLowerCase() === "refresh")
    || [...e.attributes].some(a => a.name.startsWith("on") || a.name.startsWith("hx-on") || a.name.startsWith("data-hx")
        || (["href", "src", "action", "data"].includes(a.name) && /^\\s*(javascript:|data:|(https?:)?\\/\\/)/i.test(a.value))
        || (a.name.startsWith("hx-") && /^(\\/evil|(https?:)?\\/\\/|javascript:)/.test(a.value)))
  ).map(e => e.outerHTML.slice(0, 200))"""
SHOWN = """() => [document.documentElement.textContent,
    ...[...document.querySelectorAll("input, textarea, option")].map(e => e.value),
    ...[...document.querySelectorAll("[title], [aria-label]")].map(e => e.title + " " + e.ariaLabel)].join("\\n")"""
# The body of a revision: lines for the log, and statements for the preview and the log.
TELLING = """\
for number, text in enumerate(TEXTS):
        print(text)
        op.execute("SELECT '" + text.replace("'", "''").replace(":", "\\\\:") + f"' AS t{number}")"""
# What no call makes, or only one by one.
IN_STORE = """
import json, sys
from django.db import transaction
from accounts.models import User
from accounts.services import create_token
from audit.services import record
from environments.models import Database, Environment
from migrations_store.models import Project
texts = json.loads(sys.stdin.read())
with transaction.atomic():
    for number, name in enumerate(texts["200"]):
        Environment.objects.create(slug=f"e{number}", name=name, position=number + 1, protected=True)
        Project.objects.create(slug=f"p{number}", name=name, source_kind="directory", source_path="/srv/" + name)
    kept = {"project": Project.objects.get(slug="versions"), "environment": Environment.objects.get(slug="dev"), "driver": "sqlite"}
    for text in texts["100"]:
        Database.objects.create(name=text, database="/srv/" + text + ".db", error=text, error_code="refused", state="unreachable", **kept)
    for number, text in enumerate(texts["128"]):
        Database.objects.create(name=f"t{number}", database="/srv/x.db", version_table=text, version_table_schema=text, **kept)
    for text in texts["all"]:
        record(text[:150], "audit.test", text[:200], note=text)
    admin = User.objects.get(username="admin")
    for text in texts["100"]:
        create_token(admin, by=admin, name=text)
    admin.first_name = texts["150"][0]
    admin.save()
print(Database.objects.get(name="t0").pk)
"""


@dataclass
class Stage:
    """A dashboard full of hostile texts; `sinks` are addresses with what has to be readable there."""

    site: Site
    place: Path
    sinks: list[tuple[str, str, list[str]]] = field(default_factory=list)
    planned: str = ""

    @property
    def api(self) -> Api:
        return self.site.api

    def sink(self, name: str, address: str, texts: list[str]) -> None:
        self.sinks.append((name, address, texts))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("hostile")
    with serving(place / "data", ADMIN_PASSWORD=PASSWORD, ADMIN_TOKEN=TOKEN) as dashboard:
        dashboard.wait_until_ready()
        stage = Stage(Site(dashboard, Api(dashboard.port, TOKEN), place), place)
        stage.api.post("/environments", {"slug": "dev", "name": "dev", "position": 0, "protected": False})
        for fill in (history, run, versions, store, forms):
            fill(stage)
        yield stage


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def script(id: str, down: str | None, doc: str, body: str = "pass", labels: Any = None) -> str:
    head = f"{doc!r}\nfrom alembic import op\nrevision = {id!r}\ndown_revision = {down!r}\nbranch_labels = {labels!r}\n"
    return f"{head}\n\ndef upgrade():\n    {body}\n\n\ndef downgrade():\n    pass\n"


def project(stage: Stage, slug: str, files: dict[str, str], **fields: Any) -> Path:
    root = write(stage.place / slug, {"alembic.ini": "[alembic]\nscript_location = migrations\n", "migrations/env.py": ENV} | files)
    stage.api.post("/projects", {"slug": slug, "source": {"kind": "directory", "path": str(root)}} | fields)
    return root


def database(stage: Stage, slug: str, name: str = "", **fields: Any) -> str:
    path = stage.place / f"{slug}-{len(list(stage.place.glob('*.db')))}.db"
    sqlite3.connect(path).close()
    body = {"project": slug, "environment": "dev", "name": name, "url": f"sqlite:///{path}"} | fields
    return str(stage.api.post("/databases", body)["id"])


def history(stage: Stage) -> None:
    """Ids, messages, labels, file names, docs and source; the history is searched, so that it is not folded."""
    files, down = {}, None
    for number, text in enumerate(TEXTS):
        id = f"{number:03}{text}"
        name = text.replace("/", "\u2215") + f" {number}"
        files[f"migrations/versions/{name}.py"] = script(id, down, f"part{number // 50} {text}", labels=(f"label {text}",))
        down = id
    project(stage, "history", files)
    for part in range(4):
        stage.sink("messages", f"/projects/history/?q=part{part}", TEXTS[part * 50 : part * 50 + 50])
    stage.sink("ids and labels", "/projects/history/", TEXTS[150:])
    project(
        stage, "source", {"migrations/versions/one.py": script("one", None, "\n".join(["first", *MARKED]), f"op.execute({MARKED!r}[0])")}
    )
    stage.sink("docs and source", "/projects/source/revisions/one/", [text for text in MARKED[:150] if not set(text) & set("'\\\\")])


def run(stage: Stage) -> None:
    """SQL and lines of a log, reasons, a database's error; the plan shows the SQL before."""
    said = TELLING.replace("TEXTS", repr(TEXTS))
    fail = "op.execute('SELECT 1 FROM \"<img src=x onerror=ran(0)>\"')"
    one, two = script("one", None, "makes one", said), script("two", "one", "fails", fail)
    files = {"migrations/versions/one.py": one, "migrations/versions/two.py": two}
    project(stage, "run", files, env_vars={f"V{number}": text for number, text in enumerate(batches(TEXTS, 500))},
            x_arguments=[f"x={text}" for text in batches(TEXTS, 500)], section="alembic")  # fmt: skip
    id, stage.planned = database(stage, "run"), database(stage, "run", "planned")
    plan = stage.api.post("/plans", {"database": id, "command": "upgrade", "revision": "one"})
    reasons = batches(TEXTS, 1900)
    job = stage.api.run(id, "upgrade", "two", reason=reasons[0])
    assert job["status"] == "failed", job
    jobs = [stage.api.request(id, "upgrade", "one", reason=reason) for reason in reasons[1:]]
    lines, half = stage.api.log(job["id"]).splitlines(), PAGE_LINES // 2  # by halves: a text with a break is more lines than one
    pages = {max(0, start - half // 2): "\n".join(lines[start : start + half]) for start in range(0, len(lines), half)}
    assert all(any(text in page for page in pages.values()) for text in TEXTS)
    for start, page in pages.items():
        stage.sink("lines of a log", f"/jobs/{job['id']}/?after={start}", [text for text in TEXTS if text in page])
    stage.sink("error of a database", f"/jobs/{job['id']}/", ["no such table: <img src=x onerror=ran(0)>"])
    for number, reason in zip([job["id"], *jobs], reasons, strict=True):
        stage.api.ended(number)
        stage.sink("reasons", f"/jobs/{number}/", [reason])
    assert len(plan["steps"]) == 1
    stage.sink("form of a project", "/projects/run/edit", TEXTS)


def versions(stage: Stage) -> None:
    """Rows of a version table, as a hostile server would send them."""
    project(stage, "versions", {"migrations/versions/one.py": script("one", None, "makes one")})
    id = database(stage, "versions")
    path = next(path for path in stage.place.glob("versions-*.db"))
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.executemany("INSERT INTO alembic_version VALUES (?)", [(text,) for text in TEXTS])
    stage.api.post(f"/databases/{id}/checks", want=202)
    stage.sink("version rows", f"/databases/{id}/", TEXTS)
    gone = database(stage, "versions", "gone")
    stage.api.ask("PATCH", f"/databases/{gone}", {"url": f"sqlite:////nowhere/{TEXTS[17].replace('/', '')}.db"})
    stage.api.post(f"/databases/{gone}/checks", want=202)
    stage.sink("file of a database", f"/databases/{gone}/", [TEXTS[17].replace("/", "")])


def store(stage: Stage) -> None:
    """Names of environments, projects, databases, version tables, users and tokens, errors of readings, entries of the record."""
    data = {str(longest): batches(TEXTS, longest) for longest in (100, 128, 150, 200)} | {"all": TEXTS}
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "shell", "--no-imports", "-c", IN_STORE], input=json.dumps(data), text=True, check=True,
        env=os.environ | {"DATA_DIR": str(stage.site.dashboard.data), "REDIS_URL": "redis://127.0.0.1:1/0"}, capture_output=True,
    )  # fmt: skip
    stage.sink("environment names", "/settings/environments/", TEXTS)
    stage.sink("environment names in the matrix", "/", TEXTS)
    for number, name in enumerate(data["200"][:5]):
        stage.sink("project names and places", f"/projects/p{number}/", [name, f"/srv/{name}"])
    stage.sink("project names in the matrix", "/?q=script", [])
    stage.sink("database names and errors", "/projects/versions/?tab=databases", [text for text in TEXTS if len(text) <= 100])
    stage.sink("version tables", f"/databases/{done.stdout.split()[-1]}/edit", [data["128"][0]])
    stage.sink("names of tokens", "/account/", [text for text in TEXTS if len(text) <= 100])
    stage.sink("user names", "/account/", [data["150"][0]])
    first = stage.api.get("/audit?action=audit.test&limit=1")["items"][0]["seq"]
    for done in range(0, 200, 20):  # a page shows 20, the newest first
        stage.sink("entries of the record", f"/audit/?action=audit.test&before={first + done + 20}", TEXTS[done : done + 20])


def forms(stage: Stage) -> None:
    """What comes back from the address."""
    for number in range(0, 200, 20):
        text = " ".join(TEXTS[number : number + 20])
        stage.sink("searches", f"/?q={quoted(text)}", [])
        stage.sink("searches of a history", f"/projects/history/?q={quoted(text)}", [])
        stage.sink("filters of the record", f"/audit/?actor={quoted(text)}", [])
    for number in range(0, 200, 60):
        text = " ".join(TEXTS[number : number + 12])
        stage.sink("addresses that do not exist", f"/projects/history/revisions/{quoted(text)}/", [])
        stage.sink("after signing in", f"/sign-in?next={quoted(text)}", [])
        stage.sink("choices of a form", f"/databases/new?project={quoted(text)}&environment={quoted(text)}", [])


def quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="")


@dataclass
class Watched:
    """A signed-in page that notices everything that a text might do."""

    page: Page
    hits: list[str]

    def visit(self, address: str) -> str:
        """The readable text of the page."""
        self.page.goto(address)
        self.page.wait_for_timeout(50)
        self.hits += self.page.evaluate("window.hits")
        self.hits += self.page.evaluate(STRANGERS)
        return str(self.page.evaluate(SHOWN))


@pytest.fixture(scope="module")
def watched(browser: Browser, stage: Stage) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, hits = context.new_page(), []
    page.set_default_timeout(30000)
    sign_in(page, stage.site)
    page.add_init_script(WATCHER)
    watch(page, stage.site, hits)
    page.on("dialog", lambda dialog: (hits.append(f"dialog {dialog.message}"), dialog.dismiss()))
    yield Watched(page, hits)
    context.close()


def test_sql_of_a_plan_is_only_text(watched: Watched, stage: Stage) -> None:
    page = watched.page
    page.goto(stage.site.url(f"/databases/{stage.planned}/plans/new?command=upgrade"))
    page.get_by_label("Another revision").fill("one")
    page.get_by_role("button", name="Make the plan").click()
    page.get_by_text("AS t199").first.wait_for(state="attached")
    shown = watched.visit(page.url)
    assert [text for text in TEXTS if plain(text.replace("'", "''")) not in plain(shown)] == []
    assert watched.hits == []


def plain(text: str) -> str:
    return " ".join(text.split())


def test_watcher_sees_what_runs(watched: Watched, stage: Stage) -> None:
    """Else the rest would prove nothing: an element put into a page by hand is seen, and stopped by the policy."""
    watched.page.goto(stage.site.url("/jobs/"))
    watched.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=ran(7)><u>m</u>')")
    watched.page.wait_for_timeout(200)
    assert any(hit.startswith("policy script-src") for hit in watched.page.evaluate("window.hits"))
    assert len(watched.page.evaluate(STRANGERS)) == 2
    watched.hits.clear()


def test_no_hostile_text_is_anything_but_text(watched: Watched, stage: Stage) -> None:
    missing: list[str] = []
    for name, address, texts in stage.sinks:
        before = len(watched.hits)
        shown = plain(watched.visit(stage.site.url(address)))
        missing += [f"{name}: {text}" for text in texts if plain(text) not in shown]
        watched.hits[before:] = [f"{name}: {hit}" for hit in watched.hits[before:] if "404 (Not Found)" not in hit]
    sinks, pages = {name for name, _, _ in stage.sinks}, {address for _, address, _ in stage.sinks}
    note(f"hostile texts: {len(TEXTS)} in {len(sinks)} kinds of places on {len(pages)} pages, {len(watched.hits)} ran or were reported")
    assert watched.hits[:20] == []
    assert missing[:20] == []
    assert len(set(TEXTS)) == 200
    assert len(sinks) >= 15
