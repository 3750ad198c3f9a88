"""Signatures by a key that the store does not hold. Whoever has only the store can make none."""

import hashlib
import hmac
import json
from typing import Any

from django.conf import settings


def sign(what: str, facts: dict[str, Any]) -> str:
    """HMAC-SHA256 with the newest key over the word for what is signed, a line feed, and the facts as canonical JSON."""
    return _signature(settings.AUDIT_KEYS[0], what, facts)


def holds(what: str, facts: dict[str, Any], signature: str) -> bool:
    """Whether one of our keys made it."""
    return any(hmac.compare_digest(_signature(key, what, facts), signature) for key in settings.AUDIT_KEYS)


def _signature(key: str, what: str, facts: dict[str, Any]) -> str:
    body = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key.encode(), f"{what}\n{body}".encode(), hashlib.sha256).hexdigest()
