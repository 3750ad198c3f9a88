"""Proposals from their request to their version, with a real project and the real runner."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Role, User
from audit.models import AuditEntry
from config.errors import Conflict, Forbidden, Invalid
from environments.models import Database
from jobs.models import Job
from jobs.proposals import queries, services, work
from migrations_store.models import Proposal, ProposalVersion
from tests.jobs.conftest import ENV, write_revision
from tests.runner.test_propose import TEMPLATE

MODELS = """\
import sqlalchemy as sa
target_metadata = sa.MetaData()
for name in ("one", "two", "three"):
    sa.Table("t_" + name, target_metadata, sa.Column("id", sa.Integer, primary_key=True))
sa.Table("t_new", target_metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.fixture
def modelled(root: Path, database: Database) -> Database:
    """The models have one table more than the revisions make."""
    env = ENV.replace("config = context.config\n", "config = context.config\n" + MODELS)
    (root / "migrations" / "env.py").write_text(env.replace("target_metadata=None", "target_metadata=target_metadata"))
    (root / "migrations" / "script.py.mako").write_text(TEMPLATE)
    return database


def made(proposal: Proposal) -> Proposal:
    work.generate(proposal.pk)
    proposal.refresh_from_db()
    return proposal


def version_of(proposal: Proposal) -> ProposalVersion:
    version = queries.newest_version(proposal)
    assert version is not None, proposal.error
    return version


def files_of(place: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


@pytest.mark.django_db
def test_proposal_of_a_database_at_head(modelled: Database, admin: User, run: Callable[..., Job], tmp_path: Path) -> None:
    run(modelled, "upgrade")
    before = files_of(tmp_path)
    proposal = made(services.request_proposal(modelled, user=admin, message="new table", revision_id="four"))
    version = version_of(proposal)
    assert (proposal.status, version.number, version.heads) == ("open", 1, ["three"])
    assert [(entry["key"], entry["what"], entry["after"]) for entry in version.changes] == [
        ("table:t_new", "added", "id INTEGER NOT NULL\nPRIMARY KEY (id)")
    ]
    (file,) = version.files
    assert (file["revision"], file["down_revisions"], file["path"].startswith("migrations/versions/four")) == ("four", ["three"], True)
    assert proposal.summary == {"added": 1, "removed": 0, "changed": 0, "data_loss": 0, "red_flags": 0}
    assert files_of(tmp_path) == before, "nothing was written into the project or the database"
    actions = AuditEntry.objects.filter(object=str(proposal)).order_by("seq").values_list("actor", "action")
    assert list(actions) == [("ada", "proposal.request"), ("worker", "proposal.finish")]


@pytest.mark.django_db
def test_proposal_with_scratch_needs_no_database_at_head(modelled: Database, admin: User, tmp_path: Path) -> None:
    before = files_of(tmp_path)
    behind = made(services.request_proposal(modelled, user=admin, message="new table"))
    assert (behind.status, behind.error and behind.error["code"]) == ("failed", "AM-107")
    assert behind.error is not None
    assert "scratch" in behind.error["next"][1]
    on_scratch = made(services.request_proposal(modelled, user=admin, message="new table", scratch=True))
    assert (on_scratch.status, [entry["object"] for entry in version_of(on_scratch).changes]) == ("open", ["t_new"])
    assert files_of(tmp_path) == before


@pytest.mark.django_db
def test_scratch_that_cannot_be_replayed_says_so(modelled: Database, admin: User, root: Path) -> None:
    write_revision(root, "four", "three", 'raise RuntimeError("needs customers")')
    proposal = made(services.request_proposal(modelled, user=admin, message="x", scratch=True))
    assert proposal.error is not None
    assert "could not be replayed on scratch" in proposal.error["why"]
    assert "needs customers" in proposal.error["why"]


@pytest.mark.django_db
def test_proposal_without_metadata_fails_in_words(database: Database, admin: User, run: Callable[..., Job], root: Path) -> None:
    run(database, "upgrade")
    proposal = made(services.request_proposal(database, user=admin, message="x"))
    assert (proposal.status, proposal.error and proposal.error["code"]) == ("failed", "AM-108")


@pytest.mark.django_db
def test_empty_metadata_is_a_red_flag(modelled: Database, admin: User, run: Callable[..., Job], root: Path) -> None:
    run(modelled, "upgrade")
    path = root / "migrations" / "env.py"
    path.write_text(path.read_text().replace(MODELS, "import sqlalchemy as sa\ntarget_metadata = sa.MetaData()\n"))
    proposal = made(services.request_proposal(modelled, user=admin, message="x"))
    flags = version_of(proposal).red_flags
    assert ["no tables at all" in flags[0], "3 of the database's 3 tables" in flags[1]] == [True, True]
    assert (proposal.summary["removed"], proposal.summary["data_loss"]) == (3, 3)
    rows = version_of(proposal).facts["rows"]
    assert {name: (found["count"], found["exact"]) for name, found in rows.items()} == dict.fromkeys(
        ("t_one", "t_two", "t_three"), (0, True)
    )


@pytest.mark.django_db
def test_proposal_made_again_is_a_further_version(modelled: Database, admin: User, run: Callable[..., Job], root: Path) -> None:
    run(modelled, "upgrade")
    proposal = made(services.request_proposal(modelled, user=admin, message="x", revision_id="four"))
    path = root / "migrations" / "env.py"
    path.write_text(path.read_text().replace('"t_new"', '"t_newer"'))
    again = made(services.request_again(proposal, user=admin))
    assert [(one.number, one.changes[0]["object"]) for one in again.versions.all()] == [(2, "t_newer"), (1, "t_new")]
    assert len({one.checksum for one in again.versions.all()}) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("message", {"message": ""}),
        ("message", {"message": 'x"""\nimport antigravity\n"""'}),
        ("message", {"message": "two\nlines"}),
        ("message", {"message": "back\\slash"}),
        ("message", {"message": "right\u202eleft"}),
        ("message", {"message": "x" * 201}),
        ("revision_id", {"revision_id": "../../etc"}),
        ("revision_id", {"revision_id": "x" * 33}),
        ("version_path", {"options": {"version_path": "/etc"}}),
        ("version_path", {"options": {"version_path": "a/../../b"}}),
        ("head", {"options": {"head": "one; import os"}}),
        ("branch_label", {"options": {"branch_label": "a b"}}),
        ("depends_on", {"options": {"depends_on": ["x'y"]}}),
    ],
)
def test_what_could_become_code_is_refused_before_anything_runs(database: Database, admin: User, field: str, asked: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        services.request_proposal(database, user=admin, **({"message": "fine"} | asked))
    assert field in refused.value.fields
    assert not Proposal.objects.exists()


@pytest.mark.django_db
def test_scratch_for_a_server_is_refused_honestly(add_database: Callable[..., Database], admin: User) -> None:
    database = add_database(name="pg", url="postgresql://someone@127.0.0.1:1/none")
    with pytest.raises(Invalid, match="SCRATCH_POSTGRESQL_URL"):
        services.request_proposal(database, user=admin, message="x", scratch=True)


@pytest.mark.django_db
def test_viewer_may_look_and_not_ask(database: Database, admin: User) -> None:
    viewer = User.objects.create_user("vera", password="correct horse", role=Role.VIEWER)
    with pytest.raises(Forbidden):
        services.request_proposal(database, user=viewer, message="x")
    proposal = services.request_proposal(database, user=admin, message="x")
    assert queries.get_proposal(viewer, proposal.pk) == proposal
    with pytest.raises(Forbidden):
        services.request_again(proposal, user=viewer)


@pytest.mark.django_db
def test_proposals_are_made_one_at_a_time_and_lost_ones_end(modelled: Database, admin: User, run: Callable[..., Job]) -> None:
    run(modelled, "upgrade")
    first, second = (services.request_proposal(modelled, user=admin, message=f"number {number}") for number in (1, 2))
    Proposal.objects.filter(pk=first.pk).update(status="running", started_at="2020-01-01T00:00:00Z")
    assert made(second).status == "queued"
    with pytest.raises(Conflict):
        services.request_again(second, user=admin)
    work.sweep()
    first.refresh_from_db()
    assert (first.status, first.error and first.error["code"]) == ("failed", "worker_lost")
    assert made(second).status == "open"


@pytest.mark.django_db
def test_proposal_of_an_unreachable_database_fails_in_words(modelled: Database, admin: User) -> None:
    Path(modelled.database).unlink()
    proposal = made(services.request_proposal(modelled, user=admin, message="x"))
    assert proposal.status == "failed"
    assert proposal.error is not None
    assert proposal.error["why"]
