"""Reading the record."""

from dataclasses import dataclass

from django.db.models import QuerySet

from audit.models import AuditEntry, AuditHead
from audit.services import entry_hash

GENESIS = "0" * 64


@dataclass(frozen=True)
class Verification:
    """`verified_through` is the last seq that holds; `broken_at` the first that does not, or None."""

    verified_through: int
    broken_at: int | None


def entries(*, actor: str = "", action: str = "", object: str = "") -> QuerySet[AuditEntry]:
    """Entries in ascending order; `object` matches a part of the object's name."""
    found = AuditEntry.objects.order_by("seq")
    if actor:
        found = found.filter(actor=actor)
    if action:
        found = found.filter(action=action)
    if object:
        found = found.filter(object__icontains=object)
    return found


def verify() -> Verification:
    """Recomputes every hash in order, and compares the last one with the head."""
    previous, seq = GENESIS, 0
    for entry in AuditEntry.objects.order_by("seq").iterator(chunk_size=2000):
        if entry.seq != seq + 1 or entry.previous_hash != previous or entry.hash != entry_hash(entry):
            return Verification(seq, seq + 1)
        previous, seq = entry.hash, entry.seq
    head = AuditHead.objects.filter(pk=1).first()
    if head and head.hash != previous:
        return Verification(seq, seq + 1)
    return Verification(seq, None)
