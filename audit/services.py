"""Adding to the record."""

from typing import Any

from django.db import DataError, IntegrityError, InternalError, ProgrammingError, transaction
from django.utils import timezone

from audit import canonical, context
from audit.errors import NotRecorded
from audit.models import AuditEntry, AuditHead

REFUSALS = (IntegrityError, InternalError, DataError, ProgrammingError)


def record(actor: str, action: str, object: str, **detail: Any) -> AuditEntry:
    """Adds an entry; call it inside the transaction of the change it records, so that both commit or neither does.

    `actor` is a user name, or a part of the system such as "scheduler". `action` is noun.verb ("job.request"), `object` names
    the thing ("job 12", "database shop/dev"). `detail` must be JSON and hold no secret; a change of fields reads best as
    `changes={"name": [before, after]}`. By which way it came is known from `audit.context`. Raises NotRecorded if the store
    refuses the entry: then the change must not happen either.
    """
    try:
        with transaction.atomic():
            return _add(actor, action, object, detail)
    except REFUSALS as error:
        raise NotRecorded(
            f"The record did not take the entry for {action} of {object[:100]}, so nothing was changed. What the store answered is in "
            "the dashboard's own log; an administrator has to see to the store, then it can be tried again."
        ) from error


def _add(actor: str, action: str, object: str, detail: dict[str, Any]) -> AuditEntry:
    AuditHead.objects.get_or_create(pk=1)
    head = AuditHead.objects.select_for_update().get(pk=1)
    entry = AuditEntry(
        seq=head.seq + 1,
        at=timezone.now(),
        actor=canonical.text(actor)[:200],
        action=action,
        object=canonical.text(object)[:300],
        detail=canonical.plain(detail),
        via=canonical.plain(context.current().facts()),
        previous_hash=head.hash,
    )
    entry.hash = entry_hash(entry)
    entry.save(force_insert=True)
    AuditHead.objects.filter(pk=1).update(seq=entry.seq, hash=entry.hash)
    return entry


def entry_hash(entry: AuditEntry) -> str:
    at = canonical.time(entry.at)
    told = canonical.content(entry.seq, at, entry.actor, entry.action, entry.object, entry.detail, entry.via)
    return canonical.digest(entry.previous_hash, told)
