"""The palette and the page of the same search: what is found, for whom, and in how many queries."""

import time
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Grant, Role, User
from dashboard import palette
from environments.models import Database, Environment
from jobs.models import Job
from migrations_store.models import KnownRevision, Project, Snapshot
from tests.support.figures import note
from tests.support.sessions import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., Job]


def found(client: Client, query: str, path: str = "/search/") -> str:
    answer = client.get(path, {"q": query})
    assert answer.status_code == 200
    return answer.content.decode()


def places(user: User, query: str) -> dict[str, dict[str, str]]:
    revisions = next((group.hits for group in palette.find(user, query) if group.title == "Revisions"), [])
    return {hit.code: {place.environment: place.has for place in hit.places} for hit in revisions}


def test_a_revision_tells_where_it_is_applied(
    admin: User, run: Run, database: Database, add_environment: Callable[..., Environment], add_database: Callable[..., Database]
) -> None:
    add_database(add_environment("test", 2))
    run(database, "upgrade", "two")
    assert places(admin, "makes two") == {"two": {"dev": "yes", "test": "no"}}
    assert places(admin, "three") == {"three": {"dev": "no", "test": "no"}}
    assert next(iter(places(admin, "TWO"))) == "two"


def test_jobs_projects_databases_and_pages_are_found(client: Client, run: Run, database: Database) -> None:
    job = run(database, "upgrade", "one")
    for query in (str(job.pk), f"#{job.pk}", f"job {job.pk}"):
        assert f'href="/jobs/{job.pk}/"' in found(client, query)
    assert f'href="/databases/{database.pk}/"' in found(client, "shop dev")
    assert 'href="/projects/shop/"' in found(client, "shop")
    assert 'href="/settings/environments/dev/"' in found(client, "dev")
    assert 'href="/help/keyboard/"' in found(client, "keyboard")
    options = found(client, "shop", "/palette/")
    assert 'role="option"' in options
    assert "<html" not in options
    assert "Nothing found for “&lt;b&gt;”" in found(client, "<b>")
    assert "Nothing found" in found(client, "100%_")


def test_nobody_finds_what_they_may_not_see(run: Run, database: Database) -> None:
    run(database, "upgrade", "one")
    stranger = signed_in(User.objects.create_user("nobody", password="correct horse", role=Role.NONE))
    for query in ("shop", "one", "dev", "1", str(database.pk)):
        shown = found(stranger, query, "/palette/")
        assert "/projects/" not in shown
        assert "/jobs/" not in shown
        assert "/databases/" not in shown
    assert "/settings/people/" not in found(stranger, "people")
    elsewhere = User.objects.create_user("ella", password="correct horse", role=Role.NONE)
    Grant.objects.create(user=elsewhere, role=Role.VIEWER, project=Project.objects.create(slug="other", name="Other"))
    assert "/projects/shop/" not in found(signed_in(elsewhere), "shop")


def test_a_message_that_changed_is_found_by_its_new_words(admin: User, project: Project, database: Database) -> None:
    assert KnownRevision.objects.get(project=project, revision="one").message == "makes one"


def test_many_databases_and_a_long_history_cost_no_more_queries(admin: User, project: Project, database: Database) -> None:
    def ask(query: str) -> tuple[int, float]:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            began = time.process_time()
            palette.find(admin, query)
        return len(captured), time.process_time() - began

    few, _seconds = ask("makes")
    _lengthen(project)
    stages = [Environment.objects.create(slug=f"e{n}", name=f"e{n}", position=n + 10) for n in range(4)]
    Database.objects.bulk_create(
        Database(project=project, environment=stages[n % 4], name=f"d{n}", driver="sqlite", database=f"/x/{n}", current=[f"r{n * 20:05}"])
        for n in range(200)
    )
    ask("makes")
    many, seconds = ask("makes")
    note(f"palette, 200 databases, 5,000 revisions, graph in memory: {seconds * 1000:.0f} ms of processor, {many} queries")
    assert many <= few


def _lengthen(project: Project) -> None:
    """One line of 5,000 revisions, as the newest snapshot."""
    newest = Snapshot.objects.filter(project=project).order_by("-read_at").first()
    assert newest is not None
    ids = [f"r{n:05}" for n in range(5000)]
    node = newest.graph["revisions"][0]
    rows = [node | {"revision": id, "message": f"makes {id}", "down_revisions": ids[n - 1 : n] if n else []} for n, id in enumerate(ids)]
    document = newest.graph | {"revisions": rows, "order": ids[::-1], "heads": ids[-1:], "real_heads": ids[-1:], "bases": ids[:1]}
    Snapshot.objects.create(project=project, digest="f" * 64, root=newest.root, graph=document, read_at=newest.read_at.replace(year=2099))
    KnownRevision.objects.bulk_create(KnownRevision(project=project, revision=id, message=f"makes {id}") for id in ids)
