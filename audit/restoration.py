"""After a restore of the store's backup: the heads that were signed since then are not in it, and a person says that this is known."""

from django.utils import timezone

from audit import canonical, heads, signatures
from audit.errors import ChainBroken, NothingLost
from audit.models import AuditAnchor, AuditEntry
from audit.services import record


def accept(reason: str) -> str:
    """Leaves an entry that names what is lost, and a signed line in the file after which the lost heads no longer count.

    The line can be written only by who has the key, so whoever has only the store cannot excuse themselves.
    """
    place = heads.path()
    if place is None:
        raise NothingLost("Signed heads are not written into a file here (AUDIT_EXPORT), so there is nothing to be told.")
    outside = heads.kept_outside()
    if not all(one.holds for one in outside):
        raise ChainBroken("A head in the file does not bear our signature. It was edited, or AUDIT_KEY is another than it was.")
    there = {(one.seq, one.hash) for one in outside if _is_there(one)}
    lost = [one for one in outside if (one.seq, one.hash) not in there]
    if not lost:
        raise NothingLost("Every signed head in the file is in the record: nothing is lost that was signed.")
    seq, hash = max((one for one in there if one[0] < min(head.seq for head in lost)), default=(0, canonical.GENESIS))
    last = max(one.seq for one in lost)
    entry = record("command", "audit.restored", "audit record", reason=reason, lost_heads=len(lost), lost_through=last)
    at = timezone.now()
    signature = signatures.sign(heads.RESTORED, heads.facts(seq, hash, at))
    heads.append(place, [heads.line(heads.RESTORED, seq, hash, at, signature)])
    return f"{len(lost)} signed heads, after entry {seq}, are lost with the restored store; entry {entry.seq} says so."


def _is_there(head: heads.Head) -> bool:
    anchored = AuditAnchor.objects.filter(pk__gte=head.seq).exists()
    return anchored or AuditEntry.objects.filter(pk=head.seq, hash=head.hash).exists()
