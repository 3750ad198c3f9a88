"""The record: entries are chained, and whatever is changed afterwards is found."""

from collections.abc import Callable

import pytest

from audit import protection
from audit.models import AuditEntry, AuditHead
from audit.queries import entries, verify
from audit.services import record

pytestmark = pytest.mark.django_db


@pytest.fixture
def three() -> list[AuditEntry]:
    return [record("ada", "job.request", f"job {number}", reason="tidy") for number in (1, 2, 3)]


def test_entries_are_numbered_and_chained(three: list[AuditEntry]) -> None:
    assert [entry.seq for entry in three] == [1, 2, 3]
    assert [entry.previous_hash for entry in three[1:]] == [entry.hash for entry in three[:2]]


def test_an_untouched_chain_is_verified_to_its_end(three: list[AuditEntry]) -> None:
    found = verify()
    assert (found.verified_through, found.broken_at) == (3, None)


def test_an_empty_chain_is_verified() -> None:
    assert verify().broken_at is None


MUTATIONS: dict[str, Callable[[], object]] = {
    "actor": lambda: AuditEntry.objects.filter(seq=2).update(actor="eve"),
    "action": lambda: AuditEntry.objects.filter(seq=2).update(action="job.cancel"),
    "object": lambda: AuditEntry.objects.filter(seq=2).update(object="job 9"),
    "detail": lambda: AuditEntry.objects.filter(seq=2).update(detail={"reason": "other"}),
    "hash": lambda: AuditEntry.objects.filter(seq=2).update(hash="f" * 64),
    "deleted in the middle": lambda: AuditEntry.objects.filter(seq=2).delete(),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_changed_entry_is_found_by_its_number(three: list[AuditEntry], mutation: str) -> None:
    with protection.removed():
        MUTATIONS[mutation]()
    assert verify().broken_at == 2


def test_a_tail_that_was_cut_off_is_found(three: list[AuditEntry]) -> None:
    with protection.removed():
        AuditEntry.objects.filter(seq=3).delete()
    assert verify().broken_at == 3


def test_a_chain_whose_head_is_gone_is_broken(three: list[AuditEntry]) -> None:
    AuditHead.objects.update(hash="0" * 64)
    assert verify().broken_at is not None


def test_entries_are_filtered_by_actor_action_and_object(three: list[AuditEntry]) -> None:
    record("bob", "job.cancel", "job 3")
    assert [entry.seq for entry in entries(actor="bob")] == [4]
    assert [entry.seq for entry in entries(action="job.request")] == [1, 2, 3]
    assert [entry.seq for entry in entries(object="job 3")] == [3, 4]
