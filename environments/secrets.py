"""Passwords at rest (config.sealing), bound to their row."""

import uuid
from collections import Counter
from dataclasses import dataclass

from config import sealing
from environments.errors import SecretError
from environments.models import Database

FIELD = "password"
BATCH = 100


@dataclass(frozen=True)
class Rotation:
    """How many secrets were encrypted anew, how many already had the newest key, and which could not be read."""

    rotated: int
    current: int
    unreadable: list[str]


def encrypt(database_id: uuid.UUID | str, text: str) -> str:
    """Under the newest key; nothing for an empty password."""
    try:
        return sealing.seal(_bound(database_id), text)
    except sealing.Broken as broken:
        raise SecretError(str(broken)) from None


def decrypt(database: Database) -> str:
    """The password of this row, "" if it has none. Raises SecretError."""
    try:
        return sealing.unseal(_bound(database.pk), database.secret)
    except sealing.Broken as broken:
        raise SecretError(_sentence(database, broken)) from None


def missing_keys() -> dict[str, int]:
    """How many passwords need each key that is not there, by the key's name."""
    known = sealing.key_ids()
    kept = Database.objects.exclude(secret="").values_list("secret", flat=True)
    needed = Counter(secret.split(":")[1] for secret in kept if secret.count(":") >= 2)
    return {name: count for name, count in needed.items() if name not in known}


def rotate_all(batch: int = BATCH) -> Rotation:
    """Encrypts every secret under the newest key. Each row is its own step, so it may be interrupted and begun again at any time."""
    newest = _newest()
    waiting = Database.objects.exclude(secret="").exclude(secret__startswith=newest)
    current = Database.objects.filter(secret__startswith=newest).count()
    rotated, unreadable, last = 0, [], uuid.UUID(int=0)
    while found := list(waiting.filter(pk__gt=last).select_related("project", "environment").order_by("pk")[:batch]):
        for database in found:
            try:
                rotated += _rotate(database)
            except SecretError:
                unreadable.append(str(database))
        last = found[-1].pk
    return Rotation(rotated, current, unreadable)


def _rotate(database: Database) -> int:
    """Only if nobody has typed another password meanwhile."""
    fresh = encrypt(database.pk, decrypt(database))
    return Database.objects.filter(pk=database.pk, secret=database.secret).update(secret=fresh)


def _newest() -> str:
    try:
        return sealing.newest()
    except sealing.Broken as broken:
        raise SecretError(str(broken)) from None


def _bound(database_id: uuid.UUID | str) -> str:
    return f"{uuid.UUID(str(database_id))}|{FIELD}"


def _sentence(database: Database, broken: sealing.Broken) -> str:
    if broken.key:
        return f"The password of {database} needs key {broken.key}, which is not among CREDENTIAL_KEYS. Add it, or type the password again."
    if str(broken) == "form":
        return f"The password of {database} is kept in a form that is not known here. Type it again."
    if str(broken) == "changed":
        return f"The password kept for {database} does not belong to this row or was changed. Type it again."
    return str(broken)
