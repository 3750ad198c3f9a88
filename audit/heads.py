"""Signed heads: where the chain ended at a moment, kept outside the store, so that cutting or rebuilding the chain is seen."""

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit import canonical, signatures
from audit.models import AuditHead, SignedHead

logger = logging.getLogger(__name__)
HEAD, RESTORED = "head", "restored"


@dataclass(frozen=True)
class Head:
    """A line of the file, or a row of the store. `kind` restored: heads above `seq` that stand before it no longer count."""

    kind: str
    seq: int
    hash: str
    at: datetime
    signature: str
    where: str

    @property
    def holds(self) -> bool:
        return signatures.holds(self.kind, facts(self.seq, self.hash, self.at), self.signature)


def facts(seq: int, hash: str, at: datetime) -> dict[str, Any]:
    """What is signed of a head."""
    return {"installation": settings.INSTALLATION_ID, "seq": seq, "hash": hash, "at": canonical.time(at)}


def sign_now() -> SignedHead | None:
    """A signed head of the chain's end, if it has moved since the last one. Whoever calls has seen that the chain holds up to there."""
    with transaction.atomic():
        head = AuditHead.objects.select_for_update().filter(pk=1).first()
        if head is None or head.seq == 0 or SignedHead.objects.filter(pk=head.seq).exists():
            return None
        at = timezone.now()
        signature = signatures.sign(HEAD, facts(head.seq, head.hash, at))
        return SignedHead.objects.create(seq=head.seq, hash=head.hash, at=at, signature=signature)


def path() -> Path | None:
    """The file of heads; None where it is switched off."""
    return None if settings.AUDIT_EXPORT in ("", "off") else Path(settings.AUDIT_EXPORT)


def file_heads() -> int:
    """Writes the heads that are not in the file yet to its end; answers how many. A file that cannot be written is tried again later."""
    place = path()
    waiting = list(SignedHead.objects.filter(filed_at=None).order_by("seq"))
    if place is None or not waiting:
        return 0
    lines = [line(HEAD, head.seq, head.hash, head.at, head.signature) for head in waiting]
    try:
        append(place, lines)
    except OSError as error:
        logger.warning("signed heads could not be written to %s (%s)", place, error.strerror)
        return 0
    SignedHead.objects.filter(pk__in=[head.pk for head in waiting]).update(filed_at=timezone.now())
    return len(waiting)


def line(kind: str, seq: int, hash: str, at: datetime, signature: str) -> str:
    return json.dumps({"kind": kind, **facts(seq, hash, at), "signature": signature})


def append(place: Path, lines: list[str]) -> None:
    """On the disk when it returns; two processes do not mix their lines."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write("".join(f"{text}\n" for text in lines))
        file.flush()
        os.fsync(file.fileno())


def kept_outside() -> list[Head]:
    """The heads in the file, in its order. Lines that are of another installation are not ours to judge; broken ones are."""
    place = path()
    found: list[Head] = []
    for number, text in enumerate(_lines(), start=1):
        head = _read(text, f"line {number} of {place.name if place else ''}")
        if head is None:
            continue
        if head.kind == RESTORED and head.holds:
            found = [one for one in found if one.seq <= head.seq]
        found.append(head)
    return found


def trouble() -> str:
    """Why the file tells nothing although it should, as a sentence; empty: there is no trouble."""
    place = path()
    try:
        if place is None or place.read_text(errors="replace") or not SignedHead.objects.exclude(filed_at=None).exists():
            return ""
    except FileNotFoundError:
        if not SignedHead.objects.exclude(filed_at=None).exists():
            return ""
        return f"The file of signed heads, {place}, is gone: nothing outside the store tells what it held."
    except OSError as error:
        return f"The file of signed heads, {place}, cannot be read ({error.strerror}): only the store tells of what was signed."
    return f"The file of signed heads, {place}, is empty: nothing outside the store tells what it held."


def _lines() -> list[str]:
    place = path()
    try:
        return place.read_text(errors="replace").splitlines() if place else []
    except OSError:  # `trouble` says so
        return []


def kept_inside() -> Iterator[Head]:
    """The heads in the store: whoever owns the store can remove them, but make none."""
    for row in SignedHead.objects.order_by("seq").iterator():
        yield Head(HEAD, row.seq, row.hash, row.at, row.signature, "the store")


def _read(text: str, where: str) -> Head | None:
    try:
        told = json.loads(text)
        if told["installation"] != settings.INSTALLATION_ID:
            return None
        return Head(told["kind"], int(told["seq"]), told["hash"], datetime.fromisoformat(told["at"]), told["signature"], where)
    except (ValueError, KeyError, TypeError):
        return Head("unreadable", 0, "", timezone.now(), "", where)
