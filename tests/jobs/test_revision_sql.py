"""The SQL of a revision: asked of a worker, kept for the content of the file, told where there is none."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from accounts.models import Role, User
from config import doorbell
from config.errors import Forbidden
from environments.models import Database
from jobs import revision_sql
from migrations_store import graph as graphs
from migrations_store import services as store
from migrations_store.graph import RevisionNode
from migrations_store.models import Project, RevisionSql
from tests.jobs.conftest import ENV, table, write_revision

pytestmark = pytest.mark.django_db(transaction=True)


def node(project: Project, revision: str) -> RevisionNode:
    return graphs.load(store.take_snapshot(project)).revisions[revision]


def written(project: Project, user: User, revision: str, **options: Any) -> RevisionSql:
    """As a worker leaves it."""
    asked = revision_sql.ask(project, node(project, revision), user=user, **options)
    revision_sql.write(asked.pk)
    asked.refresh_from_db()
    return asked


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """The tasks that the broker was rung for since it was last looked. On a busy machine it may take longer than a request would wait."""
    monkeypatch.setitem(doorbell.PATIENCE, "socket_timeout", 10)
    monkeypatch.setitem(doorbell.PATIENCE, "socket_connect_timeout", 10)

    def taken() -> list[str]:
        with redis.Redis.from_url(settings.REDIS_URL) as broker:
            queue = settings.CELERY_TASK_DEFAULT_QUEUE
            messages = iter(lambda: broker.lpop(queue), None)
            return [json.loads(message)["headers"]["task"] for message in messages]

    return taken


def test_sql_is_written_both_ways_for_each_kind_of_database(database: Database, admin: User) -> None:
    kept = written(database.project, admin, "two")
    assert (kept.state, kept.unavailable, list(kept.dialects)) == ("ready", "", ["sqlite", "postgresql", "mysql"])
    for name, ways in kept.dialects.items():
        assert "CREATE TABLE t_two" in ways["upgrade"]["sql"], name
        assert "DROP TABLE t_two" in ways["downgrade"]["sql"], name
    assert Path(database.database).stat().st_size == 0, "no database was touched"


def test_a_project_without_databases_has_its_sql_too(project: Project, admin: User) -> None:
    assert "CREATE TABLE t_one" in written(project, admin, "one").dialects["postgresql"]["upgrade"]["sql"]


def test_it_is_kept_for_the_content_of_the_file(root: Path, project: Project, admin: User) -> None:
    first = written(project, admin, "three")
    assert revision_sql.ask(project, node(project, "three"), user=admin) == first
    write_revision(root, "three", "two", *table("t_drei"))
    now = node(project, "three")
    assert revision_sql.found(project, now) is None
    assert "t_drei" in str(written(project, admin, "three").dialects)
    assert RevisionSql.objects.count() == 2


def test_it_can_be_written_again_when_env_py_is_another(root: Path, project: Project, admin: User) -> None:
    written(project, admin, "one")
    (root / "migrations" / "env.py").write_text("raise RuntimeError('no settings')\n" + ENV)
    assert written(project, admin, "one").dialects, "what is there is left alone"
    again = written(project, admin, "one", again=True)
    assert again.dialects == {}
    assert "no settings" in again.unavailable


def test_a_file_that_is_gone_says_so(root: Path, project: Project, admin: User) -> None:
    asked = revision_sql.ask(project, node(project, "three"), user=admin)
    (root / "migrations" / "versions" / "three.py").unlink()
    store.take_snapshot(project)
    revision_sql.write(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.unavailable) == ("ready", revision_sql.GONE)


def test_it_takes_the_right_to_build_plans(project: Project, admin: User) -> None:
    vera = User.objects.create_user("vera", password="correct horse", role=Role.VIEWER)
    one = node(project, "one")
    with pytest.raises(Forbidden):
        revision_sql.ask(project, one, user=vera)
    assert not RevisionSql.objects.exists()


def test_what_a_vanished_worker_left_is_rung_for_again(project: Project, admin: User, rung: Callable[[], list[str]]) -> None:
    asked = revision_sql.ask(project, node(project, "one"), user=admin)
    rung()
    revision_sql.sweep()
    assert rung() == [], "it has just been asked for"
    RevisionSql.objects.filter(pk=asked.pk).update(asked_at=timezone.now() - timedelta(minutes=2))
    revision_sql.sweep()
    assert rung() == [revision_sql.TASK]
