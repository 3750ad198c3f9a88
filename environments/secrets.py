"""Passwords at rest: AES-GCM, bound to row, field and key, so that a ciphertext moved to another row does not decrypt."""

import base64
import binascii
import hashlib
import os
import uuid
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from environments.errors import SecretError
from environments.models import Database

VERSION = "v1"
FIELD = "password"
NONCE = 12
BATCH = 100


@dataclass(frozen=True)
class Rotation:
    """How many secrets were encrypted anew, how many already had the newest key, and which could not be read."""

    rotated: int
    current: int
    unreadable: list[str]


def encrypt(database_id: uuid.UUID | str, text: str) -> str:
    """`v1:<key id>:<base64>` under the newest key; nothing for an empty password."""
    if not text:
        return ""
    key = _keys()[0]
    nonce = os.urandom(NONCE)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), _bound(database_id, key))
    return f"{VERSION}:{key_id(key)}:{base64.b64encode(nonce + sealed).decode()}"


def decrypt(database: Database) -> str:
    """The password of this row, "" if it has none. Raises SecretError."""
    if not database.secret:
        return ""
    version, _, rest = database.secret.partition(":")
    name, _, body = rest.partition(":")
    if version != VERSION:
        raise SecretError(f"The password of {database} is kept in a form that is not known here. Type it again.")
    key = _named(name, database)
    try:
        sealed = base64.b64decode(body, validate=True)
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], _bound(database.pk, key)).decode()
    except (InvalidTag, ValueError, binascii.Error):
        raise SecretError(f"The password kept for {database} does not belong to this row or was changed. Type it again.") from None


def rotate_all(batch: int = BATCH) -> Rotation:
    """Encrypts every secret under the newest key. Each row is its own step, so it may be interrupted and begun again at any time."""
    newest = f"{VERSION}:{key_id(_keys()[0])}:"
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


def key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]


def _rotate(database: Database) -> int:
    """Only if nobody has typed another password meanwhile."""
    fresh = encrypt(database.pk, decrypt(database))
    return Database.objects.filter(pk=database.pk, secret=database.secret).update(secret=fresh)


def _bound(database_id: uuid.UUID | str, key: bytes) -> bytes:
    return f"{VERSION}|{uuid.UUID(str(database_id))}|{FIELD}|{key_id(key)}".encode()


def _named(name: str, database: Database) -> bytes:
    for key in _keys():
        if key_id(key) == name:
            return key
    raise SecretError(
        f"The password of {database} needs key {name[:8]}, which is not among CREDENTIAL_KEYS. Add it, or type the password again."
    )


def _keys() -> list[bytes]:
    """The keys of the settings, newest first."""
    return [_decoded(text.strip(), place) for place, text in enumerate(settings.CREDENTIAL_KEYS or [""], start=1)]


def _decoded(text: str, place: int) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text.encode())
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != 32:
        raise SecretError(f"Entry {place} of CREDENTIAL_KEYS is not 32 bytes in URL-safe base64, so no password can be kept or read.")
    return key
