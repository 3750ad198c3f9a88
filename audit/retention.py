"""Taking old entries out of the store: into an archive first, with a signed anchor in their place, so that the rest still verifies."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit import export, heads, signatures
from audit.errors import ChainBroken, NothingToPrune
from audit.models import AuditAnchor, AuditEntry, AuditHead
from audit.services import record
from audit.verification import verify

ANCHOR = "anchor"


@dataclass(frozen=True)
class Pruned:
    """How many entries went, the last of them, and where they are now."""

    count: int
    through: int
    archive: Path


def prune(before: datetime, *, actor: str) -> Pruned:
    """Moves the entries before the moment into an archive. Refused unless the whole record holds: what is broken must stay to be seen."""
    last = _last_before(before)
    if (found := verify()).broken_at is not None:
        raise ChainBroken(f"Nothing was taken out, because the record does not hold. {found.problem}")
    archive, digest, count = _write_archive(last)
    at = timezone.now()
    signature = signatures.sign(ANCHOR, heads.facts(last.seq, last.hash, at))
    with transaction.atomic():
        AuditHead.objects.select_for_update().get(pk=1)
        record(actor, "audit.prune", "audit record", before=before, through=last.seq, entries=count, archive=archive.name, sha256=digest)
        anchor = {"hash": last.hash, "at": at, "signature": signature, "archive": str(archive), "archive_sha256": digest}
        AuditAnchor.objects.create(seq=last.seq, **anchor)
        AuditEntry.objects.filter(seq__lte=last.seq).delete()
    return Pruned(count, last.seq, archive)


def prune_by_age() -> Pruned | None:
    """What AUDIT_RETENTION_DAYS asks for; 0 keeps everything."""
    if not settings.AUDIT_RETENTION_DAYS:
        return None
    with contextlib.suppress(NothingToPrune):
        return prune(timezone.now() - timedelta(days=settings.AUDIT_RETENTION_DAYS), actor="scheduler")
    return None


def _last_before(before: datetime) -> AuditEntry:
    """The last entry of those that go: all before the first that is not older, so that what stays is one piece. One entry always stays."""
    kept = AuditEntry.objects.filter(at__gte=before).order_by("seq").first() or AuditEntry.objects.order_by("seq").last()
    last = AuditEntry.objects.filter(seq__lt=kept.seq).order_by("seq").last() if kept else None
    if last is None:
        raise NothingToPrune(f"There are no entries before {before:%Y-%m-%d %H:%M} UTC that could be taken out. Nothing was changed.")
    return last


def _write_archive(last: AuditEntry) -> tuple[Path, str, int]:
    """JSON lines as an export has them; on the disk when it returns."""
    directory = Path(settings.DATA_DIR) / "audit" / "archive"
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    first = AuditEntry.objects.order_by("seq").values_list("seq", flat=True)[0]
    path = directory / f"entries-{first:09}-{last.seq:09}.jsonl"
    digest, count = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for text in _lines(last.seq):
            file.write(text)
            digest.update(text)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return path, digest.hexdigest(), count


def _lines(through: int) -> Iterator[bytes]:
    return (text.encode() for text in export.jsonl(AuditEntry.objects.filter(seq__lte=through).order_by("seq")))
