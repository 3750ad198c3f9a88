"""What people say of a proposal: who may, of which version it holds, and where it stands when the proposal has become another."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Grant, Role, User
from audit.models import AuditEntry
from config.errors import Conflict, Forbidden, Invalid, NotFound, Refused
from environments.models import Database, Environment
from jobs.proposals import access, places, queries, reviewing
from jobs.proposals.errors import ProposalMoved
from migrations_store.models import Project, Proposal, Review, Thread, Viewed
from notices.models import Notice
from tests.support.proposals import OPERATIONS, PYTHON, add_version, column, proposed

pytestmark = pytest.mark.django_db
FAX, PHONE = "column:users.fax", "column:users.phone"
WIDER = PYTHON.replace("sa.String(40), nullable=True))\n    op.drop", "sa.String(60), nullable=True))\n    op.drop")


@pytest.fixture
def proposal(database: Database, admin: User) -> Proposal:
    return proposed(database, user=admin)


@pytest.fixture
def paul(db: None) -> User:
    return User.objects.create_user("paul", password="correct horse", role=Role.REVIEWER)


def word(proposal: Proposal, user: User, decision: str = "approve", comment: str = "", **fields: Any) -> Review:
    newest = reviewing.newest(proposal)
    shown = {"version": newest.number, "checksum": newest.checksum} | fields
    return reviewing.submit_review(proposal, user=user, decision=decision, comment=comment, **shown)


def state(proposal: Proposal) -> str:
    return queries.standing(Proposal.objects.get(pk=proposal.pk)).state


def told(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


def test_approval_is_recorded_told_and_counted(proposal: Proposal, admin: User, rita: User) -> None:
    assert state(proposal) == "open"
    review = word(proposal, rita, comment="  good  ")
    stands = queries.standing(proposal)
    assert (stands.state, stands.approvals, stands.needed, stands.sentence) == ("approved", 1, 1, "1 of 1 approval, by rita.")
    entry = AuditEntry.objects.get(action="proposal.review")
    assert (entry.actor, entry.object, entry.detail["decision"], entry.detail["checksum"]) == (
        "rita",
        str(proposal),
        "approve",
        review.checksum,
    )
    assert (review.comment, told(admin), told(rita)) == ("good", ["proposal_approved"], [])
    with pytest.raises(Conflict, match="approved version 1 already"):
        word(proposal, rita)


def test_request_for_changes_outweighs_approvals_until_it_is_taken_back(proposal: Proposal, admin: User, rita: User, paul: User) -> None:
    word(proposal, paul)
    word(proposal, rita, "request_changes", "make it NOT NULL")
    stands = queries.standing(proposal)
    assert (stands.state, stands.sentence) == ("changes_requested", "1 of 1 approval, by paul. rita asked for changes.")
    assert told(admin) == ["proposal_approved", "changes_requested"]
    word(proposal, rita)
    assert state(proposal) == "approved"


def test_approval_is_stale_after_another_version(proposal: Proposal, rita: User) -> None:
    word(proposal, rita)
    add_version(proposal, python=WIDER)
    stands = queries.standing(Proposal.objects.get(pk=proposal.pk))
    assert (stands.state, stands.approvals) == ("stale", 0)
    assert "rita approved an earlier version" in stands.sentence
    word(proposal, rita)
    assert state(proposal) == "approved"


@pytest.mark.parametrize(("needed", "expected"), [(0, "approved"), (1, "approved"), (2, "open")])
def test_standing_follows_what_the_project_needs(proposal: Proposal, rita: User, needed: int, expected: str) -> None:
    word(proposal, rita)
    Project.objects.update(reviews_needed=needed)
    assert state(proposal) == expected


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda rita: User.objects.filter(pk=rita.pk).update(is_active=False), "the account is no longer active"),
        (lambda rita: User.objects.filter(pk=rita.pk).update(role=Role.VIEWER), "no longer a reviewer here"),
        (lambda rita: Proposal.objects.update(requested_by=rita), "nobody approves their own proposal"),
    ],
)
def test_approval_counts_only_while_its_person_may_give_it(proposal: Proposal, rita: User, change: Callable[[User], Any], why: str) -> None:
    word(proposal, rita)
    change(rita)
    stands = queries.standing(Proposal.objects.get(pk=proposal.pk))
    assert (stands.state, stands.approvals, [said.void for said in stands.words]) == ("open", 0, [why])


def test_version_that_is_no_longer_the_newest_is_refused(proposal: Proposal, rita: User) -> None:
    old = reviewing.newest(proposal)
    add_version(proposal, python=WIDER)
    for decision in ("approve", "request_changes", "comment"):
        with pytest.raises(ProposalMoved, match="you were shown version 1, and version 2 is there now"):
            word(proposal, rita, decision, "x", version=1, checksum=old.checksum)
    with pytest.raises(ProposalMoved, match="the files are others now"):
        word(proposal, rita, version=2, checksum=old.checksum)
    assert not Review.objects.exists()
    assert not AuditEntry.objects.filter(action="proposal.review").exists()


def test_authors_may_comment_and_not_decide(proposal: Proposal, admin: User, rita: User) -> None:
    word(proposal, admin, "comment", "please look")
    with pytest.raises(Forbidden, match="Nobody reviews their own proposal"):
        word(proposal, admin)
    add_version(proposal, python=WIDER, author=rita, origin="edited")
    for author in (admin, rita):
        with pytest.raises(Forbidden, match="Nobody reviews their own proposal"):
            word(proposal, author, "request_changes", "no")


def test_whoever_edited_what_a_version_is_made_from_is_its_author_too(proposal: Proposal, admin: User, rita: User, paul: User) -> None:
    """A rename that somebody accepts in an edited file keeps the edit; making the proposal anew does not."""
    add_version(proposal, python=WIDER, author=rita, origin="edited")
    add_version(proposal, python=WIDER + "# renamed", author=admin, origin="renamed")
    with pytest.raises(Forbidden, match="Nobody reviews their own proposal"):
        word(proposal, rita)
    assert queries.standing(proposal).authors == {admin.pk, rita.pk}
    assert [found.pk for found, _ in queries.to_review(rita)] == []
    assert [found.pk for found, _ in queries.to_review(paul)] == [proposal.pk]
    add_version(proposal)
    assert word(proposal, rita).decision == "approve"


@pytest.mark.parametrize("status", ["queued", "running", "empty", "failed", "closed"])
def test_only_what_is_open_is_decided(proposal: Proposal, rita: User, status: str) -> None:
    Proposal.objects.update(status=status)
    with pytest.raises(Conflict, match="there is nothing to decide"):
        word(proposal, rita)
    assert word(proposal, rita, "comment", "still a word")


@pytest.mark.parametrize(
    ("decision", "comment", "match"),
    [
        ("approve_all", "", "comment, approve or request_changes"),
        ("request_changes", "  ", "Say what should change"),
        ("comment", "", "write a comment"),
        ("approve", "x" * 10_001, "longer than 10,000"),
    ],
)
def test_review_that_says_nothing_or_too_much_is_refused(proposal: Proposal, rita: User, decision: str, comment: str, match: str) -> None:
    with pytest.raises(Invalid, match=match):
        word(proposal, rita, decision, comment)


def test_words_need_the_right(proposal: Proposal, database: Database) -> None:
    """An operator who asked for it may answer; another operator may not speak."""
    olga = User.objects.create_user("olga", role=Role.OPERATOR)
    for refused in (lambda: word(proposal, olga), lambda: reviewing.open_thread(proposal, user=olga, kind="general", text="x")):
        with pytest.raises(Forbidden):
            refused()
    own = proposed(database, user=olga)
    assert reviewing.open_thread(own, user=olga, kind="general", text="please")
    User.objects.filter(pk=olga.pk).update(role=Role.VIEWER)
    with pytest.raises(Forbidden):
        reviewing.open_thread(own, user=User.objects.get(pk=olga.pk), kind="general", text="please")


def test_thread_at_an_object_survives_another_version(proposal: Proposal, admin: User, rita: User) -> None:
    thread = reviewing.open_thread(proposal, user=rita, kind="object", anchor=FAX, text="why nullable?")
    reviewing.reply(thread, user=admin, text="drafts have none")
    version = add_version(proposal, python=WIDER, operations=[*reversed(OPERATIONS), column("add_column", "mail")])
    assert places.checked("object", thread.anchor, version) == (FAX, "")
    assert [[comment.text for comment in one.comments.all()] for one in queries.threads(proposal)] == [
        ["why nullable?", "drafts have none"]
    ]
    assert (told(admin), told(rita)) == (["proposal_reply"], ["proposal_reply"])


def test_thread_at_a_line_follows_it_and_is_outdated_when_it_is_gone(proposal: Proposal, rita: User) -> None:
    thread = reviewing.open_thread(proposal, user=rita, kind="line", anchor="0:10", text="40?", version=1)
    assert (thread.quote, thread.anchor) == ('    op.add_column("users", sa.Column("fax", sa.String(40), nullable=True))', "0:10")
    moved = add_version(proposal, python=PYTHON.replace("def upgrade", "# two\n# lines\n\ndef upgrade"))
    assert places.line_of(thread, moved) == (0, 13)
    gone = add_version(proposal, python=WIDER)
    assert places.line_of(thread, gone) is None
    assert places.line_of(thread, add_version(proposal)) == (0, 10)


def test_thread_of_a_line_that_is_there_twice_goes_to_the_nearer_one(proposal: Proposal, rita: User) -> None:
    twice = add_version(proposal, python="pass\na()\nb()\npass\nc()")
    first, second = (reviewing.open_thread(proposal, user=rita, kind="line", anchor=f"0:{line}", text="?") for line in (1, 4))
    shifted = add_version(proposal, python="import x\npass\na()\nb()\npass\nc()")
    assert [places.line_of(thread, twice) for thread in (first, second)] == [(0, 1), (0, 4)]
    assert [places.line_of(thread, shifted) for thread in (first, second)] == [(0, 2), (0, 5)]


@pytest.mark.parametrize(
    ("kind", "anchor"),
    [("object", "column:users.none"), ("line", "0:999"), ("line", "1:1"), ("line", "0:0"), ("line", "x"), ("line", "0:-1"), ("file", "")],
)
def test_thread_at_no_place_is_refused(proposal: Proposal, rita: User, kind: str, anchor: str) -> None:
    with pytest.raises(Invalid):
        reviewing.open_thread(proposal, user=rita, kind=kind, anchor=anchor, text="x")
    assert not Thread.objects.exists()


def test_thread_is_resolved_opened_again_and_by_an_answer(proposal: Proposal, admin: User, rita: User) -> None:
    thread = reviewing.open_thread(proposal, user=rita, kind="general", text="why?")
    assert reviewing.resolve(thread, user=admin).resolved_by == admin
    assert reviewing.resolve(thread, user=rita).resolved_by == admin, "it was resolved already"
    assert reviewing.resolve(thread, user=rita, resolved=False).resolved_at is None
    reviewing.resolve(thread, user=admin)
    reviewing.reply(thread, user=rita, text="not quite")
    thread.refresh_from_db()
    assert thread.resolved_at is None
    actions = AuditEntry.objects.filter(object=str(proposal)).order_by("seq").values_list("action", flat=True)
    kept = ["proposal.thread", "proposal.resolve", "proposal.reopen_thread", "proposal.resolve", "proposal.comment"]
    assert list(actions) == kept


def test_tick_is_gone_when_its_object_has_changed(proposal: Proposal, rita: User, paul: User) -> None:
    assert reviewing.set_viewed(proposal, user=rita, keys=[FAX, PHONE, "column:no.such", FAX]) == [FAX, PHONE]
    reviewing.set_viewed(proposal, user=rita, keys=[FAX])
    assert queries.viewed(proposal, reviewing.newest(proposal), rita) == {FAX, PHONE}
    assert queries.viewed(proposal, reviewing.newest(proposal), paul) == set()
    version = add_version(proposal, operations=[column("add_column", "fax", "VARCHAR(60)"), column("drop_column", "phone")])
    assert queries.viewed(proposal, version, rita) == {PHONE}
    reviewing.set_viewed(proposal, user=rita, keys=[PHONE], viewed=False)
    assert queries.viewed(proposal, version, rita) == set()
    assert Viewed.objects.count() == 1


def test_nothing_is_said_of_what_is_not_made_yet(database: Database, admin: User, rita: User) -> None:
    waiting = Proposal.objects.create(project=database.project, database=database, environment=database.environment, requested_by=admin)
    for refused in (lambda: word(waiting, rita, version=1, checksum=""), lambda: reviewing.set_viewed(waiting, user=rita, keys=[FAX])):
        with pytest.raises(Conflict, match="has not been made yet"):
            refused()
    assert reviewing.open_thread(waiting, user=rita, kind="general", text="what for?").version is None


def test_proposals_wait_for_those_whose_word_is_needed(database: Database, admin: User, rita: User, paul: User) -> None:
    first, second = proposed(database, user=admin), proposed(database, user=paul)
    waiting = lambda user: [proposal.pk for proposal, _ in queries.to_review(user)]  # noqa: E731
    assert (waiting(rita), waiting(paul), waiting(admin)) == ([first.pk, second.pk], [first.pk], [second.pk])
    word(first, rita)
    word(second, rita, "request_changes", "no")
    assert (waiting(rita), waiting(paul), waiting(admin)) == ([], [], []), "approved, or with its author again"
    add_version(first, python=WIDER)
    add_version(second, python=WIDER)
    assert (waiting(rita), waiting(paul)) == ([first.pk, second.pk], [first.pk])
    assert [proposal.pk for proposal in queries.mine(paul)] == [second.pk]


@pytest.mark.parametrize("count", [1, 6])
def test_what_waits_costs_the_same_for_many(database: Database, admin: User, rita: User, paul: User, count: int) -> None:
    for _ in range(count):
        word(proposed(database, user=admin), paul, "comment", "x")
    Project.objects.update(reviews_needed=2)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert len(queries.to_review(User.objects.get(pk=rita.pk))) == count
    assert len(asked) == 4, [query["sql"] for query in asked]


def test_proposal_of_a_project_is_for_those_with_a_part_in_it(proposal: Proposal, dev: Environment, prod: Environment) -> None:
    """One without a database asks for the role in any of the environments; one whose environment was deleted for all of them."""
    ute = User.objects.create_user("ute", role=Role.NONE)
    Grant.objects.create(user=ute, role=Role.REVIEWER, project=proposal.project, environment=prod)
    with pytest.raises(NotFound):
        queries.get_proposal(ute, proposal.pk)
    Proposal.objects.update(environment=None, database=None, kind="empty")
    found = queries.get_proposal(ute, proposal.pk)
    assert ute in access.people_who_may("review", found)  # type: ignore[arg-type]
    assert word(found, User.objects.get(pk=ute.pk)).decision == "approve"
    Proposal.objects.update(kind="autogenerate")
    with pytest.raises(NotFound):
        queries.get_proposal(User.objects.get(pk=ute.pk), proposal.pk)


@pytest.mark.parametrize("text", ["nul \0 here", "half a pair \ud800", "line\r\nline"])
def test_comment_is_kept_as_a_store_can_hold_it(proposal: Proposal, rita: User, text: str) -> None:
    thread = reviewing.open_thread(proposal, user=rita, kind="general", text=text)
    kept = thread.comments.get().text
    assert "\0" not in kept
    assert kept.encode()
    assert "\r" not in kept


def test_refusals_are_errors_that_people_are_shown() -> None:
    assert issubclass(ProposalMoved, Refused)
    assert (ProposalMoved.status, ProposalMoved.code) == (409, "proposal_changed")
