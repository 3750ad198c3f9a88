"""What rules and squawk say of a proposal; and who may accept it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Role, User
from config.errors import Forbidden
from environments.models import Database
from jobs import squawk
from jobs.proposals import accepting, findings, outcome
from migrations_store import services as store
from migrations_store.models import Project, Proposal, ProposalVersion, Suppression
from tests.jobs.conftest import write_revision
from tests.support.proposals import PYTHON, add_version, proposed

pytestmark = pytest.mark.django_db


def rules(version: ProposalVersion) -> dict[str, str]:
    return {finding.rule: finding.direction for finding in findings.findings_of(version)}


def told(version: ProposalVersion, rule: str) -> str:
    return next(f"{finding.what} {finding.why}" for finding in findings.findings_of(version) if finding.rule == rule)


def newest(proposal: Proposal) -> ProposalVersion:
    return proposal.versions.select_related("proposal__project").get()


@pytest.mark.skipif(squawk.path() is None, reason="squawk has no program for this platform")
def test_squawk_reads_the_sql_for_postgresql_once_and_is_kept(database: Database, admin: User) -> None:
    sql = "ALTER TABLE users ADD COLUMN fax varchar(40);\n\nCREATE INDEX ix_users_fax ON users (fax);"
    way = {"sql": sql, "sql_unavailable": None}
    proposal = proposed(database, user=admin, facts={"dialect": "postgresql"})
    version = newest(proposal)
    version.files[0]["sql"] = {"postgresql": {"upgrade": way, "downgrade": {"sql": None, "sql_unavailable": "x"}}}
    findings.look_at_sql(version)
    sources = {entry["rule"]: entry["source"] for entry in version.files[0]["findings"]["upgrade"]}
    assert sources == {"AD205": "sql"}, "what both say is told once, in our words"
    assert findings.unasked(version) == ""
    assert rules(version)["AD205"] == "upgrade"


def test_why_squawk_was_not_asked_is_kept(database: Database, admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(squawk, "path", lambda: None)  # a platform without it
    version = newest(proposed(database, user=admin, facts={"dialect": "postgresql"}))
    version.files[0]["sql"] = {"postgresql": version.files[0]["sql"]["sqlite"]}
    findings.look_at_sql(version)
    assert findings.unasked(version) == squawk.ABSENT


def test_a_worker_keeps_what_the_sql_shows(database: Database, admin: User) -> None:
    proposal = proposed(database, user=admin)
    made = newest(proposal)
    made.pk, made.files[0]["sql"]["sqlite"]["upgrade"]["sql"] = None, "DELETE FROM users;"
    Proposal.objects.update(status="running")
    outcome.keep(proposal, made)
    kept = ProposalVersion.objects.get(number=2)
    assert [entry["rule"] for entry in kept.files[0]["findings"]["upgrade"]] == ["AD103"]
    assert rules(kept)["AD103"] == "upgrade"


def test_the_newest_history_with_the_file_in_it_is_looked_at(root: Path, database: Database, admin: User) -> None:
    """A second head, once somebody else has merged something; not before, and not once the file itself is in the code."""
    version = newest(proposed(database, user=admin))
    assert "AD601" not in rules(version)
    write_revision(root, "four", "three", "pass")
    store.take_snapshot(database.project)
    assert "faxfaxfax four" in told(version, "AD601") or "four faxfaxfax" in told(version, "AD601")
    (root / "migrations" / "versions" / "four.py").unlink()
    (root / "migrations" / "versions" / "0004_fax.py").write_text(version.files[0]["python"])
    store.take_snapshot(database.project)
    assert not {"AD601", "AD604"} & set(rules(version))


@pytest.mark.parametrize(
    ("python", "says"),
    [
        (PYTHON.replace("{revision}", "two"), "Two files declare revision two"),
        (PYTHON.replace('"three"', '"gone"'), "its parent is gone"),
        (PYTHON + 'branch_labels = ("one",)\n', "one"),
        (PYTHON.replace("{revision}", "fax@home"), "a character that Alembic reserves"),
    ],
)
def test_what_alembic_would_refuse_is_told(database: Database, admin: User, python: str, says: str) -> None:
    version = newest(proposed(database, user=admin, python=python))
    version.files[0]["revision"] = python.split('revision = "')[1].partition('"')[0].replace("{revision}", "faxfaxfax")
    assert says in told(version, "AD604")


def test_without_a_comparison_the_kinds_of_the_projects_databases_count(database: Database, admin: User) -> None:
    python = PYTHON.replace('op.drop_column("users", "phone")', 'op.create_index("ix", "users", ["fax"])', 1)
    version = newest(proposed(database, user=admin, python=python, facts={"dialect": ""}))
    assert "AD205" not in rules(version), "it holds on PostgreSQL, and there is SQLite alone"
    Database.objects.update(driver="postgresql")
    assert rules(version)["AD205"] == "upgrade"


# --- accepting


@pytest.fixture
def author(db: None) -> User:
    return User.objects.create_user("lena", password="correct horse", role=Role.LEAD)


def accept(project: Project, user: User, **about: Any) -> Suppression:
    return accepting.accept(project, user=user, **({"rule": "AD102", "reason": "unused", "expires_at": None} | about))


@pytest.mark.parametrize("about", [{}, {"revision": "faxfaxfax"}, {"object": "users.phone"}], ids=str)
def test_the_author_accepts_nothing_of_their_own_in_any_scope(database: Database, author: User, rita: User, about: dict[str, str]) -> None:
    version = newest(proposed(database, user=author))
    with pytest.raises(Forbidden, match=r"Proposal .* is yours, and AD102 is found in it"):
        accept(database.project, author, **about)
    accept(database.project, rita, **about)
    assert [one.suppressed and one.suppressed["by"] for one in findings.findings_of(version) if one.object == "users.phone"] == ["rita"]


def test_who_edited_it_is_an_author_too(database: Database, author: User, rita: User) -> None:
    proposal = proposed(database, user=rita)
    add_version(proposal, author=author)
    with pytest.raises(Forbidden):
        accept(database.project, author)


@pytest.mark.parametrize("about", [{"revision": "two"}, {"rule": "AD211"}, {"object": "users.name"}], ids=str)
def test_the_author_accepts_what_is_not_of_it(database: Database, author: User, about: dict[str, str]) -> None:
    proposed(database, user=author)
    assert accept(database.project, author, **about).by == "lena"


def test_what_is_closed_or_of_a_project_without_reviews_is_the_authors_own(database: Database, author: User, rita: User) -> None:
    proposal = proposed(database, user=author)
    Proposal.objects.filter(pk=proposal.pk).update(status="closed")
    accept(database.project, author)
    Proposal.objects.filter(pk=proposal.pk).update(status="open")
    Project.objects.update(reviews_needed=0)
    database.project.refresh_from_db()
    accept(database.project, author, revision="faxfaxfax")


def test_many_proposals_cost_no_more_to_look_through(
    database: Database, author: User, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for _ in range(3):
        proposed(database, user=author)
    with django_assert_max_num_queries(24):  # type: ignore[attr-defined]
        accept(database.project, author, revision="two")
