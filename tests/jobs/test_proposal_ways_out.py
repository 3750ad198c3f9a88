"""Ways out of a proposal: the file, a patch that git takes, a branch that git shows. Real repositories, real git."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Role, User
from audit.models import AuditEntry
from config.errors import Conflict, Forbidden, Invalid
from jobs.proposals import delivering, editing, kinds, patches, pulls, pushing, reviewing
from migrations_store import services as store
from migrations_store.models import Project, Proposal, ProposalPush, ProposalVersion
from notices.models import Notice
from tests.jobs.conftest import write_revision
from tests.runner.test_propose import TEMPLATE
from tests.support.proposals import made

NAMES = {f"GIT_{who}_{what}": f"{what.lower()}@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
MERGE = "merge_request%5B"
Git = Callable[..., str]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    def run(*words: str, cwd: Path | None = None, fed: str = "") -> str:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **NAMES}
        done = subprocess.run(
            ["git", *words], cwd=cwd or tmp_path / "clone", input=fed, env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def bare(root: Path, tmp_path: Path, git: Git, settings) -> Path:
    """The project of three revisions below `services/shop` of a repository, and a clone of that."""
    settings.DATA_DIR = tmp_path / "data"
    (root / "migrations" / "script.py.mako").write_text(TEMPLATE)
    write_revision(root, "left", "two", "pass")
    clone = tmp_path / "clone"
    git("init", "--quiet", "--initial-branch=main", str(clone), cwd=tmp_path)
    root.parent.joinpath("shop").rename(clone / "shop")
    (clone / "shop").rename(clone / "inner")
    (clone / "services").mkdir()
    (clone / "inner").rename(clone / "services" / "shop")
    git("add", "--all")
    git("commit", "--quiet", "-m", "first")
    git("clone", "--quiet", "--bare", str(clone), str(tmp_path / "shop.git"), cwd=tmp_path)
    git("remote", "add", "origin", str(tmp_path / "shop.git"))
    return tmp_path / "shop.git"


@pytest.fixture
def cloned(bare: Path, admin: User) -> Project:
    source = {"kind": "git", "url": f"file://{bare}", "ref": "main", "subdirectory": "services/shop"}
    return store.create_project(user=admin, fields={"slug": "shop", "source": source})


@pytest.fixture
def ann(db: None) -> User:
    """Asks; her name is one that a mail's header has to encode."""
    user = User.objects.create_user("ann", "ann@example.org", "correct horse", role=Role.REVIEWER)
    user.first_name, user.last_name = "Ännchen", "Großmann"
    user.save()
    return user


def approved(proposal: Proposal, by: User) -> Proposal:
    version = made(proposal)
    reviewing.submit_review(proposal, user=by, decision="approve", version=version.number, checksum=version.checksum)
    return proposal


def pushed(proposal: Proposal, user: User, **options: str) -> ProposalPush:
    push = pushing.request_push(proposal, user=user, **options)
    delivering.deliver(push.pk)
    push.refresh_from_db()
    return push


# --- to take along


@pytest.mark.django_db
def test_patch_of_a_new_file_is_taken_by_git_am_and_git_apply(cloned: Project, ann: User, git: Git, settings) -> None:
    settings.PUBLIC_URL = "https://dashboard.example.org"
    proposal = kinds.request_empty(cloned, user=ann, message="fill prices: äöü", revision_id="four", options={"head": "three"})
    version = made(proposal)
    patch = patches.patch_of(version)
    git("apply", "--check", "-", fed=patch)
    git("am", "-", fed=patch)
    assert git("log", "-1", "--format=%an <%ae>%n%s%n%b") == (
        "Ännchen Großmann <ann@example.org>\nAdd migration four: fill prices: äöü\n"
        f"Version 1 of proposal {proposal.pk} of shop in Alembic Dashboard.\nhttps://dashboard.example.org/proposals/{proposal.pk}/"
    )
    path = "services/shop/migrations/versions/four_fill_prices_äöü.py"
    assert git("-c", "core.quotePath=false", "diff", "--name-only", "HEAD~1") == path
    assert git("show", f"HEAD:{path}") == version.files[0]["python"].strip()
    assert patches.file_of(version) == (version.files[0]["path"].rpartition("/")[2], version.files[0]["python"])


@pytest.mark.django_db
def test_patch_of_a_moved_head_changes_two_lines(cloned: Project, ann: User, git: Git) -> None:
    patch = patches.patch_of(made(kinds.request_reparent(cloned, user=ann, head="left", onto="three")))
    git("apply", "--index", "-", fed=patch)
    assert git("diff", "--cached", "--numstat") == "1\t1\tservices/shop/migrations/versions/left.py"
    assert "+down_revision = 'three'" in patch


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a b/c d.py", None, "x\n"),
        ('quote"d/tab\there.py', None, "x\n"),
        ("é/ж.py", None, "x\n"),
        ("plain.py", None, "no end"),
        ("plain.py", "one\ntwo", "one\ntwo\nthree"),
        ("plain.py", "one\r\ntwo\r\n", "one\r\nthree\r\n"),
        ("plain.py", "a\x85b\n1\n2\n3\n4\n5\n6\n7\n8\n", "a\x85b\n1\n2\n3\n4\n5\n6\n7\n9\n"),
    ],
)
def test_diff_is_read_by_git_as_it_was_meant(tmp_path: Path, git: Git, path: str, old: str | None, new: str) -> None:
    git("init", "--quiet", str(tmp_path / "clone"), cwd=tmp_path)
    place = tmp_path / "clone" / path
    if old is not None:
        place.write_bytes(old.encode())
    git("apply", "-", fed=patches.diff_of(path, {"replaces": old, "python": new}))
    assert place.read_bytes().decode() == new


# --- a branch


@pytest.mark.django_db
def test_approved_proposal_becomes_a_branch_that_can_be_merged(
    cloned: Project, ann: User, rita: User, bare: Path, git: Git, settings
) -> None:
    settings.PUBLIC_URL = "https://dashboard.example.org"
    head = git("rev-parse", "main", cwd=bare)
    proposal = approved(kinds.request_empty(cloned, user=ann, message="Fill prices!", revision_id="four", options={"head": "three"}), rita)
    push = pushed(proposal, ann)
    assert (push.status, push.error, push.branch, push.base) == ("done", None, "alembic/four-fill-prices", head)
    assert git("rev-parse", "alembic/four-fill-prices", cwd=bare) == push.commit
    assert git("rev-parse", "main", f"{push.commit}^", cwd=bare).split() == [head, head]
    assert git("log", "-1", "--format=%an <%ae> %cn%n%s%n%b", push.commit, cwd=bare) == (
        "Ännchen Großmann <ann@example.org> Ännchen Großmann\nAdd migration four: Fill prices!\n"
        f"Version 1 of proposal {proposal.pk} of shop in Alembic Dashboard.\nhttps://dashboard.example.org/proposals/{proposal.pk}/"
    )
    assert git("diff", "--name-status", head, push.commit, cwd=bare) == "A\tservices/shop/migrations/versions/four_fill_prices.py"
    git("update-ref", "refs/heads/main", push.commit, cwd=bare)
    snapshot = store.take_snapshot(cloned)
    assert (snapshot.commit, sorted(snapshot.heads)) == (push.commit, ["four", "left"])
    finished = AuditEntry.objects.get(action="proposal.push_finish")
    assert (finished.detail["status"], finished.detail["commit"], finished.detail["branch"]) == ("done", push.commit, push.branch)
    assert Notice.objects.filter(user=ann, kind="proposal_pushed").get().text.endswith("was pushed as branch alembic/four-fill-prices.")


@pytest.mark.django_db
def test_moved_head_is_pushed_as_a_change_of_its_file(cloned: Project, ann: User, rita: User, bare: Path, git: Git) -> None:
    push = pushed(approved(kinds.request_reparent(cloned, user=ann, head="left", onto="three"), rita), ann, branch="one-head")
    assert git("diff", "--name-status", push.base, push.commit, cwd=bare) == "M\tservices/shop/migrations/versions/left.py"
    git("update-ref", "refs/heads/main", push.commit, cwd=bare)
    assert store.take_snapshot(cloned).heads == ["left"]


@pytest.mark.django_db
def test_push_needs_approval_of_the_newest_version(cloned: Project, ann: User, rita: User) -> None:
    proposal = kinds.request_empty(cloned, user=ann, message="m", revision_id="four", options={"head": "three"})
    with pytest.raises(Conflict, match="no file to push yet"):
        pushing.request_push(proposal, user=ann)
    version = made(proposal)
    with pytest.raises(Conflict, match="not approved: 0 of 1 approval"):
        pushing.request_push(proposal, user=ann)
    reviewing.submit_review(proposal, user=rita, decision="approve", version=1, checksum=version.checksum)
    text = version.files[0]["python"].replace("def upgrade():\n    pass", 'def upgrade():\n    op.execute("SELECT 1")')
    made(editing.edit(proposal, user=ann, python=text, expected_version=1))
    with pytest.raises(Conflict, match="approved an earlier version"):
        pushing.request_push(proposal, user=ann)
    viewer = User.objects.create_user("vic", password="correct horse", role=Role.VIEWER)
    with pytest.raises(Forbidden):
        pushing.request_push(proposal, user=viewer)
    assert not ProposalPush.objects.exists()


@pytest.mark.django_db
def test_branch_that_is_there_is_never_touched(cloned: Project, ann: User, rita: User, bare: Path, git: Git) -> None:
    """Also where it could be fast-forwarded."""
    git("branch", "taken", "main", cwd=bare)
    before = git("rev-parse", "taken", cwd=bare)
    proposal = approved(kinds.request_empty(cloned, user=ann, message="m", revision_id="four", options={"head": "three"}), rita)
    push = pushed(proposal, ann, branch="taken")
    assert (push.status, push.error["code"]) == ("failed", "push_refused")
    assert push.error["why"] == "There is a branch taken in the repository already. Choose another name. Nothing was pushed."
    assert git("rev-parse", "taken", cwd=bare) == before
    assert pushed(proposal, ann, branch="free").status == "done"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("revision", "down", "told"),
    [
        ("new", "three", "three is no head of the code any more: new came after it."),
        ("four", "left", "Revision four is in the code already"),
    ],
)
def test_push_after_the_base_has_moved_is_refused(
    cloned: Project, ann: User, rita: User, git: Git, tmp_path: Path, revision: str, down: str, told: str
) -> None:
    proposal = approved(kinds.request_empty(cloned, user=ann, message="m", revision_id="four", options={"head": "three"}), rita)
    write_revision(tmp_path / "clone" / "services" / "shop", revision, down, "pass")
    git("add", "--all")
    git("commit", "--quiet", "-m", "later")
    git("push", "--quiet", "origin", "main")
    push = pushed(proposal, ann)
    assert (push.status, told in push.error["why"]) == ("failed", True), push.error
    assert git("branch", "--list", "alembic/*", cwd=tmp_path / "shop.git") == ""


@pytest.mark.django_db
def test_checkout_of_somebody_is_not_written_to(cloned: Project, ann: User, rita: User, tmp_path: Path, git: Git, admin: User) -> None:
    source = {"kind": "git", "url": f"file://{tmp_path}/clone", "ref": "main", "subdirectory": "services/shop"}
    store.update_project(cloned, user=admin, fields={"source": source})
    proposal = approved(kinds.request_empty(cloned, user=ann, message="m", revision_id="four", options={"head": "three"}), rita)
    assert "somebody's checkout" in pushed(proposal, ann).error["why"]
    assert git("branch", "--format=%(refname:short)") == "main"


@pytest.mark.django_db
def test_hooks_of_a_repository_on_this_disk_are_not_run(cloned: Project, ann: User, rita: User, bare: Path, tmp_path: Path) -> None:
    for name in ("pre-receive", "update", "post-receive", "reference-transaction", "post-update", "proc-receive"):
        hook = bare / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran-{name}\nexit 1\n")
        hook.chmod(0o755)
    proposal = approved(kinds.request_empty(cloned, user=ann, message="m", revision_id="four", options={"head": "three"}), rita)
    assert pushed(proposal, ann).status == "done"
    assert list(tmp_path.glob("ran-*")) == []


@pytest.mark.django_db
def test_push_whose_worker_vanished_has_failed(cloned: Project, ann: User, rita: User) -> None:
    """And is not tried again: the branch may be there."""
    proposal = approved(kinds.request_empty(cloned, user=ann, message="m", revision_id="four", options={"head": "three"}), rita)
    push = pushing.request_push(proposal, user=ann)
    with pytest.raises(Conflict, match="being pushed already"):
        pushing.request_push(proposal, user=ann, branch="other")
    ProposalPush.objects.update(status="running", started_at=timezone.now() - timedelta(hours=1))
    delivering.sweep()
    delivering.deliver(push.pk)
    push.refresh_from_db()
    assert (push.status, push.error["code"], push.commit) == ("failed", "worker_lost", "")


@pytest.mark.django_db
def test_push_is_looked_at_again_when_its_turn_comes(cloned: Project, ann: User, rita: User, bare: Path, git: Git) -> None:
    proposal = approved(kinds.request_empty(cloned, user=ann, message="m", revision_id="four", options={"head": "three"}), rita)
    push = pushing.request_push(proposal, user=ann)
    version = proposal.versions.get()
    reviewing.submit_review(proposal, user=rita, decision="request_changes", comment="wait", version=1, checksum=version.checksum)
    delivering.deliver(push.pk)
    push.refresh_from_db()
    assert (push.status, "not approved any more" in push.error["why"]) == ("failed", True)
    assert git("branch", "--format=%(refname:short)", cwd=bare) == "main"


@pytest.mark.django_db
@pytest.mark.parametrize("branch", ["-x", "a..b", "refs/heads/x", "HEAD", "a b", "a:b", "x.lock", "+x", "a@{1}", "é?", "x/"])
def test_branch_that_git_would_misread_is_refused(cloned: Project, ann: User, rita: User, branch: str) -> None:
    version = ProposalVersion(files=[{"revision": "v1.0 ..;x", "path": "p", "python": "x"}])
    version.proposal = Proposal(message="Ünïcode & spaces")
    assert pushing.default_branch(version) == "alembic/v1.0-..-x-n-code-spaces"
    with pytest.raises(Invalid):
        pushing._branch(branch)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://github.com/o/r.git", "https://github.com/o/r/compare/main...alembic/x%201?expand=1"),
        ("git@github.com:o/r.git", "https://github.com/o/r/compare/main...alembic/x%201?expand=1"),
        (
            "ssh://git@gitlab.example.org:2222/o/sub/r.git",
            f"https://gitlab.example.org/o/sub/r/-/merge_requests/new?{MERGE}source_branch%5D=alembic%2Fx+1&{MERGE}target_branch%5D=main",
        ),
        ("https://bitbucket.org/o/r", "https://bitbucket.org/o/r/pull-requests/new?source=alembic%2Fx+1&dest=main"),
        ("https://gitea.example.org:3000/o/r.git", "https://gitea.example.org:3000/o/r/compare/main...alembic/x%201"),
        ("https://codeberg.org/o/r.git", "https://codeberg.org/o/r/compare/main...alembic/x%201"),
        ("https://git.example.org/o/r.git", ""),
        ("file:///srv/r.git", ""),
    ],
)
def test_pull_request_is_opened_where_the_host_keeps_them(url: str, expected: str) -> None:
    assert pulls.address(Project(source_url=url, source_ref="main"), "alembic/x 1") == expected
