"""Secrets at rest: AES-GCM, bound to what they belong to and to their key, so that a ciphertext moved to another row does not open."""

import base64
import binascii
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

VERSION = "v1"
NONCE = 12


class Broken(Exception):
    """A sealed text that does not open; `key` is the name of the key that it needs and that is not there, else empty."""

    def __init__(self, why: str, key: str = "") -> None:
        super().__init__(why)
        self.key = key


def seal(bound: str, text: str) -> str:
    """`v1:<key id>:<base64>` under the newest key; nothing for an empty text. `bound` names row and field. Raises Broken."""
    if not text:
        return ""
    key = keys()[0]
    nonce = os.urandom(NONCE)
    sealed = AESGCM(key).encrypt(nonce, text.encode(), _bound(bound, key))
    return f"{VERSION}:{key_id(key)}:{base64.b64encode(nonce + sealed).decode()}"


def unseal(bound: str, kept: str) -> str:
    """The text, "" for nothing. Raises Broken."""
    if not kept:
        return ""
    version, _, rest = kept.partition(":")
    name, _, body = rest.partition(":")
    if version != VERSION:
        raise Broken("form")
    key = next((key for key in keys() if key_id(key) == name), None)
    if key is None:
        raise Broken("key", name[:8])
    try:
        sealed = base64.b64decode(body, validate=True)
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], _bound(bound, key)).decode()
    except (InvalidTag, ValueError, binascii.Error):
        raise Broken("changed") from None


def newest() -> str:
    """How everything begins that is sealed under the newest key."""
    return f"{VERSION}:{key_id(keys()[0])}:"


def key_id(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()[:8]


def key_ids() -> set[str]:
    """The names of the keys that are there."""
    return {key_id(key) for key in keys()}


def keys() -> list[bytes]:
    """The keys of the settings, newest first."""
    return [_decoded(text.strip(), place) for place, text in enumerate(settings.CREDENTIAL_KEYS or [""], start=1)]


def _bound(bound: str, key: bytes) -> bytes:
    return f"{VERSION}|{bound}|{key_id(key)}".encode()


def _decoded(text: str, place: int) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text.encode())
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != 32:
        raise Broken(f"Entry {place} of CREDENTIAL_KEYS is not 32 bytes in URL-safe base64, so no password can be kept or read.")
    return key
