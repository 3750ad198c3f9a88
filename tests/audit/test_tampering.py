"""Whoever owns the store can drop its triggers and write what they like into it: twelve kinds of that, each many times, are found."""

import os
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from audit import canonical, delivery, protection
from audit.models import AuditEntry, AuditHead, SignedHead
from audit.services import entry_hash, record
from audit.verification import COLUMNS, verify
from tests.support.figures import note

pytestmark = pytest.mark.django_db
TIMES, LENGTH = int(os.environ.get("TAMPERINGS", "25")), 8  # 100 by hand
Row = dict[str, Any]


def rows() -> list[Row]:
    return list(AuditEntry.objects.order_by("seq").values(*COLUMNS))


def write(found: list[Row]) -> None:
    """The whole table anew, and a head that fits its last row."""
    AuditEntry.objects.all().delete()
    AuditEntry.objects.bulk_create(AuditEntry(**row) for row in found)
    AuditHead.objects.update(seq=found[-1]["seq"], hash=found[-1]["hash"])


def chained(found: list[Row]) -> list[Row]:
    """Numbered and hashed from the beginning, as somebody who knows how it is done would."""
    previous = canonical.GENESIS
    for seq, row in enumerate(found, start=1):
        row |= {"seq": seq, "previous_hash": previous}
        row["hash"] = previous = entry_hash(AuditEntry(**row))
    return found


def renumbered(found: list[Row]) -> list[Row]:
    """Only the numbers, and hashes that are each a row's own."""
    for seq, row in enumerate(found, start=1):
        row["seq"] = seq
        row["hash"] = entry_hash(AuditEntry(**row))
    return found


def change(chance: random.Random, **values: Any) -> None:
    """One row, with or without its own hash made to fit."""
    row = AuditEntry.objects.get(seq=chance.randint(1, LENGTH))
    for name, value in values.items():
        setattr(row, name, value(getattr(row, name)))
    hash = entry_hash(row) if chance.random() < 0.5 else row.hash
    AuditEntry.objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in values}, hash=hash)


def flip_bit(chance: random.Random) -> None:
    """In the store's own bytes. Where that changes nothing of what is said (a space, the case of an escape), another one."""
    before, seq = rows(), chance.randint(1, LENGTH)
    while True:
        column = chance.choice(COLUMNS[1:])
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = ON")  # or the store would refuse most of it
            cursor.execute(f"SELECT CAST({column} AS BLOB) FROM audit_auditentry WHERE seq = %s", [seq])
            data = bytearray(cursor.fetchone()[0])
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            cursor.execute(f"UPDATE audit_auditentry SET {column} = CAST(%s AS TEXT) WHERE seq = %s", [bytes(data), seq])
        try:
            if rows() != before:
                return
        except (ValueError, TypeError, OperationalError):  # it cannot be read any more, which is a change too
            return


def delete_tail(chance: random.Random) -> None:
    write(rows()[: -chance.randint(1, LENGTH - 1)])
    SignedHead.objects.filter(seq__gt=AuditHead.objects.get().seq).delete()


def insert(chance: random.Random) -> None:
    found, place = rows(), chance.randint(0, LENGTH - 1)
    new = found[place] | {"actor": "eve", "action": "job.approve"}
    found.insert(place, new)
    write(chance.choice([chained, renumbered])(found))


def swap(chance: random.Random) -> None:
    found = rows()
    one, other = chance.sample(range(LENGTH), 2)
    found[one], found[other] = found[other], found[one]
    write(chance.choice([chained, renumbered])(found))


def duplicate(chance: random.Random) -> None:
    found = rows()
    found.insert(chance.randint(0, LENGTH), dict(chance.choice(found[:-1])))
    write(renumbered(found))


def rechain(chance: random.Random) -> None:
    """One word changed, everything after it hashed anew, and the signed heads of the store changed or removed with it."""
    found = rows()
    found[chance.randrange(LENGTH)]["actor"] = "eve"
    write(chained(found))
    if chance.random() < 0.5:
        SignedHead.objects.all().delete()
        return
    for head in SignedHead.objects.all():
        SignedHead.objects.filter(pk=head.pk).update(hash=found[head.seq - 1]["hash"])


def change_seq(chance: random.Random) -> None:
    seq = chance.randint(1, LENGTH)
    free = chance.choice([0, -1, LENGTH + 1, LENGTH + 7])
    AuditEntry.objects.filter(seq=seq).update(seq=free)


def restore_backup(chance: random.Random) -> None:
    """Everything in the store as it was, and work has gone on since: to a shorter, the same or a longer record."""
    delete_tail(chance)
    for number in range(chance.randint(0, 4)):
        record("ada", "job.request", f"job {number}", reason="later")


KINDS: dict[str, Callable[[random.Random], None]] = {
    "flip a bit": flip_bit,
    "edit a field": lambda chance: change(chance, detail=lambda detail: detail | {"reason": f"other {chance.random()}"}),
    "delete in the middle": lambda chance: AuditEntry.objects.filter(seq=chance.randint(1, LENGTH - 1)).delete(),
    "delete the tail": delete_tail,
    "insert": insert,
    "swap": swap,
    "duplicate": duplicate,
    "chain all anew": rechain,
    "change a time": lambda chance: change(chance, at=lambda at: at + timedelta(microseconds=chance.choice([1, -1, 60_000_000]))),
    "change an actor": lambda chance: change(chance, actor=lambda actor: f"{actor}x"),
    "change a number": change_seq,
    "restore a backup": restore_backup,
}


@pytest.fixture
def record_of_jobs() -> None:
    """Signed after every fourth entry and at its end, as the scheduler would have."""
    for number in range(1, LENGTH + 1):
        record(("ada", "bob")[number % 2], "job.request", f"job {number}", reason=f"ticket {number}, für später", revisions=["a", "b"])
        if number % 4 == 0:
            delivery.sign_and_deliver()


def attempt(kind: str, chance: random.Random) -> bool:
    """Whether it was found; everything is as before afterwards."""
    before = transaction.savepoint()
    KINDS[kind](chance)
    found = verify().broken_at is not None
    transaction.savepoint_rollback(before)
    return found


@pytest.mark.slow
def test_every_kind_of_tampering_is_found_every_time(record_of_jobs: None) -> None:
    chance = random.Random(4711)
    found = {}
    with protection.removed():
        for kind in KINDS:
            found[kind] = sum(attempt(kind, chance) for _ in range(TIMES))
        assert verify().broken_at is None
    for kind, count in found.items():
        note(f"audit, {kind}: {count} of {TIMES} found")
    note(f"audit, tampering in all: {sum(found.values())} of {TIMES * len(KINDS)} found")
    assert found == dict.fromkeys(KINDS, TIMES)


SAYS = {
    "delete in the middle": "is not there",
    "change an actor": "entry",
    "delete the tail": "The exported head #",
    "chain all anew": "The exported head #",
    "restore a backup": "The exported head #",
}


@pytest.mark.parametrize("kind", SAYS)
def test_problem_is_named(record_of_jobs: None, kind: str) -> None:
    with protection.removed():
        SignedHead.objects.all().delete()
        KINDS[kind](random.Random(1))
    found = verify()
    assert found.broken_at is not None
    assert found.verified_through < found.broken_at
    assert SAYS[kind].lower() in found.problem.lower()
