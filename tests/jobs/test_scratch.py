"""Proposals on scratch databases of servers that the settings name: real PostgreSQL and MariaDB."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from accounts.models import Role, User
from config.embedded import EmbeddedPostgres
from config.errors import Forbidden, Invalid
from environments import scratch as servers
from environments.errors import BadUrl
from environments.models import Database
from jobs.models import ScratchDatabase
from jobs.proposals import queries, scratch, services, work
from migrations_store.models import Project, Proposal
from tests.jobs.conftest import write_revision
from tests.jobs.test_proposals import made, modelled, version_of
from tests.support.mariadb import MariaDB

__all__ = ["modelled"]
PASSWORD = "s3cr3t-scratch"
KINDS = ("sqlite", "postgresql", "mysql")


@pytest.fixture
def on(request: pytest.FixtureRequest, settings: Any) -> Callable[[str], Callable[[], set[str]]]:
    """Sets the server of a kind, with a user who may make databases and little else; answers what databases it has."""

    def choose(kind: str) -> Callable[[], set[str]]:
        settings.SCRATCH_URLS = {}
        if kind == "sqlite":
            return set
        return {"postgresql": _postgresql, "mysql": _mysql}[kind](request, settings)

    return choose


def _postgresql(request: pytest.FixtureRequest, settings: Any) -> Callable[[], set[str]]:
    server: EmbeddedPostgres = request.getfixturevalue("postgres")
    server.execute(sql.SQL("DROP ROLE IF EXISTS scratch"))
    server.execute(sql.SQL("CREATE ROLE scratch LOGIN CREATEDB PASSWORD {}").format(sql.Literal(PASSWORD)))
    settings.SCRATCH_URLS = {"postgresql": f"postgresql+psycopg2://scratch:{PASSWORD}@127.0.0.1:{server.port}/postgres"}

    def names() -> set[str]:
        with closing(psycopg2.connect(server.url().replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database")
            return {row[0] for row in cursor.fetchall()}

    return names


def _mysql(request: pytest.FixtureRequest, settings: Any) -> Callable[[], set[str]]:
    server: MariaDB = request.getfixturevalue("mariadb")
    server.run(f"CREATE USER IF NOT EXISTS scratch@'%' IDENTIFIED BY '{PASSWORD}'")
    server.run("GRANT ALL ON `alembic\\_dashboard\\_scratch\\_%`.* TO scratch@'%'")
    settings.SCRATCH_URLS = {"mysql": f"mysql+pymysql://scratch:{PASSWORD}@127.0.0.1:{server.port}/information_schema"}

    def names() -> set[str]:
        with closing(server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SHOW DATABASES")
            return {row[0] for row in cursor.fetchall()}

    return names


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_proposal_of_a_project_alone_is_made_on_scratch(modelled: Database, admin: User, on: Any, kind: str) -> None:
    names = on(kind)
    before = names()
    modelled.delete()
    project = Project.objects.get()
    proposal = made(services.request_on_scratch(project, user=admin, kind=kind, message="new table"))
    version = version_of(proposal)
    assert (proposal.status, [entry["object"] for entry in version.changes]) == ("open", ["t_new"])
    assert version.facts["dialect"] in (kind, "mariadb")
    assert (proposal.database, proposal.environment, names()) == (None, None, before)
    assert not ScratchDatabase.objects.exists()
    if kind == "sqlite":
        assert made(services.request_again(proposal, user=admin)).versions.count() == 2


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_scratch_is_dropped_when_the_history_cannot_be_replayed(modelled: Database, admin: User, root: Path, on: Any, kind: str) -> None:
    names = on(kind)
    before = names()
    write_revision(root, "four", "three", 'raise RuntimeError("needs customers")')
    proposal = made(services.request_on_scratch(modelled.project, user=admin, kind=kind, message="x"))
    assert proposal.error is not None
    assert "could not be replayed on scratch" in proposal.error["why"]
    assert PASSWORD not in str(proposal.error)
    assert (names(), ScratchDatabase.objects.count()) == (before, 0)


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_sweep_drops_what_a_killed_worker_left_and_nothing_else(modelled: Database, admin: User, on: Any, kind: str) -> None:
    """A database in use, one that is only like ours by name, and one on a server that is set no more all stay."""
    names = on(kind)
    server = servers.server(kind)
    assert server is not None
    left, used, stranger = (servers.new_name() for _ in range(3))
    for name in (left, used, stranger):
        server.create(name)
    proposals = [services.request_on_scratch(modelled.project, user=admin, kind=kind, message="x") for _ in range(2)]
    for name, proposal, status in zip((left, used), proposals, ("failed", "running"), strict=True):
        Proposal.objects.filter(pk=proposal.pk).update(status=status)
        ScratchDatabase.objects.create(name=name, kind=kind, place=server.place, proposal=proposal)
    elsewhere = ScratchDatabase.objects.create(name=stranger, kind=kind, place="elsewhere:1", proposal=proposals[0])
    try:
        scratch.sweep()
        assert {left, used, stranger} & names() == {used, stranger}
        assert set(ScratchDatabase.objects.values_list("name", flat=True)) == {used, elsewhere.name}
    finally:
        for name in (left, used, stranger):
            server.drop(name)


@pytest.mark.parametrize("name", ["postgres", "alembic_dashboard_scratch_", 'alembic_dashboard_scratch_"; DROP', "shop"])
def test_nothing_is_dropped_that_was_not_made_here(on: Any, name: str) -> None:
    on("postgresql")
    server = servers.server("postgresql")
    assert server is not None
    with pytest.raises(ValueError, match="not a scratch database"):
        server.drop(name)


@pytest.mark.django_db
def test_scratch_without_a_server_says_what_to_set(database: Database, admin: User) -> None:
    for kind, setting in (("postgresql", "SCRATCH_POSTGRESQL_URL"), ("mysql", "SCRATCH_MYSQL_URL")):
        with pytest.raises(Invalid, match=setting):
            services.request_on_scratch(database.project, user=admin, kind=kind, message="x")
    with pytest.raises(Invalid, match="Use one of"):
        services.request_on_scratch(database.project, user=admin, kind="oracle", message="x")


@pytest.mark.parametrize("url", ["postgresql://h", "nonsense", "mysql://u@h/d", "postgresql://u:hush-hush@169.254.169.254/d"])
def test_setting_that_cannot_be_used_is_named_without_its_password(settings: Any, url: str) -> None:
    settings.SCRATCH_URLS = {"postgresql": url}
    with pytest.raises(BadUrl, match="SCRATCH_POSTGRESQL_URL") as refused:
        servers.server("postgresql")
    assert "hush-hush" not in str(refused.value)


@pytest.mark.django_db
def test_server_that_does_not_answer_fails_the_proposal_in_words(modelled: Database, admin: User, settings: Any) -> None:
    settings.SCRATCH_URLS = {"postgresql": f"postgresql://u:{PASSWORD}@127.0.0.1:1/postgres"}
    proposal = made(services.request_on_scratch(modelled.project, user=admin, kind="postgresql", message="x"))
    assert (proposal.status, proposal.error and PASSWORD in str(proposal.error)) == ("failed", False)
    assert ScratchDatabase.objects.count() == 1, "whether it was made is not known"
    work.sweep()


@pytest.mark.django_db
def test_proposal_of_a_project_alone_is_for_those_of_the_project(database: Database, admin: User) -> None:
    proposal = services.request_on_scratch(database.project, user=admin, kind="sqlite", message="x")
    viewer = User.objects.create_user("vera", password="correct horse", role=Role.VIEWER)
    assert queries.get_proposal(viewer, proposal.pk) == proposal
    with pytest.raises(Forbidden):
        services.request_on_scratch(database.project, user=viewer, kind="sqlite", message="x")
