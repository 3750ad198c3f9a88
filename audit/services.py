"""Adding to the record."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from audit.models import AuditEntry, AuditHead


def record(actor: str, action: str, object: str, **detail: Any) -> AuditEntry:
    """Adds an entry; call it inside the transaction of the change it records, so that both commit or neither does.

    `actor` is a user name, or a part of the system such as "scheduler". `action` is noun.verb ("job.request"), `object` names
    the thing ("job 12", "database shop/dev"). `detail` must be JSON and hold no secret.
    """
    with transaction.atomic():
        AuditHead.objects.get_or_create(pk=1)
        head = AuditHead.objects.select_for_update().get(pk=1)
        entry = AuditEntry(
            seq=head.seq + 1, at=timezone.now(), actor=actor, action=action, object=object, detail=detail, previous_hash=head.hash
        )
        entry.hash = entry_hash(entry)
        entry.save(force_insert=True)
        AuditHead.objects.filter(pk=1).update(seq=entry.seq, hash=entry.hash)
    return entry


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256 over the previous hash and the canonical JSON of the entry."""
    content = [entry.seq, canonical_time(entry.at), entry.actor, entry.action, entry.object, entry.detail]
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{entry.previous_hash}\n{text}".encode()).hexdigest()


def canonical_time(at: datetime) -> str:
    return at.astimezone(timezone.get_fixed_timezone(0)).isoformat(timespec="microseconds")
