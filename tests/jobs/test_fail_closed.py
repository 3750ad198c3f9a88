"""If the entry cannot be written, what it would have told of does not happen; on PostgreSQL the store refuses changes as on SQLite."""

import dj_database_url
import pytest
from django.db import DatabaseError, connection
from django.db.utils import ConnectionHandler
from django.test import Client

from accounts.models import ApiToken, Role, User
from accounts.services import create_user
from audit import protection
from audit.errors import NotRecorded
from audit.models import AuditAnchor, AuditEntry, AuditHead
from environments import services as environments
from environments.models import Environment
from jobs import execution, services
from jobs.models import Job, JobStatus, Step
from tests.api.conftest import Api, token_of


@pytest.fixture
def full(db: None):
    """The store takes no entry any more, from when this is called."""

    def fill() -> None:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TRIGGER full BEFORE INSERT ON audit_auditentry BEGIN SELECT RAISE(ABORT, 'no room'); END")

    return fill


def test_nothing_is_created_without_its_entry(full, admin) -> None:
    full()
    with pytest.raises(NotRecorded):
        environments.create_environment(user=admin, fields={"slug": "late", "name": "late", "position": 9, "protected": False})
    with pytest.raises(NotRecorded):
        create_user(by=admin, username="bob", password="correct horse", role=Role.VIEWER)
    assert not Environment.objects.exists()
    assert list(User.objects.values_list("username", flat=True)) == ["ada"]
    assert not AuditEntry.objects.exists()
    assert not AuditHead.objects.filter(seq__gt=0).exists()


def test_no_job_is_queued_claimed_or_canceled_without_its_entry(full, admin, database) -> None:
    waiting = services.request_job(database, user=admin, command="upgrade", revision="one")
    full()
    with pytest.raises(NotRecorded):
        services.request_job(database, user=admin, command="upgrade", revision="two")
    with pytest.raises(NotRecorded):
        services.cancel_job(waiting, user=admin, reason="no")
    with pytest.raises(NotRecorded):
        execution.execute(waiting.pk)
    assert list(Job.objects.values_list("status", flat=True)) == [JobStatus.QUEUED]
    assert set(Step.objects.values_list("status", flat=True)) == {"pending"}


def test_page_and_api_say_that_nothing_was_changed(full, admin, client: Client) -> None:
    api, tokens = Api(token_of(admin)), ApiToken.objects.count()
    client.force_login(admin)
    full()
    answer = api.call("POST", "/environments", {"slug": "late", "name": "late", "position": 9})
    assert answer.status_code == 503
    assert answer.json()["code"] == "not_recorded"
    form = {"slug": "late", "name": "late", "position": "9", "lock_timeout": "5", "statement_timeout": "0"}
    page = client.post("/settings/environments/new", form)
    assert "nothing was changed" in page.content.decode()
    assert not Environment.objects.exists()
    assert ApiToken.objects.count() == tokens


ATTEMPTS = {
    "change": "UPDATE audit_auditentry SET actor = 'eve'",
    "remove": "DELETE FROM audit_auditentry",
    "empty": "TRUNCATE audit_auditentry",
    "change the anchor": "UPDATE audit_auditanchor SET seq = 99",
    "remove the anchor": "DELETE FROM audit_auditanchor",
}


@pytest.mark.postgresql
@pytest.mark.slow
def test_postgresql_refuses_to_change_or_remove_what_is_recorded(db, postgres) -> None:
    """The tables as the migrations make them, with one pruned entry that may go and two that may not."""
    postgres.create_database("record")
    pg = ConnectionHandler({"default": dj_database_url.parse(postgres.url("record", "postgres"))})["default"]
    try:
        with pg.schema_editor() as editor:
            for model in (AuditEntry, AuditAnchor):
                editor.create_model(model)
        protection.install(pg)
        assert protection.missing(pg) == []
        with pg.cursor() as cursor:
            for seq in (1, 2, 3):
                values = [seq, f"{seq:064}", f"{seq + 1:064}"]
                cursor.execute("INSERT INTO audit_auditentry VALUES (%s, now(), 'ada', 'a.b', 'x', '{}', '{}', %s, %s)", values)
            cursor.execute("INSERT INTO audit_auditanchor VALUES (1, '', now(), '', '', '')")
            cursor.execute("DELETE FROM audit_auditentry WHERE seq = 1")
            for statement in ATTEMPTS.values():
                with pytest.raises(DatabaseError, match="neither changed nor removed"):
                    cursor.execute(statement)
            cursor.execute("SELECT count(*) FROM audit_auditentry")
            assert cursor.fetchone()[0] == 2
            protection.remove(pg)
            assert len(protection.missing(pg)) == 4
            cursor.execute("DELETE FROM audit_auditentry")
    finally:
        pg.close()
