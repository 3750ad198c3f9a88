"""What a proposal's page offers to take along, to edit and to push; the form for other kinds; what is pushed with."""

import pytest
from django.test import Client

from accounts.models import User
from dashboard.forms.proposal import ProposalForm
from environments.models import Database
from jobs.proposals import patches, queries
from migrations_store.models import Project, Proposal, ProposalPush, PushCredential
from tests.support.proposals import proposed


@pytest.fixture
def proposal(database: Database, admin: User) -> Proposal:
    return proposed(database, user=admin)


@pytest.fixture
def signed_in(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def text(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status
    return answer.content.decode()


def test_file_and_patch_are_offered_and_say_when_not_approved(signed_in: Client, proposal: Proposal) -> None:
    page = text(signed_in, f"/proposals/{proposal.pk}/")
    assert "Not approved: 0 of 1." in page
    assert "a directory, which the dashboard never writes to" in page
    answer = signed_in.get(f"/proposals/{proposal.pk}/patch")
    version = queries.newest_version(proposal)
    assert version is not None
    assert answer.content.decode() == patches.patch_of(version)
    assert answer["Content-Disposition"] == f'attachment; filename="proposal-{proposal.pk}-v1.patch"'
    assert signed_in.get(f"/proposals/{proposal.pk}/file")["Content-Disposition"] == 'attachment; filename="fax.py"'


def test_edit_shows_the_file_and_what_was_typed_stays(signed_in: Client, proposal: Proposal) -> None:
    url = f"/proposals/{proposal.pk}/"
    assert "Save as version 2" in text(signed_in, f"{url}?tab=python&edit=0")
    for index in ("1", "x", "-1", "9" * 40):
        assert "Save as version 2" not in text(signed_in, f"{url}?tab=python&edit={index}")
    answer = signed_in.post(f"{url}edits/", {"python": "x = '<b>'", "version": "7", "index": "0", "tab": "python"})
    assert answer.status_code == 409
    assert "x = &#x27;&lt;b&gt;&#x27;" in answer.content.decode()
    answer = signed_in.post(f"{url}edits/", {"python": "x = 1", "version": "1", "index": "0", "note": "n"})
    assert answer.status_code == 302
    proposal.refresh_from_db()
    assert (proposal.status, proposal.draft["python"], proposal.draft["note"]) == ("queued", "x = 1\n", "n")


def test_draft_that_was_not_taken_is_gone_on_with_or_dropped(signed_in: Client, proposal: Proposal) -> None:
    error = {"code": "edited_file", "title": "The edited file was not taken", "why": "<i>no</i>", "next": [], "detail": {}}
    draft = {"origin": "edited", "python": "mine = 1\n", "index": 0, "base": 1, "note": "", "author": proposal.requested_by_id}
    Proposal.objects.filter(pk=proposal.pk).update(draft=draft, error=error)
    page = text(signed_in, f"/proposals/{proposal.pk}/")
    assert "&lt;i&gt;no&lt;/i&gt;" in page
    assert "mine = 1" in text(signed_in, f"/proposals/{proposal.pk}/?tab=python&edit=0")
    assert signed_in.post(f"/proposals/{proposal.pk}/draft/").status_code == 302
    proposal.refresh_from_db()
    assert (proposal.draft, proposal.error, proposal.status) == (None, None, "open")


def test_pushes_are_shown_with_what_came_of_them(signed_in: Client, proposal: Proposal, admin: User) -> None:
    Project.objects.update(source_kind="git", source_url="https://github.com/o/r.git")
    version, facts = queries.newest_version(proposal), {"by": admin, "author_name": "Ada", "author_email": "a@b.c"}
    assert version is not None
    error = {"code": "push_refused", "title": "t", "why": "The server said <no>.", "next": [], "detail": {}}
    ProposalPush.objects.create(proposal=proposal, version=version, branch="one", status="failed", error=error, **facts)
    url = "https://github.com/o/r/compare/main...two?expand=1"
    ProposalPush.objects.create(proposal=proposal, version=version, branch="two", status="done", commit="c" * 40, url=url, **facts)
    page = text(signed_in, f"/proposals/{proposal.pk}/")
    assert "The server said &lt;no&gt;." in page
    assert f'href="{url}" target="_blank" rel="noopener noreferrer"' in page
    assert "The dashboard has no credentials for this repository" in page


def test_merge_and_move_are_offered_where_there_are_several_heads(database: Database, admin: User) -> None:
    assert [kind for kind, _ in ProposalForm(admin, database.project).fields["kind"].choices] == ["autogenerate", "empty"]  # type: ignore[attr-defined]


def test_empty_revision_is_asked_for_by_the_form(signed_in: Client, database: Database) -> None:
    sent = {"kind": "empty", "message": "by hand", "revision_id": "abc", "head": "three", "splice": "on", "depends_on": "one two"}
    assert signed_in.post("/projects/shop/proposals/new", sent).status_code == 302
    made = Proposal.objects.get()
    assert (made.kind, made.message, made.revision_id, made.database) == ("empty", "by hand", "abc", None)
    assert made.options == {"head": "three", "splice": True, "depends_on": ["one", "two"]}
    assert signed_in.post("/projects/shop/proposals/new", {"kind": "empty"}).status_code == 422


def test_credentials_are_typed_once_and_never_shown(signed_in: Client, database: Database) -> None:
    Project.objects.update(source_kind="git", source_url="https://git.example.org/r.git")
    url = "/projects/shop/delivery/"
    assert signed_in.post(url, {"what": "credential", "token": "secret-token-1"}).status_code == 302
    page = text(signed_in, url)
    assert "https://git.example.org" in page
    assert "secret-token-1" not in page
    answer = signed_in.post(url, {"what": "credential", "token": "secret token 2", "key": "secret key"})
    assert answer.status_code == 422
    assert b"secret token 2" not in answer.content
    assert b"secret key" not in answer.content
    assert signed_in.post(f"{url}deletion").status_code == 302
    assert not PushCredential.objects.exists()


def test_number_of_approvals_is_set(signed_in: Client, database: Database) -> None:
    for sent, status, kept in (("0", 302, 0), ("3", 302, 3), ("11", 422, 3), ("-1", 422, 3), ("x", 422, 3)):
        assert signed_in.post("/projects/shop/delivery/", {"what": "reviews", "reviews_needed": sent}).status_code == status
        assert Project.objects.get().reviews_needed == kept
