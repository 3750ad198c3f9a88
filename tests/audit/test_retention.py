"""Old entries go into an archive; what stays still verifies, and nothing else can be taken out."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from audit import canonical, delivery, protection, retention
from audit.errors import ChainBroken, NothingToPrune
from audit.models import AuditAnchor, AuditEntry, AuditHead
from audit.queries import total, verify
from audit.services import entry_hash, record

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def years() -> None:
    """Six entries of long ago and four of today, signed after each half."""
    for number in range(10):
        record("ada", "test.entry", f"thing {number}")
    previous = canonical.GENESIS
    with protection.removed():
        for entry in AuditEntry.objects.order_by("seq"):
            if entry.seq <= 6:
                entry.at = LONG_AGO + timedelta(hours=entry.seq)
            entry.previous_hash = previous
            entry.hash = previous = entry_hash(entry)
            entry.save()
        AuditHead.objects.update(hash=previous)
    delivery.sign_and_deliver()


def test_old_entries_go_into_an_archive_and_the_rest_verifies(years: None) -> None:
    gone = [entry.hash for entry in AuditEntry.objects.filter(seq__lte=6).order_by("seq")]
    done = retention.prune(timezone.now() - timedelta(days=30), actor="command")
    assert (done.count, done.through) == (6, 6)
    archived = [json.loads(line) for line in done.archive.read_text().splitlines()]
    assert [entry["hash"] for entry in archived] == gone
    assert oct(done.archive.stat().st_mode & 0o777) == "0o600"
    assert AuditEntry.objects.order_by("seq")[0].seq == 7
    assert (verify().verified_through, verify().broken_at, total()) == (11, None, 5)
    entry = AuditEntry.objects.get(seq=11)
    assert (entry.action, entry.detail["through"], entry.detail["archive"]) == ("audit.prune", 6, done.archive.name)
    assert delivery.sign_and_deliver().broken_at is None


def test_pruning_again_takes_what_came_since(years: None) -> None:
    retention.prune(LONG_AGO + timedelta(hours=3, minutes=30), actor="command")
    done = retention.prune(timezone.now() - timedelta(days=30), actor="command")
    assert (done.count, done.through, verify().broken_at) == (3, 6, None)
    assert len(list(Path(done.archive).parent.iterdir())) == 2


def test_nothing_to_prune_changes_nothing(years: None) -> None:
    with pytest.raises(NothingToPrune):
        retention.prune(LONG_AGO - timedelta(days=1), actor="command")
    assert AuditEntry.objects.count() == 10


def test_last_entry_always_stays(years: None) -> None:
    retention.prune(timezone.now() + timedelta(days=1), actor="command")
    assert verify().broken_at is None


def test_broken_record_is_not_pruned(years: None) -> None:
    with protection.removed():
        AuditEntry.objects.filter(seq=2).update(actor="eve")
    with pytest.raises(ChainBroken):
        retention.prune(timezone.now(), actor="command")
    assert AuditEntry.objects.count() == 10


def test_forged_anchor_is_found(years: None) -> None:
    """It lets its maker delete, and is found by its signature."""
    last = AuditEntry.objects.get(seq=4)
    AuditAnchor.objects.create(seq=4, hash=last.hash, at=timezone.now(), signature="0" * 64, archive="", archive_sha256="")
    AuditEntry.objects.filter(seq__lte=4).delete()
    assert "does not bear our signature" in verify().problem


def test_days_of_retention(years: None, settings) -> None:
    assert retention.prune_by_age() is None
    settings.AUDIT_RETENTION_DAYS = 30
    assert retention.prune_by_age().through == 6
    assert retention.prune_by_age() is None


# --- what the store itself refuses

ATTEMPTS = {
    "change an entry": lambda: AuditEntry.objects.filter(seq=2).update(actor="eve"),
    "remove an entry": lambda: AuditEntry.objects.filter(seq=2).delete(),
    "remove all": lambda: AuditEntry.objects.all().delete(),
    "change an anchor": lambda: AuditAnchor.objects.update(seq=9),
    "remove an anchor": lambda: AuditAnchor.objects.all().delete(),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_store_refuses_to_change_or_remove_what_is_recorded(years: None, attempt: str) -> None:
    retention.prune(LONG_AGO + timedelta(hours=1, minutes=30), actor="command")
    before = list(AuditEntry.objects.values_list("seq", "hash")), list(AuditAnchor.objects.values_list("seq"))
    with pytest.raises(DatabaseError, match="neither changed nor removed"), transaction.atomic():
        ATTEMPTS[attempt]()
    assert (list(AuditEntry.objects.values_list("seq", "hash")), list(AuditAnchor.objects.values_list("seq"))) == before


def test_missing_triggers_are_a_warning_and_come_back(years: None) -> None:
    protection.remove()
    assert any("triggers are not there" in warning for warning in verify().warnings)
    protection.install()
    assert protection.missing() == []
    assert verify().warnings == []
