"""Revisions that come from no comparison: empty ones, merges, heads on another parent. Real projects, the real runner."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import Role, User
from audit.models import AuditEntry
from config.errors import Conflict, Forbidden, Invalid
from environments.models import Database
from jobs.models import Job
from jobs.proposals import kinds, queries, services, work
from migrations_store.models import Project, Proposal, ProposalVersion
from tests.jobs.conftest import write_revision
from tests.jobs.test_proposals import files_of
from tests.runner.test_propose import TEMPLATE
from tests.support.proposals import made

LABELS = "branch_labels = ${repr(branch_labels)}\ndepends_on = ${repr(depends_on)}\n"


@pytest.fixture
def templated(root: Path, project: Project) -> Project:
    (root / "migrations" / "script.py.mako").write_text(TEMPLATE.replace("\n\ndef upgrade", f"{LABELS}\n\ndef upgrade"))
    return project


@pytest.fixture
def forked(root: Path, templated: Project) -> Project:
    """Two lines on top of `two`: three, and left_one with left_two."""
    write_revision(root, "left_one", "two", "pass")
    write_revision(root, "left_two", "left_one", "pass")
    return templated


def failure(proposal: Proposal) -> tuple[str, str]:
    work.generate(proposal.pk)
    proposal.refresh_from_db()
    assert proposal.status == "failed"
    return str(proposal.error["code"]), str(proposal.error["why"])


def shown(version: ProposalVersion, when: str) -> list[str]:
    return [row["revision"] or row["label"] for row in version.facts["outlook"][when]]


@pytest.mark.django_db
def test_empty_revision_is_written_by_the_projects_template(templated: Project, admin: User, tmp_path: Path) -> None:
    before = files_of(tmp_path)
    proposal = kinds.request_empty(templated, user=admin, message="fill prices", revision_id="four")
    version = made(proposal)
    (file,) = version.files
    assert (proposal.status, proposal.kind, proposal.against) == ("open", "empty", "the code alone")
    assert (file["revision"], file["down_revisions"], file["path"]) == ("four", ["three"], "migrations/versions/four_fill_prices.py")
    assert ast.get_docstring(ast.parse(file["python"])) == "fill prices\n\nRevises: three"
    assert file["sql"]["postgresql"]["upgrade"] == {"sql": None, "sql_unavailable": "There is nothing to run."}
    assert (shown(version, "before"), shown(version, "after")[:2]) == (["three", "two", "one"], ["four", "three"])
    assert files_of(tmp_path) == before
    assert AuditEntry.objects.filter(action="proposal.request").get().detail["kind"] == "empty"


@pytest.mark.django_db
def test_all_options_of_revision_count(templated: Project, admin: User) -> None:
    options = {"head": "two", "splice": True, "branch_label": "prices", "depends_on": ["three"], "version_path": "migrations/versions"}
    (file,) = made(kinds.request_empty(templated, user=admin, message="m", revision_id="x", options=options)).files
    assert file["down_revisions"] == ["two"]
    assert "branch_labels = ('prices',)" in file["python"]
    assert "depends_on = 'three'" in file["python"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"head": "two"}, "is not a head revision"),
        ({"head": "nowhere"}, "nowhere"),
        ({"version_path": "elsewhere"}, "is not represented in current version locations"),
    ],
)
def test_option_that_alembic_refuses_is_told_in_its_words(templated: Project, admin: User, options: dict[str, str], told: str) -> None:
    assert told in failure(kinds.request_empty(templated, user=admin, message="m", options=options))[1]


@pytest.mark.django_db
def test_template_without_a_label_is_told(root: Path, templated: Project, admin: User) -> None:
    (root / "migrations" / "script.py.mako").write_text(TEMPLATE)
    proposal = kinds.request_empty(templated, user=admin, message="m", options={"branch_label": "prices"})
    assert "it has no branch_labels, which script.py.mako has to write" in failure(proposal)[1]


@pytest.mark.django_db
def test_merge_of_heads(forked: Project, admin: User) -> None:
    proposal = kinds.request_merge(forked, user=admin, heads=["three", "left_two"], branch_label="joined", revision_id="both")
    version = made(proposal)
    (file,) = version.files
    assert (proposal.status, proposal.message, file["message"]) == ("open", "Merge three and left_two", "Merge three and left_two")
    assert (file["revision"], sorted(file["down_revisions"])) == ("both", ["left_two", "three"])
    assert "branch_labels = ('joined',)" in file["python"]
    assert [row["revision"] for row in version.facts["outlook"]["before"] if row["is_head"]] == ["left_two", "three"]
    assert [row["revision"] for row in version.facts["outlook"]["after"] if row["is_head"]] == ["both"]
    assert version.red_flags == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("heads", "told"), [(["three"], "two heads or more"), (["three", "two"], "'two' is no head"), (["x"], "'x' is no head")]
)
def test_merge_takes_heads_alone(forked: Project, admin: User, heads: list[str], told: str) -> None:
    with pytest.raises(Invalid, match=told):
        kinds.request_merge(forked, user=admin, heads=heads)


@pytest.mark.django_db
def test_head_on_another_parent_changes_one_assignment(root: Path, forked: Project, admin: User, tmp_path: Path) -> None:
    path = root / "migrations" / "versions" / "left_one.py"
    path.write_bytes(path.read_bytes().replace(b"makes left_one", b"makes left_one\n\nRevises: two\n").replace(b"\n", b"\r\n"))
    before = files_of(tmp_path)
    proposal = kinds.request_reparent(forked, user=admin, head="left_two", onto="three")
    version = made(proposal)
    (file,) = version.files
    old = path.read_bytes().decode()
    assert (proposal.message, file["revision"], file["down_revisions"]) == ("Put left_one on top of three", "left_one", ["three"])
    assert file["replaces"] == old
    assert file["python"] == old.replace("Revises: two", "Revises: three").replace("down_revision = 'two'", "down_revision = 'three'")
    assert shown(version, "after") == ["left_two", "left_one", "three", "two"]
    assert files_of(tmp_path) == before


@pytest.mark.slow
@pytest.mark.django_db
def test_moving_what_a_database_has_already_is_a_red_flag(
    root: Path, forked: Project, database: Database, admin: User, run: Callable[..., Job]
) -> None:
    run(database, "upgrade", "left_two")
    (flag,) = made(kinds.request_reparent(forked, user=admin, head="left_two", onto="three")).red_flags
    assert flag.startswith("shop/dev has left_one already, and not three.")
    assert made(kinds.request_reparent(forked, user=admin, head="three", onto="left_two")).red_flags == []


@pytest.mark.django_db
def test_line_that_cannot_be_moved_by_one_file_is_refused(root: Path, forked: Project, admin: User) -> None:
    with pytest.raises(Invalid, match="two different heads"):
        kinds.request_reparent(forked, user=admin, head="three", onto="three")
    write_revision(root, "right", "one", "pass")
    write_revision(root, "joined", ("left_two", "right"), "pass")
    with pytest.raises(Conflict, match="begins in several places"):
        kinds.request_reparent(forked, user=admin, head="joined", onto="three")


@pytest.mark.django_db
def test_kinds_are_of_the_project_and_any_role_in_it_will_do(forked: Project, admin: User, rita: User) -> None:
    viewer = User.objects.create_user("vic", password="correct horse", role=Role.VIEWER)
    stranger = User.objects.create_user("sid", password="correct horse", role=Role.NONE)
    proposal = kinds.request_empty(forked, user=rita, message="m")
    with pytest.raises(Forbidden):
        kinds.request_empty(forked, user=viewer, message="m")
    with pytest.raises(Forbidden):
        services.close(proposal, user=viewer)
    assert [list(queries.proposals(user)) for user in (viewer, stranger)] == [[proposal], []]


@pytest.mark.slow
@pytest.mark.django_db
def test_made_again_it_follows_the_code(root: Path, templated: Project, admin: User) -> None:
    proposal = kinds.request_empty(templated, user=admin, message="m", revision_id="x")
    made(proposal)
    write_revision(root, "four", "three", "pass")
    version = made(services.request_again(proposal, user=admin))
    assert (version.number, version.files[0]["down_revisions"]) == (2, ["four"])


@pytest.mark.django_db
def test_closed_proposal_can_only_be_opened(templated: Project, admin: User) -> None:
    proposal = kinds.request_empty(templated, user=admin, message="m")
    with pytest.raises(Conflict, match="queued"):
        services.close(proposal, user=admin)
    made(proposal)
    assert services.close(proposal, user=admin).status == "closed"
    with pytest.raises(Conflict, match="is closed"):
        services.request_again(proposal, user=admin)
    assert services.reopen(proposal, user=admin).status == "open"
    with pytest.raises(Conflict, match="not closed"):
        services.reopen(proposal, user=admin)
    assert list(AuditEntry.objects.filter(action__in=("proposal.close", "proposal.reopen")).values_list("action", flat=True)) == [
        "proposal.close",
        "proposal.reopen",
    ]
