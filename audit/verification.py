"""Whether the record holds: every hash, every number, the head, and what was signed and kept outside."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import OperationalError
from django.db.models import Max
from django.utils import timezone

from audit import canonical, heads, protection, signatures
from audit.heads import Head
from audit.models import AuditAnchor, AuditCheck, AuditEntry, AuditHead

COLUMNS = ("seq", "at", "actor", "action", "object", "detail", "via", "previous_hash", "hash")
AT_ONCE = 2000


@dataclass(frozen=True)
class Verification:
    """`verified_through` is the last seq that holds; `broken_at` the first that does not, or None; `problem` is a sentence."""

    verified_through: int
    broken_at: int | None
    problem: str = ""
    warnings: list[str] = field(default_factory=list)
    at: datetime = field(default_factory=timezone.now)
    took_ms: float = 0.0
    whole: bool = True


@dataclass
class Place:
    """How far the chain has been followed."""

    seq: int = 0
    hash: str = canonical.GENESIS


class Broken(Exception):
    """What is wrong, and the first number that does not hold."""

    def __init__(self, seq: int, problem: str) -> None:
        super().__init__(problem)
        self.seq = seq


def verify() -> Verification:
    """The whole record, from its beginning or from what retention left, and all that was signed."""
    begun, at = time.perf_counter(), timezone.now()
    place = Place()
    try:
        signed = _signed()
        head = _head()  # after what is signed: whatever was signed before this moment, the walk has to reach
        place = _beginning()
        _walk(place, head, _by_seq(signed))
        _end(place, head)
        _reached(place, signed)
        broken = None
    except Broken as found:
        broken = found
    took = (time.perf_counter() - begun) * 1000
    if broken is None:
        return Verification(place.seq, None, "", _warnings(), at, took)
    return Verification(min(place.seq, broken.seq - 1), broken.seq, str(broken), _warnings(), at, took)


def verify_since_signed() -> Verification:
    """Only what came after the last signed head, which has to be one of ours: quick, and what is signed next rests on it."""
    last = _last_signed()
    if last is None:
        return verify()
    begun, at = time.perf_counter(), timezone.now()
    place = Place(last.seq, last.hash)
    broken = None
    try:
        _see(last)
        head = _head()
        _walk(place, head, {})
        _end(place, head)
    except Broken as found:
        broken = found
    took = (time.perf_counter() - begun) * 1000
    through = place.seq if broken is None else min(place.seq, broken.seq - 1)
    return Verification(through, broken.seq if broken else None, str(broken or ""), _warnings(), at, took, whole=False)


def _last_signed() -> Head | None:
    """The last line of the file outside; else what the store says."""
    return next(reversed(heads.kept_outside() or list(heads.kept_inside())), None)


def _see(head: Head) -> None:
    """That the head is ours, and that the entry that it names is there as it was."""
    if not head.holds:
        raise Broken(max(head.seq, 1), _not_ours(head))
    kept = AuditEntry.objects.filter(pk=head.seq).values_list("hash", flat=True).first()
    if kept != head.hash and head.seq and not AuditAnchor.objects.filter(pk=head.seq, hash=head.hash).exists():
        raise Broken(head.seq, _not_there(head))


def keep(found: Verification) -> Verification:
    """For the page to show."""
    values = {name: getattr(found, name) for name in ("at", "took_ms", "verified_through", "broken_at", "problem", "warnings")}
    AuditCheck.objects.update_or_create(pk=1, defaults=values | ({"whole_at": found.at} if found.whole else {}))
    return found


def _head() -> Place:
    row = AuditHead.objects.filter(pk=1).values_list("seq", "hash").first()
    return Place(*row) if row else Place()


def _signed() -> list[Head]:
    """What counts of both places: the file outside, and the store. One that does not bear our signature is a break by itself."""
    found = [*heads.kept_outside(), *heads.kept_inside()]
    for one in found:
        if not one.holds:
            raise Broken(max(one.seq, 1), _not_ours(one))
    return found


def _by_seq(signed: list[Head]) -> dict[int, Head]:
    found: dict[int, Head] = {}
    for one in signed:
        if found.setdefault(one.seq, one).hash != one.hash:
            raise Broken(one.seq, f"Two different heads of entry {one.seq} were signed: entries after it were written anew.")
    return found


def _beginning() -> Place:
    """After the newest anchor, if retention has taken entries out."""
    anchor = AuditAnchor.objects.order_by("-seq").first()
    if anchor is None:
        return Place()
    if not signatures.holds("anchor", heads.facts(anchor.seq, anchor.hash, anchor.at), anchor.signature):
        raise Broken(anchor.seq, f"The anchor at entry {anchor.seq}, up to which entries were taken out, does not bear our signature.")
    return Place(anchor.seq, anchor.hash)


def _walk(place: Place, head: Place, signed: dict[int, Head], at_once: int = AT_ONCE) -> None:
    """Entry by entry from `place` to the head. Plain tuples, a part at a time: a million entries need no more memory than two thousand."""
    if place.seq in signed:
        _compare(signed[place.seq], place.hash)
    found = AuditEntry.objects.filter(seq__gt=place.seq, seq__lte=head.seq).order_by("seq").values_list(*COLUMNS)
    try:
        _follow(place, found.iterator(chunk_size=at_once), signed)
    except (ValueError, TypeError, AttributeError, RecursionError, OperationalError) as error:
        if isinstance(error, OperationalError) and "decode" not in str(error):
            raise  # the store is away, which says nothing of what is in it
        if at_once == 1:
            raise Broken(place.seq + 1, f"Entry {place.seq + 1} cannot be read: what is kept of it is no entry any more.") from None
        _walk(place, head, signed, at_once=1)  # again from where it stopped, to name the entry itself


def _follow(place: Place, rows: Iterable[tuple[Any, ...]], signed: dict[int, Head]) -> None:
    for seq, at, actor, action, object, detail, via, previous, hash in rows:
        if seq != place.seq + 1:
            raise Broken(place.seq + 1, f"Entry {place.seq + 1} is not there: after {place.seq} comes {seq}.")
        if previous != place.hash:
            raise Broken(seq, f"Entry {seq} does not follow the one before it: it names another hash than entry {seq - 1} has.")
        if hash != canonical.digest(previous, canonical.content(seq, canonical.time(at), actor, action, object, detail, via)):
            raise Broken(seq, f"Entry {seq} was changed: its content does not have its hash.")
        if seq in signed:
            _compare(signed[seq], hash)
        place.seq, place.hash = seq, hash


def _end(place: Place, head: Place) -> None:
    if place.seq < head.seq:
        raise Broken(place.seq + 1, f"Entry {place.seq + 1} is not there, although the record had reached {head.seq}.")
    if place.hash != head.hash or place.seq != head.seq:
        raise Broken(max(place.seq, 1), f"The head does not name the hash of entry {place.seq}, the last one.")
    last = AuditEntry.objects.aggregate(last=Max("seq"))["last"] or 0
    if last > _head().seq:  # asked in this order, as an entry and its head come together
        raise Broken(head.seq + 1, f"There are entries after {head.seq}, which the record has not reached.")


def _reached(place: Place, signed: list[Head]) -> None:
    for one in signed:
        if one.seq > place.seq:
            raise Broken(place.seq + 1, _not_there(one))


def _compare(signed: Head, hash: str) -> None:
    if signed.hash != hash:
        raise Broken(signed.seq, _not_there(signed))


def _not_ours(head: Head) -> str:
    return f"The signed head in {head.where} does not bear our signature: it was edited, or the key is another."


def _not_there(signed: Head) -> str:
    return (
        f"The exported head #{signed.seq} of {signed.at:%Y-%m-%d %H:%M} UTC is not in the record: entries were removed or written anew, "
        "or an old backup of the store was restored."
    )


def _warnings() -> list[str]:
    """What does not break the chain, but is less than it could be."""
    found = []
    if protection.missing():
        found.append("The store does not refuse to change entries: its triggers are not there. `manage.py audit protect` brings them back.")
    if told := heads.trouble():
        found.append(told)
    return found
