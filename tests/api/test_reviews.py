"""Reviews, threads and ticks through the API: what a program gets, and how it is refused."""

from typing import Any

import pytest

from accounts.models import Role, User
from environments.models import Database
from migrations_store.models import Proposal
from tests.api.conftest import Api, problem_of, token_of
from tests.support.proposals import PYTHON, add_version, proposed

pytestmark = pytest.mark.django_db
FAX = "column:users.fax"


@pytest.fixture
def proposal(database: Database, admin: User) -> Proposal:
    return proposed(database, user=admin)


@pytest.fixture
def rita() -> Api:
    return Api(token_of(User.objects.create_user("rita", password="correct horse", role=Role.REVIEWER)))


def path(proposal: Proposal, rest: str = "") -> str:
    return f"/proposals/{proposal.pk}{rest}"


def shown(api: Api, proposal: Proposal) -> dict[str, Any]:
    found = api.get(path(proposal))
    return {"version": found["version"], "checksum": found["checksum"]}


def test_approval_stands_in_the_proposal_and_among_the_reviews(rita: Api, proposal: Proposal) -> None:
    assert rita.get(path(proposal))["review"] == {"state": "open", "approvals": 0, "needed": 1, "sentence": "0 of 1 approval."}
    made = rita.post(path(proposal, "/reviews"), {"decision": "approve"} | shown(rita, proposal))
    assert (made["user"], made["decision"], made["version"]) == ("rita", "approve", 1)
    assert rita.get(path(proposal))["review"]["state"] == "approved"
    assert rita.get(path(proposal, "/reviews")) == {"items": [made], "count": 1}


def test_review_of_an_older_version_is_a_conflict(rita: Api, proposal: Proposal) -> None:
    old = shown(rita, proposal)
    add_version(proposal, python=PYTHON + "\n# more")
    problem = problem_of(rita.call("POST", path(proposal, "/reviews"), {"decision": "approve"} | old))
    assert (problem["status"], problem["code"]) == (409, "proposal_changed")
    assert rita.get(path(proposal, "/reviews"))["count"] == 0


def test_nobody_approves_their_own_by_a_token_either(proposal: Proposal, admin: User) -> None:
    api = Api(token_of(admin))
    problem = problem_of(api.call("POST", path(proposal, "/reviews"), {"decision": "approve"} | shown(api, proposal)))
    assert (problem["status"], "Nobody reviews their own proposal" in problem["detail"]) == (403, True)


def test_threads_tell_where_they_stand_now(rita: Api, proposal: Proposal) -> None:
    at_object = rita.post(path(proposal, "/threads"), {"kind": "object", "anchor": FAX, "text": "why?"})
    at_line = rita.post(path(proposal, "/threads"), {"kind": "line", "anchor": "0:10", "text": "forty?", "version": 1})
    assert (at_object["line"], at_line["line"], at_line["comments"][0]["text"]) == (None, "0:10", "forty?")
    rita.post(path(proposal, f"/threads/{at_line['id']}/comments"), {"text": "or sixty?"})
    add_version(proposal, python="# one more line\n" + PYTHON)
    found = rita.get(path(proposal, "/threads"))["items"]
    assert [(one["anchor"], one["line"], len(one["comments"])) for one in found] == [(FAX, None, 1), ("0:10", "0:11", 2)]
    done = rita.done(200, "PUT", path(proposal, f"/threads/{at_line['id']}/resolution"), {"resolved": True})
    assert done["resolved_by"] == "rita"


def test_ticks_are_the_callers_own(rita: Api, proposal: Proposal, admin: User) -> None:
    assert rita.done(200, "PUT", path(proposal, "/viewed"), {"keys": [FAX, "column:no.such"]}) == {"keys": [FAX]}
    assert Api(token_of(admin)).get(path(proposal, "/viewed")) == {"keys": []}
    assert rita.done(200, "PUT", path(proposal, "/viewed"), {"keys": [FAX], "viewed": False}) == {"keys": []}


@pytest.mark.parametrize(
    ("rest", "body", "status"),
    [
        ("/reviews", {"decision": "approve", "version": 1}, 422),
        ("/reviews", {"decision": "maybe", "version": 1, "checksum": "x"}, 422),
        ("/reviews", {"decision": "comment", "comment": "x\u0000", "version": 1, "checksum": "x"}, 422),
        ("/reviews", {"decision": "comment", "comment": "x", "version": 2**40, "checksum": "x"}, 409),
        ("/threads", {"kind": "line", "anchor": "0:99999999999", "text": "x"}, 422),
        ("/threads", {"kind": "object", "anchor": "column:none", "text": "x"}, 422),
        ("/threads", {"kind": "general", "text": " "}, 422),
        ("/threads", {"kind": "general", "text": "x", "version": 9}, 422),
        ("/threads/999/comments", {"text": "x"}, 404),
        ("/threads/x/comments", {"text": "x"}, 404),
    ],
)
def test_input_that_makes_no_sense_is_a_problem(rita: Api, proposal: Proposal, rest: str, body: Any, status: int) -> None:
    assert problem_of(rita.call("POST", path(proposal, rest), body))["status"] == status


def test_thread_of_another_proposal_is_not_found(rita: Api, proposal: Proposal, database: Database, admin: User) -> None:
    thread = rita.post(path(proposal, "/threads"), {"kind": "general", "text": "x"})["id"]
    other = proposed(database, user=admin)
    assert problem_of(rita.call("POST", path(other, f"/threads/{thread}/comments"), {"text": "x"}))["status"] == 404
